/* Directories of kcr-runtime: what of them is believed, and that they go. */
#include "store_world.h"

#include "node/direct.h"
#include "node/state.h"

#define TAKEN "\"taken\":\"1970-01-01T00:00:01.500000Z\""

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

static void a_result_is_believed_that_names_container_and_time(void **state)
{
	static const struct {
		const char *text;
		bool is_complete;
	} rows[] = {
		{"{\"version\":1,\"containerID\":\"c1\"," TAKEN "}", true},
		{"{\"version\":1,\"containerID\":\"c2\"," TAKEN "}", false},
		{"{\"version\":1,\"containerID\":\"c1\"}", false},
		{"{\"version\":1," TAKEN "}", false},
		{"{\"version\":9,\"containerID\":\"c1\"," TAKEN "}", false},
		{"{\"version\":1,\"containerID\":\"c1", false}, /* cut */
		{"", false},
	};
	struct world *world = *state;
	const struct node node = make_node(world);
	struct wall_time taken = {0};

	world_make_direct(world);
	assert_false(node_direct_is_complete(&node, STR("r1"), STR("containerd://c1"), &taken));
	for (size_t i = 0; i < array_size(rows); i++) {
		taken = (struct wall_time){0};
		world_write(world->archives, "store/direct/r1/direct.json", rows[i].text);
		if (node_direct_is_complete(&node, STR("r1"), STR("containerd://c1"), &taken) !=
			rows[i].is_complete)
			fail_msg("'%s'", rows[i].text);
		assert_int_equal(taken.us, rows[i].is_complete ? 1500000 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_result_is_believed_that_names_container_and_time),
		world_test(what_could_not_be_taken_in_goes_with_its_checkpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
