/* Bytes of a checkpoint that are brought to a node. */
#ifndef CLI_UPLOAD_H
#define CLI_UPLOAD_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "cli/door.h"
#include "sys/reader.h"

/*
 * Brings all of `content` to the node, however often the way there breaks meanwhile: what is there
 * is not sent again. *sent_bytes tells all the time how far it is. Fails as cli_door_persist(),
 * with what reading failed with.
 */
must_check int cli_upload(
	struct cli_door *door, struct reader *content, int64_t *sent_bytes, struct error *err);

#endif
