/* A count of requests, a set of those that are new, and a line of schedules. */
#include "control/turns.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/list.h"
#include "base/map.h"

struct control_turns {
	size_t limit;
	control_turns_wake_fn wake;
	void *context;
	size_t begun; /* requests in progress */
	struct map given; /* by the request's key; struct turns_given, owned */
	struct list line; /* struct turns_waiter, owned */
	struct map waiters; /* the same by key */
};

struct turns_given {
	struct mono_time until;
};

struct turns_waiter {
	struct list link;
	char *key;
};

struct control_turns *control_turns_new(size_t limit, control_turns_wake_fn wake, void *context)
{
	struct control_turns *turns = new_zeroed(struct control_turns);

	turns->limit = limit;
	turns->wake = wake;
	turns->context = context;
	list_init(&turns->line);
	return turns;
}

static void turns_remove(struct control_turns *turns, struct turns_waiter *waiter)
{
	(void)map_remove(&turns->waiters, str_of(waiter->key)); /* it is `waiter` */
	list_remove(&waiter->link);
	free(waiter->key);
	free(waiter);
}

void control_turns_free(struct control_turns *turns)
{
	struct turns_given *given;
	size_t position = 0;

	if (turns == NULL)
		return;
	while ((given = map_next(&turns->given, &position, NULL)) != NULL)
		free(given);
	map_done(&turns->given);
	list_for_each (link, &turns->line)
		turns_remove(turns, list_item(link, struct turns_waiter, link));
	map_done(&turns->waiters);
	free(turns);
}

/* How many more may begin. */
static size_t turns_free(struct control_turns *turns, struct mono_time now)
{
	struct turns_given *given;
	size_t position = 0;
	struct str key;
	size_t taken;

	while ((given = map_next(&turns->given, &position, &key)) != NULL)
		if (given->until.us <= now.us)
			free(map_remove(&turns->given, key));
	taken = turns->begun + turns->given.count;
	return taken < turns->limit ? turns->limit - taken : 0;
}

/* Whether `key` is one of the first `count` in line, or would be at the line's end. */
static bool turns_is_among(const struct control_turns *turns, struct str key, size_t count)
{
	list_for_each (link, &turns->line) {
		if (count == 0 || str_is(key, list_item(link, struct turns_waiter, link)->key))
			break;
		count--;
	}
	return count > 0;
}

static void turns_wake_first(struct control_turns *turns)
{
	if (!list_is_empty(&turns->line))
		turns->wake(turns->context,
			str_of(list_item(turns->line.next, struct turns_waiter, link)->key));
}

bool control_turns_ask(struct control_turns *turns, struct str key, struct mono_time now)
{
	struct turns_waiter *waiter = map_get(&turns->waiters, key);

	if (turns->limit == 0)
		return true;
	if (turns_is_among(turns, key, turns_free(turns, now))) {
		if (waiter != NULL)
			turns_remove(turns, waiter);
		turns_wake_first(turns); /* there may be more than this turn */
		return true;
	}
	if (waiter == NULL) {
		waiter = new_zeroed(struct turns_waiter);
		waiter->key = str_dup(key);
		list_append(&turns->line, &waiter->link);
		(void)map_set(&turns->waiters, key, waiter); /* it was absent */
	}
	return false;
}

void control_turns_give(struct control_turns *turns, struct str request, struct mono_time now)
{
	struct turns_given *given;

	if (turns->limit == 0)
		return;
	given = new_zeroed(struct turns_given);
	given->until.us = now.us + TURNS_NEW_SECONDS * TIME_SECOND_US;
	free(map_set(&turns->given, request, given));
}

void control_turns_leave(struct control_turns *turns, struct str key)
{
	struct turns_waiter *waiter = map_get(&turns->waiters, key);

	if (waiter == NULL)
		return;
	turns_remove(turns, waiter);
	turns_wake_first(turns);
}

static bool turns_is_in(const struct api_request *request, enum api_request_phase phase)
{
	return request != NULL && api_request_phase(request) == phase;
}

void control_turns_follow(struct control_turns *turns, struct str request,
	const struct api_request *old, const struct api_request *new, struct mono_time now)
{
	bool is_new = turns_is_in(new, API_REQUEST_PENDING);

	if (turns_is_in(old, API_REQUEST_IN_PROGRESS))
		turns->begun--;
	if (turns_is_in(new, API_REQUEST_IN_PROGRESS))
		turns->begun++;
	if (is_new && old == NULL)
		control_turns_give(turns, request, now);
	if (!is_new)
		free(map_remove(&turns->given, request));
	if (new == NULL || api_request_is_finished(new))
		turns_wake_first(turns);
}

size_t control_turns_waiting(const struct control_turns *turns)
{
	return turns->waiters.count;
}
