/* The restore rule: each guard by itself, and the story of a container through its phases. */
#include "rule_world.h"

/* The kubelet shows container `id` running in place of the one before, which ended. */
static void kubelet_shows(struct world *world, const char *id, int64_t exit_code)
{
	world->terminated = (struct api_container_terminated){.exit_code = exit_code,
		.container_id = world->statuses[0].container_id,
		.started = world->running.started,
		.finished = world->now};
	world->statuses[0].container_id = str_of(id);
	world->running.started = world->now;
	world->statuses[0].state = (struct api_container_state){.running = &world->running};
	world->statuses[0].last_state =
		(struct api_container_state){.terminated = &world->terminated};
	world->statuses[0].ready = true;
}

/* The same of a container that the agent sees to be a restored one. */
static void restored_one_shows(struct world *world, const char *id, int64_t exit_code)
{
	kubelet_shows(world, id, exit_code);
	world->checkpoints[1].status.restored_container = world->statuses[0].container_id;
}

static void kubelet_waits(struct world *world, const char *reason, const char *message)
{
	world->waiting = (struct api_container_waiting){str_of(reason), str_of(message)};
	world->statuses[0].state = (struct api_container_state){.waiting = &world->waiting};
	world->statuses[0].ready = false;
}

/* The newer checkpoint is spoiled in one way; the verdict names it and the older one is taken. */
#define a_checkpoint_is_refused_when(name, spoil, expected)                                        \
	static void a_checkpoint_is_refused_when_##name(void **state)                              \
	{                                                                                          \
		struct world *world = *state;                                                      \
		struct api_checkpoint *newer = &world->checkpoints[1];                             \
                                                                                                   \
		assert_int_equal(restore_judge(&world->view, newer, world->now), RESTORE_OK);      \
		spoil;                                                                             \
		assert_int_equal(restore_judge(&world->view, newer, world->now), expected);        \
		agent_reports_end(world, 137);                                                     \
		assert_text(decide(world).record.checkpoint, "older");                             \
	}                                                                                          \
	static_assert((expected) != RESTORE_OK, "a refusal has a reason")

a_checkpoint_is_refused_when(
	it_is_not_built, newer->status.phase = STR("Processing"), RESTORE_NOT_BUILT);
a_checkpoint_is_refused_when(
	its_build_failed, newer->status.phase = STR("Failed"), RESTORE_BUILD_FAILED);
a_checkpoint_is_refused_when(
	it_has_no_digest, newer->status.digest = (struct str){0}, RESTORE_NOT_BUILT);
a_checkpoint_is_refused_when(
	it_has_no_image, newer->status.runtime_image = (struct str){0}, RESTORE_NOT_BUILT);
a_checkpoint_is_refused_when(
	it_is_being_deleted, newer->metadata.deleted = world->now, RESTORE_NOT_BUILT);
a_checkpoint_is_refused_when(
	the_pod_is_another_one, world->taken_of[1].uid = STR("x"), RESTORE_OTHER_POD);
a_checkpoint_is_refused_when(it_names_no_pod, newer->spec.pod = NULL, RESTORE_OTHER_POD);
a_checkpoint_is_refused_when(the_container_is_another_one, newer->spec.container_name = STR("x"),
	RESTORE_OTHER_CONTAINER);
a_checkpoint_is_refused_when(
	the_image_has_changed, newer->spec.image = STR("app:0"), RESTORE_IMAGE_CHANGED);
a_checkpoint_is_refused_when(
	the_template_has_changed, newer->spec.template_hash = STR("t0"), RESTORE_TEMPLATE_CHANGED);
a_checkpoint_is_refused_when(
	it_was_not_ready, newer->spec.was_ready = false, RESTORE_WAS_NOT_READY);
a_checkpoint_is_refused_when(
	it_did_not_stay_ready, newer->status.stable = (struct wall_time){0}, RESTORE_NOT_STABLE);

/* What kcr-runtime has found out is on the Checkpoint. */
static void find_unusable(
	struct world *world, struct api_checkpoint *checkpoint, const char *reason)
{
	const struct api_condition usable = {.type = STR(API_CONDITION_USABLE),
		.status = STR("False"),
		.reason = str_of(reason)};

	(void)api_condition_set(&checkpoint->status.conditions, &usable, world->arena);
}

a_checkpoint_is_refused_when(it_was_found_damaged,
	find_unusable(world, newer, API_REASON_CHECKPOINT_DAMAGED), RESTORE_DAMAGED);
a_checkpoint_is_refused_when(a_restore_from_it_failed,
	find_unusable(world, newer, API_REASON_RESTORE_FAILED), RESTORE_FAILED_BEFORE);

static void a_checkpoint_is_refused_when_it_is_too_old(void **state)
{
	struct world *world = *state;

	world->view.terms.max_age_seconds = 90;
	assert_int_equal(
		restore_judge(&world->view, &world->checkpoints[0], world->now), RESTORE_TOO_OLD);
	assert_int_equal(
		restore_judge(&world->view, &world->checkpoints[1], world->now), RESTORE_OK);
}

static void a_statefulsets_pod_keeps_its_checkpoints_when_it_is_replaced(void **state)
{
	struct world *world = *state;

	world->workload =
		(struct api_workload_reference){.kind = STR("StatefulSet"), .uid = STR("w")};
	world->owner =
		(struct api_owner){.kind = STR("StatefulSet"), .uid = STR("w"), .controller = true};
	world->pod.metadata.owners = (struct json_list){&world->owner, 1};
	world->pod.metadata.uid = STR("next-pod-uid");
	world->checkpoints[1].spec.workload = &world->workload;
	assert_int_equal(
		restore_judge(&world->view, &world->checkpoints[1], world->now), RESTORE_OK);
	world->taken_of[1].name = STR("p-1");
	assert_int_equal(
		restore_judge(&world->view, &world->checkpoints[1], world->now), RESTORE_OTHER_POD);
}

static void another_node_is_believed_what_it_was_asked_for(void **state)
{
	struct world *world = *state;
	struct api_checkpoint *checkpoint = &world->checkpoints[1];
	struct api_request request = {.spec = {.pod = {.name = world->pod.metadata.name},
					      .container_name = checkpoint->spec.container_name,
					      .node_name = STR("other")}};
	const struct api_request asked = request;

	assert_true(restore_is_believed(&world->pod, checkpoint, NULL));
	checkpoint->spec.node_name = STR("other");
	assert_false(restore_is_believed(&world->pod, checkpoint, NULL));
	assert_true(restore_is_believed(&world->pod, checkpoint, &request));
	request.spec.node_name = STR("third");
	assert_false(restore_is_believed(&world->pod, checkpoint, &request));
	request = asked;
	request.spec.pod.name = STR("p-1");
	assert_false(restore_is_believed(&world->pod, checkpoint, &request));
	request = asked;
	request.spec.container_name = STR("sidecar");
	assert_false(restore_is_believed(&world->pod, checkpoint, &request));
	checkpoint->spec.node_name = STR("");
	assert_true(restore_is_believed(&world->pod, checkpoint, NULL));
}

static void a_reported_end_is_restored_from_the_newest_checkpoint(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	assert_true(decision.is_change);
	assert_text(decision.image, NODE_IMAGE);
	assert_text(decision.record.original_image, ORIGINAL);
	assert_text(decision.record.checkpoint, "newer");
	assert_string_equal(decision.event_reason, "Restoring");
	assert_text(decision.event_message,
		"Container ended with exit code 137 (Error); restoring container app from "
		"Checkpoint newer");
}

static void deciding_twice_changes_nothing_the_second_time(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	assert_false(decide(world).is_change);
}

static void a_restored_container_is_found_serving_once_it_has_settled(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	restored_one_shows(world, "containerd://two", 137);
	assert_false(decide(world).is_change);
	pass(world, 4);
	decision = decide(world);
	assert_true(decision.is_restored);
	assert_string_equal(decision.event_reason, "Restored");
	carry_out(world, &decision);
	assert_false(decide(world).is_change);
}

static void a_cold_start_that_the_kubelet_had_begun_is_no_failed_restore(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	kubelet_shows(world, "containerd://cold", 137);
	restored_one_shows(world, "containerd://restored", 143);
	decision = decide(world);
	assert_int_equal(decision.event, RESTORE_EVENT_NONE);
	assert_text(decision.record.checkpoint, "newer");
	assert_int_equal(decision.record.failed.count, 0);
	carry_out(world, &decision);
	pass(world, 4);
	assert_true(decide(world).is_restored);
}

/* The agent tells of the cold start's end, too, and before the kubelet says what it was. */
static void a_reported_end_of_a_cold_start_is_no_failed_restore(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	kubelet_shows(world, "containerd://cold", 137);
	agent_reports_end(world, 143);
	assert_false(decide(world).is_change);
	pass(world, 4);
	assert_false(decide(world).is_change); /* what has ended is not found serving */
	restored_one_shows(world, "containerd://restored", 143);
	decision = decide(world);
	assert_int_equal(decision.event, RESTORE_EVENT_NONE);
	carry_out(world, &decision);
	pass(world, 4);
	assert_true(decide(world).is_restored);
}

/* It ignores the kubelet's SIGTERM until its grace period is over. */
static void a_cold_start_that_is_slow_to_stop_is_not_found_serving(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	world->pod.spec.grace_seconds = 30;
	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	kubelet_shows(world, "containerd://cold", 137);
	pass(world, 30);
	assert_false(decide(world).is_change);
	restored_one_shows(world, "containerd://restored", 137);
	decision = decide(world);
	carry_out(world, &decision);
	pass(world, 4);
	assert_true(decide(world).is_restored);
}

/* Where the agent cannot tell, time does. */
static void what_outlives_the_grace_period_is_found_serving(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	world->pod.spec.grace_seconds = 30;
	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	kubelet_shows(world, "containerd://two", 137);
	pass(world, 41);
	assert_true(decide(world).is_restored);
}

static void a_container_seen_restored_that_ends_early_has_failed(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	restored_one_shows(world, "containerd://restored", 137);
	agent_reports_end(world, 1);
	decision = decide(world);
	assert_text(decision.record.checkpoint, "older");
	assert_int_equal(decision.record.failed.count, 1);
}

static void what_the_kubelet_started_cold_meanwhile_is_replaced(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	kubelet_shows(world, "containerd://cold", 137);
	pass(world, 1);
	decision = decide(world);
	assert_text(decision.image, NODE_IMAGE);
	assert_true(restore_list_has(&decision.record.handled, STR("containerd://one")));
	assert_true(restore_list_has(&decision.record.handled, STR("containerd://cold")));
	carry_out(world, &decision);
	pass(world, 10);
	assert_false(decide(world).is_change); /* the cold one is not taken for the restored one */
}

static void a_cold_start_long_ago_is_left_alone(void **state)
{
	struct world *world = *state;

	kubelet_shows(world, "containerd://cold", 137);
	pass(world, 31);
	assert_false(decide(world).is_change);
}

static void kubelet_shows_the_end(struct world *world, int64_t exit_code)
{
	world->terminated = (struct api_container_terminated){.exit_code = exit_code,
		.container_id = STR("containerd://one"),
		.finished = world->now};
	world->statuses[0].state = (struct api_container_state){.terminated = &world->terminated};
}

static void an_end_that_the_kubelet_lets_wait_is_restored_before_its_back_off_is_over(void **state)
{
	struct world *world = *state;

	kubelet_shows_the_end(world, 1);
	pass(world, 3);
	assert_text(decide(world).record.checkpoint, "newer");
}

static void an_end_that_is_final_is_left_alone(void **state)
{
	struct world *world = *state;

	world->pod.spec.restart_policy = STR("OnFailure");
	kubelet_shows_the_end(world, 0);
	pass(world, 3);
	assert_false(decide(world).is_change);
}

static void an_end_is_waited_out_until_the_kubelet_shows_what_it_does(void **state)
{
	struct world *world = *state;

	kubelet_shows_the_end(world, 1);
	assert_false(decide(world).is_change);
	assert_true(decide(world).wake_ms > 0);
	world->statuses[0].last_state = world->statuses[0].state;
	kubelet_waits(world, "CrashLoopBackOff", "back-off 10s");
	assert_text(decide(world).record.checkpoint, "newer");
}

static void a_clean_exit_is_not_restored(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 0);
	decision = decide(world);
	assert_text(decision.image, ORIGINAL);
	assert_text(decision.record.reason, "CleanExit");
	assert_int_equal(decision.event, RESTORE_EVENT_NORMAL);
	carry_out(world, &decision);
	assert_false(decide(world).is_change);
}

static void a_clean_exit_is_restored_when_the_policy_says_always(void **state)
{
	struct world *world = *state;

	world->view.terms.policy = API_RESTORE_ALWAYS;
	agent_reports_end(world, 0);
	assert_text(decide(world).record.checkpoint, "newer");
}

#define nothing_is_done_when(name, change)                                                         \
	static void nothing_is_done_when_##name(void **state)                                      \
	{                                                                                          \
		struct world *world = *state;                                                      \
                                                                                                   \
		agent_reports_end(world, 137);                                                     \
		change;                                                                            \
		assert_false(decide(world).is_change);                                             \
	}

nothing_is_done_when(the_policy_says_never,
	world->view.terms.policy = API_RESTORE_NEVER) nothing_is_done_when(the_pod_is_terminating,
	world->pod.metadata.deleted = world->now) nothing_is_done_when(the_pod_is_never_restarted,
	world->pod.spec.restart_policy = STR("Never")) nothing_is_done_when(the_pod_has_failed,
	world->pod.status.phase = STR("Failed")) nothing_is_done_when(nothing_has_ended,
	world->view.exit = NULL) nothing_is_done_when(the_report_is_of_another_container,
	world->exit.container_id = STR("containerd://zero"))

	static void a_restored_container_that_fails_soon_gets_the_older_checkpoint_then_a_cold_start(
		void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	restored_one_shows(world, "containerd://two", 137);
	pass(world, 4);
	decision = decide(world);
	carry_out(world, &decision);

	agent_reports_end(world, 1);
	decision = decide(world);
	assert_text(decision.record.checkpoint, "older");
	assert_text(decision.image, "localhost:5000/c0@sha256:0");
	assert_int_equal(decision.event, RESTORE_EVENT_WARNING);
	carry_out(world, &decision);
	restored_one_shows(world, "containerd://three", 1);
	pass(world, 4);
	decision = decide(world);
	carry_out(world, &decision);

	agent_reports_end(world, 1);
	decision = decide(world);
	assert_text(decision.image, ORIGINAL);
	assert_text(decision.record.reason, "ColdStart");
	assert_int_equal(decision.record.failed.count, 2);
	carry_out(world, &decision);
	kubelet_shows(world, "containerd://four", 1);
	pass(world, 40);
	assert_false(decide(world).is_change);
}

static void a_restored_container_that_fails_late_may_use_the_same_checkpoint_again(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	restored_one_shows(world, "containerd://two", 137);
	pass(world, 4);
	decision = decide(world);
	carry_out(world, &decision);
	pass(world, 61);

	restored_one_shows(
		world, "containerd://three", 1); /* restored by the kubelet: same image */
	decision = decide(world);
	assert_text(decision.record.checkpoint, "newer");
	assert_text(decision.image, NODE_IMAGE);
	assert_false(restore_list_has(&decision.record.handled, STR("containerd://three")));
	carry_out(world, &decision);
	pass(world, 4);
	assert_true(decide(world).is_restored);
}

/* The newer checkpoint is restored, and its container found serving. */
static void newer_one_serves(struct world *world)
{
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	restored_one_shows(world, "containerd://two", 137);
	pass(world, 4);
	decision = decide(world);
	carry_out(world, &decision);
	assert_true(decision.is_restored);
}

static void a_short_life_is_short_however_late_it_is_looked_at(void **state)
{
	struct world *world = *state;

	newer_one_serves(world);
	pass(world, 5);
	kubelet_shows(world, "containerd://three", 1);
	pass(world, 5);
	kubelet_shows(world, "containerd://four", 1);
	kubelet_waits(world, "CrashLoopBackOff", "");
	pass(world, 100); /* nobody led */
	assert_text(decide(world).record.checkpoint, "older");
}

static void a_short_life_that_the_agent_saw_is_short_however_late_it_is_looked_at(void **state)
{
	struct world *world = *state;

	newer_one_serves(world);
	pass(world, 5);
	agent_reports_end(world, 1);
	pass(world, 100);
	assert_text(decide(world).record.checkpoint, "older");
}

/* A clock that was set back says nothing about a life. */
static void an_end_before_its_beginning_leaves_the_time_of_serving(void **state)
{
	struct world *world = *state;

	newer_one_serves(world);
	pass(world, 61);
	agent_reports_end(world, 1);
	world->exit.finished.us -= 3600 * TIME_SECOND_US;
	assert_text(decide(world).record.checkpoint, "newer");
}

static void a_clean_exit_after_a_restore_puts_the_original_image_back(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	restored_one_shows(world, "containerd://two", 137);
	pass(world, 4);
	decision = decide(world);
	carry_out(world, &decision);
	agent_reports_end(world, 0);
	decision = decide(world);
	assert_text(decision.image, ORIGINAL);
	assert_text(decision.record.reason, "CleanExit");
}

static void a_policy_that_became_never_puts_the_original_image_back_at_the_next_end(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	restored_one_shows(world, "containerd://two", 137);
	pass(world, 4);
	decision = decide(world);
	carry_out(world, &decision);
	world->view.terms.policy = API_RESTORE_NEVER;
	assert_false(decide(world).is_change);
	agent_reports_end(world, 137);
	decision = decide(world);
	assert_text(decision.image, ORIGINAL);
	assert_text(decision.record.reason, "RestoreDisabled");
}

static void a_node_that_does_not_restore_gets_the_original_image_back_at_once(void **state)
{
	static const char *const messages[] = {
		"rpc error: code = Unknown desc = checkpoint restore via CreateContainer is "
		"disabled by configuration",
		"Error: no command specified",
	};

	for (size_t i = 0; i < array_size(messages); i++) {
		struct world *world;
		struct restore_decision decision;

		assert_int_equal(drop_world(state), 0);
		assert_int_equal(make_world(state), 0);
		world = *state;
		agent_reports_end(world, 137);
		decision = decide(world);
		carry_out(world, &decision);
		kubelet_waits(world, "CreateContainerError", messages[i]);
		decision = decide(world);
		assert_text(decision.image, ORIGINAL);
		assert_text(decision.record.reason, "RestoreRefused");
		assert_true(str_contains(decision.event_message, str_of(messages[i])));
		carry_out(world, &decision);
		assert_false(decide(world).is_change);
	}
}

static void an_image_that_cannot_be_pulled_gives_way_to_the_older_checkpoint(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	pass(world, 20);
	kubelet_waits(world, "ErrImagePull", "not found");
	decision = decide(world);
	assert_text(decision.record.checkpoint, "older");
	carry_out(world, &decision);
	assert_false(decide(world).is_change); /* what is still shown is the attempt before */
	pass(world, 20);
	decision = decide(world);
	assert_text(decision.image, ORIGINAL);
	assert_text(decision.record.reason, "ColdStart");
}

static void a_pull_is_given_the_time_that_an_agent_needs_to_start_anew(void **state)
{
	static const char *const reasons[] = {"ErrImagePull", "ImagePullBackOff"};
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	for (size_t i = 0; i < array_size(reasons); i++) {
		kubelet_waits(world, reasons[i], "connection refused");
		decision = decide(world);
		assert_false(decision.is_change);
		assert_true(decision.wake_ms > 0);
		pass(world, 9);
	}
}

static void a_restore_that_never_ends_gives_way_to_a_cold_start(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	kubelet_waits(world, "ContainerCreating", "");
	pass(world, 299);
	assert_false(decide(world).is_change);
	pass(world, 1);
	decision = decide(world);
	assert_text(decision.image, ORIGINAL);
	assert_text(decision.record.reason, "RestoreTimeout");
}

static void an_image_that_somebody_else_changed_is_respected(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	agent_reports_end(world, 137);
	decision = decide(world);
	carry_out(world, &decision);
	world->containers[0].image = STR("app:2");
	decision = decide(world);
	assert_true(decision.forget);
	assert_text(decision.image, "app:2");
}

#define rule_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		rule_test(a_checkpoint_is_refused_when_it_is_not_built),
		rule_test(a_checkpoint_is_refused_when_its_build_failed),
		rule_test(a_checkpoint_is_refused_when_it_has_no_digest),
		rule_test(a_checkpoint_is_refused_when_it_has_no_image),
		rule_test(a_checkpoint_is_refused_when_it_is_being_deleted),
		rule_test(a_checkpoint_is_refused_when_the_pod_is_another_one),
		rule_test(a_checkpoint_is_refused_when_it_names_no_pod),
		rule_test(a_checkpoint_is_refused_when_the_container_is_another_one),
		rule_test(a_checkpoint_is_refused_when_the_image_has_changed),
		rule_test(a_checkpoint_is_refused_when_the_template_has_changed),
		rule_test(a_checkpoint_is_refused_when_it_was_not_ready),
		rule_test(a_checkpoint_is_refused_when_it_did_not_stay_ready),
		rule_test(a_checkpoint_is_refused_when_it_was_found_damaged),
		rule_test(a_checkpoint_is_refused_when_a_restore_from_it_failed),
		rule_test(a_checkpoint_is_refused_when_it_is_too_old),
		rule_test(a_statefulsets_pod_keeps_its_checkpoints_when_it_is_replaced),
		rule_test(another_node_is_believed_what_it_was_asked_for),
		rule_test(a_reported_end_is_restored_from_the_newest_checkpoint),
		rule_test(deciding_twice_changes_nothing_the_second_time),
		rule_test(a_restored_container_is_found_serving_once_it_has_settled),
		rule_test(a_cold_start_that_the_kubelet_had_begun_is_no_failed_restore),
		rule_test(a_reported_end_of_a_cold_start_is_no_failed_restore),
		rule_test(a_cold_start_that_is_slow_to_stop_is_not_found_serving),
		rule_test(what_outlives_the_grace_period_is_found_serving),
		rule_test(a_container_seen_restored_that_ends_early_has_failed),
		rule_test(what_the_kubelet_started_cold_meanwhile_is_replaced),
		rule_test(a_cold_start_long_ago_is_left_alone),
		rule_test(
			an_end_that_the_kubelet_lets_wait_is_restored_before_its_back_off_is_over),
		rule_test(an_end_that_is_final_is_left_alone),
		rule_test(an_end_is_waited_out_until_the_kubelet_shows_what_it_does),
		rule_test(a_clean_exit_is_not_restored),
		rule_test(a_clean_exit_is_restored_when_the_policy_says_always),
		rule_test(nothing_is_done_when_the_policy_says_never),
		rule_test(nothing_is_done_when_the_pod_is_terminating),
		rule_test(nothing_is_done_when_the_pod_is_never_restarted),
		rule_test(nothing_is_done_when_the_pod_has_failed),
		rule_test(nothing_is_done_when_nothing_has_ended),
		rule_test(nothing_is_done_when_the_report_is_of_another_container),
		rule_test(
			a_restored_container_that_fails_soon_gets_the_older_checkpoint_then_a_cold_start),
		rule_test(a_restored_container_that_fails_late_may_use_the_same_checkpoint_again),
		rule_test(a_short_life_is_short_however_late_it_is_looked_at),
		rule_test(a_short_life_that_the_agent_saw_is_short_however_late_it_is_looked_at),
		rule_test(an_end_before_its_beginning_leaves_the_time_of_serving),
		rule_test(a_clean_exit_after_a_restore_puts_the_original_image_back),
		rule_test(a_policy_that_became_never_puts_the_original_image_back_at_the_next_end),
		rule_test(a_node_that_does_not_restore_gets_the_original_image_back_at_once),
		rule_test(an_image_that_cannot_be_pulled_gives_way_to_the_older_checkpoint),
		rule_test(a_pull_is_given_the_time_that_an_agent_needs_to_start_anew),
		rule_test(a_restore_that_never_ends_gives_way_to_a_cold_start),
		rule_test(an_image_that_somebody_else_changed_is_respected),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
