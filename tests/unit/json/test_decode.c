/* Objects to structs: every type, defaults, and what strict and lenient reading make of mistakes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "sample.h"

/* One decoding: what goes in and all that comes out. */
struct attempt {
	struct sample sample;
	struct arena *arena;
	struct json_doc *doc;
	struct error err;
	int result;
};

static void attempt_done(struct attempt *attempt)
{
	arena_free(attempt->arena);
	json_doc_unref(attempt->doc);
}
#define autoattempt clean_up(attempt_done) struct attempt

static struct attempt decoded(const char *text, bool is_strict)
{
	struct attempt attempt = {.arena = arena_new(256)};

	if (json_parse(str_of(text), &attempt.doc, &attempt.err) < 0)
		fail_msg("%s: %s", text, attempt.err.text);
	memset(&attempt.sample, 0xff, sizeof(attempt.sample));
	attempt.result = json_decode(json_doc_root(attempt.doc), &sample_object, is_strict,
		attempt.arena, &attempt.sample, &attempt.err);
	/* Nothing may point into the document. */
	json_doc_unref(attempt.doc);
	attempt.doc = NULL;
	return attempt;
}

static void assert_str(struct str actual, const char *expected)
{
	autofree char *text = str_dup(actual);

	assert_string_equal(text, expected);
}

static const char *const sample_full =
	"{\"schedule\":\"* * * * *\",\"policy\":\"Forbid\",\"suspend\":false,\"replicas\":-2,"
	"\"created\":\"2026-11-21T22:00:00Z\",\"observed\":\"2026-11-21T22:00:00.000007Z\","
	"\"retention\":{\"maxCount\":7,\"keepFailed\":true},\"override\":{\"maxCount\":100},"
	"\"images\":[\"a\",\"b\"],\"labels\":{\"x\":\"1\",\"y\":\"\"},"
	"\"containers\":[{\"name\":\"one\",\"args\":[\"-v\"]},{\"name\":\"two\"}],\"new\":[{}]}";

static void scalars_are_read(void **state)
{
	autoattempt attempt = decoded(sample_full, true);
	const struct sample *sample = &attempt.sample;

	(void)state;
	assert_int_equal(attempt.result, 0);
	assert_str(sample->schedule, "* * * * *");
	assert_str(sample->policy, "Forbid");
	assert_false(sample->suspend);
	assert_int_equal(sample->replicas, -2);
	assert_int_equal(sample->observed.us - sample->created.us, 7);
}

static void objects_and_arrays_are_read(void **state)
{
	autoattempt attempt = decoded(sample_full, true);
	const struct sample *sample = &attempt.sample;
	const struct sample_container *containers = sample->containers.items;

	(void)state;
	assert_int_equal(attempt.result, 0);
	assert_int_equal(sample->retention.max_count, 7);
	assert_true(sample->retention.keep_failed);
	assert_int_equal(sample->override->max_count, 100);
	assert_int_equal(sample->images.count, 2);
	assert_str(sample->images.items[1], "b");
	assert_int_equal(sample->labels.count, 2);
	assert_str(json_string_map_get(&sample->labels, STR("x")), "1");
	assert_non_null(json_string_map_get(&sample->labels, STR("y")).data);
	assert_null(json_string_map_get(&sample->labels, STR("z")).data);
	assert_int_equal(sample->containers.count, 2);
	assert_str(containers[0].name, "one");
	assert_str(containers[0].arguments.items[0], "-v");
	assert_str(containers[1].name, "two");
}

static void assert_defaults(const struct sample *sample)
{
	assert_int_equal(sample->schedule.size, 0);
	assert_str(sample->policy, "Allow");
	assert_true(sample->suspend);
	assert_int_equal(sample->replicas, 0);
	assert_false(wall_time_is_set(sample->created));
	assert_int_equal(sample->retention.max_count, 0); /* absent: zeroed as a whole */
	assert_null(sample->override);
	assert_int_equal(sample->images.count, 0);
	assert_int_equal(sample->labels.count, 0);
	assert_int_equal(sample->containers.count, 0);
}

static void absent_fields_have_their_defaults(void **state)
{
	static const char *const cases[] = {"{}", "[]", "\"x\"", "null"};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autoattempt attempt = decoded(cases[i], false);
		assert_int_equal(attempt.result, 0);
		assert_defaults(&attempt.sample);
	}
}

static void an_absent_object_gives_the_defaults(void **state)
{
	autoarena *arena = arena_new(64);
	struct sample sample;
	struct error err;

	(void)state;
	assert_int_equal(json_decode(NULL, &sample_object, false, arena, &sample, &err), 0);
	assert_defaults(&sample);
}

static void a_present_object_has_the_defaults_of_its_fields(void **state)
{
	autoattempt attempt =
		decoded("{\"schedule\":\"x\",\"retention\":{},\"override\":{}}", true);

	(void)state;
	assert_int_equal(attempt.result, 0);
	assert_int_equal(attempt.sample.retention.max_count, 3);
	assert_int_equal(attempt.sample.override->max_count, 3);
}

static void null_is_absent_unless_it_is_a_value(void **state)
{
	autoattempt attempt = decoded("{\"schedule\":\"x\",\"policy\":null,\"suspend\":null,"
				      "\"override\":null,\"images\":null}",
		true);

	(void)state;
	assert_int_equal(attempt.result, 0);
	assert_str(attempt.sample.policy, "Allow");
	assert_false(attempt.sample.suspend);
	assert_null(attempt.sample.override);
	assert_int_equal(attempt.sample.images.count, 0);
}

static const struct {
	const char *text;
	const char *expected;
} mistakes[] = {
	{"[]", "Sample is an array, not an object"},
	{"{}", "schedule is missing"},
	{"{\"schedule\":null}", "schedule is missing"},
	{"{\"schedule\":5}", "schedule is a number, not a string"},
	{"{\"schedule\":\"12345678901\"}", "schedule is longer than 10 characters"},
	{"{\"schedule\":\"x\",\"policy\":\"allow\"}",
		"policy is 'allow'; allowed: Allow, Forbid, Replace"},
	{"{\"schedule\":\"x\",\"suspend\":\"true\"}", "suspend is a string, not a boolean"},
	{"{\"schedule\":\"x\",\"replicas\":1.5}", "replicas is not an integer of 64 bits"},
	{"{\"schedule\":\"x\",\"replicas\":9223372036854775808}",
		"replicas is not an integer of 64 bits"},
	{"{\"schedule\":\"x\",\"replicas\":true}", "replicas is a boolean, not an integer"},
	{"{\"schedule\":\"x\",\"created\":\"yesterday\"}",
		"created is not a time like 2026-11-21T22:00:00Z"},
	{"{\"schedule\":\"x\",\"observed\":1}", "observed is a number, not a time"},
	{"{\"schedule\":\"x\",\"retention\":{\"maxCount\":0}}",
		"retention.maxCount is 0; allowed: 1 to 100"},
	{"{\"schedule\":\"x\",\"override\":{\"maxCount\":101}}",
		"override.maxCount is 101; allowed: 1 to 100"},
	{"{\"schedule\":\"x\",\"override\":[]}", "override is an array, not an object"},
	{"{\"schedule\":\"x\",\"images\":\"a\"}", "images is a string, not an array"},
	{"{\"schedule\":\"x\",\"images\":[\"a\",null]}", "images[1] is null, not a string"},
	{"{\"schedule\":\"x\",\"images\":[\"a\",\"b\",\"c\"]}", "images has more than 2 items"},
	{"{\"schedule\":\"x\",\"labels\":{\"a.b/c\":{}}}",
		"labels.a.b/c is an object, not a string"},
	{"{\"schedule\":\"x\",\"labels\":[]}", "labels is an array, not an object"},
	{"{\"schedule\":\"x\",\"containers\":[{\"name\":\"a\"},{}]}",
		"containers[1].name is missing"},
	{"{\"schedule\":\"x\",\"containers\":[{\"name\":\"a\",\"args\":[[]]}]}",
		"containers[0].args[0] is an array, not a string"},
	{"{\"schedule\":\"x\",\"containers\":[7]}", "containers[0] is a number, not an object"},
};

static void a_strict_mistake_is_named_with_its_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(mistakes); i++) {
		autoattempt attempt = decoded(mistakes[i].text, true);
		assert_int_equal(attempt.result, -1);
		assert_int_equal(attempt.err.kind, ERROR_INVALID);
		assert_string_equal(attempt.err.text, mistakes[i].expected);
	}
}

static void a_lenient_reader_never_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(mistakes); i++) {
		autoattempt attempt = decoded(mistakes[i].text, false);
		if (attempt.result != 0)
			fail_msg("%s", mistakes[i].text);
	}
}

static void a_lenient_mistake_counts_as_absent(void **state)
{
	autoattempt attempt =
		decoded("{\"policy\":\"Never\",\"suspend\":0,\"retention\":{\"maxCount\":0},"
			"\"images\":[\"a\",1],\"labels\":{\"a\":1,\"b\":\"2\"},\"override\":\"x\","
			"\"containers\":[1,{\"name\":\"a\"}]}",
			false);
	const struct sample_container *containers = attempt.sample.containers.items;

	(void)state;
	assert_str(attempt.sample.policy, "Allow");
	assert_true(attempt.sample.suspend);
	assert_int_equal(attempt.sample.retention.max_count, 3);
	assert_null(attempt.sample.override);
	assert_int_equal(attempt.sample.images.count, 1);
	assert_int_equal(attempt.sample.labels.count, 1);
	assert_str(attempt.sample.labels.items[0].key, "b");
	assert_int_equal(attempt.sample.containers.count, 1);
	assert_str(containers[0].name, "a");
}

static void length_counts_characters_not_bytes(void **state)
{
	autoattempt attempt = decoded("{\"schedule\":\"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
				      "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\"}",
		true);

	(void)state;
	assert_int_equal(attempt.result, 0);
	assert_int_equal(attempt.sample.schedule.size, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_are_read),
		cmocka_unit_test(objects_and_arrays_are_read),
		cmocka_unit_test(absent_fields_have_their_defaults),
		cmocka_unit_test(an_absent_object_gives_the_defaults),
		cmocka_unit_test(a_present_object_has_the_defaults_of_its_fields),
		cmocka_unit_test(null_is_absent_unless_it_is_a_value),
		cmocka_unit_test(a_strict_mistake_is_named_with_its_path),
		cmocka_unit_test(a_lenient_reader_never_fails),
		cmocka_unit_test(a_lenient_mistake_counts_as_absent),
		cmocka_unit_test(length_counts_characters_not_bytes),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
