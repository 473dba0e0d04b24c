/*
 * How many checkpoints the schedules of the cluster take at the same time. Schedules that are due
 * ask for a turn before they make their requests; while too many requests are under way they wait
 * in line, first come, first served. A run is never split: that of a schedule with many Pods may
 * exceed the limit once it has begun. Requests of people count, but do not wait.
 *
 * Under way is a request that an agent has begun, and one that is new: its agent will begin it at
 * once, unless that is busy with others or not there at all. Such a request counts for
 * TURNS_NEW_SECONDS only, so that a node that is behind holds up nobody else.
 *
 * All of it is a guess of what the informers will say soon and lives in memory: a new leader begins
 * with the requests that it finds.
 */
#ifndef CONTROL_TURNS_H
#define CONTROL_TURNS_H

#include <stdbool.h>
#include <stddef.h>

#include "api/request.h"
#include "base/attributes.h"
#include "base/str.h"
#include "base/time.h"

enum { TURNS_NEW_SECONDS = 30 };

struct control_turns;

/* Shall decide about the schedule `key` anew: it is the first in line, and there may be a turn. */
typedef void (*control_turns_wake_fn)(void *context, struct str key);

/* `limit` 0: there is none. Never NULL. */
must_check struct control_turns *control_turns_new(
	size_t limit, control_turns_wake_fn wake, void *context);
void control_turns_free(struct control_turns *turns); /* may be NULL */

/*
 * Whether the schedule `key` may make its requests now; it then does. If not, it waits in line and
 * is woken; it asks again from time to time all the same, for turns also come by time.
 */
must_check bool control_turns_ask(
	struct control_turns *turns, struct str key, struct mono_time now);

/* A schedule whose turn it is makes the request `request` ("namespace/name"). */
void control_turns_give(struct control_turns *turns, struct str request, struct mono_time now);

/* The schedule `key` is not due any more, or gone. */
void control_turns_leave(struct control_turns *turns, struct str key);

/* A request has changed; NULL: it was not there before, or is not any more. */
void control_turns_follow(struct control_turns *turns, struct str request,
	const struct api_request *old, const struct api_request *new, struct mono_time now);

/* The schedules in line. */
size_t control_turns_waiting(const struct control_turns *turns);

#endif
