/* Directories of kcr-runtime: what of them is believed, and that they go. */
#include "store_world.h"

#include "node/state.h"

/* An agent with a store and nothing else. */
static struct node make_node(const struct world *world)
{
	return (struct node){.store = world->store, .archives_fd = world->archives};
}

static void what_could_not_be_taken_in_goes_with_its_checkpoint(void **state)
{
	struct world *world = *state;
	struct node node = make_node(world);
	struct api_owner owner = {.uid = STR("r1"), .controller = true};
	const struct api_checkpoint checkpoint = {
		.metadata = {.uid = STR("u1"), .owners = {&owner, 1}},
		.spec = {.strategy = STR("Runtime"), .data = STR("archive.tar")},
	};

	world_make_direct(world);
	world_write(world->archives, "archive.tar", "metadata");
	node_drop_checkpoint(&node, &checkpoint);
	assert_false(world_has(world, "store/direct/r1"));
	assert_false(world_has(world, "archive.tar"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(what_could_not_be_taken_in_goes_with_its_checkpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
