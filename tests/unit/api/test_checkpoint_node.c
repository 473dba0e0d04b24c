/* CheckpointNode: what it offers, also when it says little, and what people read of it. */
#include "api/kinds.h"
#include "parsed.h"

static struct api_checkpoint_node node_that_says(
	struct api_offer *offers, size_t count, struct arena *arena)
{
	struct api_checkpoint_node node = {.metadata.name = STR("node-1")};

	api_checkpoint_node_set_offers(&node.status, offers, count, arena);
	return node;
}

static void only_a_clear_no_is_a_refusal(void **state)
{
	autoarena *arena = arena_new(256);
	struct api_offer offers[] = {
		{.strategy = STR("Runtime"), .offered = STR("Unknown")},
		{.strategy = STR("Image"), .offered = STR("False")},
	};
	struct api_checkpoint_node node = node_that_says(offers, 2, arena);
	struct api_checkpoint_node silent = {0};

	(void)state;
	assert_false(api_checkpoint_node_refuses(&node, API_STRATEGY_RUNTIME));
	assert_true(api_checkpoint_node_refuses(&node, API_STRATEGY_IMAGE));
	offers[0].offered = STR("True");
	assert_false(api_checkpoint_node_refuses(&node, API_STRATEGY_RUNTIME));
	offers[0].offered = STR("Perhaps");
	assert_false(api_checkpoint_node_refuses(&node, API_STRATEGY_RUNTIME));
	assert_false(api_checkpoint_node_refuses(&silent, API_STRATEGY_IMAGE));
	assert_false(api_checkpoint_node_refuses(NULL, API_STRATEGY_IMAGE));
}

static void people_read_what_is_offered(void **state)
{
	static const struct {
		const char *runtime;
		const char *image;
		const char *expected;
	} cases[] = {
		{"True", "False", "Runtime"},
		{"False", "True", "Image"},
		{"True", "True", "Runtime,Image"},
		{"True", "Unknown", "Runtime,Image?"},
		{"Unknown", "False", "Runtime?"},
		{"False", "False", "none"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autoarena *arena = arena_new(256);
		struct api_offer offers[] = {
			{.strategy = STR("Runtime"), .offered = str_of(cases[i].runtime)},
			{.strategy = STR("Image"), .offered = str_of(cases[i].image)},
		};
		struct api_checkpoint_node node = node_that_says(offers, 2, arena);

		assert_str(node.status.strategies_offered, cases[i].expected);
	}
}

static void nodes_differ_in_what_they_offer_and_why(void **state)
{
	autoarena *arena = arena_new(256);
	struct api_offer offers[] = {{.strategy = STR("Image"), .offered = STR("True")}};
	struct api_offer others[] = {{.strategy = STR("Image"), .offered = STR("True")}};
	struct api_checkpoint_node a = node_that_says(offers, 1, arena);
	struct api_checkpoint_node b = node_that_says(others, 1, arena);

	(void)state;
	b.status.store.used_bytes = 5;
	assert_true(api_checkpoint_node_offers_same(&a, &b));
	others[0].message = STR("changed");
	assert_false(api_checkpoint_node_offers_same(&a, &b));
	assert_false(api_checkpoint_node_offers_same(&a, NULL));
	assert_true(api_checkpoint_node_offers_same(NULL, NULL));
}

static void amounts_change_by_steps(void **state)
{
	static const struct {
		int64_t exact;
		int64_t rounded;
		const char *text;
	} cases[] = {
		{0, 0, "0B"},
		{31, 31, "31B"},
		{33, 32, "32B"},
		{1000, 992, "992B"},
		{INT64_C(70000000), INT64_C(67108864), "64Mi"},
		{INT64_C(1) << 40, INT64_C(1) << 40, "1Ti"},
		{INT64_MAX, INT64_C(31) << 58, "8126464Ti"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autoarena *arena = arena_new(64);
		struct api_node_store store = {
			.used_bytes = cases[i].exact, .free_bytes = cases[i].exact};

		api_node_store_set_amounts(&store, arena);
		assert_int_equal(store.used_bytes, cases[i].rounded);
		assert_int_equal(store.free_bytes, cases[i].rounded);
		assert_str(store.used, cases[i].text);
	}
}

static void a_kind_without_a_spec_is_created_without_one(void **state)
{
	autobuf text = BUF_INIT(4096);
	struct json_writer writer = json_writer(&text);
	struct api_checkpoint_node node;

	(void)state;
	api_init(&api_checkpoint_node_kind, &node);
	node.metadata.name = STR("node-1");
	api_encode(&writer, &api_checkpoint_node_kind, &node);
	assert_string_equal(text.data,
		"{\"apiVersion\":\"checkpoint-restore.kcr.io/v1\",\"kind\":\"CheckpointNode\","
		"\"metadata\":{\"name\":\"node-1\"}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_clear_no_is_a_refusal),
		cmocka_unit_test(people_read_what_is_offered),
		cmocka_unit_test(nodes_differ_in_what_they_offer_and_why),
		cmocka_unit_test(amounts_change_by_steps),
		cmocka_unit_test(a_kind_without_a_spec_is_created_without_one),
	};

	return cmocka_run_group_tests_name("checkpoint_node", tests, NULL, NULL);
}
