/*
 * The end that lends: a reader for another process, which is not trusted. It gets what it asks for
 * within the reader, one question at a time, and nothing else; what it does not take is waited for
 * without blocking.
 */
#ifndef LEND_LENDER_H
#define LEND_LENDER_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/error.h"
#include "sys/reader.h"

struct lend_lender;

/* Takes the stream socket *fd over and borrows the reader. Never NULL. */
must_check struct lend_lender *lend_lender_new(int *fd, struct reader *reader);
void lend_lender_free(struct lend_lender *lender); /* may be NULL; closes the socket */

define_clean_up(struct lend_lender, lend_lender_free, lend_lender_free)
#define autolender clean_up(lend_lender_free_clean) struct lend_lender

int lend_lender_fd(const struct lend_lender *lender);

/* Whether it has something to write; else it waits to read. */
bool lend_lender_is_answering(const struct lend_lender *lender);

/*
 * Moves what can be moved without waiting for the other end; for the reader it waits. 1: go on; 0:
 * the other end is closed. A failure of the reader is an answer, unless it was interrupted (EINTR):
 * that fails. Fails with CORRUPT (what came is no question), SYSTEM.
 */
must_check int lend_lender_move(struct lend_lender *lender, struct error *err);

#endif
