/*
 * What went wrong, as a value. A function that can fail takes `struct error *err` last, never NULL,
 * and returns 0 or -1 (look-ups: 1, 0 or -1); on failure it fills *err, on success it leaves it
 * alone. The text is for people: lower case, no full stop, what failed and on which object.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/limits.h"

enum error_kind {
	ERROR_NONE = 0,
	ERROR_INVALID, /* the input can never work; its author must change it */
	ERROR_ABSENT, /* the named thing does not exist */
	ERROR_CONFLICT, /* somebody else changed it, or it exists already; look again */
	ERROR_GONE, /* a position in a stream is too old; list again */
	ERROR_DENIED, /* credentials are missing or not sufficient */
	ERROR_BUSY, /* the peer asks us to come back later */
	ERROR_TIMEOUT, /* no answer within the deadline */
	ERROR_TOO_BIG, /* a limit of base/limits.h, of a peer or of a disk was reached */
	ERROR_CORRUPT, /* bytes are not what their format or digest says */
	ERROR_UNSUPPORTED, /* this node, kernel, server or runtime cannot do it */
	ERROR_SYSTEM, /* the kernel or the network failed; system_errno may tell */
	ERROR_KIND_COUNT,
};

struct error {
	enum error_kind kind;
	int system_errno; /* 0 when no system call is behind it */
	int status; /* HTTP status of the peer's answer, 0 when none is behind it */
	char text[LIMIT_ERROR_TEXT];
};

/* Fills *err and returns -1, so that a failure is one statement: return error_set(err, ...). */
int error_set(struct error *err, enum error_kind kind, const char *format, ...) format_printf(3, 4);

/* As error_set with ERROR_SYSTEM, the current errno and its text after the message. */
int error_set_errno(struct error *err, const char *format, ...) format_printf(2, 3);

/* Puts context in front of the text: "context: text". Returns -1. */
int error_wrap(struct error *err, const char *format, ...) format_printf(2, 3);

/* Whether the same call may succeed later without anybody changing its input. */
bool error_is_retriable(const struct error *err);

/* The kind as a condition's reason: CamelCase, static. */
const char *error_reason(enum error_kind kind);

#endif
