/* The life of a RestoreRequest as its agent sees it: nothing is ended before all speaks for it. */
#include "rule_world.h"

#include "restore/request.h"

enum { TIMEOUT_S = 60 };

struct asked {
	struct world *world;
	struct api_restore_request request;
	struct api_checkpoint_reference chosen;
	struct restore_request_outcome outcome;
	struct restore_request_view view;
};

static int ask(void **state)
{
	struct asked *asked = new_zeroed(struct asked);
	void *world = NULL;

	if (make_world(&world) != 0)
		return -1;
	asked->world = world;
	for (size_t i = 0; i < array_size(asked->world->checkpoints); i++)
		asked->world->checkpoints[i].spec.strategy = STR("Runtime");
	asked->request = (struct api_restore_request){
		.metadata = {.name = STR("r"),
			.namespace = STR("ns"),
			.uid = STR("request-uid"),
			.created = asked->world->now},
		.spec = {.pod = {.name = STR("p")},
			.container_name = STR("app"),
			.timeout_seconds = TIMEOUT_S},
	};
	asked->view = (struct restore_request_view){
		.request = &asked->request,
		.restore = asked->world->view,
		.is_under_runtime = true,
	};
	*state = asked;
	return 0;
}

static int forget(void **state)
{
	struct asked *asked = *state;
	void *world = asked->world;

	(void)drop_world(&world);
	free(asked);
	return 0;
}

/* As the agent writes it before it ends the container. */
static void begin(struct asked *asked)
{
	asked->chosen = (struct api_checkpoint_reference){STR("older"), STR("older")};
	asked->request.status = (struct api_restore_status){
		.phase = STR("Restoring"),
		.started = asked->world->now,
		.checkpoint = &asked->chosen,
		.pod_uid = STR("pod-uid"),
		.ended_container = STR("containerd://one"),
	};
}

/* The kubelet has created the next container, and kcr-runtime restored it. */
static void restored(struct asked *asked)
{
	asked->outcome = (struct restore_request_outcome){
		.container_id = STR("two"), .checkpoint_uid = STR("older"), .is_restored = true};
	asked->view.outcome = &asked->outcome;
	asked->world->statuses[0].container_id = STR("containerd://two");
	asked->world->running.started = asked->world->now;
}

static struct restore_request_next next_of(struct asked *asked)
{
	return restore_request_decide(&asked->view, asked->world->now, asked->world->arena);
}

static void assert_fails(struct asked *asked, const char *reason)
{
	struct restore_request_next next = next_of(asked);

	assert_int_equal(next.step, RESTORE_REQUEST_FAIL);
	assert_text(next.reason, reason);
	assert_true(next.message.size > 0);
}

static void assert_waits(struct asked *asked, const char *message)
{
	struct restore_request_next next = next_of(asked);

	assert_int_equal(next.step, RESTORE_REQUEST_WAIT);
	assert_text(next.message, message);
	assert_true(next.wake_ms > 0);
}

static void assert_begins(struct asked *asked, const char *checkpoint)
{
	struct restore_request_next next = next_of(asked);

	assert_int_equal(next.step, RESTORE_REQUEST_BEGIN);
	assert_text(next.checkpoint->metadata.name, checkpoint);
}

/* ---- Which Checkpoint ---- */

static void the_newest_good_one_is_chosen(void **state)
{
	struct asked *asked = *state;

	assert_begins(asked, "newer");
	asked->world->checkpoints[1].spec.was_ready = false;
	assert_begins(asked, "older");
	asked->world->checkpoints[0].spec.was_ready = false;
	assert_fails(asked, "WasNotReady");
}

static void the_order_of_the_list_does_not_matter(void **state)
{
	struct asked *asked = *state;

	asked->world->list[0] = &asked->world->checkpoints[1];
	asked->world->list[1] = &asked->world->checkpoints[0];
	assert_begins(asked, "newer");
	asked->world->checkpoints[1].spec.was_ready = false;
	assert_begins(asked, "older");
}

static void of_those_that_may_not_be_used_the_newest_is_told(void **state)
{
	struct asked *asked = *state;

	asked->world->checkpoints[1].spec.was_ready = false;
	asked->world->checkpoints[0].spec.image = STR("app:0");
	assert_fails(asked, "WasNotReady");
}

static void a_time_chooses_what_was_taken_no_later(void **state)
{
	static const struct {
		int64_t at_s;
		const char *checkpoint; /* NULL: none */
	} cases[] = {
		{NOW_S, "newer"},
		{NOW_S - 60, "newer"},
		{NOW_S - 61, "older"},
		{NOW_S - 120, "older"},
		{NOW_S - 121, NULL},
	};
	struct asked *asked = *state;

	asked->world->checkpoints[0].spec.timestamp.us += 400000; /* people are shown the second */
	asked->world->checkpoints[1].spec.timestamp.us += 400000;
	for (size_t i = 0; i < array_size(cases); i++) {
		asked->request.spec.at = wall_time_of_seconds(cases[i].at_s);
		if (cases[i].checkpoint != NULL)
			assert_begins(asked, cases[i].checkpoint);
		else
			assert_fails(asked, "NoCheckpoint");
	}
}

static void a_name_chooses_one(void **state)
{
	struct asked *asked = *state;

	asked->request.spec.checkpoint_name = STR("older");
	assert_fails(asked, "CheckpointNotFound");
	asked->view.named = asked->world->list[0];
	assert_begins(asked, "older");
}

static void what_the_restore_rule_refuses_is_not_restored(void **state)
{
	struct asked *asked = *state;
	struct api_checkpoint *named = &asked->world->checkpoints[0];
	const struct api_checkpoint good = *named;

	asked->request.spec.checkpoint_name = STR("older");
	asked->view.named = named;
	named->spec.image = STR("app:0");
	assert_fails(asked, "ImageChanged");
	*named = good;
	named->spec.template_hash = STR("t0");
	assert_fails(asked, "TemplateChanged");
	*named = good;
	named->spec.container_name = STR("side");
	assert_fails(asked, "OtherContainer");
	*named = good;
	named->status.phase = STR("Processing");
	assert_fails(asked, "NotBuilt");
	*named = good;
	named->spec.strategy = STR("Image");
	assert_fails(asked, "StrategyUnsupported");
	*named = good;
	asked->view.restore.checkpoint_count = 0;
	assert_fails(asked, "NotStored");
}

/* ---- Which container ---- */

static void a_container_that_would_not_come_back_is_left_alone(void **state)
{
	struct asked *asked = *state;
	struct api_pod *pod = &asked->world->pod;

	pod->spec.restart_policy = STR("Never");
	assert_fails(asked, "NotRestarted");
	asked->world->containers[0].restart_policy = STR("Always");
	assert_begins(asked, "newer");
	asked->world->containers[0].restart_policy = STR("");
	pod->spec.restart_policy = STR("OnFailure"); /* what is killed has failed */
	assert_begins(asked, "newer");
	pod->status.phase = STR("Succeeded");
	assert_fails(asked, "PodEnded");
	pod->metadata.deleted = asked->world->now;
	assert_fails(asked, "PodTerminating");
}

static void only_what_kcr_runtime_runs_is_restored(void **state)
{
	struct asked *asked = *state;

	asked->view.is_under_runtime = false;
	assert_fails(asked, "StrategyUnsupported");
}

static void a_pod_that_is_late_is_waited_for(void **state)
{
	struct asked *asked = *state;

	asked->view.restore = (struct restore_view){0};
	assert_waits(asked, "");
	pass(asked->world, 5);
	assert_fails(asked, "PodNotFound");
}

static void what_hinders_for_a_while_is_waited_for(void **state)
{
	struct asked *asked = *state;

	asked->view.is_behind = true;
	assert_waits(asked, "another RestoreRequest for the container comes first");
	asked->view.is_behind = false;
	asked->world->statuses[0].state.running = NULL;
	assert_waits(asked, "the container is not running");
	pass(asked->world, TIMEOUT_S);
	assert_fails(asked, "Timeout");
}

static void a_pod_of_another_namespace_is_nobodys(void **state)
{
	struct asked *asked = *state;

	asked->request.spec.pod.namespace = STR("other");
	assert_int_equal(next_of(asked).step, RESTORE_REQUEST_WAIT);
	assert_int_equal(next_of(asked).wake_ms, 0);
}

/* ---- Ended, restored ---- */

static void the_container_that_was_written_down_is_ended(void **state)
{
	struct asked *asked = *state;
	struct restore_request_next next;

	begin(asked);
	next = next_of(asked);
	assert_int_equal(next.step, RESTORE_REQUEST_END);
	assert_text(next.checkpoint->metadata.name, "older");
	asked->world->statuses[0].container_id = STR("containerd://another");
	assert_fails(asked, "NotRestored");
}

static void what_changes_before_the_end_keeps_it_from_being_ended(void **state)
{
	struct asked *asked = *state;

	begin(asked);
	asked->world->containers[0].image = STR("app:2");
	assert_fails(asked, "ImageChanged");
	asked->world->containers[0].image = STR(ORIGINAL);
	asked->chosen.uid = STR("deleted");
	assert_fails(asked, "CheckpointNotFound");
	asked->request.status.pod_uid = STR("the Pod before");
	assert_fails(asked, "PodNotFound");
}

static void the_kubelet_s_back_off_is_told(void **state)
{
	struct asked *asked = *state;

	begin(asked);
	asked->world->statuses[0].state.running = NULL;
	assert_waits(asked, "");
	asked->world->waiting = (struct api_container_waiting){
		.reason = STR("CrashLoopBackOff"), .message = STR("back-off 20s")};
	asked->world->statuses[0].state.waiting = &asked->world->waiting;
	assert_waits(asked, "the kubelet waits before it starts the container: back-off 20s");
	pass(asked->world, TIMEOUT_S);
	assert_fails(asked, "Timeout");
	assert_text(next_of(asked).message,
		"not within spec.timeoutSeconds: the kubelet waits before it starts the container: "
		"back-off 20s");
}

static void a_restored_container_that_runs_completes(void **state)
{
	struct asked *asked = *state;

	begin(asked);
	restored(asked);
	assert_int_equal(next_of(asked).step, RESTORE_REQUEST_COMPLETE);
	pass(asked->world, TIMEOUT_S);
	assert_int_equal(next_of(asked).step, RESTORE_REQUEST_COMPLETE);
	asked->request.status.phase = STR("Completed");
	assert_int_equal(next_of(asked).step, RESTORE_REQUEST_WAIT);
}

static void it_is_not_complete_before_the_pod_shows_it(void **state)
{
	struct asked *asked = *state;

	begin(asked);
	restored(asked);
	asked->world->statuses[0].container_id = STR("containerd://one");
	assert_waits(asked, "");
	asked->world->statuses[0].container_id = STR("containerd://two");
	asked->world->statuses[0].state.running = NULL;
	assert_waits(asked, "");
}

static void what_came_otherwise_is_told(void **state)
{
	struct asked *asked = *state;

	begin(asked);
	restored(asked);
	asked->outcome.checkpoint_uid = STR("newer");
	assert_fails(asked, "OtherCheckpoint");
	asked->outcome.checkpoint_uid = STR("older");
	asked->outcome.has_ended = true;
	assert_fails(asked, "EndedAgain");
	asked->outcome.is_restored = false;
	asked->outcome.reason = STR("CheckpointDamaged");
	asked->outcome.message = STR("'pages-1.img' has changed");
	assert_fails(asked, "CheckpointDamaged");
	assert_text(next_of(asked).message,
		"the container was ended and starts without its memory: 'pages-1.img' has changed");
}

static void a_container_without_a_record_was_not_restored(void **state)
{
	struct asked *asked = *state;

	begin(asked);
	restored(asked);
	asked->view.outcome = NULL;
	assert_waits(asked, "");
	pass(asked->world, 10);
	assert_fails(asked, "NotRestored");
}

#define request_test(function) cmocka_unit_test_setup_teardown(function, ask, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		request_test(the_newest_good_one_is_chosen),
		request_test(the_order_of_the_list_does_not_matter),
		request_test(of_those_that_may_not_be_used_the_newest_is_told),
		request_test(a_time_chooses_what_was_taken_no_later),
		request_test(a_name_chooses_one),
		request_test(what_the_restore_rule_refuses_is_not_restored),
		request_test(a_container_that_would_not_come_back_is_left_alone),
		request_test(only_what_kcr_runtime_runs_is_restored),
		request_test(a_pod_that_is_late_is_waited_for),
		request_test(what_hinders_for_a_while_is_waited_for),
		request_test(a_pod_of_another_namespace_is_nobodys),
		request_test(the_container_that_was_written_down_is_ended),
		request_test(what_changes_before_the_end_keeps_it_from_being_ended),
		request_test(the_kubelet_s_back_off_is_told),
		request_test(a_restored_container_that_runs_completes),
		request_test(it_is_not_complete_before_the_pod_shows_it),
		request_test(what_came_otherwise_is_told),
		request_test(a_container_without_a_record_was_not_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
