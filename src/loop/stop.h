/*
 * A program's graceful end: on SIGTERM or SIGINT nothing new is begun, what was begun is finished,
 * and the loop stops, after a while in any case.
 */
#ifndef LOOP_STOP_H
#define LOOP_STOP_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "loop/loop.h"

struct loop_stop;

struct loop_stop_options {
	void (*begin)(void *context); /* begin nothing new from now on */
	size_t (*unfinished)(void *context); /* what is still under way; asked repeatedly */
	void (*end)(void *context); /* all is finished, or time is over: stop the loop */
	void *context;
	int64_t limit_ms; /* how long to wait for what is under way */
};

/* Watches the signals. The caller owns *ret_stop. Fails with SYSTEM. */
must_check int loop_stop_new(struct loop *loop, const struct loop_stop_options *options,
	struct loop_stop **ret_stop, struct error *err);
void loop_stop_free(struct loop_stop *stop); /* may be NULL */

/* Whether the end has begun. `stop` may be NULL: it has not. */
bool loop_stop_has_begun(const struct loop_stop *stop);

#endif
