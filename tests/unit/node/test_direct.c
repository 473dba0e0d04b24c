/* Directories of kcr-runtime: what of them is believed, and that they go. */
#include "store_world.h"

#include "node/direct.h"
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

static void a_result_is_believed_that_names_the_container(void **state)
{
	static const struct {
		const char *text;
		bool is_complete;
	} rows[] = {
		{"{\"version\":1,\"containerID\":\"c1\"}", true},
		{"{\"version\":1,\"containerID\":\"c2\"}", false},
		{"{\"version\":1}", false},
		{"{\"version\":9,\"containerID\":\"c1\"}", false},
		{"{\"version\":1,\"containerID\":\"c1", false}, /* cut */
		{"", false},
	};
	struct world *world = *state;
	const struct node node = make_node(world);

	world_make_direct(world);
	assert_false(node_direct_is_complete(&node, STR("r1"), STR("containerd://c1")));
	for (size_t i = 0; i < array_size(rows); i++) {
		world_write(world->archives, "store/direct/r1/direct.json", rows[i].text);
		if (node_direct_is_complete(&node, STR("r1"), STR("containerd://c1")) !=
			rows[i].is_complete)
			fail_msg("'%s'", rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_result_is_believed_that_names_the_container),
		world_test(what_could_not_be_taken_in_goes_with_its_checkpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
