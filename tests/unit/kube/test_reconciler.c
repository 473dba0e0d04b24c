/* Deciding and carrying out, over and over, against a scripted API server. */
#include "api_peer.h"

#include "kube/reconciler.h"

struct world {
	struct api_world api;
	struct kube_reconciler *reconciler;
	struct buf story; /* "decide a, then 1, failed a: ..." */
	int decisions;
	int failures;
	int thens;
	int requests; /* how many a plan has */
	struct kube_informer *informer; /* NULL: keys name nothing. Else plans write their object */
	int wakes; /* how many of the next plans ask to be woken at once */
	bool is_leader;
	bool adds_itself; /* the key is added again while its plan is carried out */
	bool asks; /* the next plan is a question */
};

static void answered(void *context, struct json_doc *doc)
{
	struct world *world = context;

	buf_printf(
		&world->story, "answered %zu, ", json_count(json_get(json_doc_root(doc), "items")));
}

static void then(void *context, const void *data)
{
	struct world *world = context;

	world->thens++;
	buf_printf(&world->story, "then %s, ", (const char *)data);
}

static void decide(void *context, struct str key, struct kube_plan *plan)
{
	struct world *world = context;

	world->decisions++;
	buf_printf(&world->story, "decide %s, ", key.data);
	if (world->asks) {
		world->asks = false;
		kube_plan_ask(plan,
			&(struct kube_request){
				.verb = KUBE_LIST, .resource = &api_pods, .namespace = STR("a")},
			answered, world);
		return;
	}
	for (int i = 0; i < world->requests; i++)
		kube_plan_add(plan,
			&(struct kube_request){.verb = KUBE_DELETE,
				.resource = &api_pods,
				.namespace = STR("a"),
				.name = arena_printf(plan->arena, "%s%d", key.data, i)});
	if (world->informer != NULL)
		kube_plan_apply(plan, &api_pods, STR("a"), STR("x"), "status", STR("{}"), "me");
	kube_plan_then(plan, then, world, arena_str(plan->arena, STR("one")).data);
	kube_plan_then(plan, then, world, arena_str(plan->arena, STR("two")).data);
	if (world->wakes-- > 0)
		kube_plan_wake(plan, 1);
	if (world->adds_itself) {
		world->adds_itself = false;
		kube_reconciler_add(world->reconciler, key);
	}
}

static bool may_act(void *context)
{
	return ((struct world *)context)->is_leader;
}

static void failed(void *context, struct str key, const struct error *err)
{
	struct world *world = context;

	world->failures++;
	buf_printf(&world->story, "failed %s (%s), ", key.data, error_reason(err->kind));
}

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);
	struct kube_reconciler_options options = {.name = "pod",
		.max_active = 2,
		.decide = decide,
		.failed = failed,
		.context = world};

	*state = world;
	options.may_act = may_act;
	world->is_leader = true;
	world->story = BUF_INIT(4096);
	api_world_start(&world->api);
	api_world_connect(&world->api);
	options.metrics = world->api.metrics;
	world->reconciler = kube_reconciler_new(world->api.loop, world->api.client, &options);
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	kube_reconciler_free(world->reconciler);
	kube_informer_free(world->informer);
	api_world_stop(&world->api);
	buf_done(&world->story);
	free(world);
	return 0;
}

static void assert_metric(struct world *world, const char *line)
{
	autobuf text = BUF_INIT(64 * 1024);

	kube_reconciler_update_metrics(world->reconciler);
	metrics_write(world->api.metrics, &text);
	if (!str_contains(buf_str(&text), str_of(line)))
		fail_msg("'%s' is not in: %s", line, text.data);
}

static void nothing_is_decided_before_the_start(void **state)
{
	struct world *world = *state;

	kube_reconciler_add(world->reconciler, STR("a"));
	api_run_for(&world->api.peer, 20);
	assert_int_equal(world->decisions, 0);
	kube_reconciler_start(world->reconciler);
	api_run_until(&world->api.peer, &world->thens, 2);
	assert_string_equal(world->story.data, "decide a, then one, then two, ");
	assert_metric(world,
		"controller_runtime_reconcile_total{controller=\"pod\",result=\"success\"} 1\n");
}

static void nothing_is_decided_while_it_may_not_act(void **state)
{
	struct world *world = *state;

	world->is_leader = false;
	kube_reconciler_start(world->reconciler);
	kube_reconciler_add(world->reconciler, STR("a"));
	api_run_for(&world->api.peer, 20);
	assert_int_equal(world->decisions, 0);
	world->is_leader = true;
	api_run_until(&world->api.peer, &world->thens, 2);
	assert_string_equal(world->story.data, "decide a, then one, then two, ");
}

static void requests_are_sent_in_their_order_and_then_the_rest_happens(void **state)
{
	struct world *world = *state;

	world->requests = 2;
	api_expect(&world->api.peer, "DELETE /api/v1/namespaces/a/pods/x0 ", 200, "{}");
	api_expect(&world->api.peer, "DELETE /api/v1/namespaces/a/pods/x1 ", 200, "{}");
	kube_reconciler_start(world->reconciler);
	kube_reconciler_add(world->reconciler, STR("x"));
	api_run_until(&world->api.peer, &world->thens, 2);
	api_check(&world->api.peer);
	assert_string_equal(world->story.data, "decide x, then one, then two, ");
	assert_int_equal(kube_reconciler_active(world->reconciler), 0);
}

static void a_plan_that_fails_half_way_is_decided_anew(void **state)
{
	struct world *world = *state;

	world->requests = 2;
	api_expect(&world->api.peer, "pods/x0 ", 200, "{}");
	api_expect(&world->api.peer, "pods/x1 ", 409,
		"{\"kind\":\"Status\",\"reason\":\"Conflict\",\"code\":409}");
	api_expect(&world->api.peer, "pods/x0 ", 200, "{}");
	api_expect(&world->api.peer, "pods/x1 ", 200, "{}");
	kube_reconciler_start(world->reconciler);
	kube_reconciler_add(world->reconciler, STR("x"));
	api_run_until(&world->api.peer, &world->thens, 2);
	assert_string_equal(
		world->story.data, "decide x, failed x (Conflict), decide x, then one, then two, ");
	assert_metric(world, "controller_runtime_reconcile_errors_total{controller=\"pod\"} 1\n");
	assert_metric(
		world, "controller_runtime_reconcile_time_seconds_count{controller=\"pod\"} 2\n");
}

static void a_key_that_is_added_meanwhile_is_decided_once_more(void **state)
{
	struct world *world = *state;

	world->adds_itself = true;
	kube_reconciler_start(world->reconciler);
	kube_reconciler_add(world->reconciler, STR("x"));
	kube_reconciler_add(world->reconciler, STR("x"));
	api_run_until(&world->api.peer, &world->thens, 4);
	api_run_for(&world->api.peer, 20);
	assert_int_equal(world->decisions, 2);
}

static void a_plan_may_ask_to_be_woken(void **state)
{
	struct world *world = *state;

	world->wakes = 2;
	kube_reconciler_start(world->reconciler);
	kube_reconciler_add(world->reconciler, STR("x"));
	api_run_until(&world->api.peer, &world->decisions, 3);
	api_run_for(&world->api.peer, 20);
	assert_int_equal(world->decisions, 3);
	assert_metric(world, "reconcile_total{controller=\"pod\",result=\"requeue_after\"} 2\n");
}

static void the_answer_to_a_question_is_there_when_it_is_decided_anew(void **state)
{
	struct world *world = *state;

	world->asks = true;
	api_expect(&world->api.peer, "GET /api/v1/namespaces/a/pods ", 200, "{\"items\":[{},{}]}");
	kube_reconciler_start(world->reconciler);
	kube_reconciler_add(world->reconciler, STR("x"));
	api_run_until(&world->api.peer, &world->thens, 2);
	api_check(&world->api.peer);
	assert_string_equal(
		world->story.data, "decide x, answered 2, decide x, then one, then two, ");
}

static void a_question_that_is_refused_has_no_answer(void **state)
{
	struct world *world = *state;

	world->asks = true;
	api_expect(&world->api.peer, "GET /api/v1/namespaces/a/pods ", 403, "{}");
	kube_reconciler_start(world->reconciler);
	kube_reconciler_add(world->reconciler, STR("x"));
	api_run_until(&world->api.peer, &world->thens, 2);
	assert_string_equal(world->story.data,
		"decide x, failed x (Forbidden), decide x, then one, then two, ");
}

static void as_many_plans_run_at_once_as_there_may(void **state)
{
	struct world *world = *state;

	world->requests = 1;
	api_expect_stream(&world->api.peer, "DELETE "); /* these two get no end of an answer */
	api_expect_stream(&world->api.peer, "DELETE ");
	kube_reconciler_start(world->reconciler);
	kube_reconciler_add(world->reconciler, STR("x"));
	kube_reconciler_add(world->reconciler, STR("y"));
	kube_reconciler_add(world->reconciler, STR("z"));
	api_run_through(&world->api.peer);
	assert_int_equal(world->decisions, 2);
	assert_int_equal(kube_reconciler_active(world->reconciler), 2);
	assert_metric(world, "controller_runtime_active_workers{controller=\"pod\"} 2\n");
	assert_metric(
		world, "controller_runtime_max_concurrent_reconciles{controller=\"pod\"} 2\n");
}

static void a_stopped_one_ends_what_it_began_and_decides_nothing_new(void **state)
{
	struct world *world = *state;

	world->requests = 1;
	api_expect(&world->api.peer, "DELETE ", 200, "{}");
	kube_reconciler_start(world->reconciler);
	kube_reconciler_add(world->reconciler, STR("x"));
	api_run_until(&world->api.peer, &world->decisions, 1);
	kube_reconciler_stop(world->reconciler);
	kube_reconciler_add(world->reconciler, STR("x"));
	kube_reconciler_add(world->reconciler, STR("y"));
	api_run_until(&world->api.peer, &world->thens, 2);
	api_run_for(&world->api.peer, 20);
	assert_int_equal(world->decisions, 1);
	assert_int_equal(kube_reconciler_active(world->reconciler), 0);
	assert_metric(world, "controller_runtime_active_workers{controller=\"pod\"} 0\n");
}

static void want_object(void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct world *world = context;

	(void)old;
	(void)new;
	kube_reconciler_add(world->reconciler, STR("a/x"));
}

#define EVENT(type, version)                                                                       \
	"{\"type\":\"" type "\",\"object\":{\"metadata\":{\"namespace\":\"a\",\"name\":\"x\","     \
	"\"resourceVersion\":\"" version "\"}}}\n"

/* Keys name Pods from now on. */
static void watch_objects(struct world *world)
{
	struct kube_reconciler_options options = {.name = "object",
		.max_active = 2,
		.decide = decide,
		.failed = failed,
		.context = world,
		.metrics = world->api.metrics};

	world->informer = kube_informer_new(
		world->api.client, &(struct kube_informer_options){.resource = &api_pods});
	kube_informer_on_change(world->informer, want_object, world);
	kube_reconciler_free(world->reconciler);
	options.objects = world->informer;
	world->reconciler = kube_reconciler_new(world->api.loop, world->api.client, &options);
	kube_reconciler_start(world->reconciler);
}

static void what_was_written_is_seen_before_the_next_decision(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	watch_objects(world);
	api_expect_stream(peer, "watch=true");
	kube_informer_start(world->informer);
	api_run_through(peer);
	api_expect(peer, "PATCH ", 200, "{}");
	api_push_text(peer, EVENT("ADDED", "5"));
	api_run_until(peer, &world->thens, 2);
	kube_reconciler_add(world->reconciler, STR("a/x")); /* something else has changed */
	api_run_for(peer, 20);
	assert_int_equal(world->decisions, 1);
	api_expect(peer, "PATCH ", 200, "{}");
	api_push_text(peer, EVENT("MODIFIED", "6"));
	api_run_until(peer, &world->thens, 4);
	assert_int_equal(world->decisions, 2);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(nothing_is_decided_before_the_start),
		world_test(nothing_is_decided_while_it_may_not_act),
		world_test(requests_are_sent_in_their_order_and_then_the_rest_happens),
		world_test(a_plan_that_fails_half_way_is_decided_anew),
		world_test(a_key_that_is_added_meanwhile_is_decided_once_more),
		world_test(a_plan_may_ask_to_be_woken),
		world_test(the_answer_to_a_question_is_there_when_it_is_decided_anew),
		world_test(a_question_that_is_refused_has_no_answer),
		world_test(as_many_plans_run_at_once_as_there_may),
		world_test(a_stopped_one_ends_what_it_began_and_decides_nothing_new),
		world_test(what_was_written_is_seen_before_the_next_decision),
	};

	return cmocka_run_group_tests_name("reconciler", tests, NULL, NULL);
}
