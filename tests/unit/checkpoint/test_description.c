/* Descriptions on their way from the worker to the agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checkpoint/describe.h"

static void a_description_survives_the_way(void **state)
{
	autoarena *arena = arena_new(1024);
	autobuf first = BUF_INIT(LIMIT_REPLY_BYTES);
	autobuf second = BUF_INIT(LIMIT_REPLY_BYTES);
	struct str missing[] = {STR("config.dump"), STR("spec.dump")};
	struct checkpoint_description description = {
		.engine = STR("cri-o"),
		.pod_namespace = STR("shop"),
		.pod_name = STR("cache-0"),
		.pod_uid = STR("0f4b"),
		.container_name = STR("redis"),
		.container_id = STR("77aa"),
		.image_name = STR("docker.io/library/redis:8"),
		.image_ref = STR("b1a2c3"),
		.runtime = STR("crun"),
		.created = {INT64_C(1795294800000000)},
		.checkpointed = {INT64_C(1795298400123456)},
		.digest = STR("sha256:00"),
		.size_bytes = INT64_C(1) << 40,
		.entry_count = 15,
		.memory_bytes = INT64_MAX,
		.frozen_us = 74565,
		.criu_image_version = 2,
		.criu_version = STR("4.2.1"),
		.dump_error = STR("\"quoted\" \\ and\ttabbed"),
		.missing = {missing, 2},
	};
	struct checkpoint_description copy;
	struct error err;

	(void)state;
	checkpoint_description_encode(&description, &first);
	assert_int_equal(checkpoint_description_decode(buf_str(&first), arena, &copy, &err), 0);
	assert_int_equal(copy.memory_bytes, INT64_MAX);
	assert_int_equal(copy.checkpointed.us, description.checkpointed.us);
	assert_true(str_equal(copy.dump_error, description.dump_error));
	assert_int_equal(copy.missing.count, 2);
	checkpoint_description_encode(&copy, &second);
	assert_string_equal(first.data, second.data);
}

static void an_empty_description_is_an_empty_object(void **state)
{
	autoarena *arena = arena_new(1024);
	autobuf text = BUF_INIT(LIMIT_REPLY_BYTES);
	struct checkpoint_description description = {0};
	struct error err;

	(void)state;
	checkpoint_description_encode(&description, &text);
	assert_string_equal(text.data, "{}");
	assert_int_equal(
		checkpoint_description_decode(buf_str(&text), arena, &description, &err), 0);
	assert_int_equal(description.size_bytes, 0);
}

static void what_is_no_description_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum error_kind kind;
	} cases[] = {
		{"", ERROR_CORRUPT},
		{"{\"engine\":", ERROR_CORRUPT},
		{"{\"sizeBytes\":\"7\"}", ERROR_INVALID},
		{"{\"missing\":7}", ERROR_INVALID},
	};
	autoarena *arena = arena_new(1024);
	struct checkpoint_description description;
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_int_equal(checkpoint_description_decode(
					 str_of(cases[i].text), arena, &description, &err),
			-1);
		assert_int_equal(err.kind, cases[i].kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_description_survives_the_way),
		cmocka_unit_test(an_empty_description_is_an_empty_object),
		cmocka_unit_test(what_is_no_description_is_refused),
	};

	return cmocka_run_group_tests_name("description", tests, NULL, NULL);
}
