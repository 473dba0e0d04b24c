/* An informer for each part; what they have is put together when somebody looks. */
#include "cli/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "kube/informer.h"

struct live_part {
	struct cli_live *live;
	struct kube_informer *informer; /* NULL: it is not asked for, or may not be read */
	const struct json_object *view;
	bool is_optional;
};

struct cli_live {
	struct cli_session *session;
	struct live_part parts[CLI_GATHER_PARTS];
	void (*changed)(void *context);
	void *context;
	bool is_waiting; /* in cli_live_wait() */
	struct arena *arena; /* of what was gathered last; NULL: it has changed since */
	struct cli_gathered gathered;
	struct error error; /* the last one */
};

static void live_forget(struct cli_live *live)
{
	arena_free(take_ptr(&live->arena));
}

static bool live_is_complete(const struct cli_live *live)
{
	for (size_t i = 0; i < CLI_GATHER_PARTS; i++)
		if (live->parts[i].informer != NULL &&
			!kube_informer_is_synced(live->parts[i].informer))
			return false;
	return true;
}

static void live_come(struct cli_live *live)
{
	live_forget(live);
	if (live->is_waiting && live_is_complete(live))
		loop_stop(live->session->loop);
}

static void live_synced(void *context)
{
	const struct live_part *part = context;

	live_come(part->live);
}

static void live_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct cli_live *live = context;

	(void)old;
	(void)new;
	live_forget(live);
	if (!live->is_waiting && live->changed != NULL)
		live->changed(live->context);
}

static void live_failed(void *context, const struct error *err)
{
	struct live_part *part = context;
	struct cli_live *live = part->live;

	if (part->is_optional && (err->kind == ERROR_DENIED || err->kind == ERROR_ABSENT)) {
		kube_informer_free(take_ptr(&part->informer));
		live_come(live);
		return;
	}
	live->error = *err;
	if (live->is_waiting)
		loop_stop(live->session->loop);
}

static void live_start(struct cli_live *live, enum cli_gather_part index)
{
	const struct cli_kind *kind = cli_gather_kinds[index];
	struct live_part *part = &live->parts[index];
	const struct kube_informer_options options = {
		.resource = &kind->resource,
		.view = kind->api != NULL ? kind->api->object : kind->object,
		.namespace = live->session->scope,
		.synced = live_synced,
		.failed = live_failed,
		.context = part,
	};

	*part = (struct live_part){
		.live = live,
		.view = options.view,
		.is_optional = cli_gather_is_optional(index),
		.informer = kube_informer_new(live->session->client, &options),
	};
	kube_informer_on_change(part->informer, live_changed, live);
	kube_informer_start(part->informer);
}

struct cli_live *cli_live_new(
	struct cli_session *session, unsigned parts, void (*changed)(void *context), void *context)
{
	struct cli_live *live = new_zeroed(struct cli_live);

	live->session = session;
	live->changed = changed;
	live->context = context;
	for (size_t i = 0; i < CLI_GATHER_PARTS; i++)
		if ((parts & 1u << i) != 0)
			live_start(live, i);
	return live;
}

void cli_live_free(struct cli_live *live)
{
	if (live == NULL)
		return;
	for (size_t i = 0; i < CLI_GATHER_PARTS; i++)
		kube_informer_free(live->parts[i].informer);
	live_forget(live);
	free(live);
}

int cli_live_wait(struct cli_live *live, struct error *err)
{
	int result = 0;

	live->is_waiting = true;
	if (!live_is_complete(live))
		result = loop_run(live->session->loop, err);
	live->is_waiting = false;
	if (result == 0 && !live_is_complete(live)) {
		*err = live->error;
		result = -1;
	}
	return result;
}

/* The structs are copied, side by side as cli_gathered has them; their texts stay the objects'. */
static struct cli_objects live_gather(const struct live_part *part, struct arena *arena)
{
	size_t size = part->view->size;
	size_t count = kube_informer_count(part->informer);
	char *items = arena_zeroed(arena, count + 1, size);
	size_t position = 0;

	for (size_t i = 0; i < count; i++)
		memcpy(items + i * size, kube_informer_next(part->informer, &position)->view, size);
	return (struct cli_objects){.items = items, .count = count};
}

const struct cli_gathered *cli_live_look(struct cli_live *live)
{
	if (live->arena != NULL)
		return &live->gathered;
	live->arena = arena_new(4096);
	live->gathered = (struct cli_gathered){0};
	for (size_t i = 0; i < CLI_GATHER_PARTS; i++)
		if (live->parts[i].informer != NULL)
			live->gathered.parts[i] = live_gather(&live->parts[i], live->arena);
	return &live->gathered;
}

struct str cli_live_trouble(const struct cli_live *live)
{
	for (size_t i = 0; i < CLI_GATHER_PARTS; i++)
		if (live->parts[i].informer != NULL &&
			kube_informer_state(live->parts[i].informer) == KUBE_INFORMER_BACKING_OFF)
			return str_of(live->error.text);
	return (struct str){0};
}
