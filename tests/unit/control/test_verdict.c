/* The condition Ready of a Checkpoint: one row for each thing that speaks for or against it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "control/verdict.h"

struct row {
	const char *phase;
	const char *built; /* reason of the condition ImageBuilt; NULL: there is none */
	const char *usable; /* status of the condition Usable; NULL: there is none */
	bool is_node_known;
	const char *status;
	const char *reason;
	const char *message;
};

static const struct row rows[] = {
	{"", NULL, NULL, true, "False", "NotBuilt", "it is not complete yet"},
	{"Processing", "Processing", NULL, true, "False", "NotBuilt", "it is not complete yet"},
	{"Failed", "Lost", NULL, true, "False", "Lost", "why it failed"},
	{"Failed", NULL, NULL, true, "False", "Failed", "why it failed"},
	{"Failed", "Lost", NULL, false, "False", "Lost", "why it failed"},
	{"ImageBuilt", "ImageBuilt", NULL, true, "True", "Complete", "it is complete, on its node"},
	{"ImageBuilt", NULL, NULL, true, "True", "Complete", "it is complete, on its node"},
	{"ImageBuilt", "ImageBuilt", "True", true, "True", "Complete",
		"it is complete, on its node"},
	{"ImageBuilt", "ImageBuilt", "False", true, "False", "CheckpointDamaged", "a file changed"},
	{"ImageBuilt", "ImageBuilt", "False", false, "False", "CheckpointDamaged",
		"a file changed"},
	{"ImageBuilt", "ImageBuilt", NULL, false, "Unknown", "NodeUnknown",
		"node 'node-1' has no CheckpointNode: it is gone, or its agent has not reported"},
};

static void assert_text(struct str text, const char *expected)
{
	autobuf terminated = BUF_INIT(1024);

	buf_add(&terminated, text);
	assert_string_equal(terminated.data, expected);
}

static struct api_checkpoint checkpoint_of(const struct row *row, struct arena *arena)
{
	struct api_checkpoint checkpoint = {
		.metadata.generation = 3,
		.spec.node_name = STR("node-1"),
		.status.phase = str_of(row->phase),
		.status.failed_reason = STR("why it failed"),
	};
	struct api_condition built = {
		.type = STR(API_CONDITION_IMAGE_BUILT), .reason = str_of(row->built)};
	struct api_condition usable = {
		.type = STR(API_CONDITION_USABLE),
		.status = str_of(row->usable),
		.reason = STR("CheckpointDamaged"),
		.message = STR("a file changed"),
	};

	if (row->built != NULL)
		(void)api_condition_set(&checkpoint.status.conditions, &built, arena);
	if (row->usable != NULL)
		(void)api_condition_set(&checkpoint.status.conditions, &usable, arena);
	return checkpoint;
}

static void a_checkpoint_is_ready_when_nothing_speaks_against_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		autoarena *arena = arena_new(1024);
		struct api_checkpoint checkpoint = checkpoint_of(&rows[i], arena);
		struct api_condition ready =
			control_ready(&checkpoint, rows[i].is_node_known, arena);

		assert_text(ready.type, API_CONDITION_READY);
		assert_text(ready.status, rows[i].status);
		assert_text(ready.reason, rows[i].reason);
		assert_text(ready.message, rows[i].message);
		assert_int_equal(ready.observed_generation, 3);
		assert_true(wall_time_is_set(ready.last_transition));
	}
}

/* What the agent says stays the agent's: the controller writes back its own two only. */
static void the_controllers_conditions_are_ready_and_restorable(void **state)
{
	autoarena *arena = arena_new(1024);
	struct api_checkpoint checkpoint = checkpoint_of(&rows[8], arena);
	static const char *const types[] = {API_CONDITION_RESTORABLE, API_CONDITION_READY};
	struct api_checkpoint own;

	(void)state;
	for (size_t i = 0; i < array_size(types); i++) {
		struct api_condition condition = {
			.type = str_of(types[i]), .status = STR("True"), .reason = STR("Because")};

		(void)api_condition_set(&checkpoint.status.conditions, &condition, arena);
	}
	assert_int_equal(checkpoint.status.conditions.count, 4);
	own = control_own_status(&checkpoint, arena);
	assert_int_equal(own.status.conditions.count, 2);
	assert_true(api_condition_is_true(&own.status.conditions, API_CONDITION_READY));
	assert_true(api_condition_is_true(&own.status.conditions, API_CONDITION_RESTORABLE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_checkpoint_is_ready_when_nothing_speaks_against_it),
		cmocka_unit_test(the_controllers_conditions_are_ready_and_restorable),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
