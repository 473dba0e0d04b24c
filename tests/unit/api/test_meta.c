/* Conditions that move only when they change, selectors, owners. */
#include "api/meta.h"
#include "parsed.h"

static struct api_condition condition(
	const char *type, const char *status, const char *reason, int64_t seconds)
{
	return (struct api_condition){.type = str_of(type),
		.status = str_of(status),
		.reason = str_of(reason),
		.last_transition = wall_time_of_seconds(seconds)};
}

static void a_new_condition_is_added_at_the_end(void **state)
{
	autoarena *arena = arena_new(256);
	struct json_list conditions = {0};
	struct api_condition ready = condition("Ready", "True", "Scheduled", 10);
	struct api_condition other = condition("Other", "False", "Why", 20);
	const struct api_condition *items;

	(void)state;
	assert_true(api_condition_set(&conditions, &ready, arena));
	assert_true(api_condition_set(&conditions, &other, arena));
	items = conditions.items;
	assert_int_equal(conditions.count, 2);
	assert_str(items[0].type, "Ready");
	assert_str(items[1].type, "Other");
	assert_true(api_condition_is_true(&conditions, "Ready"));
	assert_false(api_condition_is_true(&conditions, "Other"));
	assert_false(api_condition_is_true(&conditions, "Missing"));
}

static void the_transition_time_moves_only_when_the_status_changes(void **state)
{
	autoarena *arena = arena_new(256);
	struct json_list conditions = {0};
	struct api_condition scheduled = condition("Ready", "True", "Scheduled", 10);
	struct api_condition late = condition("Ready", "True", "Late", 20);
	struct api_condition suspended = condition("Ready", "False", "Suspended", 30);
	const struct api_condition *found;

	(void)state;
	(void)api_condition_set(&conditions, &scheduled, arena);
	assert_true(api_condition_set(&conditions, &late, arena));
	found = api_condition_find(&conditions, "Ready");
	assert_str(found->reason, "Late");
	assert_int_equal(wall_time_seconds(found->last_transition), 10);
	assert_true(api_condition_set(&conditions, &suspended, arena));
	found = api_condition_find(&conditions, "Ready");
	assert_int_equal(wall_time_seconds(found->last_transition), 30);
	assert_int_equal(conditions.count, 1);
}

static void the_same_condition_again_changes_nothing(void **state)
{
	autoarena *arena = arena_new(256);
	struct json_list conditions = {0};
	struct api_condition first = condition("Ready", "True", "Scheduled", 10);
	struct api_condition again = condition("Ready", "True", "Scheduled", 20);
	const void *items;

	(void)state;
	(void)api_condition_set(&conditions, &first, arena);
	items = conditions.items;
	assert_false(api_condition_set(&conditions, &again, arena));
	assert_ptr_equal(conditions.items, items);
	again.observed_generation = 2;
	assert_true(api_condition_set(&conditions, &again, arena));
	again.message = STR("in words");
	assert_true(api_condition_set(&conditions, &again, arena));
}

static void an_older_list_stays_as_it_was(void **state)
{
	autoarena *arena = arena_new(256);
	struct json_list before = {0};
	struct json_list after;
	struct api_condition first = condition("Ready", "True", "Scheduled", 10);
	struct api_condition next = condition("Ready", "False", "Suspended", 20);

	(void)state;
	(void)api_condition_set(&before, &first, arena);
	after = before;
	(void)api_condition_set(&after, &next, arena);
	assert_true(api_condition_is_true(&before, "Ready"));
	assert_false(api_condition_is_true(&after, "Ready"));
}

/* The labels of all cases below. */
static const char *const labels_text =
	"{\"labels\":{\"app\":\"web\",\"tier\":\"front\",\"empty\":\"\"}}";

static void selectors_match_by_all_of_their_terms(void **state)
{
	static const struct {
		const char *selector;
		bool is_match;
	} cases[] = {
		{"{}", false},
		{"{\"matchLabels\":{}}", false},
		{"{\"matchLabels\":{},\"matchExpressions\":[]}", false},
		{"{\"matchLabels\":{\"app\":\"web\"}}", true},
		{"{\"matchLabels\":{\"app\":\"web\",\"tier\":\"front\"}}", true},
		{"{\"matchLabels\":{\"app\":\"web\",\"tier\":\"back\"}}", false},
		{"{\"matchLabels\":{\"app\":\"we\"}}", false},
		{"{\"matchLabels\":{\"empty\":\"\"}}", true},
		{"{\"matchLabels\":{\"missing\":\"\"}}", false},
		{"{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\",\"values\":"
		 "[\"db\",\"web\"]}]}",
			true},
		{"{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\",\"values\":[]}]}",
			false},
		{"{\"matchExpressions\":[{\"key\":\"x\",\"operator\":\"In\",\"values\":[\"\"]}]}",
			false},
		{"{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"NotIn\",\"values\":"
		 "[\"db\"]}]}",
			true},
		{"{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"NotIn\",\"values\":"
		 "[\"web\"]}]}",
			false},
		{"{\"matchExpressions\":[{\"key\":\"x\",\"operator\":\"NotIn\",\"values\":"
		 "[\"web\"]}]}",
			true},
		{"{\"matchExpressions\":[{\"key\":\"empty\",\"operator\":\"Exists\"}]}", true},
		{"{\"matchExpressions\":[{\"key\":\"x\",\"operator\":\"Exists\"}]}", false},
		{"{\"matchExpressions\":[{\"key\":\"x\",\"operator\":\"DoesNotExist\"}]}", true},
		{"{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"DoesNotExist\"}]}", false},
		{"{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"Near\"}]}", false},
		{"{\"matchExpressions\":[{}]}", false},
		{"{\"matchLabels\":{\"app\":\"web\"},\"matchExpressions\":[{\"key\":\"tier\","
		 "\"operator\":\"Exists\"}]}",
			true},
		{"{\"matchLabels\":{\"app\":\"db\"},\"matchExpressions\":[{\"key\":\"tier\","
		 "\"operator\":\"Exists\"}]}",
			false},
	};
	autoparsed object = parsed_of(labels_text);
	struct api_metadata metadata;

	(void)state;
	assert_int_equal(json_decode(object.value, &api_metadata_object, false, object.arena,
				 &metadata, &object.err),
		0);
	for (size_t i = 0; i < array_size(cases); i++) {
		autoparsed parsed = parsed_of(cases[i].selector);
		struct api_selector selector;

		assert_int_equal(json_decode(parsed.value, &api_selector_object, false,
					 parsed.arena, &selector, &parsed.err),
			0);
		if (api_selector_matches(&selector, &metadata.labels) != cases[i].is_match)
			fail_msg("%s should %smatch", cases[i].selector,
				cases[i].is_match ? "" : "not ");
	}
}

static void no_selector_matches_nothing(void **state)
{
	struct json_string_map labels = {0};

	(void)state;
	assert_true(api_selector_is_empty(NULL));
	assert_false(api_selector_matches(NULL, &labels));
}

static void the_controller_is_found_among_the_owners(void **state)
{
	autoparsed parsed = parsed_of(
		"{\"ownerReferences\":[{\"name\":\"a\"},{\"name\":\"b\",\"controller\":true}]}");
	struct api_metadata metadata;
	const struct api_metadata nobodys = {0};

	(void)state;
	assert_int_equal(json_decode(parsed.value, &api_metadata_object, false, parsed.arena,
				 &metadata, &parsed.err),
		0);
	assert_str(api_metadata_controller(&metadata)->name, "b");
	assert_null(api_metadata_controller(&nobodys));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_condition_is_added_at_the_end),
		cmocka_unit_test(the_transition_time_moves_only_when_the_status_changes),
		cmocka_unit_test(the_same_condition_again_changes_nothing),
		cmocka_unit_test(an_older_list_stays_as_it_was),
		cmocka_unit_test(selectors_match_by_all_of_their_terms),
		cmocka_unit_test(no_selector_matches_nothing),
		cmocka_unit_test(the_controller_is_found_among_the_owners),
	};

	return cmocka_run_group_tests_name("meta", tests, NULL, NULL);
}
