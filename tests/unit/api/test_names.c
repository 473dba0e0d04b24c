/* Names and label values: the seed's form, and valid whatever goes in. */
#include "api/names.h"
#include "parsed.h"

static void names_have_the_form_of_the_seed(void **state)
{
	autoarena *arena = arena_new(256);
	const struct str none = {0};

	(void)state;
	assert_str(api_request_name(arena, STR("kcr-example"), STR("kcr-example-665b8dd976-k4j6x"),
			   none, 1753869240),
		"kcr-example-kcr-example-665b8dd976-k4j6x-1753869240");
	assert_str(api_checkpoint_name(arena, STR("kcr-example-665b8dd976-k4j6x"), STR("default"),
			   none, 1753869240),
		"kcr-example-665b8dd976-k4j6x-default-1753869240");
}

static void a_container_stands_in_front_of_the_time(void **state)
{
	autoarena *arena = arena_new(256);

	(void)state;
	assert_str(api_request_name(arena, STR("s"), STR("p"), STR("c"), 7), "s-p-c-7");
	assert_str(api_checkpoint_name(arena, STR("p"), STR("n"), STR("c"), 7), "p-n-c-7");
}

static void a_request_without_schedule_begins_with_the_pod(void **state)
{
	autoarena *arena = arena_new(256);
	const struct str none = {0};

	(void)state;
	assert_str(api_request_name(arena, none, STR("p"), none, 7), "p-7");
}

static bool is_alphanumeric(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

/* RFC 1123, as the API server checks names. */
static void assert_subdomain(struct str name)
{
	assert_in_range(name.size, 1, API_NAME_SIZE);
	for (size_t i = 0; i < name.size; i++) {
		bool is_edge = i == 0 || i + 1 == name.size || name.data[i - 1] == '.' ||
			name.data[i + 1] == '.';
		bool is_valid = is_alphanumeric(name.data[i]) ||
			(!is_edge && name.data[i] == '-') ||
			(i > 0 && i + 1 < name.size && name.data[i] == '.' &&
				is_alphanumeric(name.data[i - 1]) &&
				is_alphanumeric(name.data[i + 1]));

		if (!is_valid)
			fail_msg("'%.*s' is no valid name", STR_ARG(name));
	}
}

static void any_input_gives_a_valid_name(void **state)
{
	static const char *const inputs[] = {"", "a", "A", "a.b", "a..b", ".a.", "-", "a.-b",
		"a-.b", "a_b", "\xc3\xa4", "Ab.Cd", "....", "a/b:c"};
	autoarena *arena = arena_new(256);

	(void)state;
	for (size_t i = 0; i < array_size(inputs); i++)
		for (size_t k = 0; k < array_size(inputs); k++)
			assert_subdomain(api_request_name(
				arena, str_of(inputs[i]), str_of(inputs[k]), STR(""), 7));
}

static struct str repeated(struct arena *arena, char byte, size_t count)
{
	char *text = arena_zeroed(arena, count + 1, 1);

	memset(text, byte, count);
	return (struct str){text, count};
}

static void long_names_are_cut_and_stay_different(void **state)
{
	autoarena *arena = arena_new(256);
	struct str name = repeated(arena, 'a', 253);
	struct str first = api_request_name(arena, name, name, STR(""), 1);
	struct str second = api_request_name(arena, name, name, STR(""), 2);

	(void)state;
	assert_int_equal(first.size, API_NAME_SIZE);
	assert_subdomain(first);
	assert_false(str_equal(first, second));
	assert_true(str_equal(first, api_request_name(arena, name, name, STR(""), 1)));
}

static void the_time_is_read_from_a_name_that_has_it(void **state)
{
	autoarena *arena = arena_new(256);
	struct str name = repeated(arena, 'a', 253);
	struct str none = STR("");
	int64_t time = 0;

	(void)state;
	assert_true(api_request_name_time(
		api_request_name(arena, STR("s"), STR("p-1"), none, 1795262400), &time));
	assert_int_equal(time, 1795262400);
	assert_false(api_request_name_time(
		api_request_name(arena, name, name, none, 1795262400), &time));
	assert_false(api_request_name_time(STR("by-hand"), &time));
	assert_false(api_request_name_time(STR("s-p-12345678"), &time)); /* a hash of digits */
	assert_false(api_request_name_time(STR("s-p-17952624001795262400"), &time));
	assert_false(api_request_name_time(none, &time));
}

static void a_name_is_not_cut_behind_a_dash_or_dot(void **state)
{
	autoarena *arena = arena_new(256);

	(void)state;
	for (size_t size = 230; size <= 253; size++) {
		struct str head = repeated(arena, 'a', size);

		assert_subdomain(api_request_name(arena, head, STR("b.c"), STR("d"), 1));
	}
}

static void names_that_were_changed_stay_different(void **state)
{
	autoarena *arena = arena_new(256);
	struct str upper = api_request_name(arena, STR("A"), STR("p"), STR(""), 1);
	struct str lower = api_request_name(arena, STR("a"), STR("p"), STR(""), 1);

	(void)state;
	assert_str(lower, "a-p-1");
	assert_true(str_starts_with(upper, STR("a-p-1-")));
	assert_int_equal(upper.size, lower.size + 1 + 8);
}

static void a_valid_label_value_stays_as_it_is(void **state)
{
	static const char *const values[] = {"", "a", "A.b_c-9",
		"123456789012345678901234567890123456789012345678901234567890123"};
	autoarena *arena = arena_new(256);

	(void)state;
	for (size_t i = 0; i < array_size(values); i++)
		assert_str(api_label_value(arena, str_of(values[i])), values[i]);
}

static void a_long_label_value_is_cut_and_stays_different(void **state)
{
	autoarena *arena = arena_new(256);
	struct str first = api_label_value(arena, repeated(arena, 'a', 64));
	struct str second = api_label_value(arena, repeated(arena, 'a', 65));

	(void)state;
	assert_int_equal(first.size, API_LABEL_VALUE_SIZE);
	assert_int_equal(second.size, API_LABEL_VALUE_SIZE);
	assert_false(str_equal(first, second));
}

static void an_invalid_label_value_becomes_a_valid_one(void **state)
{
	static const char *const values[] = {"a/b", "-a-", "___", "\xff", "a b"};
	autoarena *arena = arena_new(256);

	(void)state;
	for (size_t i = 0; i < array_size(values); i++) {
		struct str value = api_label_value(arena, str_of(values[i]));

		assert_in_range(value.size, 8, API_LABEL_VALUE_SIZE);
		assert_true(is_alphanumeric(value.data[0]));
		assert_true(is_alphanumeric(value.data[value.size - 1]));
	}
	assert_true(str_starts_with(api_label_value(arena, STR("a/b")), STR("a-b-")));
}

static void names_are_split_at_commas(void **state)
{
	autoarena *arena = arena_new(256);
	struct json_strings names = api_split_names(arena, STR(" web, ,sidecar,,\tlog "));

	(void)state;
	assert_int_equal(names.count, 3);
	assert_str(names.items[0], "web");
	assert_str(names.items[1], "sidecar");
	assert_str(names.items[2], "log");
	assert_int_equal(api_split_names(arena, STR("")).count, 0);
	assert_int_equal(api_split_names(arena, STR(",")).count, 0);
	assert_int_equal(api_split_names(arena, STR("one")).count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_the_form_of_the_seed),
		cmocka_unit_test(a_container_stands_in_front_of_the_time),
		cmocka_unit_test(a_request_without_schedule_begins_with_the_pod),
		cmocka_unit_test(any_input_gives_a_valid_name),
		cmocka_unit_test(long_names_are_cut_and_stay_different),
		cmocka_unit_test(the_time_is_read_from_a_name_that_has_it),
		cmocka_unit_test(a_name_is_not_cut_behind_a_dash_or_dot),
		cmocka_unit_test(names_that_were_changed_stay_different),
		cmocka_unit_test(a_valid_label_value_stays_as_it_is),
		cmocka_unit_test(a_long_label_value_is_cut_and_stays_different),
		cmocka_unit_test(an_invalid_label_value_becomes_a_valid_one),
		cmocka_unit_test(names_are_split_at_commas),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
