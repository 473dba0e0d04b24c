/* A record of kcr-runtime: what is new in it, in which words, and what it says of a Checkpoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena_world.h"

#include "base/alloc.h"
#include "node/attempts.h"

enum { ATTEMPTS = 3 };

#define START_S INT64_C(1000000)

struct world {
	struct arena *arena;
	struct handover_attempt attempts[ATTEMPTS]; /* restores from "c1", one each minute */
	struct handover_record record;
	struct api_checkpoint checkpoint;
	struct node_attempts_view view;
	struct api_checkpoint_status own;
};

static int make_world(void **state)
{
	static const char *const ids[ATTEMPTS] = {"one", "two", "three"};
	struct arena *arena = arena_new(4000);
	struct world *world = arena_zeroed(arena, 1, sizeof(*world));

	world->arena = arena;
	for (int64_t i = 0; i < ATTEMPTS; i++)
		world->attempts[i] = (struct handover_attempt){
			.outcome = STR(HANDOVER_RESTORED),
			.checkpoint = STR("c1"),
			.container_id = str_of(ids[i]),
			.started = wall_time_of_seconds(START_S + 60 * i),
		};
	world->record.attempts = (struct json_list){world->attempts, ATTEMPTS};
	world->checkpoint.metadata.uid = STR("c1");
	world->view = (struct node_attempts_view){
		.checkpoint = &world->checkpoint,
		.record = &world->record,
		.container_id = STR("containerd://three"),
		.retry_window_seconds = 30,
	};
	*state = world;
	return 0;
}

static void assert_text(struct str text, const char *expected)
{
	autofree char *copy = str_dup(text);

	assert_string_equal(copy, expected);
}

/* ---- What is new ---- */

static void what_was_told_is_not_told_again(void **state)
{
	struct world *world = *state;

	assert_int_equal(node_attempts_untold(&world->record, STR("two")), 2);
	assert_int_equal(node_attempts_untold(&world->record, STR("three")), 3);
}

static void what_is_under_way_is_not_told_until_another_follows(void **state)
{
	struct world *world = *state;

	world->attempts[1].outcome = STR(HANDOVER_FAILED);
	world->attempts[1].reason = STR(HANDOVER_INTERRUPTED);
	node_attempts_settle(&world->record);
	assert_int_equal(world->record.attempts.count, 3);
	world->record.attempts.count = 2;
	node_attempts_settle(&world->record);
	assert_int_equal(world->record.attempts.count, 1);
}

static void all_is_new_when_nothing_was_told(void **state)
{
	struct world *world = *state;

	assert_int_equal(node_attempts_untold(&world->record, STR("")), 0);
	/* the record has lost it meanwhile */
	assert_int_equal(node_attempts_untold(&world->record, STR("before")), 0);
}

static void an_empty_record_has_nothing_new(void **state)
{
	const struct handover_record empty = {0};

	(void)state;
	assert_int_equal(node_attempts_untold(&empty, STR("one")), 0);
}

static void an_end_is_not_the_last_one_when_another_container_was_made_since(void **state)
{
	struct world *world = *state;
	struct wall_time before = wall_time_of_seconds(START_S + 119);

	assert_true(node_attempts_made_since(&world->record, STR("containerd://two"), before));
	/* as the kubelet tells of a life of less than a second: its times are cut */
	assert_false(node_attempts_made_since(&world->record, STR("containerd://three"), before));
	/* made without a plan, behind those on record */
	assert_false(node_attempts_made_since(
		&world->record, STR("containerd://four"), wall_time_of_seconds(START_S + 300)));
	world->record.attempts.count = 0;
	assert_false(node_attempts_made_since(&world->record, STR("containerd://two"), before));
}

/* ---- The words ---- */

struct words {
	struct handover_attempt attempt;
	const char *reason;
	bool is_warning;
	const char *note;
	const char *outcome;
};

static const struct words words[] = {
	{{.outcome = STR_INIT(HANDOVER_RESTORED),
		 .verify_us = 30000,
		 .layer_us = 10000,
		 .restore_us = 80000},
		"Restored", false,
		"Container app was restored from Checkpoint ckp in 0.12 s (checking 0.03 s, files "
		"0.01 s, memory 0.08 s)",
		"restored"},
	{{.outcome = STR_INIT(HANDOVER_FAILED),
		 .reason = STR_INIT("RestoreFailed"),
		 .message = STR_INIT("criu: no")},
		"RestoreFailed", true,
		"Container app starts without its memory, it could not be restored from Checkpoint "
		"ckp: criu: no",
		"failed"},
	{{.outcome = STR_INIT(HANDOVER_FAILED), .reason = STR_INIT("LayerFailed")}, "RestoreFailed",
		true,
		"Container app starts without its memory, it could not be restored from Checkpoint "
		"ckp: LayerFailed",
		"failed"},
	{{.outcome = STR_INIT(HANDOVER_DAMAGED), .message = STR_INIT("pages-1.img is short")},
		"CheckpointDamaged", true,
		"Container app starts without its memory, it could not be restored from Checkpoint "
		"ckp: pages-1.img is short",
		"damaged"},
	{{.outcome = STR_INIT(HANDOVER_COLD),
		 .reason = STR_INIT("CleanExit"),
		 .message = STR_INIT("it ended")},
		"CleanExit", false, "Container app starts without its memory: it ended", "clean"},
	{{.outcome = STR_INIT(HANDOVER_COLD),
		 .reason = STR_INIT("RestoreDisabled"),
		 .message = STR_INIT("never")},
		"RestoreDisabled", false, "Container app starts without its memory: never", "cold"},
	{{.outcome = STR_INIT(HANDOVER_COLD),
		 .reason = STR_INIT("ImageChanged"),
		 .message = STR_INIT("another one")},
		"ColdStart", true, "Container app starts without its memory: another one", "cold"},
};

static void each_outcome_has_its_words(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < array_size(words); i++) {
		struct node_attempt_news news =
			node_attempt_news(&words[i].attempt, STR("app"), STR("ckp"), world->arena);
		autobuf labels = BUF_INIT(256);

		assert_string_equal(news.reason, words[i].reason);
		assert_int_equal(news.is_warning, words[i].is_warning);
		assert_text(news.note, words[i].note);
		buf_printf(&labels, "strategy=\"runtime\",outcome=\"%s\"", words[i].outcome);
		assert_string_equal(news.labels, labels.data);
	}
}

/* ---- The Checkpoint ---- */

static bool apply(struct world *world)
{
	return node_attempts_apply(
		&world->view, wall_time_of_seconds(START_S + 1000), &world->own, world->arena);
}

/* The status is what the Checkpoint says the next time. */
static void assert_settled(struct world *world)
{
	world->own.last_restore.us -= world->own.last_restore.us % TIME_SECOND_US;
	assert_false(apply(world));
}

static void assert_complaint(
	const struct world *world, const char *expected_reason, const char *expected_message)
{
	const struct api_condition *usable =
		api_condition_find(&world->own.conditions, API_CONDITION_USABLE);

	assert_non_null(usable);
	assert_text(usable->status, "False");
	assert_text(usable->reason, expected_reason);
	assert_text(usable->message, expected_message);
}

static void restores_are_counted_once(void **state)
{
	struct world *world = *state;

	world->attempts[2].started.us += 123456;
	assert_true(apply(world));
	assert_int_equal(world->own.restore_count, 3);
	assert_int_equal(world->own.last_restore.us, world->attempts[2].started.us);
	assert_null(api_condition_find(&world->own.conditions, API_CONDITION_USABLE));
	assert_settled(world);
	assert_int_equal(world->own.restore_count, 3);
}

static void those_that_were_counted_before_the_agent_came_are_not_counted_again(void **state)
{
	struct world *world = *state;

	world->own.restore_count = 7;
	world->own.last_restore = world->attempts[1].started;
	assert_true(apply(world));
	assert_int_equal(world->own.restore_count, 8);
}

static void the_container_that_runs_restored_is_named(void **state)
{
	struct world *world = *state;

	assert_true(apply(world));
	assert_text(world->own.restored_container, "containerd://three");
	world->view.container_id = STR("containerd://cold");
	assert_settled(world);
	assert_text(world->own.restored_container, "containerd://three");
}

static void attempts_from_other_checkpoints_say_nothing_of_this_one(void **state)
{
	struct world *world = *state;

	world->checkpoint.metadata.uid = STR("c2");
	world->attempts[0].outcome = STR(HANDOVER_DAMAGED);
	assert_false(apply(world));
	assert_int_equal(world->own.restore_count, 0);
}

static void a_damaged_file_makes_it_unusable(void **state)
{
	struct world *world = *state;

	world->attempts[2].outcome = STR(HANDOVER_DAMAGED);
	world->attempts[2].message = STR("checkpoint/core-1.img is not what it was");
	assert_true(apply(world));
	assert_complaint(
		world, API_REASON_CHECKPOINT_DAMAGED, "checkpoint/core-1.img is not what it was");
	assert_int_equal(world->own.restore_count, 2);
	assert_settled(world);
}

static void a_failed_restore_makes_it_unusable(void **state)
{
	struct world *world = *state;

	world->attempts[0].outcome = STR(HANDOVER_FAILED);
	world->attempts[0].message = STR("criu says no");
	assert_true(apply(world));
	assert_complaint(world, API_REASON_RESTORE_FAILED, "criu says no");
	assert_settled(world);
}

static void a_restore_that_did_not_hold_makes_it_unusable(void **state)
{
	struct world *world = *state;

	world->attempts[1].ended.us = world->attempts[1].started.us + 29900000;
	assert_true(apply(world));
	assert_complaint(world, API_REASON_RESTORE_FAILED,
		"the container ended 29.9 s after it was restored");
	assert_int_equal(world->own.restore_count, 3); /* it was one, all the same */
}

static void one_that_held_for_the_window_stays_usable(void **state)
{
	struct world *world = *state;

	world->attempts[1].ended.us = world->attempts[1].started.us + 30000000;
	assert_true(apply(world));
	assert_null(api_condition_find(&world->own.conditions, API_CONDITION_USABLE));
}

static void a_clock_that_was_set_back_speaks_against_nothing(void **state)
{
	struct world *world = *state;

	world->attempts[1].ended.us = world->attempts[1].started.us - 1000000;
	assert_true(apply(world)); /* it is counted */
	assert_null(api_condition_find(&world->own.conditions, API_CONDITION_USABLE));
}

static void one_that_a_request_has_ended_speaks_against_nothing(void **state)
{
	struct world *world = *state;

	world->attempts[1].ended.us = world->attempts[1].started.us + 1000000;
	world->attempts[1].is_replaced = true;
	assert_true(apply(world)); /* it is counted */
	assert_null(api_condition_find(&world->own.conditions, API_CONDITION_USABLE));
}

static void a_container_that_its_pod_s_end_stopped_speaks_against_nothing(void **state)
{
	struct world *world = *state;

	world->view.is_ending = true;
	world->attempts[2].ended.us = world->attempts[2].started.us + 1000000;
	assert_true(apply(world)); /* it is counted */
	assert_null(api_condition_find(&world->own.conditions, API_CONDITION_USABLE));
	world->attempts[2].outcome = STR(HANDOVER_FAILED);
	world->attempts[2].message = STR("criu says no");
	assert_true(apply(world));
	assert_complaint(world, API_REASON_RESTORE_FAILED, "criu says no");
}

static void trouble_of_the_node_speaks_against_no_checkpoint(void **state)
{
	struct world *world = *state;

	world->attempts[2].outcome = STR(HANDOVER_COLD);
	world->attempts[2].reason = STR("NodeTrouble");
	world->attempts[2].message = STR("no space left on device");
	world->attempts[2].ended.us = world->attempts[2].started.us + 1000000;
	assert_true(apply(world));
	assert_int_equal(world->own.restore_count, 2);
	assert_null(api_condition_find(&world->own.conditions, API_CONDITION_USABLE));
}

static void the_first_complaint_stands(void **state)
{
	struct world *world = *state;

	world->attempts[0].outcome = STR(HANDOVER_FAILED);
	world->attempts[0].message = STR("first");
	world->attempts[1].outcome = STR(HANDOVER_DAMAGED);
	world->attempts[1].message = STR("second");
	assert_true(apply(world));
	assert_complaint(world, API_REASON_RESTORE_FAILED, "first");
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_arena_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(what_was_told_is_not_told_again),
		world_test(what_is_under_way_is_not_told_until_another_follows),
		world_test(all_is_new_when_nothing_was_told),
		world_test(an_empty_record_has_nothing_new),
		world_test(an_end_is_not_the_last_one_when_another_container_was_made_since),
		world_test(each_outcome_has_its_words),
		world_test(restores_are_counted_once),
		world_test(those_that_were_counted_before_the_agent_came_are_not_counted_again),
		world_test(the_container_that_runs_restored_is_named),
		world_test(attempts_from_other_checkpoints_say_nothing_of_this_one),
		world_test(a_damaged_file_makes_it_unusable),
		world_test(a_failed_restore_makes_it_unusable),
		world_test(a_restore_that_did_not_hold_makes_it_unusable),
		world_test(one_that_held_for_the_window_stays_usable),
		world_test(a_clock_that_was_set_back_speaks_against_nothing),
		world_test(one_that_a_request_has_ended_speaks_against_nothing),
		world_test(a_container_that_its_pod_s_end_stopped_speaks_against_nothing),
		world_test(trouble_of_the_node_speaks_against_no_checkpoint),
		world_test(the_first_complaint_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
