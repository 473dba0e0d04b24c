/* How far a request is: each state once, in its order, whichever object is seen first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/progress.h"

struct world {
	struct arena *arena;
	struct cli_progress progress;
	struct api_request request;
	struct api_checkpoint_reference reference;
	struct api_checkpoint checkpoint;
};

static int make_world(void **state)
{
	static struct world world;

	world = (struct world){
		.arena = arena_new(256),
		.progress = {.pod = STR("p"), .container = STR("c"), .request = STR("r")},
		.request = {.metadata = {.name = STR("r"), .created = {1000000}}},
		.reference = {.name = STR("k")},
		.checkpoint = {.metadata.name = STR("k"),
			.status = {.size_bytes = 5, .frozen_us = 7}},
	};
	*state = &world;
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	arena_free(world->arena);
	return 0;
}

static bool see_request(struct world *world, const char *phase)
{
	world->request.status.phase = str_of(phase);
	return cli_progress_see_request(&world->progress, STR("r"), &world->request, world->arena);
}

static bool see_checkpoint(struct world *world, const char *phase)
{
	world->checkpoint.status.phase = str_of(phase);
	return cli_progress_see_checkpoint(&world->progress, &world->checkpoint, world->arena);
}

static void complete(struct world *world)
{
	world->request.status.checkpoint = &world->reference;
	world->request.status.started = (struct wall_time){3340000}; /* within a second, often */
	world->request.status.completed = (struct wall_time){3500000};
	assert_true(see_request(world, "Completed"));
}

static void each_state_is_told_once(void **state)
{
	struct world *world = *state;

	assert_false(see_request(world, "Pending"));
	assert_true(see_request(world, "InProgress"));
	assert_false(see_request(world, "InProgress"));
	assert_false(see_checkpoint(world, "ImageBuilt")); /* nobody knows that it is ours yet */
	complete(world);
	assert_int_equal(world->progress.took_us, 160000);
	assert_false(see_checkpoint(world, "Processing"));
	assert_true(see_checkpoint(world, "ImageBuilt"));
	assert_false(see_checkpoint(world, "ImageBuilt"));
	assert_int_equal(world->progress.state, CLI_PROGRESS_DONE);
	assert_int_equal(world->progress.size_bytes, 5);
	assert_int_equal(world->progress.frozen_us, 7);
}

static void failures_of_both_have_their_reason(void **state)
{
	struct world *world = *state;
	struct cli_progress fresh = world->progress;

	world->request.status.message = STR("no agent");
	assert_true(see_request(world, "Failed"));
	assert_string_equal(world->progress.why.data, "no agent");
	world->progress = fresh;
	complete(world);
	world->checkpoint.status.failed_reason = STR("disk is full");
	assert_true(see_checkpoint(world, "Failed"));
	assert_string_equal(world->progress.why.data, "disk is full");
	assert_true(cli_progress_is_over(&world->progress));
}

static void a_request_that_goes_before_its_checkpoint_has_failed(void **state)
{
	struct world *world = *state;

	assert_false(cli_progress_see_request(&world->progress, STR("x"), NULL, world->arena));
	assert_true(cli_progress_see_request(&world->progress, STR("r"), NULL, world->arena));
	assert_int_equal(world->progress.state, CLI_PROGRESS_FAILED);
}

static void a_request_that_goes_after_its_checkpoint_is_no_failure(void **state)
{
	struct world *world = *state;

	complete(world);
	assert_false(cli_progress_see_request(&world->progress, STR("r"), NULL, world->arena));
	assert_true(see_checkpoint(world, "ImageBuilt"));
}

#define progress_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		progress_test(each_state_is_told_once),
		progress_test(failures_of_both_have_their_reason),
		progress_test(a_request_that_goes_before_its_checkpoint_has_failed),
		progress_test(a_request_that_goes_after_its_checkpoint_is_no_failure),
	};

	return cmocka_run_group_tests_name("cli/progress", tests, NULL, NULL);
}
