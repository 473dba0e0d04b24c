/* Each guard by itself, against a world in which the newest checkpoint is restored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "runtime/decide.h"

#define NOW_S    INT64_C(100000)
#define WINDOW_S 60

struct world {
	struct runtime_container container;
	struct handover_candidate candidates[2];
	struct handover_plan plan;
	struct handover_requested requested;
	struct handover_attempt attempts[3];
	struct handover_record record;
	struct handover_answer answer;
	struct runtime_view view;
};

static void make_world(struct world *world)
{
	*world = (struct world){
		.container = {.pod_uid = STR("u"), .name = STR("c"), .image = STR("app:1")},
		.candidates =
			{
				{.uid = STR("new"),
					.image = STR("app:1"),
					.taken = wall_time_of_seconds(NOW_S - 100)},
				{.uid = STR("old"),
					.image = STR("app:1"),
					.taken = wall_time_of_seconds(NOW_S - 200)},
			},
		.plan = {.version = 1,
			.policy = STR("OnFailure"),
			.retry_window_seconds = WINDOW_S},
	};
	world->plan.candidates = (struct json_list){world->candidates, 2};
	world->record.attempts = (struct json_list){world->attempts, 0};
	world->view = (struct runtime_view){
		.container = &world->container, .plan = &world->plan, .record = &world->record};
}

static void add_attempt(struct world *world, const char *uid, const char *outcome,
	int64_t started_s, int64_t ended_s)
{
	world->attempts[world->record.attempts.count++] = (struct handover_attempt){
		.checkpoint = str_of(uid),
		.outcome = str_of(outcome),
		.started = wall_time_of_seconds(started_s),
		.ended = wall_time_of_seconds(ended_s),
	};
}

static void assert_restores(const struct world *world, const char *uid)
{
	struct runtime_decision decision =
		runtime_decide(&world->view, wall_time_of_seconds(NOW_S));

	assert_int_equal(decision.verdict, RUNTIME_RESTORE);
	assert_true(str_is(decision.candidate->uid, uid));
}

static void assert_cold(const struct world *world, enum runtime_verdict verdict, const char *reason)
{
	struct runtime_decision decision =
		runtime_decide(&world->view, wall_time_of_seconds(NOW_S));

	assert_int_equal(decision.verdict, verdict);
	assert_null(decision.candidate);
	assert_true(str_is(decision.reason, reason));
	assert_true(decision.message.size > 0);
}

static void test_the_newest_checkpoint_is_restored(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	assert_restores(&world, "new");
	world.view.record = NULL;
	assert_restores(&world, "new");
}

static void test_without_a_checkpoint_it_starts_cold(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.plan.candidates.count = 0;
	assert_cold(&world, RUNTIME_COLD_NO_CHECKPOINT, "NoCheckpoint");
}

static void test_an_old_plan_needs_an_answer(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.view.is_plan_old = true;
	assert_cold(&world, RUNTIME_COLD_PLAN_TOO_OLD, "PlanTooOld");
	world.answer = (struct handover_answer){.action = STR("Restore")};
	world.view.answer = &world.answer;
	assert_restores(&world, "new");
}

static void test_the_policy_never_is_obeyed(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.plan.policy = STR("Never");
	world.answer = (struct handover_answer){.action = STR("Restore")};
	world.view.answer = &world.answer;
	assert_cold(&world, RUNTIME_COLD_POLICY, "RestoreDisabled");
}

static void test_another_image_is_not_restored(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.candidates[0].image = STR("app:2");
	assert_restores(&world, "old");
	world.candidates[1].image = STR("app:2");
	assert_cold(&world, RUNTIME_COLD_IMAGE_CHANGED, "ImageChanged");
	world.container.image = STR("");
	assert_restores(&world, "new");
}

static void test_another_image_of_the_same_name_is_not_restored(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.candidates[0].layers = STR("/2:/1");
	world.view.layers = STR("/3:/1");
	assert_restores(&world, "old"); /* of which the layers are not known */
	world.candidates[1].layers = STR("/3:/1");
	assert_restores(&world, "old");
	world.candidates[1].layers = STR("/1");
	assert_cold(&world, RUNTIME_COLD_IMAGE_CHANGED, "ImageChanged");
	world.view.layers = STR("");
	assert_restores(&world, "new");
}

static void test_what_is_too_old_is_not_restored(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.plan.max_age_seconds = 100;
	assert_restores(&world, "new");
	world.plan.max_age_seconds = 99;
	assert_cold(&world, RUNTIME_COLD_TOO_OLD, "TooOld");
}

static void test_a_restore_that_ended_soon_gives_the_next_older(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	/* the kubelet's back-off between end and creation does not count as life */
	add_attempt(&world, "new", HANDOVER_RESTORED, NOW_S - 400, NOW_S - 400 + WINDOW_S - 1);
	assert_restores(&world, "old");
	add_attempt(&world, "old", HANDOVER_RESTORED, NOW_S - 30, 0);
	assert_cold(&world, RUNTIME_COLD_EXHAUSTED, "RestoresFailed");
}

static void test_a_restore_that_held_may_be_repeated(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	add_attempt(&world, "new", HANDOVER_RESTORED, NOW_S - 400, NOW_S - 400 + WINDOW_S);
	assert_restores(&world, "new");
	add_attempt(&world, "new", HANDOVER_RESTORED, NOW_S - WINDOW_S, 0); /* end not noted */
	assert_restores(&world, "new");
}

static void test_a_clock_that_was_set_back_tells_no_failure(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	add_attempt(&world, "new", HANDOVER_RESTORED, NOW_S + 3600, 0);
	assert_restores(&world, "new");
}

static void test_failed_and_damaged_ones_are_never_tried_again(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	add_attempt(&world, "new", HANDOVER_DAMAGED, 1, 0);
	assert_restores(&world, "old");
	add_attempt(&world, "old", HANDOVER_FAILED, 2, 0);
	assert_cold(&world, RUNTIME_COLD_EXHAUSTED, "RestoresFailed");
}

static void test_cold_starts_on_record_change_nothing(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	add_attempt(&world, "", HANDOVER_COLD, NOW_S - 1, 0);
	assert_restores(&world, "new");
}

static void test_trouble_of_the_node_counts_when_it_comes_twice_in_a_row(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	add_attempt(&world, "new", HANDOVER_COLD, 1, 0);
	assert_restores(&world, "new");
	add_attempt(&world, "new", HANDOVER_RESTORED, 2, NOW_S);
	add_attempt(&world, "new", HANDOVER_COLD, NOW_S, 0);
	assert_restores(&world, "new");
	world.attempts[1].outcome = STR(HANDOVER_COLD);
	assert_restores(&world, "old");
}

static void test_the_agent_may_say_cold_in_its_own_words(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.view.answer = &world.answer;
	world.answer = (struct handover_answer){.action = STR("Cold")};
	assert_cold(&world, RUNTIME_COLD_AGENT, "Agent");
	world.answer.reason = STR("CleanExit");
	assert_cold(&world, RUNTIME_COLD_AGENT, "CleanExit");
}

static void test_the_agent_may_choose_among_good_ones_only(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.view.answer = &world.answer;
	world.answer = (struct handover_answer){.action = STR("Restore"), .checkpoint = STR("old")};
	assert_restores(&world, "old");
	world.answer.checkpoint = STR("unheard of");
	assert_restores(&world, "new");
	world.answer.checkpoint = STR("old");
	add_attempt(&world, "old", HANDOVER_FAILED, 2, 0);
	assert_restores(&world, "new");
}

/* A RestoreRequest for the older one; see also the last attempt's `request`. */
static void request_old(struct world *world)
{
	world->requested =
		(struct handover_requested){.request = STR("request"), .checkpoint = STR("old")};
	world->plan.requested = &world->requested;
}

static void test_what_is_requested_comes_first_whatever_the_policy(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	request_old(&world);
	assert_restores(&world, "old");
	world.plan.policy = STR("Never");
	assert_restores(&world, "old");
	world.answer = (struct handover_answer){.action = STR("Restore")};
	world.view.answer = &world.answer;
	assert_restores(&world, "old");
}

static void test_what_is_requested_is_restored_or_nothing(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	request_old(&world);
	add_attempt(&world, "old", HANDOVER_FAILED, 2, 0);
	assert_cold(&world, RUNTIME_COLD_EXHAUSTED, "RestoresFailed");
	world.record.attempts.count = 0;
	world.answer = (struct handover_answer){.action = STR("Cold"), .reason = STR("Changed")};
	world.view.answer = &world.answer;
	assert_cold(&world, RUNTIME_COLD_AGENT, "Changed");
}

static void test_a_request_counts_once(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	request_old(&world);
	add_attempt(&world, "", HANDOVER_COLD, 2, 0);
	assert_restores(&world, "old");
	world.attempts[0].request = STR("request");
	assert_restores(&world, "new");
	world.plan.policy = STR("Never");
	assert_cold(&world, RUNTIME_COLD_POLICY, "RestoreDisabled");
}

static void test_a_request_counts_until_its_time_is_over(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	request_old(&world);
	world.requested.until = wall_time_of_seconds(NOW_S + 1);
	assert_restores(&world, "old");
	world.requested.until = wall_time_of_seconds(NOW_S);
	assert_restores(&world, "new");
	world.plan.policy = STR("Never");
	assert_cold(&world, RUNTIME_COLD_POLICY, "RestoreDisabled");
}

static void assert_required(const struct world *world, bool expected, const char *failed)
{
	const struct handover_attempt *attempt;

	assert_int_equal(runtime_decide_is_required(&world->view, &attempt), expected);
	if (failed == NULL)
		assert_null(attempt);
	else
		assert_true(str_is(attempt->outcome, failed));
}

static void test_what_is_required_is_so_until_it_was_restored(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	assert_required(&world, false, NULL);
	request_old(&world);
	assert_required(&world, false, NULL);
	world.requested.is_required = true;
	assert_required(&world, true, NULL);
	add_attempt(&world, "old", HANDOVER_FAILED, 2, 0);
	assert_required(&world, true, NULL); /* that was for nobody's request */
	world.attempts[0].request = STR("request");
	assert_required(&world, true, HANDOVER_FAILED);
	add_attempt(&world, "old", HANDOVER_RESTORED, 3, 0);
	world.attempts[1].request = STR("request");
	assert_required(&world, false, HANDOVER_RESTORED);
}

static void test_what_was_ended_on_request_has_not_failed(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	add_attempt(&world, "new", HANDOVER_RESTORED, NOW_S - WINDOW_S / 2, NOW_S);
	assert_restores(&world, "old");
	world.attempts[0].is_replaced = true;
	assert_restores(&world, "new");
}

static void test_what_a_request_has_taken_back_does_not_come_back(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	add_attempt(&world, "old", HANDOVER_RESTORED, NOW_S - 90, NOW_S - 10);
	assert_restores(&world, "new");
	world.attempts[0].request = STR("request");
	world.attempts[0].taken = world.candidates[1].taken;
	assert_restores(&world, "old"); /* the new one was taken before the request */
	world.attempts[0].started = wall_time_of_seconds(NOW_S - 110);
	assert_restores(&world, "new"); /* behind it */
	world.attempts[0].started = wall_time_of_seconds(NOW_S - 90);
	world.plan.candidates.count = 1;
	assert_cold(&world, RUNTIME_COLD_SET_BACK, "SetBack");
	world.requested = (struct handover_requested){STR("next"), STR("new")};
	world.plan.requested = &world.requested;
	assert_restores(&world, "new"); /* it is asked for */
}

/* A restore from this checkpoint on request, and for long. */
static void add_request(struct world *world, const char *uid, int64_t taken_s, int64_t started_s)
{
	struct handover_attempt *attempt = &world->attempts[world->record.attempts.count];

	add_attempt(world, uid, HANDOVER_RESTORED, started_s, started_s + WINDOW_S);
	attempt->request = STR("request");
	attempt->taken = wall_time_of_seconds(taken_s);
}

static void test_what_was_taken_back_stays_so_behind_another_request(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	add_request(&world, "old", NOW_S - 200, NOW_S - 90);
	add_request(&world, "removed", NOW_S - 80, NOW_S - 70);
	assert_restores(&world, "old");
}

static void test_what_was_taken_back_is_wanted_again_when_a_request_names_it(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	add_request(&world, "removed", NOW_S - 300, NOW_S - 90);
	assert_cold(&world, RUNTIME_COLD_SET_BACK, "SetBack");
	add_request(&world, "new", NOW_S - 100, NOW_S - 80);
	assert_restores(&world, "new");
	add_attempt(&world, "new", HANDOVER_FAILED, NOW_S - 5, 0);
	assert_restores(&world, "old"); /* of the same past */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_newest_checkpoint_is_restored),
		cmocka_unit_test(test_without_a_checkpoint_it_starts_cold),
		cmocka_unit_test(test_an_old_plan_needs_an_answer),
		cmocka_unit_test(test_the_policy_never_is_obeyed),
		cmocka_unit_test(test_another_image_is_not_restored),
		cmocka_unit_test(test_another_image_of_the_same_name_is_not_restored),
		cmocka_unit_test(test_what_is_too_old_is_not_restored),
		cmocka_unit_test(test_a_restore_that_ended_soon_gives_the_next_older),
		cmocka_unit_test(test_a_restore_that_held_may_be_repeated),
		cmocka_unit_test(test_a_clock_that_was_set_back_tells_no_failure),
		cmocka_unit_test(test_failed_and_damaged_ones_are_never_tried_again),
		cmocka_unit_test(test_cold_starts_on_record_change_nothing),
		cmocka_unit_test(test_trouble_of_the_node_counts_when_it_comes_twice_in_a_row),
		cmocka_unit_test(test_the_agent_may_say_cold_in_its_own_words),
		cmocka_unit_test(test_the_agent_may_choose_among_good_ones_only),
		cmocka_unit_test(test_what_is_requested_comes_first_whatever_the_policy),
		cmocka_unit_test(test_what_is_requested_is_restored_or_nothing),
		cmocka_unit_test(test_a_request_counts_once),
		cmocka_unit_test(test_a_request_counts_until_its_time_is_over),
		cmocka_unit_test(test_what_is_required_is_so_until_it_was_restored),
		cmocka_unit_test(test_what_was_ended_on_request_has_not_failed),
		cmocka_unit_test(test_what_a_request_has_taken_back_does_not_come_back),
		cmocka_unit_test(test_what_was_taken_back_stays_so_behind_another_request),
		cmocka_unit_test(test_what_was_taken_back_is_wanted_again_when_a_request_names_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
