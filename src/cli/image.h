/*
 * The layer of a checkpoint's image at a registry, to be read by ranges: what inspecting it needs
 * is some hundred KiB of what may be many GiB. A compressed layer has no ranges that mean anything
 * and is downloaded whole, verified, to a file that has no name.
 */
#ifndef CLI_IMAGE_H
#define CLI_IMAGE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "command/command.h"
#include "sys/reader.h"

/* Whether the word is meant as an image: it has a '/', ':' or '@', which no Checkpoint's name has.
 */
bool cli_image_is_meant(const char *word);

/*
 * Opens the only layer of the image. The caller owns *ret_reader; `name` gets how the image is
 * called in full, its digest included. What it costs is told on standard error. Fails with INVALID
 * (no reference), DENIED, ABSENT, UNSUPPORTED (no image of a checkpoint), CORRUPT, TIMEOUT, SYSTEM.
 */
must_check int cli_image_open(const struct cli_call *call, const char *word,
	struct reader **ret_reader, struct buf *name, struct error *err);

#endif
