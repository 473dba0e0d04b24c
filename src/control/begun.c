/* One question for each schedule that needs it, and of the answer what its status does not say. */
#include "control/begun.h"

#include <stdlib.h>

#include "api/kinds.h"
#include "api/names.h"
#include "base/alloc.h"
#include "base/map.h"
#include "control/state.h"

enum { BEGUN_FIRST_BYTES = 512 };

struct control_begun {
	struct map entries; /* by the schedule's key; struct begun_entry */
};

/* What is known about one schedule. */
struct begun_entry {
	struct arena *arena; /* this lies in it, too */
	struct str uid;
	struct wall_time last_run;
	bool is_answered;
	const struct api_request **requests;
	size_t count;
};

struct control_begun *control_begun_new(void)
{
	return new_zeroed(struct control_begun);
}

static void begun_entry_free(struct begun_entry *entry)
{
	if (entry != NULL)
		arena_free(entry->arena);
}

void control_begun_free(struct control_begun *begun)
{
	struct begun_entry *entry;
	size_t position = 0;

	if (begun == NULL)
		return;
	while ((entry = map_next(&begun->entries, &position, NULL)) != NULL)
		begun_entry_free(entry);
	map_done(&begun->entries);
	free(begun);
}

static void begun_write_key(struct buf *key, const struct api_schedule *schedule)
{
	kube_key_write(key, schedule->metadata.namespace, schedule->metadata.name);
}

/* NULL when there is none, or when it is of an earlier schedule of the same name. */
static struct begun_entry *begun_find(
	const struct control_begun *begun, const struct api_schedule *schedule)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	struct begun_entry *entry;

	begun_write_key(&key, schedule);
	entry = map_get(&begun->entries, buf_str(&key));
	return entry != NULL && str_equal(entry->uid, schedule->metadata.uid) ? entry : NULL;
}

static struct begun_entry *begun_make(
	struct control_begun *begun, const struct api_schedule *schedule)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	struct arena *arena = arena_new(BEGUN_FIRST_BYTES);
	struct begun_entry *entry = arena_zeroed(arena, 1, sizeof(*entry));

	entry->arena = arena;
	entry->uid = arena_str(arena, schedule->metadata.uid);
	entry->last_run = schedule->status.last_run;
	begun_write_key(&key, schedule);
	begun_entry_free(map_set(&begun->entries, buf_str(&key), entry));
	return entry;
}

/* Keeps a request if it is of a run that the schedule has not recorded. */
static void begun_keep(struct begun_entry *entry, const struct json *value)
{
	struct str name = json_str(json_at(value, "metadata", "name", NULL));
	struct api_request *request;
	struct error ignored;
	int64_t seconds;

	if (!api_request_name_time(name, &seconds) ||
		wall_time_of_seconds(seconds).us <= entry->last_run.us)
		return;
	request = arena_zeroed(entry->arena, 1, sizeof(*request));
	if (api_decode(value, &api_request_kind, entry->arena, request, &ignored) == 0 &&
		request->spec.schedule != NULL &&
		str_equal(request->spec.schedule->uid, entry->uid))
		entry->requests[entry->count++] = request;
}

static void begun_answered(void *context, struct json_doc *doc)
{
	struct begun_entry *entry = context;
	const struct json *items = json_get(json_doc_root(doc), "items");

	entry->requests =
		arena_zeroed(entry->arena, json_count(items) + 1, sizeof(*entry->requests));
	for (struct json_iter item = json_iter(items); json_next(&item);)
		begun_keep(entry, item.value);
	entry->is_answered = true;
}

bool control_begun_is_known(
	struct control_begun *begun, const struct api_schedule *schedule, struct kube_plan *plan)
{
	struct begun_entry *entry = begun_find(begun, schedule);
	struct kube_request request = {
		.verb = KUBE_LIST,
		.resource = &control_request_resource,
		.namespace = arena_str(plan->arena, schedule->metadata.namespace),
	};

	if (entry != NULL && entry->is_answered)
		return true;
	request.label_selector = arena_printf(plan->arena, API_LABEL_SCHEDULE "=%s",
		api_label_value(plan->arena, schedule->metadata.name).data);
	kube_plan_ask(plan, &request, begun_answered, begun_make(begun, schedule));
	return false;
}

const struct api_request *const *control_begun_get(
	const struct control_begun *begun, const struct api_schedule *schedule, size_t *ret_count)
{
	const struct begun_entry *entry = begun_find(begun, schedule);

	*ret_count = entry != NULL ? entry->count : 0;
	return entry != NULL ? entry->requests : NULL;
}

void control_begun_forget(struct control_begun *begun, struct str key)
{
	begun_entry_free(map_remove(&begun->entries, key));
}
