/*
 * The event loop: one per process, one thread. Something that was started is a handle that the
 * caller owns; releasing the handle cancels it, and after that its callback does not run. A
 * callback may release any handle, its own included. Callbacks must not block for more than
 * milliseconds.
 *
 * Order within one turn: ready descriptors and ended children, then due timers (earliest first),
 * then deferred calls in the order they were made.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/time.h"
#include "sys/process.h"

struct loop;
struct loop_source;

/* The caller owns *ret_loop and releases it after everything that runs on it. Fails with SYSTEM. */
must_check int loop_new(struct loop **ret_loop, struct error *err);
void loop_free(struct loop *loop); /* may be NULL */

/* Runs turns until loop_stop() is called. Fails with SYSTEM. */
must_check int loop_run(struct loop *loop, struct error *err);
void loop_stop(struct loop *loop);

/* The monotonic time at which this turn began; constant within one turn. */
struct mono_time loop_now(const struct loop *loop);

enum loop_events { LOOP_READ = 1, LOOP_WRITE = 2 };

/* `events`: what is ready; errors and hang-ups are reported as both. */
typedef void (*loop_fd_fn)(void *context, unsigned events);
typedef void (*loop_fn)(void *context);
typedef void (*loop_signal_fn)(void *context, int number);
/* `status` as waitpid(2). */
typedef void (*loop_child_fn)(void *context, int status);

/* Watches `fd` (borrowed; close it after the source). Fails with SYSTEM. */
must_check int loop_watch_fd(struct loop *loop, int fd, unsigned events, loop_fd_fn callback,
	void *context, struct loop_source **ret_source, struct error *err);
must_check int loop_change_fd(struct loop_source *source, unsigned events, struct error *err);

/*
 * A timer that is not running; loop_timer_set() starts it or moves it, loop_timer_stop() stops it.
 * It fires once for each start. Never NULL.
 */
must_check struct loop_source *loop_timer_new(struct loop *loop, loop_fn callback, void *context);
void loop_timer_set(struct loop_source *timer, int64_t delay_ms);
void loop_timer_stop(struct loop_source *timer);
bool loop_timer_is_set(const struct loop_source *timer);

/* Calls back once, later in this turn or in the next one; then the handle is spent but still owned.
 */
must_check struct loop_source *loop_defer(struct loop *loop, loop_fn callback, void *context);

/* Blocks the signal for the process and calls back for each one. Fails with SYSTEM. */
must_check int loop_watch_signal(struct loop *loop, int number, loop_signal_fn callback,
	void *context, struct loop_source **ret_source, struct error *err);

/*
 * Calls back once when the child has ended. Takes *process over (it becomes PROCESS_NONE);
 * releasing the source before the child has ended kills the child. Fails with SYSTEM; then *process
 * is untouched.
 */
must_check int loop_watch_child(struct loop *loop, struct process *process, loop_child_fn callback,
	void *context, struct loop_source **ret_source, struct error *err);

/* Cancels and releases. May be NULL. */
void loop_source_free(struct loop_source *source);

define_clean_up(struct loop, loop_free, loop_free)
#define autoloop clean_up(loop_free_clean) struct loop

#endif
