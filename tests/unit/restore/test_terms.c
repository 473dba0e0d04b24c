/* What a schedule says about restoring, and what counts without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "restore/rule.h"

static void the_terms_are_the_schedule_s(void **state)
{
	const struct api_schedule schedule = {
		.spec = {.retention = {.max_age = STR("1h30m")},
			.restore = {.policy = STR("Always"),
				.stable_seconds = 7,
				.retry_window_seconds = 9}},
	};
	struct restore_terms terms = restore_terms_of(&schedule);

	(void)state;
	assert_int_equal(terms.policy, API_RESTORE_ALWAYS);
	assert_int_equal(terms.stable_seconds, 7);
	assert_int_equal(terms.retry_window_seconds, 9);
	assert_int_equal(terms.max_age_seconds, 5400);
}

static void an_age_that_is_none_is_no_limit(void **state)
{
	const struct api_schedule schedule = {.spec = {.retention = {.max_age = STR("soon")}}};

	(void)state;
	assert_int_equal(restore_terms_of(&schedule).max_age_seconds, 0);
}

static void without_a_schedule_the_defaults_of_its_fields_count(void **state)
{
	struct restore_terms terms = restore_terms_of(NULL);
	struct api_schedule defaults;

	(void)state;
	api_init(&api_schedule_kind, &defaults);
	assert_int_equal(terms.policy, API_RESTORE_ON_FAILURE);
	assert_int_equal(terms.stable_seconds, defaults.spec.restore.stable_seconds);
	assert_int_equal(terms.retry_window_seconds, defaults.spec.restore.retry_window_seconds);
	assert_true(terms.retry_window_seconds > 0);
	assert_int_equal(terms.max_age_seconds, 0);
}

static void what_an_agent_keeps_of_a_schedule_says_them_all(void **state)
{
	const struct str text =
		STR("{\"metadata\":{\"name\":\"x\"},\"spec\":{\"schedule\":\"@daily\",\"restore\":{"
		    "\"policy\":\"Never\",\"stableSeconds\":8,\"retryWindowSeconds\":0},"
		    "\"retention\":{\"maxAge\":\"2h\"}},\"status\":{\"active\":1}}");
	autoarena *arena = arena_new(1024);
	autojson *doc = NULL;
	struct api_schedule schedule;
	struct restore_terms terms;
	struct error err;

	(void)state;
	assert_int_equal(json_parse(text, &doc, &err), 0);
	assert_int_equal(json_decode(json_doc_root(doc), &api_schedule_terms_object, false, arena,
				 &schedule, &err),
		0);
	terms = restore_terms_of(&schedule);
	assert_int_equal(terms.policy, API_RESTORE_NEVER);
	assert_int_equal(terms.stable_seconds, 8);
	assert_int_equal(terms.retry_window_seconds, 0);
	assert_int_equal(terms.max_age_seconds, 7200);
	assert_int_equal(schedule.spec.schedule.size + schedule.metadata.name.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_terms_are_the_schedule_s),
		cmocka_unit_test(an_age_that_is_none_is_no_limit),
		cmocka_unit_test(without_a_schedule_the_defaults_of_its_fields_count),
		cmocka_unit_test(what_an_agent_keeps_of_a_schedule_says_them_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
