/*
 * Names in archives that may become names beneath a directory of ours. The kubelet's archives hold
 * plain relative paths; everything else has been a way out of the directory before (CVE-2024-8676,
 * CVE-2026-53489), so it is refused rather than repaired.
 */
#ifndef ARCHIVE_PATH_H
#define ARCHIVE_PATH_H

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

/*
 * Checks a path as an archive has it. *ret_path borrows from `raw`, without a leading "./" and a
 * trailing '/'; it is empty for the archive's own root ("./"). Fails with INVALID: empty, absolute,
 * longer than LIMIT_ARCHIVE_PATH, a component that is empty, "." or "..", a control character.
 */
must_check int archive_path_check(struct str raw, struct str *ret_path, struct error *err);

/* For error texts: "%.*s" with this shows a path of any length in a readable one. */
#define ARCHIVE_PATH_SHOWN(path) (int)((path).size < 200 ? (path).size : 200), (path).data

#endif
