/* A Pod that was made for a Checkpoint: what is asked of it, and how it gets to its first start. */
#include "rule_world.h"

#include "api/names.h"
#include "restore/request.h"
#include "restore/start.h"

/* Another Pod, of no workload, that runs nothing yet. */
static void make_beside(struct world *world)
{
	world->pod.metadata.uid = STR("beside-uid");
	world->pod.metadata.labels = (struct json_string_map){0};
	world->pod.status = (struct api_pod_status){0};
	world->view.made_for = STR("newer");
}

static void assert_judged(const struct world *world, size_t index, enum restore_verdict expected)
{
	assert_int_equal(restore_judge(&world->view, world->list[index], world->now), expected);
}

/* ---- The rule ---- */

static void only_the_checkpoint_that_a_pod_was_made_for_may_be_of_another_pod(void **state)
{
	struct world *world = *state;

	make_beside(world);
	assert_judged(world, 1, RESTORE_OK);
	assert_judged(world, 0, RESTORE_OTHER_POD);
	world->view.made_for = (struct str){0};
	assert_judged(world, 1, RESTORE_OTHER_POD);
}

static void how_its_container_was_is_not_asked(void **state)
{
	struct world *world = *state;
	struct api_condition failed = {.type = STR("Usable"),
		.status = STR("False"),
		.reason = STR(API_REASON_RESTORE_FAILED)};

	make_beside(world);
	world->checkpoints[1].spec.was_ready = false;
	world->checkpoints[1].status.stable = (struct wall_time){0};
	world->checkpoints[1].status.conditions = (struct json_list){&failed, 1};
	world->view.terms.max_age_seconds = 1;
	assert_judged(world, 1, RESTORE_OK);
}

static void what_cannot_be_restored_is_refused_all_the_same(void **state)
{
	struct world *world = *state;
	struct api_condition damaged = {.type = STR("Usable"),
		.status = STR("False"),
		.reason = STR(API_REASON_CHECKPOINT_DAMAGED)};

	make_beside(world);
	world->checkpoints[1].status.conditions = (struct json_list){&damaged, 1};
	assert_judged(world, 1, RESTORE_DAMAGED);
	world->checkpoints[1].status.phase = STR("Processing");
	assert_judged(world, 1, RESTORE_NOT_BUILT);
	world->containers[0].image = STR("app:2");
	assert_judged(world, 1, RESTORE_IMAGE_CHANGED);
	world->containers[0].name = STR("other");
	assert_judged(world, 1, RESTORE_OTHER_CONTAINER);
}

/* ---- The agent ---- */

struct asked {
	struct world *world;
	struct api_restore_request request;
	struct api_condition conditions[2];
	struct api_checkpoint_reference chosen;
	struct restore_request_outcome outcome;
	struct restore_request_view view;
};

/* The controller has found the node; the Pod waits, and the agent knows its name and uid. */
static struct asked ask(struct world *world)
{
	struct asked asked = {.world = world};

	make_beside(world);
	world->checkpoints[1].spec.strategy = STR("Runtime");
	asked.conditions[0] = (struct api_condition){
		.type = STR(API_CONDITION_FIRST_START), .status = STR("True")};
	asked.conditions[1] =
		(struct api_condition){.type = STR(API_CONDITION_PLANNED), .status = STR("True")};
	asked.chosen = (struct api_checkpoint_reference){STR("newer"), STR("newer")};
	asked.request = (struct api_restore_request){
		.metadata = {.name = STR("r"), .namespace = STR("ns"), .created = world->now},
		.spec = {.pod = {.name = STR("beside")},
			.container_name = STR("app"),
			.checkpoint_name = STR("newer"),
			.timeout_seconds = 60},
		.status = {.pod_uid = STR("beside-uid")},
	};
	return asked;
}

/* What the request's status says: phase, and how many of its conditions. */
static struct restore_request_next next_of(
	struct asked *asked, const char *phase, size_t conditions)
{
	asked->request.status.phase = str_of(phase);
	asked->request.status.conditions = (struct json_list){asked->conditions, conditions};
	asked->view.request = &asked->request;
	asked->view.restore = asked->world->view;
	asked->view.named = &asked->world->checkpoints[1];
	return restore_request_decide(&asked->view, asked->world->now, asked->world->arena);
}

static struct restore_request_next next_behind_the_plan(struct asked *asked)
{
	asked->request.status.started = asked->world->now;
	asked->request.status.checkpoint = &asked->chosen;
	return next_of(asked, "Restoring", 2);
}

static void a_start_is_written_down_then_planned_then_waited_for(void **state)
{
	struct asked asked = ask(*state);
	struct restore_request_next next = next_of(&asked, "Pending", 1);

	assert_int_equal(next.step, RESTORE_REQUEST_BEGIN);
	assert_text(next.checkpoint->metadata.name, "newer");
	assert_int_equal(next_of(&asked, "Restoring", 1).step, RESTORE_REQUEST_PLAN);
	next = next_behind_the_plan(&asked);
	assert_int_equal(next.step, RESTORE_REQUEST_WAIT);
	assert_true(next.wake_ms > 0);
}

static void a_pod_that_is_never_restarted_may_be_started(void **state)
{
	struct world *world = *state;
	struct asked asked = ask(world);

	world->pod.spec.restart_policy = STR("Never");
	assert_int_equal(next_of(&asked, "Pending", 1).step, RESTORE_REQUEST_BEGIN);
	assert_int_equal(next_behind_the_plan(&asked).step, RESTORE_REQUEST_WAIT);
}

static void what_cannot_start_fails_before_it_is_planned(void **state)
{
	struct world *world = *state;
	struct asked asked = ask(world);
	struct restore_request_next next;

	world->checkpoints[1].spec.strategy = STR("Image");
	assert_text(next_of(&asked, "Pending", 1).reason, "StrategyUnsupported");
	world->checkpoints[1].spec.strategy = STR("Runtime");
	world->view.checkpoint_count = 0;
	assert_text(next_of(&asked, "Pending", 1).reason, "NotStored");
	world->view.made_for = (struct str){0};
	next = next_of(&asked, "Restoring", 1);
	assert_int_equal(next.step, RESTORE_REQUEST_FAIL);
	assert_text(next.reason, "PodGone");
}

static void one_start_follows_another(void **state)
{
	struct asked asked = ask(*state);

	asked.view.is_behind = true;
	assert_text(next_of(&asked, "Pending", 1).message,
		"another RestoreRequest for the container comes first");
}

static void a_start_is_complete_when_the_pod_shows_the_restored_container(void **state)
{
	struct world *world = *state;
	struct asked asked = ask(world);

	asked.outcome = (struct restore_request_outcome){
		.container_id = STR("one"), .checkpoint_uid = STR("newer"), .is_restored = true};
	asked.view.outcome = &asked.outcome;
	assert_int_equal(next_behind_the_plan(&asked).step, RESTORE_REQUEST_WAIT);
	world->pod.status.container_statuses = (struct json_list){world->statuses, 1};
	assert_int_equal(next_behind_the_plan(&asked).step, RESTORE_REQUEST_COMPLETE);
}

static void a_start_that_fails_has_the_words_of_kcr_runtime(void **state)
{
	struct asked asked = ask(*state);
	struct restore_request_next next;

	asked.outcome = (struct restore_request_outcome){.checkpoint_uid = STR("newer"),
		.reason = STR("RestoreFailed"),
		.message = STR("Can't bind inet socket back")};
	asked.view.outcome = &asked.outcome;
	next = next_behind_the_plan(&asked);
	assert_text(next.reason, "RestoreFailed");
	assert_text(next.message,
		"the container does not start without its memory: Can't bind inet socket back");
}

static void what_the_kubelet_waits_for_is_told(void **state)
{
	struct world *world = *state;
	struct asked asked = ask(world);
	struct restore_request_next next;

	world->waiting = (struct api_container_waiting){
		STR("ImagePullBackOff"), STR("Back-off pulling image")};
	world->statuses[0].state = (struct api_container_state){.waiting = &world->waiting};
	world->pod.status.container_statuses = (struct json_list){world->statuses, 1};
	assert_text(next_behind_the_plan(&asked).message,
		"the kubelet does not start it yet: Back-off pulling image");
	pass(world, 61);
	next = restore_request_decide(&asked.view, world->now, world->arena);
	assert_text(next.reason, "Timeout");
	assert_text(next.message,
		"not within spec.timeoutSeconds: the kubelet does not start it yet: Back-off "
		"pulling image");
}

static void a_container_that_came_up_by_itself_is_told(void **state)
{
	struct world *world = *state;
	struct asked asked = ask(world);

	world->pod.status.container_statuses = (struct json_list){world->statuses, 1};
	assert_text(next_behind_the_plan(&asked).reason, "NotRestored");
	world->pod.status.phase = STR("Failed");
	assert_text(next_behind_the_plan(&asked).reason, "PodEnded");
}

/* ---- The controller ---- */

static struct api_scheduling_gate our_gate = {STR_INIT(API_GATE_RESTORE)};

/* As a user makes them: the Pod is gated, and the request says nothing but what is wanted. */
static struct asked make_gated(struct world *world)
{
	struct asked asked = ask(world);

	world->pod.spec.node_name = (struct str){0};
	world->pod.spec.scheduling_gates = (struct json_list){&our_gate, 1};
	world->checkpoints[1].spec.node_name = STR("n");
	asked.request.status = (struct api_restore_status){0};
	return asked;
}

static struct restore_start_view start_view(const struct asked *asked)
{
	return (struct restore_start_view){.request = &asked->request,
		.pod = &asked->world->pod,
		.checkpoint = &asked->world->checkpoints[1]};
}

/* `conditions` of them are there: FirstStart, then Planned, too. */
static void mark(struct asked *asked, size_t conditions)
{
	asked->request.status.pod_uid = STR("beside-uid");
	asked->request.status.conditions = (struct json_list){asked->conditions, conditions};
	if (conditions > 1)
		asked->request.status.phase = STR("Restoring");
}

static void assert_step(const struct asked *asked, enum restore_start_step step)
{
	struct restore_start_view view = start_view(asked);

	assert_true(restore_start_is_meant(&view));
	assert_int_equal(restore_start_decide(&view, asked->world->now).step, step);
}

static void the_gate_is_opened_when_the_node_is_prepared_and_not_before(void **state)
{
	struct asked asked = make_gated(*state);

	assert_step(&asked, RESTORE_START_MARK);
	mark(&asked, 1);
	assert_step(&asked, RESTORE_START_ASSIGN);
	asked.request.spec.node_name = STR("n");
	assert_step(&asked, RESTORE_START_WAIT);
	asked.request.status.phase = STR("Restoring");
	assert_step(&asked, RESTORE_START_WAIT);
	mark(&asked, 2);
	assert_step(&asked, RESTORE_START_OPEN);
	asked.world->pod.spec.scheduling_gates.count = 0;
	assert_step(&asked, RESTORE_START_WAIT);
}

static void a_pod_without_the_gate_is_for_the_next_start(void **state)
{
	struct asked asked = make_gated(*state);
	struct restore_start_view view = start_view(&asked);

	asked.world->pod.spec.scheduling_gates.count = 0;
	assert_false(restore_start_is_meant(&view));
	view.pod = NULL;
	assert_false(restore_start_is_meant(&view));
}

static void assert_start_fails(const struct restore_start_view *view, const char *reason)
{
	struct restore_start_next next =
		restore_start_decide(view, wall_time_of_seconds(NOW_S + 6));

	assert_int_equal(next.step, RESTORE_START_FAIL);
	assert_text(next.reason, reason);
	assert_true(next.message.size > 0);
}

static void what_cannot_start_gets_no_node(void **state)
{
	struct world *world = *state;
	struct asked asked = make_gated(world);
	struct restore_start_view view = start_view(&asked);

	view.checkpoint = NULL;
	assert_start_fails(&view, "CheckpointNotFound");
	assert_true(restore_start_decide(&view, world->now).wake_ms > 0); /* it may be late */
	asked.request.spec.checkpoint_name = (struct str){0};
	assert_start_fails(&view, "CheckpointNotNamed");
	asked = make_gated(world);
	view = start_view(&asked);
	world->containers[0].image = STR("app:2");
	assert_start_fails(&view, "ImageChanged");
	world->checkpoints[1].spec.strategy = STR("Image");
	assert_start_fails(&view, "StrategyUnsupported");
	asked.request.spec.container_name = STR("other");
	assert_start_fails(&view, "ContainerNotFound");
}

static void a_pod_that_goes_meanwhile_ends_the_request(void **state)
{
	struct world *world = *state;
	struct asked asked = make_gated(world);
	struct restore_start_view view = start_view(&asked);

	mark(&asked, 2);
	asked.request.spec.node_name = STR("n");
	world->pod.metadata.deleted = world->now;
	assert_start_fails(&view, "PodTerminating");
	world->pod.metadata.deleted = (struct wall_time){0};
	world->pod.metadata.uid = STR("next-uid");
	assert_start_fails(&view, "PodNotFound");
	view.pod = NULL;
	assert_start_fails(&view, "PodNotFound");
}

#define start_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		start_test(only_the_checkpoint_that_a_pod_was_made_for_may_be_of_another_pod),
		start_test(how_its_container_was_is_not_asked),
		start_test(what_cannot_be_restored_is_refused_all_the_same),
		start_test(a_start_is_written_down_then_planned_then_waited_for),
		start_test(a_pod_that_is_never_restarted_may_be_started),
		start_test(what_cannot_start_fails_before_it_is_planned),
		start_test(one_start_follows_another),
		start_test(a_start_is_complete_when_the_pod_shows_the_restored_container),
		start_test(a_start_that_fails_has_the_words_of_kcr_runtime),
		start_test(what_the_kubelet_waits_for_is_told),
		start_test(a_container_that_came_up_by_itself_is_told),
		start_test(the_gate_is_opened_when_the_node_is_prepared_and_not_before),
		start_test(a_pod_without_the_gate_is_for_the_next_start),
		start_test(what_cannot_start_gets_no_node),
		start_test(a_pod_that_goes_meanwhile_ends_the_request),
	};

	return cmocka_run_group_tests_name("start", tests, NULL, NULL);
}
