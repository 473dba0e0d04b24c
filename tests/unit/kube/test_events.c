/* The recorder: the bound per object by itself, the rest against a scripted API server. */
#include "api_peer.h"

#include "kube/events.h"
#include "kube/spam.h"

struct world {
	struct api_world api;
	struct kube_events *events;
};

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);
	struct kube_events_options options = {
		.controller = STR("kcr.io/controller"),
		.instance = STR("pod-1"),
		.retry_delay_ms = 5,
	};

	*state = world;
	api_world_start(&world->api);
	api_world_connect(&world->api);
	options.metrics = world->api.metrics;
	world->events = kube_events_new(world->api.client, &options);
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	kube_events_free(world->events);
	api_world_stop(&world->api);
	free(world);
	return 0;
}

static struct kube_event sample(void)
{
	return (struct kube_event){
		.regarding = {.api_version = STR("v1"),
			.kind = STR("Pod"),
			.namespace = STR("a"),
			.name = STR("redis-0"),
			.uid = STR("u1"),
			.field_path = STR("spec.containers{redis}")},
		.reason = STR("Restored"),
		.action = STR("Restore"),
		.note = STR("from checkpoint c1"),
	};
}

static void run_until_sent(struct world *world)
{
	struct mono_time start = clock_mono();

	while (kube_events_pending(world->events) > 0 &&
		clock_mono().us - start.us < API_DEADLINE_MS * INT64_C(1000))
		api_run_for(&world->api.peer, 2);
	assert_int_equal(kube_events_pending(world->events), 0);
	api_check(&world->api.peer);
}

static bool metrics_say(struct world *world, const char *line)
{
	autobuf text = BUF_INIT(100000);

	metrics_write(world->api.metrics, &text);
	return str_contains(buf_str(&text), str_of(line));
}

#define PATH "/apis/events.k8s.io/v1/namespaces/a/events"

static void an_event_is_created(void **state)
{
	struct world *world = *state;
	struct kube_event event = sample();
	struct api_step *step = api_expect(&world->api.peer, "POST " PATH " ", 201, "{}");

	step->expects[1] = "\"metadata\":{\"namespace\":\"a\",\"name\":\"redis-0.";
	step->expects[2] = "\"type\":\"Normal\",\"reason\":\"Restored\",\"action\":\"Restore\","
			   "\"note\":\"from checkpoint c1\"";
	step->expects[3] = "\"reportingController\":\"kcr.io/controller\","
			   "\"reportingInstance\":\"pod-1\"";
	step->expects[4] = "\"regarding\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"namespace\":"
			   "\"a\",\"name\":"
			   "\"redis-0\",\"uid\":\"u1\",\"fieldPath\":\"spec.containers{redis}\"}";
	kube_events_emit(world->events, &event);
	assert_int_equal(kube_events_pending(world->events), 1);
	run_until_sent(world);
}

static void the_same_again_counts_in_its_series(void **state)
{
	struct world *world = *state;
	struct kube_event event = sample();
	struct api_peer *peer = &world->api.peer;

	api_expect(peer, "POST " PATH " ", 201, "{}");
	kube_events_emit(world->events, &event);
	run_until_sent(world);
	api_expect(peer, "PATCH " PATH "/redis-0.", 200, "{}")->expects[1] =
		"{\"series\":{\"count\":2,\"lastObservedTime\":\"20";
	kube_events_emit(world->events, &event);
	run_until_sent(world);
	api_expect(peer, "PATCH ", 200, "{}")->expects[1] = "\"count\":4";
	kube_events_emit(world->events, &event);
	kube_events_emit(world->events, &event);
	run_until_sent(world);
}

static void another_note_is_another_event(void **state)
{
	struct world *world = *state;
	struct kube_event event = sample();

	api_expect(&world->api.peer, "POST " PATH " ", 201, "{}");
	api_expect(&world->api.peer, "POST " PATH " ", 201, "{}")->expects[1] =
		"\"type\":\"Warning\"";
	kube_events_emit(world->events, &event);
	event.is_warning = true;
	event.note = STR("from checkpoint c2");
	kube_events_emit(world->events, &event);
	run_until_sent(world);
}

static void an_event_that_the_server_has_forgotten_begins_anew(void **state)
{
	struct world *world = *state;
	struct kube_event event = sample();

	api_expect(&world->api.peer, "POST ", 201, "{}");
	kube_events_emit(world->events, &event);
	run_until_sent(world);
	api_expect(&world->api.peer, "PATCH ", 404, "{}");
	api_expect(&world->api.peer, "POST ", 201, "{}");
	api_expect(&world->api.peer, "PATCH ", 200, "{}");
	kube_events_emit(world->events, &event);
	run_until_sent(world);
}

static void an_event_about_a_cluster_scoped_object_is_in_default(void **state)
{
	struct world *world = *state;
	struct kube_event event = sample();

	event.regarding.kind = STR("Node");
	event.regarding.namespace = STR("");
	api_expect(&world->api.peer, "POST /apis/events.k8s.io/v1/namespaces/default/events ", 201,
		"{}");
	kube_events_emit(world->events, &event);
	run_until_sent(world);
}

static void long_notes_are_cut_between_characters(void **state)
{
	struct world *world = *state;
	struct kube_event event = sample();
	autobuf note = BUF_INIT(4096);

	for (int i = 0; i < 600; i++)
		buf_add_text(&note, i == 0 ? "x" : "é");
	event.note = buf_str(&note);
	api_expect(&world->api.peer, "POST ", 201, "{}")->expects[1] = "é\",\"reportingController";
	kube_events_emit(world->events, &event);
	run_until_sent(world);
}

static void a_failed_event_is_tried_again(void **state)
{
	struct world *world = *state;
	struct kube_event event = sample();

	api_expect(&world->api.peer, "POST ", 500, "{}");
	api_expect(&world->api.peer, "POST ", 201, "{}");
	kube_events_emit(world->events, &event);
	run_until_sent(world);
}

static void a_refused_event_is_dropped_and_counted(void **state)
{
	struct world *world = *state;
	struct kube_event event = sample();

	api_expect(&world->api.peer, "POST ", 403, "{}");
	kube_events_emit(world->events, &event);
	run_until_sent(world);
	assert_true(metrics_say(world, "kcr_events_dropped_total{reason=\"refused\"} 1\n"));
}

static void too_many_about_one_object_are_dropped_and_counted(void **state)
{
	struct world *world = *state;
	struct kube_event event = sample();

	api_expect(&world->api.peer, "POST ", 201, "{}");
	api_expect(&world->api.peer, "PATCH ", 200, "{}")->expects[1] = "\"count\":25";
	for (int i = 0; i < 30; i++)
		kube_events_emit(world->events, &event);
	run_until_sent(world);
	assert_true(metrics_say(world, "kcr_events_dropped_total{reason=\"spam\"} 5\n"));
}

static void the_queue_is_bounded(void **state)
{
	struct world *world = *state;
	struct kube_event event = sample();
	char name[32];

	for (int i = 0; i < 1003; i++) {
		(void)snprintf(name, sizeof(name), "pod-%d", i);
		event.regarding.name = str_of(name);
		kube_events_emit(world->events, &event);
	}
	assert_int_equal(kube_events_pending(world->events), 1000);
	assert_true(metrics_say(world, "kcr_events_dropped_total{reason=\"queue-full\"} 3\n"));
}

static void an_event_that_was_sent_makes_room_for_a_new_one(void **state)
{
	struct world *world = *state;
	struct kube_event event = sample();
	char name[32];

	api_expect(&world->api.peer, "POST ", 201, "{}");
	kube_events_emit(world->events, &event);
	run_until_sent(world);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "pod-%d", i);
		event.regarding.name = str_of(name);
		kube_events_emit(world->events, &event);
	}
	assert_int_equal(kube_events_pending(world->events), 1000);
	assert_false(metrics_say(world, "kcr_events_dropped_total"));
}

static void a_note_with_a_zero_byte_is_one_event(void **state)
{
	struct world *world = *state;
	struct kube_event event = sample();

	event.note = STR("a\0b");
	api_expect(&world->api.peer, "POST ", 403, "{}")->expects[1] = "a\\u0000b";
	kube_events_emit(world->events, &event);
	run_until_sent(world);
}

static void the_bound_per_object_refills_slowly(void **state)
{
	struct kube__spam spam;
	struct mono_time now = {TIME_SECOND_US * 5000};
	int allowed = 0;

	(void)state;
	kube__spam_init(&spam);
	for (int i = 0; i < 100; i++)
		allowed += kube__spam_allows(&spam, STR("x"), now) ? 1 : 0;
	assert_int_equal(allowed, KUBE__SPAM_BURST);
	assert_true(kube__spam_allows(&spam, STR("y"), now));
	now.us += 299 * TIME_SECOND_US;
	assert_false(kube__spam_allows(&spam, STR("x"), now));
	now.us += 1 * TIME_SECOND_US;
	assert_true(kube__spam_allows(&spam, STR("x"), now));
	assert_false(kube__spam_allows(&spam, STR("x"), now));
	kube__spam_done(&spam);
}

static void the_bound_remembers_a_bounded_number_of_objects(void **state)
{
	struct kube__spam spam;
	struct mono_time now = {TIME_SECOND_US};
	char key[16];

	(void)state;
	kube__spam_init(&spam);
	for (int i = 0; i < KUBE__SPAM_KEYS_MAX + 100; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		assert_true(kube__spam_allows(&spam, str_of(key), now));
	}
	assert_int_equal(spam.buckets.count, KUBE__SPAM_KEYS_MAX);
	kube__spam_done(&spam);
}

#define events_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		events_test(an_event_is_created),
		events_test(the_same_again_counts_in_its_series),
		events_test(another_note_is_another_event),
		events_test(an_event_that_the_server_has_forgotten_begins_anew),
		events_test(an_event_about_a_cluster_scoped_object_is_in_default),
		events_test(long_notes_are_cut_between_characters),
		events_test(a_failed_event_is_tried_again),
		events_test(a_refused_event_is_dropped_and_counted),
		events_test(too_many_about_one_object_are_dropped_and_counted),
		events_test(the_queue_is_bounded),
		events_test(an_event_that_was_sent_makes_room_for_a_new_one),
		events_test(a_note_with_a_zero_byte_is_one_event),
		cmocka_unit_test(the_bound_per_object_refills_slowly),
		cmocka_unit_test(the_bound_remembers_a_bounded_number_of_objects),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
