/*
 * The host, seen from a container that has its root mounted, or from itself: files by their path
 * there, and its own programs. Internal to the room.
 */
#ifndef INSTALL_HOST_H
#define INSTALL_HOST_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct install_host {
	const char *root; /* path of the host's root for us; "/" on the host itself */
	int root_fd; /* of that; owned by who opened it */
	struct arena *arena; /* borrowed; paths and texts for as long as the program runs */
};

/* Appends the file. 1, 0 when there is none, -1. Links are followed within the host. */
must_check int install__host_read(
	const struct install_host *host, const char *path, struct buf *buf, struct error *err);

/*
 * Writes the file by rename, with the directories above it; keeps the mode of one that is there,
 * but a program can be run afterwards. 1 when it was written, 0 when it had that content already. A
 * link is not replaced: UNSUPPORTED.
 */
must_check int install__host_write(const struct install_host *host, const char *path,
	struct str bytes, mode_t mode, struct error *err);

/* Removes a file; absent is fine. 1 when there was one. */
must_check int install__host_remove(
	const struct install_host *host, const char *path, struct error *err);

/* Makes the directory and those above it; they get 0755, itself `mode`. */
must_check int install__host_make_directory(const struct install_host *host, const char *path,
	mode_t mode, int *ret_fd, struct error *err);

bool install__host_exists(const struct install_host *host, const char *path);

/* Where the host has a program; the empty text if nowhere. A path is taken as it is. */
struct str install__host_find(const struct install_host *host, struct str name);

/*
 * Runs a program of the host, in its root; `arguments` end with NULL. What it prints on descriptor
 * `output` (1 or 2) is appended. At most `deadline_ms`. *ret_status as waitpid(2). Fails with
 * ABSENT, TIMEOUT, TOO_BIG, SYSTEM.
 */
must_check int install__host_run(const struct install_host *host, const char *const *arguments,
	int output, int deadline_ms, struct buf *buf, int *ret_status, struct error *err);

#endif
