/*
 * CRIU's log (dump.log, restore.log), read as it streams by: the lines that say why it failed,
 * short enough for a condition's message. Lines look like
 *
 *	(00.002407)  24411: Error (criu/tty.c:1435): tty: No task found with sid 22997
 *
 * and become "tty: No task found with sid 22997 (criu/tty.c:1435)". The first error is nearly
 * always the cause and those after it are its consequences; the few that CRIU goes on after are
 * left out. runc and crun report only "type NOTIFY errno 0", so this tells a user what to do.
 */
#ifndef CRIU_LOG_H
#define CRIU_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/str.h"

enum {
	CRIU_LOG_ERRORS = 4, /* error lines that are kept: the first ones and the last */
	CRIU_LOG_ERROR_SIZE = 200, /* of one, terminator included; longer ones are cut */
	CRIU_LOG_LINE_SIZE = 512, /* of a line as it is read; the rest of a longer one is skipped */
	CRIU_LOG_VERSION_SIZE = 32,
};

/* Zeroed, it is a log of which nothing was read yet: an initialiser is {0}. */
struct criu_log {
	char version[CRIU_LOG_VERSION_SIZE]; /* "4.2.1"; "" when the log does not tell */
	bool has_failed; /* "Dumping FAILED" or "Restoring FAILED" was there */
	size_t error_count; /* different error lines that may be a cause, so without FAILED */
	char errors[CRIU_LOG_ERRORS][CRIU_LOG_ERROR_SIZE];

	char line[CRIU_LOG_LINE_SIZE]; /* internal: the line at hand */
	size_t line_size;
};

/* The next piece of the log, of any size. */
void criu_log_add(struct criu_log *log, struct str piece);

/* After the last piece, as the last line may lack its end. */
void criu_log_end(struct criu_log *log);

/*
 * Appends the kept errors in their order, separated by "; ", with "..." where some were left out:
 * under 900 bytes. A log that failed without an error line gives a sentence saying so, one without
 * errors gives nothing.
 */
void criu_log_excerpt(const struct criu_log *log, struct buf *out);

#endif
