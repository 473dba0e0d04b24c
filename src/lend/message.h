/*
 * What passes between a process that may fetch bytes and one that may only read them. A question is
 * an offset and a size. Its answer begins with a number: so many bytes follow, those that were
 * asked for, or, when it is negative, so many of a text that says why there are none. The next
 * question follows the answer. Numbers have 64 bits in this machine's order: both ends are on it.
 */
#ifndef LEND_MESSAGE_H
#define LEND_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

enum {
	LEND_RANGE_BYTES = 1024 * 1024, /* that one question may ask for */
	LEND_QUESTION_SIZE = 16,
	LEND_HEAD_SIZE = 8,
};

struct lend_question {
	int64_t offset;
	int64_t size;
};

void lend_question_write(
	const struct lend_question *question, char bytes[static LEND_QUESTION_SIZE]);

/*
 * Reads a question about something of `total` bytes. Fails with CORRUPT unless it asks for 1 to
 * LEND_RANGE_BYTES of them.
 */
must_check int lend_question_read(const char bytes[static LEND_QUESTION_SIZE], int64_t total,
	struct lend_question *ret_question, struct error *err);

/* The begin of an answer. */
struct lend_head {
	bool is_text; /* of an error, else the bytes */
	size_t size;
};

void lend_head_write(const struct lend_head *head, char bytes[static LEND_HEAD_SIZE]);

/*
 * Reads the head of an answer to who asked for so many bytes. Fails with CORRUPT when neither they
 * follow nor a text of 1 to LIMIT_ERROR_TEXT - 1.
 */
must_check int lend_head_read(const char bytes[static LEND_HEAD_SIZE], size_t asked,
	struct lend_head *ret_head, struct error *err);

#endif
