/* List and watch against a scripted API server: streamed lists and pages, events, expiry, faults.
 */
#include "api_peer.h"

#include "kube/informer.h"

struct pod_view {
	struct str phase;
};

static const struct json_field pod_status_fields[] = {
	{.name = "phase", .type = JSON_FIELD_STRING, .offset = offsetof(struct pod_view, phase)},
};
static const struct json_object pod_status =
	JSON_OBJECT_OF("status", struct pod_view, pod_status_fields);

struct pod {
	struct pod_view status;
};

static const struct json_field pod_fields[] = {
	{.name = "status",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct pod, status),
		.object = &pod_status},
};
static const struct json_object pod_view = JSON_OBJECT_OF("Pod", struct pod, pod_fields);

struct world {
	struct api_world api;
	struct kube_informer *informer;
	struct texts *texts; /* NULL: views are not packed */
	struct buf story; /* "+a/x(1) ~a/x(1>2) -a/x(2)" */
	int changes;
	int failures;
	int syncs;
	struct error last_failure;
};

static void tell_change(void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct world *world = context;
	const struct kube_object *any = new != NULL ? new : old;

	world->changes++;
	buf_printf(&world->story, "%s%c", world->story.size > 0 ? " " : "",
		old == NULL           ? '+'
			: new == NULL ? '-'
				      : '~');
	buf_printf(&world->story, "%s/%s(", any->namespace.data, any->name.data);
	if (old != NULL)
		buf_add(&world->story, old->resource_version);
	if (old != NULL && new != NULL)
		buf_add_byte(&world->story, '>');
	if (new != NULL)
		buf_add(&world->story, new->resource_version);
	buf_add_byte(&world->story, ')');
}

static void tell_failure(void *context, const struct error *err)
{
	struct world *world = context;

	world->failures++;
	world->last_failure = *err;
}

static void tell_synced(void *context)
{
	struct world *world = context;

	world->syncs++;
}

static int make_world_with(
	void **state, int64_t silence_ms, struct texts *texts, const char *field_selector)
{
	struct world *world = new_zeroed(struct world);
	struct kube_informer_options options = {
		.resource = &api_pods,
		.view = &pod_view,
		.texts = texts,
		.field_selector = str_of(field_selector),
		.synced = tell_synced,
		.failed = tell_failure,
		.context = world,
		.first_delay_ms = 5,
		.silence_ms = silence_ms,
	};

	*state = world;
	world->texts = texts;
	world->story = BUF_INIT(4096);
	api_world_start(&world->api);
	api_world_connect(&world->api);
	world->informer = kube_informer_new(world->api.client, &options);
	kube_informer_on_change(world->informer, tell_change, world);
	return 0;
}

static int make_world(void **state)
{
	return make_world_with(state, API_DEADLINE_MS, NULL, "spec.nodeName=n1");
}

static int make_packing_world(void **state)
{
	return make_world_with(state, API_DEADLINE_MS, texts_new(), "spec.nodeName=n1");
}

static int make_impatient_world(void **state)
{
	return make_world_with(state, 200, NULL, "spec.nodeName=n1");
}

static int make_world_of_all(void **state)
{
	return make_world_with(state, API_DEADLINE_MS, NULL, "");
}

static int drop_world(void **state)
{
	struct world *world = *state;

	kube_informer_free(world->informer);
	if (world->texts != NULL)
		assert_int_equal(texts_count(world->texts), 0);
	texts_free(world->texts);
	api_world_stop(&world->api);
	buf_done(&world->story);
	free(world);
	return 0;
}

#define POD(name, version, phase)                                                                  \
	"{\"metadata\":{\"namespace\":\"a\",\"name\":\"" name "\",\"uid\":\"u-" name               \
	"\",\"resourceVersion\":\"" version "\"},\"status\":{\"phase\":\"" phase "\"}}"
#define LIST(version, items)                                                                       \
	"{\"metadata\":{\"resourceVersion\":\"" version "\"},\"items\":[" items "]}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define STATUS(code, reason)                                                                       \
	"{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"because\",\"reason\":\"" reason \
	"\",\"code\":" code "}"

#define FIRST_LIST "GET /api/v1/pods?fieldSelector=spec.nodeName%3Dn1&limit=500&resourceVersion=0 "

#define END_OF_LIST(version)                                                                       \
	EVENT("BOOKMARK",                                                                          \
		"{\"metadata\":{\"resourceVersion\":\"" version                                    \
		"\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}")

/* A server that knows no lists in a watch. */
static void expect_no_stream(struct api_peer *peer)
{
	api_expect(peer, "sendInitialEvents=true", 422, STATUS("422", "Invalid"));
}

static struct api_step *expect_stream_list(struct api_peer *peer, const char *version)
{
	struct api_step *step = api_expect_stream(peer, version);

	step->expects[1] = "&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&";
	step->expects[2] = "watch=true&allowWatchBookmarks=true&";
	return step;
}

/* Brings the informer to watching with pods x (version 5) and y (6), at version 7. */
static void start_watching(struct world *world)
{
	struct api_peer *peer = &world->api.peer;

	expect_no_stream(peer);
	api_expect(peer, FIRST_LIST, 200,
		LIST("7", POD("x", "5", "Running") "," POD("y", "6", "Pending")));
	api_expect_stream(peer, "resourceVersion=7&")->expects[1] = "watch=true";
	kube_informer_start(world->informer);
	api_run_through(peer);
	assert_int_equal(kube_informer_state(world->informer), KUBE_INFORMER_WATCHING);
	assert_string_equal(world->story.data, "+a/x(5) +a/y(6)");
	buf_clear(&world->story);
	world->changes = 0;
}

static void a_list_fills_the_store_and_then_watches(void **state)
{
	struct world *world = *state;
	const struct kube_object *object;
	const struct pod *pod;

	assert_false(kube_informer_is_synced(world->informer));
	start_watching(world);
	assert_true(kube_informer_is_synced(world->informer));
	assert_int_equal(world->syncs, 1);
	assert_int_equal(kube_informer_count(world->informer), 2);
	object = kube_informer_get(world->informer, STR("a/x"));
	assert_non_null(object);
	pod = object->view;
	assert_string_equal(pod->status.phase.data, "Running");
	assert_string_equal(object->uid.data, "u-x");
	assert_null(kube_informer_get(world->informer, STR("a/z")));
	assert_true(str_contains(buf_str(&world->api.peer.last), STR("allowWatchBookmarks=true")));
	assert_true(str_contains(buf_str(&world->api.peer.last), STR("timeoutSeconds=")));
}

static void a_list_comes_in_pages(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	expect_no_stream(peer);
	api_expect(peer, FIRST_LIST, 200,
		"{\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"to/ken\"},\"items\":[" POD(
			"x", "5", "") "]}");
	api_expect(peer, "limit=500&continue=to%2Fken ", 200, LIST("7", POD("y", "6", "")));
	api_expect_stream(peer, "resourceVersion=7");
	kube_informer_start(world->informer);
	api_run_through(peer);
	assert_string_equal(world->story.data, "+a/x(5) +a/y(6)");
	assert_int_equal(world->syncs, 1);
}

static void watch_events_change_the_store(void **state)
{
	struct world *world = *state;

	start_watching(world);
	api_push_text(&world->api.peer,
		EVENT("ADDED", POD("z", "8", "")) EVENT("MODIFIED", POD("x", "9", "Failed"))
			EVENT("DELETED", POD("y", "10", "")));
	api_run_until(&world->api.peer, &world->changes, 3);
	assert_string_equal(world->story.data, "+a/z(8) ~a/x(5>9) -a/y(10)");
	assert_int_equal(kube_informer_count(world->informer), 2);
	assert_null(kube_informer_get(world->informer, STR("a/y")));
}

static void an_event_may_come_in_pieces(void **state)
{
	struct world *world = *state;
	static const char event[] = EVENT("ADDED", POD("z", "8", ""));

	start_watching(world);
	for (size_t i = 0; i + 1 < sizeof(event); i++) {
		api_push(&world->api.peer, (struct str){event + i, 1});
		if (i % 20 == 0)
			api_run_for(&world->api.peer, 1);
	}
	api_run_until(&world->api.peer, &world->changes, 1);
	assert_string_equal(world->story.data, "+a/z(8)");
}

static void a_watch_that_ends_goes_on_where_it_was(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	start_watching(world);
	api_push_text(peer, EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"20\"}}"));
	api_expect_stream(peer, "resourceVersion=20&");
	api_end_stream(peer);
	api_run_through(peer);
	assert_string_equal(world->story.data, "");
	assert_int_equal(world->failures, 0);
}

static void a_cut_connection_resumes_without_a_list(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	start_watching(world);
	api_push_text(peer, EVENT("ADDED", POD("z", "8", "")) "{\"type\":\"ADDED\",\"obj");
	api_expect_stream(peer, "resourceVersion=8&");
	api_cut_stream(peer);
	api_run_through(peer);
	api_push_text(peer, EVENT("DELETED", POD("z", "9", "")));
	api_run_until(peer, &world->changes, 2);
	assert_string_equal(world->story.data, "+a/z(8) -a/z(9)");
	assert_int_equal(world->failures, 1);
}

static void an_expired_watch_lists_again_and_finds_what_is_gone(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	start_watching(world);
	api_push_text(peer, EVENT("ERROR", STATUS("410", "Expired")));
	api_expect(peer, "limit=500&resourceVersion=7&resourceVersionMatch=NotOlderThan ", 200,
		LIST("30", POD("x", "5", "Running") "," POD("z", "29", "")));
	api_expect_stream(peer, "resourceVersion=30&");
	api_run_through(peer);
	assert_string_equal(world->story.data, "+a/z(29) -a/y(6)");
	assert_int_equal(world->syncs, 1);
	assert_int_equal(world->failures, 0);
}

static void a_watch_refused_with_410_lists_again(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	start_watching(world);
	api_push_text(peer, EVENT("ADDED", POD("z", "8", "")));
	api_expect(peer, "resourceVersion=8&", 410, STATUS("410", "Expired"));
	api_expect(peer, "limit=500&resourceVersion=8&resourceVersionMatch=NotOlderThan ", 410,
		STATUS("410", "Expired"));
	api_expect(peer, "limit=500 ", 200, LIST("30", POD("x", "5", "Running")));
	api_expect_stream(peer, "resourceVersion=30&");
	api_end_stream(peer);
	api_run_through(peer);
	assert_int_equal(world->changes, 3);
	assert_int_equal(kube_informer_count(world->informer), 1);
	assert_non_null(kube_informer_get(world->informer, STR("a/x")));
}

static void a_version_that_the_server_has_not_reached_is_dropped(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	start_watching(world);
	api_push_text(peer, EVENT("ERROR", STATUS("410", "Gone")));
	api_expect(peer, "limit=500&resourceVersion=7&resourceVersionMatch=NotOlderThan ", 504,
		STATUS("504", "Timeout"))
		->headers = "Retry-After: 1\r\n";
	api_expect(peer, "limit=500 ", 200, LIST("3", POD("x", "2", "Running")));
	api_expect_stream(peer, "resourceVersion=3&");
	api_run_through(peer);
	assert_string_equal(world->story.data, "~a/x(5>2) -a/y(6)");
}

static void an_object_with_another_uid_was_deleted_and_added(void **state)
{
	struct world *world = *state;

	start_watching(world);
	api_push_text(&world->api.peer,
		EVENT("MODIFIED",
			"{\"metadata\":{\"namespace\":\"a\",\"name\":\"x\",\"uid\":"
			"\"other\",\"resourceVersion\":\"9\"}}"));
	api_run_until(&world->api.peer, &world->changes, 2);
	assert_string_equal(world->story.data, "-a/x(5) +a/x(9)");
}

static void an_oversized_event_ends_in_a_new_list(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;
	autobuf event = BUF_INIT(8 * 1024 * 1024);

	start_watching(world);
	buf_add_text(&event, "{\"type\":\"ADDED\",\"object\":{\"x\":\"");
	(void)memset(buf_room(&event, LIMIT_OBJECT_BYTES), 'x', LIMIT_OBJECT_BYTES);
	buf_claim(&event, LIMIT_OBJECT_BYTES);
	api_expect(peer, "limit=500&resourceVersion=7&resourceVersionMatch=NotOlderThan ", 200,
		LIST("30", POD("x", "5", "")));
	api_expect_stream(peer, "resourceVersion=30&");
	api_push(peer, buf_str(&event));
	api_run_through(peer);
	assert_string_equal(world->story.data, "-a/y(6)");
	assert_int_equal(world->last_failure.kind, ERROR_TOO_BIG);
}

static void a_line_that_is_no_event_ends_in_a_new_list(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	start_watching(world);
	api_expect(peer, "limit=500&resourceVersion=7&resourceVersionMatch=NotOlderThan ", 200,
		LIST("30", ""));
	api_expect_stream(peer, "resourceVersion=30&");
	api_push_text(peer, "<html>\n");
	api_run_through(peer);
	assert_int_equal(world->last_failure.kind, ERROR_CORRUPT);
	assert_int_equal(kube_informer_count(world->informer), 0);
}

static void a_silent_watch_is_cut_and_resumed(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	start_watching(world);
	api_expect_stream(peer, "resourceVersion=7&");
	api_run_through(peer);
	assert_int_equal(world->last_failure.kind, ERROR_TIMEOUT);
}

static void a_busy_server_is_asked_again_later(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;
	int64_t began_us = clock_mono().us;

	start_watching(world);
	api_push_text(peer, EVENT("ADDED", POD("z", "8", "")));
	/* far longer than the back-off of these tests */
	api_expect(peer, "resourceVersion=8&", 429, STATUS("429", "TooManyRequests"))->headers =
		"Retry-After: 1\r\n";
	api_expect(peer, "resourceVersion=8&", 500, "oops");
	api_expect_stream(peer, "resourceVersion=8&");
	api_end_stream(peer);
	api_run_through(peer);
	assert_int_equal(world->failures, 2);
	assert_string_equal(world->last_failure.text, "cannot watch pods: oops");
	assert_true(clock_mono().us - began_us >= TIME_SECOND_US);
}

static void a_refused_list_is_tried_again(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	expect_no_stream(peer);
	api_expect(peer, FIRST_LIST, 403, STATUS("403", "Forbidden"));
	api_expect(peer, FIRST_LIST, 404, "404 page not found\n");
	api_expect(peer, FIRST_LIST, 200, LIST("7", ""));
	api_expect_stream(peer, "resourceVersion=7&");
	kube_informer_start(world->informer);
	api_run_through(peer);
	assert_int_equal(world->failures, 2);
	assert_string_equal(world->last_failure.text, "cannot list pods: 404 page not found");
	assert_int_equal(world->syncs, 1);
}

static void a_watch_that_ends_at_once_backs_off(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	start_watching(world);
	api_expect_stream(peer, "resourceVersion=7&");
	api_end_stream(peer);
	api_run_through(peer);
	assert_int_equal(world->failures, 1);
	assert_string_equal(
		world->last_failure.text, "cannot watch pods: the server ended the watch at once");
}

static void an_object_can_be_held_beyond_its_deletion(void **state)
{
	struct world *world = *state;
	const struct kube_object *object;

	start_watching(world);
	object = kube_object_ref(kube_informer_get(world->informer, STR("a/x")));
	api_push_text(&world->api.peer, EVENT("DELETED", POD("x", "10", "")));
	api_run_until(&world->api.peer, &world->changes, 1);
	assert_string_equal(object->name.data, "x");
	kube_object_unref(object);
}

static void names_that_are_no_names_never_get_in(void **state)
{
	struct world *world = *state;

	start_watching(world);
	api_push_text(&world->api.peer,
		EVENT("ADDED", "{\"metadata\":{\"namespace\":\"a\",\"name\":\"../b\"}}")
			EVENT("ADDED", "{\"metadata\":{\"name\":7}}") EVENT("ADDED", "{}")
				EVENT("DELETED", "{}") EVENT("ADDED", POD("z", "8", "")));
	api_run_until(&world->api.peer, &world->changes, 1);
	assert_string_equal(world->story.data, "+a/z(8)");
}

/* The first one asks for no version: not what the server has in its cache, but what there is. */
#define FIRST_STREAM "timeoutSeconds="

/* The same by a stream: the watch begins with what there is. */
static void start_streaming(struct world *world)
{
	struct api_peer *peer = &world->api.peer;

	expect_stream_list(peer, FIRST_STREAM);
	kube_informer_start(world->informer);
	api_run_through(peer);
	assert_false(str_contains(buf_str(&peer->last), STR("resourceVersion=")));
	assert_int_equal(kube_informer_state(world->informer), KUBE_INFORMER_STREAMING);
	api_push_text(peer, EVENT("ADDED", POD("x", "5", "Running")));
	api_run_until(peer, &world->changes, 1);
	assert_false(kube_informer_is_synced(world->informer));
	api_push_text(peer, EVENT("ADDED", POD("y", "6", "Pending")) END_OF_LIST("7"));
	api_run_until(peer, &world->syncs, 1);
	assert_int_equal(kube_informer_state(world->informer), KUBE_INFORMER_WATCHING);
	assert_string_equal(world->story.data, "+a/x(5) +a/y(6)");
	buf_clear(&world->story);
	world->changes = 0;
}

static void a_stream_becomes_the_watch_when_its_list_is_complete(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	start_streaming(world);
	api_push_text(peer, EVENT("MODIFIED", POD("x", "8", "Failed")));
	api_run_until(peer, &world->changes, 1);
	assert_string_equal(world->story.data, "~a/x(5>8)");
	api_expect_stream(peer, "resourceVersion=8&");
	api_end_stream(peer);
	api_run_through(peer);
	assert_int_equal(world->failures, 0);
}

static void a_stream_that_is_cut_before_its_list_is_complete_begins_anew(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	expect_stream_list(peer, FIRST_STREAM);
	kube_informer_start(world->informer);
	api_run_through(peer);
	api_push_text(
		peer, EVENT("ADDED", POD("x", "5", "Running")) EVENT("ADDED", POD("y", "6", "")));
	expect_stream_list(peer, FIRST_STREAM);
	api_cut_stream(peer);
	api_run_through(peer);
	assert_int_equal(world->failures, 1);
	assert_false(kube_informer_is_synced(world->informer));
	api_push_text(peer, EVENT("ADDED", POD("x", "5", "Running")) END_OF_LIST("9"));
	api_run_until(peer, &world->syncs, 1);
	assert_string_equal(world->story.data, "+a/x(5) +a/y(6) -a/y(6)");
}

static void an_expired_watch_streams_anew_and_finds_what_is_gone(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	start_streaming(world);
	expect_stream_list(peer, "resourceVersion=7&");
	api_push_text(peer, EVENT("ERROR", STATUS("410", "Expired")));
	api_run_through(peer);
	api_push_text(peer,
		EVENT("ADDED", POD("x", "5", "Running")) EVENT("ADDED", POD("z", "29", ""))
			END_OF_LIST("30") EVENT("DELETED", POD("z", "31", "")));
	api_run_until(peer, &world->changes, 3);
	assert_string_equal(world->story.data, "+a/z(29) -a/y(6) -a/z(31)");
	assert_int_equal(world->syncs, 1);
	assert_int_equal(world->failures, 0);
}

static void a_stream_from_a_version_that_the_server_has_not_reached_drops_it(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	start_streaming(world);
	api_expect(peer, "resourceVersion=7&resourceVersionMatch=NotOlderThan&sendInit", 504,
		STATUS("504", "Timeout"));
	api_expect_stream(peer, "&resourceVersionMatch=NotOlderThan&sendInit")->expects[1] =
		"timeoutSeconds=";
	api_push_text(peer, EVENT("ERROR", STATUS("410", "Expired")));
	api_run_through(peer);
	assert_false(str_contains(buf_str(&peer->last), STR("resourceVersion=")));
	api_push_text(peer, EVENT("ADDED", POD("x", "2", "Running")) END_OF_LIST("3"));
	api_run_until(peer, &world->changes, 2);
	assert_string_equal(world->story.data, "~a/x(5>2) -a/y(6)");
}

static void a_busy_server_is_asked_for_a_stream_again(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	api_expect(peer, "sendInitialEvents=true", 429, STATUS("429", "TooManyRequests"));
	api_expect(peer, "sendInitialEvents=true", 503, STATUS("503", "ServiceUnavailable"));
	expect_stream_list(peer, FIRST_STREAM);
	kube_informer_start(world->informer);
	api_run_through(peer);
	assert_int_equal(world->failures, 2);
	assert_string_equal(world->last_failure.text, "cannot list pods: because");
}

static void a_stream_without_an_end_of_its_list_is_given_up_for_pages(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	expect_stream_list(peer, FIRST_STREAM);
	api_expect(peer, FIRST_LIST, 200, LIST("7", POD("x", "5", "")));
	api_expect_stream(peer, "resourceVersion=7&");
	kube_informer_start(world->informer);
	api_run_through(peer);
	assert_int_equal(world->syncs, 1);
	assert_string_equal(world->story.data, "+a/x(5)");
}

static void all_there_is_comes_in_pages_where_it_cannot_be_streamed(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	api_expect(peer, "&resourceVersionMatch=NotOlderThan&sendInitialEvents=true ", 422,
		STATUS("422", "Invalid"));
	api_expect(peer, "GET /api/v1/pods?limit=500 ", 200, LIST("7", POD("x", "5", "")));
	api_expect_stream(peer, "resourceVersion=7 ");
	kube_informer_start(world->informer);
	api_run_through(peer);
	assert_string_equal(world->story.data, "+a/x(5)");
}

/* ---- Packed ---- */

static void packed_objects_are_read_as_they_were(void **state)
{
	struct world *world = *state;
	const struct kube_object *object;
	autoarena *arena = arena_new(256);
	const struct pod *pod;

	start_streaming(world);
	object = kube_informer_get(world->informer, STR("a/x"));
	assert_null(object->view);
	pod = kube_object_read(object, &pod_view, arena);
	assert_string_equal(pod->status.phase.data, "Running");
	assert_string_equal(object->uid.data, "u-x");
	assert_string_equal(object->namespace.data, "a");
	assert_int_equal(texts_count(world->texts), 2);
	api_push_text(&world->api.peer,
		EVENT("MODIFIED", POD("y", "8", "Running")) EVENT("DELETED", POD("x", "9", "")));
	api_run_until(&world->api.peer, &world->changes, 2);
	assert_string_equal(world->story.data, "~a/y(6>8) -a/x(9)");
	assert_int_equal(texts_count(world->texts), 1);
}

#define informer_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		informer_test(a_list_fills_the_store_and_then_watches),
		informer_test(a_list_comes_in_pages),
		informer_test(watch_events_change_the_store),
		informer_test(an_event_may_come_in_pieces),
		informer_test(a_watch_that_ends_goes_on_where_it_was),
		informer_test(a_cut_connection_resumes_without_a_list),
		informer_test(an_expired_watch_lists_again_and_finds_what_is_gone),
		informer_test(a_watch_refused_with_410_lists_again),
		informer_test(a_version_that_the_server_has_not_reached_is_dropped),
		informer_test(an_object_with_another_uid_was_deleted_and_added),
		informer_test(an_oversized_event_ends_in_a_new_list),
		informer_test(a_line_that_is_no_event_ends_in_a_new_list),
		cmocka_unit_test_setup_teardown(
			a_silent_watch_is_cut_and_resumed, make_impatient_world, drop_world),
		informer_test(a_busy_server_is_asked_again_later),
		informer_test(a_refused_list_is_tried_again),
		informer_test(a_watch_that_ends_at_once_backs_off),
		informer_test(an_object_can_be_held_beyond_its_deletion),
		informer_test(names_that_are_no_names_never_get_in),
		informer_test(a_stream_becomes_the_watch_when_its_list_is_complete),
		informer_test(a_stream_that_is_cut_before_its_list_is_complete_begins_anew),
		informer_test(an_expired_watch_streams_anew_and_finds_what_is_gone),
		informer_test(a_stream_from_a_version_that_the_server_has_not_reached_drops_it),
		informer_test(a_busy_server_is_asked_for_a_stream_again),
		cmocka_unit_test_setup_teardown(
			a_stream_without_an_end_of_its_list_is_given_up_for_pages,
			make_impatient_world, drop_world),
		cmocka_unit_test_setup_teardown(
			all_there_is_comes_in_pages_where_it_cannot_be_streamed, make_world_of_all,
			drop_world),
		cmocka_unit_test_setup_teardown(
			packed_objects_are_read_as_they_were, make_packing_world, drop_world),
	};

	return cmocka_run_group_tests_name("informer", tests, NULL, NULL);
}
