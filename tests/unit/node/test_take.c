/* Places among the takes of a node. */
#include "store_world.h"

#include "node/state.h"
#include "node/take.h"

static struct api_request request_for(const char *uid, const char *container)
{
	return (struct api_request){
		.metadata = {.namespace = STR("a"), .uid = str_of(uid)},
		.spec = {.pod = {.name = STR("web")}, .container_name = str_of(container)},
	};
}

static void places_are_few_and_free_again_when_given_up(void **state)
{
	const struct world *world = *state;
	struct node node = {.store = world->store, .max_takes = 1};
	const struct api_request first = request_for("r1", "main");
	const struct api_request second = request_for("r2", "side");

	assert_true(node_take_give_place(&node, STR("a/first"), &first));
	assert_true(node_take_give_place(&node, STR("a/first"), &first)); /* it has it */
	assert_false(node_take_give_place(&node, STR("a/second"), &second));
	assert_int_equal(node_takes_under_way(&node), 0); /* nothing to wait for at the end */
	node_take_give_up_place(&node, STR("a/first"));
	assert_true(node_take_give_place(&node, STR("a/second"), &second));
	node_takes_free(&node);
}

static void a_request_that_is_over_has_no_place(void **state)
{
	const struct world *world = *state;
	struct node node = {.store = world->store, .max_takes = 1};
	const struct api_request request = request_for("r1", "main");
	struct kube_plan plan = {0};

	assert_true(node_take_give_place(&node, STR("a/first"), &request));
	node_take_forget(&node, STR("a/first"), false, &plan);
	assert_int_equal(node.takes.count, 0);
	assert_int_equal(plan.wake_ms, 0);
	node_takes_free(&node);
}

static void a_container_has_one_place(void **state)
{
	const struct world *world = *state;
	struct node node = {.store = world->store, .max_takes = 2};
	struct node next = {.store = world->store, .max_takes = 2};
	const struct api_request first = request_for("r1", "main");
	const struct api_request second = request_for("r2", "main");

	assert_true(node_take_give_place(&node, STR("a/first"), &first));
	assert_false(node_take_give_place(&node, STR("a/second"), &second));
	assert_false(node_take_give_place(&next, STR("a/second"), &second)); /* of another agent */
	node_take_give_up_place(&node, STR("a/first"));
	assert_true(node_take_give_place(&next, STR("a/second"), &second));
	node_takes_free(&next);
	node_takes_free(&node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(places_are_few_and_free_again_when_given_up),
		world_test(a_request_that_is_over_has_no_place),
		world_test(a_container_has_one_place),
	};

	return cmocka_run_group_tests_name("node take", tests, NULL, NULL);
}
