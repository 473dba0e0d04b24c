/* Structs to objects: what is left out, and that reading and writing are inverse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sample.h"

static void assert_encoded(const struct sample *sample, const char *expected)
{
	autobuf out = BUF_INIT(4096);
	struct json_writer writer = json_writer(&out);

	json_encode(&writer, &sample_object, sample);
	assert_string_equal(out.data, expected);
}

static void what_is_not_set_is_left_out(void **state)
{
	struct sample sample = {0};

	(void)state;
	assert_encoded(&sample, "{\"replicas\":0}");
}

static void scalars_are_written(void **state)
{
	struct sample sample = {
		.schedule = STR("x"),
		.suspend = true,
		.replicas = -1,
		.created = wall_time_of_seconds(1),
		.observed = wall_time_of_seconds(2),
	};

	(void)state;
	assert_encoded(&sample,
		"{\"schedule\":\"x\",\"suspend\":true,\"replicas\":-1,"
		"\"created\":\"1970-01-01T00:00:01Z\","
		"\"observed\":\"1970-01-01T00:00:02.000000Z\"}");
}

static void an_embedded_object_is_written_when_it_holds_something(void **state)
{
	struct sample_retention override = {0};
	struct sample sample = {.retention = {.keep_failed = true}, .override = &override};

	(void)state;
	assert_encoded(
		&sample, "{\"replicas\":0,\"retention\":{\"keepFailed\":true},\"override\":{}}");
}

static void arrays_and_maps_are_written(void **state)
{
	struct str images[] = {STR("a"), STR("")};
	struct json_pair labels[] = {{STR("k"), STR("v")}, {STR("e"), STR("")}};
	struct sample_container containers[] = {{.name = STR("c")}, {.name = STR("")}};
	struct sample sample = {
		.images = {images, 2}, .labels = {labels, 2}, .containers = {containers, 2}};

	(void)state;
	assert_encoded(&sample,
		"{\"replicas\":0,\"images\":[\"a\",\"\"],\"labels\":{\"k\":\"v\",\"e\":\"\"},"
		"\"containers\":[{\"name\":\"c\"},{}]}");
}

struct empty_sample {
	struct str text;
	bool flag;
	struct wall_time time;
	struct sample_retention embedded;
	struct sample_retention *pointer;
	struct json_strings strings;
	struct json_string_map map;
	struct json_list list;
};

#define empty_field(field_name, field_type, described)                                             \
	{                                                                                          \
		.name = #field_name, .type = (field_type), .flags = JSON_WRITE_EMPTY,              \
		.offset = offsetof(struct empty_sample, field_name), .object = (described)         \
	}

static void empty_values_are_written_on_demand(void **state)
{
	static const struct json_field fields[] = {
		empty_field(text, JSON_FIELD_STRING, NULL),
		empty_field(flag, JSON_FIELD_BOOL, NULL),
		empty_field(time, JSON_FIELD_TIME, NULL),
		empty_field(embedded, JSON_FIELD_OBJECT, &sample_retention_object),
		empty_field(pointer, JSON_FIELD_POINTER, &sample_retention_object),
		empty_field(strings, JSON_FIELD_STRINGS, NULL),
		empty_field(map, JSON_FIELD_STRING_MAP, NULL),
		empty_field(list, JSON_FIELD_LIST, &sample_retention_object),
	};
	static const struct json_object object =
		JSON_OBJECT_OF("Empty", struct empty_sample, fields);
	autobuf out = BUF_INIT(1000);
	struct json_writer writer = json_writer(&out);
	struct empty_sample sample = {0};

	(void)state;
	json_encode(&writer, &object, &sample);
	assert_string_equal(out.data,
		"{\"text\":\"\",\"flag\":false,\"time\":null,\"embedded\":{},\"pointer\":null,"
		"\"strings\":[],\"map\":{},\"list\":[]}");
}

static void what_was_read_is_written_again(void **state)
{
	const char *text =
		"{\"schedule\":\"* * * * *\",\"policy\":\"Forbid\",\"suspend\":true,"
		"\"replicas\":3,\"created\":\"2026-11-21T22:00:00Z\","
		"\"observed\":\"2026-11-21T22:00:00.000007Z\","
		"\"retention\":{\"maxCount\":7,\"keepFailed\":true},"
		"\"override\":{\"maxCount\":100},\"images\":[\"a\",\"b\"],"
		"\"labels\":{\"x\":\"1\",\"y\":\"\"},"
		"\"containers\":[{\"name\":\"one\",\"args\":[\"-v\"]},{\"name\":\"two\"}]}";
	autoarena *arena = arena_new(64);
	autojson *doc = NULL;
	struct sample sample;
	struct error err;

	(void)state;
	assert_int_equal(json_parse(str_of(text), &doc, &err), 0);
	assert_int_equal(
		json_decode(json_doc_root(doc), &sample_object, true, arena, &sample, &err), 0);
	assert_encoded(&sample, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_set_is_left_out),
		cmocka_unit_test(scalars_are_written),
		cmocka_unit_test(an_embedded_object_is_written_when_it_holds_something),
		cmocka_unit_test(arrays_and_maps_are_written),
		cmocka_unit_test(empty_values_are_written_on_demand),
		cmocka_unit_test(what_was_read_is_written_again),
	};

	return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
