/*
 * One record per distinct event: first it is created, and when the same has been said again, its
 * series is patched to the count reached by then. So a record is in the queue at most once, and a
 * slow server sees fewer patches, not a longer queue.
 */
#include "kube/events.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/list.h"
#include "base/map.h"
#include "kube/exchange.h"
#include "kube/spam.h"
#include "sys/clock.h"

enum {
	EVENTS_RECORDS_MAX = 1000,
	EVENTS_SERIES_SECONDS = 6 * 60, /* after so long in silence a new Event begins */
	EVENTS_TRIES_MAX = 12,
	EVENTS_RETRY_DELAY_MS = 10 * 1000,
	EVENTS_NOTE_MAX = 1024,
	EVENTS_WORD_MAX = 128, /* reason, action, reportingInstance */
	EVENTS_NAME_MAX = 230, /* of the object's name in the Event's */
	EVENTS_BODY_MAX = 16 * 1024,
};

static const struct kube_resource events_resource = {
	.group = "events.k8s.io",
	.version = "v1",
	.plural = "events",
	.kind = "Event",
	.namespaced = true,
};

static const struct metric_family events_dropped_family = {
	.name = "kcr_events_dropped_total",
	.type = METRIC_COUNTER,
	.help = "Events that were not recorded: too many about one object, too many waiting, or "
		"refused by the API server.",
};

struct events_record {
	char *key; /* what makes two events the same */
	size_t key_size;
	char *namespace;
	char *name; /* of the Event object */
	char *body; /* its creation */
	bool is_created;
	int64_t count;
	int64_t sent_count;
	unsigned tries; /* of what is sent now */
	struct wall_time last_at;
	struct mono_time said_at; /* as last_at */
	struct list by_use; /* in events.by_use */
	struct list queued; /* in events.queue, or in none */
};

struct kube_events {
	struct kube_client *client;
	struct loop *loop;
	struct arena *arena; /* the options' texts */
	struct kube_events_options options;
	struct map records;
	struct list by_use; /* said longest ago first */
	struct list queue;
	size_t queued_count;
	struct kube__spam spam;
	struct kube_call *call; /* NULL: nothing is sent now */
	struct loop_source *timer; /* the next try */
};

static void events_drop(struct kube_events *events, const char *reason)
{
	autobuf labels = BUF_INIT(64);

	buf_printf(&labels, "reason=\"%s\"", reason);
	metric_add(metrics_series(events->options.metrics, &events_dropped_family, labels.data), 1);
}

/* ---- The Event object ---- */

/* At most `max` bytes, not ending inside a character. */
static struct str events_cut(struct str text, size_t max)
{
	if (text.size <= max)
		return text;
	while (max > 0 && ((unsigned char)text.data[max] & 0xc0) == 0x80)
		max--;
	return (struct str){text.data, max};
}

static void events_write_reference(
	struct json_writer *writer, const struct kube_reference *reference)
{
	json_set_object(writer, "regarding");
	json_set_str(writer, "apiVersion", reference->api_version);
	json_set_str(writer, "kind", reference->kind);
	if (reference->namespace.size > 0)
		json_set_str(writer, "namespace", reference->namespace);
	json_set_str(writer, "name", reference->name);
	if (reference->uid.size > 0)
		json_set_str(writer, "uid", reference->uid);
	if (reference->field_path.size > 0)
		json_set_str(writer, "fieldPath", reference->field_path);
	json_end_object(writer);
}

static char *events_make_body(const struct kube_events *events, const struct kube_event *event,
	const struct events_record *record)
{
	const struct kube_events_options *options = &events->options;
	struct str action = event->action.size > 0 ? event->action : event->reason;
	char now[TIME_TEXT_SIZE];
	autobuf body = BUF_INIT(EVENTS_BODY_MAX);
	struct json_writer writer = json_writer(&body);

	wall_time_format_micro(record->last_at, now);
	json_begin_object(&writer);
	json_set_text(&writer, "apiVersion", "events.k8s.io/v1");
	json_set_text(&writer, "kind", "Event");
	json_set_object(&writer, "metadata");
	json_set_text(&writer, "namespace", record->namespace);
	json_set_text(&writer, "name", record->name);
	json_end_object(&writer);
	json_set_text(&writer, "eventTime", now);
	json_set_text(&writer, "type", event->is_warning ? "Warning" : "Normal");
	json_set_str(&writer, "reason", events_cut(event->reason, EVENTS_WORD_MAX));
	json_set_str(&writer, "action", events_cut(action, EVENTS_WORD_MAX));
	json_set_str(&writer, "note", events_cut(event->note, EVENTS_NOTE_MAX));
	json_set_str(&writer, "reportingController", options->controller);
	json_set_str(&writer, "reportingInstance", events_cut(options->instance, EVENTS_WORD_MAX));
	events_write_reference(&writer, &event->regarding);
	json_end_object(&writer);
	return buf_take(&body);
}

static void events_write_series(struct buf *out, const struct events_record *record)
{
	struct json_writer writer = json_writer(out);
	char last[TIME_TEXT_SIZE];

	wall_time_format_micro(record->last_at, last);
	json_begin_object(&writer);
	json_set_object(&writer, "series");
	json_set_i64(&writer, "count", record->count);
	json_set_text(&writer, "lastObservedTime", last);
	json_end_object(&writer);
	json_end_object(&writer);
}

/* "<object>.<time in hex>": as client-go names them; the object's part never ends in a dot. */
static char *events_make_name(struct str object)
{
	struct str part = events_cut(object, EVENTS_NAME_MAX);
	autobuf name = BUF_INIT(EVENTS_NAME_MAX + 20);

	while (part.size > 0 &&
		(part.data[part.size - 1] == '.' || part.data[part.size - 1] == '-'))
		part.size--;
	buf_add(&name, part);
	buf_printf(&name, ".%llx", (unsigned long long)clock_wall().us * 1000 + clock_random(1000));
	return buf_take(&name);
}

/* ---- Records ---- */

static void events_write_object_key(struct buf *key, const struct kube_reference *object)
{
	buf_printf(key, "%.*s/%.*s/%.*s/%.*s", STR_ARG(object->kind), STR_ARG(object->namespace),
		STR_ARG(object->name), STR_ARG(object->uid));
}

static void events_write_key(struct buf *key, const struct kube_event *event)
{
	events_write_object_key(key, &event->regarding);
	buf_printf(key, "/%.*s %d\n%.*s\n%.*s\n%.*s", STR_ARG(event->regarding.field_path),
		event->is_warning, STR_ARG(event->reason), STR_ARG(event->action),
		STR_ARG(events_cut(event->note, EVENTS_NOTE_MAX)));
}

static void events_record_free(struct events_record *record)
{
	list_remove(&record->by_use);
	list_remove(&record->queued);
	free(record->key);
	free(record->namespace);
	free(record->name);
	free(record->body);
	free(record);
}

static void events_forget(struct kube_events *events, struct events_record *record)
{
	if (!list_is_empty(&record->queued))
		events->queued_count--;
	(void)map_remove(
		&events->records, (struct str){record->key, record->key_size}); /* it is `record` */
	events_record_free(record);
}

/* Forgets the records whose series are over. */
static void events_forget_old(struct kube_events *events, struct mono_time now)
{
	list_for_each (link, &events->by_use) {
		struct events_record *record = list_item(link, struct events_record, by_use);
		if (now.us - record->said_at.us < EVENTS_SERIES_SECONDS * TIME_SECOND_US)
			return;
		if (list_is_empty(&record->queued))
			events_forget(events, record);
	}
}

/* Forgets the one said longest ago of those that do not wait to be sent: its series is over. */
static bool events_make_room(struct kube_events *events)
{
	list_for_each (link, &events->by_use) {
		struct events_record *record = list_item(link, struct events_record, by_use);
		if (!list_is_empty(&record->queued))
			continue;
		events_forget(events, record);
		return true;
	}
	return false;
}

static struct events_record *events_record_new(
	struct kube_events *events, const struct kube_event *event, struct str key)
{
	struct str namespace = event->regarding.namespace;
	struct events_record *record = new_zeroed(struct events_record);

	list_init(&record->by_use);
	list_init(&record->queued);
	record->key = str_dup(key);
	record->key_size = key.size;
	record->namespace = str_dup(namespace.size > 0 ? namespace : STR("default"));
	record->name = events_make_name(event->regarding.name);
	record->last_at = clock_wall();
	record->body = events_make_body(events, event, record);
	(void)map_set(&events->records, key, record); /* it was absent */
	return record;
}

/* ---- Sending ---- */

static void events_send(struct kube_events *events);

static void events_enqueue(struct kube_events *events, struct events_record *record)
{
	if (!list_is_empty(&record->queued))
		return;
	list_append(&events->queue, &record->queued);
	events->queued_count++;
	if (events->call == NULL && !loop_timer_is_set(events->timer))
		loop_timer_set(events->timer, 0);
}

static struct events_record *events_first(const struct kube_events *events)
{
	return list_item(events->queue.next, struct events_record, queued);
}

static void events_sent(struct kube_events *events, struct events_record *record)
{
	record->is_created = true;
	record->tries = 0;
	list_remove(&record->queued);
	events->queued_count--;
	if (record->count > record->sent_count)
		events_enqueue(events, record);
}

/* A try failed: again later, or not at all. */
static void events_failed(
	struct kube_events *events, struct events_record *record, const struct error *err)
{
	if (record->is_created && err->kind == ERROR_ABSENT) {
		record->is_created = false; /* the server has forgotten it; it begins anew */
		return;
	}
	if (error_is_retriable(err) && ++record->tries < EVENTS_TRIES_MAX) {
		loop_timer_set(events->timer, events->options.retry_delay_ms);
		return;
	}
	events_forget(events, record);
	events_drop(events, "refused");
}

static void events_call_ended(
	void *context, const struct kube_answer *answer, const struct error *err)
{
	struct kube_events *events = context;
	struct events_record *record = events_first(events);

	(void)answer;
	kube_call_free(take_ptr(&events->call));
	if (err == NULL)
		events_sent(events, record);
	else
		events_failed(events, record, err);
	if (!loop_timer_is_set(events->timer))
		events_send(events);
}

static void events_send(struct kube_events *events)
{
	struct events_record *record;
	autobuf series = BUF_INIT(EVENTS_BODY_MAX);
	struct kube_request request = {.resource = &events_resource};

	if (list_is_empty(&events->queue))
		return;
	record = events_first(events);
	request.namespace = str_of(record->namespace);
	if (record->is_created) {
		events_write_series(&series, record);
		request.verb = KUBE_MERGE;
		request.name = str_of(record->name);
		request.body = buf_str(&series);
		record->sent_count = record->count;
	} else {
		request.verb = KUBE_CREATE;
		request.existing_is_fine = true;
		request.body = str_of(record->body);
		record->sent_count = 1;
	}
	events->call = kube_call_start(events->client, &request, events_call_ended, events);
}

static void events_timer_fired(void *context)
{
	events_send(context);
}

/* ---- The public face ---- */

void kube_events_emit(struct kube_events *events, const struct kube_event *event)
{
	struct mono_time now = clock_mono();
	autobuf object = BUF_INIT(EVENTS_BODY_MAX);
	autobuf key = BUF_INIT(EVENTS_BODY_MAX);
	struct events_record *record;

	events_write_object_key(&object, &event->regarding);
	events_write_key(&key, event);
	if (!kube__spam_allows(&events->spam, buf_str(&object), now)) {
		events_drop(events, "spam");
		return;
	}
	events_forget_old(events, now);
	record = map_get(&events->records, buf_str(&key));
	if (record == NULL && events->records.count == EVENTS_RECORDS_MAX &&
		!events_make_room(events)) {
		events_drop(events, "queue-full");
		return;
	}
	if (record == NULL)
		record = events_record_new(events, event, buf_str(&key));
	record->count++;
	record->last_at = clock_wall();
	record->said_at = now;
	list_remove(&record->by_use);
	list_append(&events->by_use, &record->by_use);
	events_enqueue(events, record);
}

size_t kube_events_pending(const struct kube_events *events)
{
	return events->queued_count;
}

struct kube_events *kube_events_new(
	struct kube_client *client, const struct kube_events_options *options)
{
	struct kube_events *events = new_zeroed(struct kube_events);

	events->client = client;
	events->loop = kube__client_loop(client);
	events->arena = arena_new(256);
	events->options = *options;
	events->options.controller = arena_str(events->arena, options->controller);
	events->options.instance = arena_str(events->arena, options->instance);
	if (options->retry_delay_ms == 0)
		events->options.retry_delay_ms = EVENTS_RETRY_DELAY_MS;
	list_init(&events->by_use);
	list_init(&events->queue);
	kube__spam_init(&events->spam);
	events->timer = loop_timer_new(events->loop, events_timer_fired, events);
	return events;
}

void kube_events_free(struct kube_events *events)
{
	if (events == NULL)
		return;
	loop_source_free(events->timer);
	kube_call_free(events->call);
	list_for_each (link, &events->by_use)
		events_record_free(list_item(link, struct events_record, by_use));
	map_done(&events->records);
	kube__spam_done(&events->spam);
	arena_free(events->arena);
	free(events);
}
