/* Structs as bytes and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "sample.h"
#include "json/pack.h"

static const char full[] =
	"{\"schedule\":\"@daily\",\"policy\":\"Forbid\",\"suspend\":true,\"replicas\":-7,"
	"\"created\":\"2026-11-21T22:00:00Z\",\"observed\":\"1969-12-31T23:59:59.000001Z\","
	"\"retention\":{\"maxCount\":100,\"keepFailed\":true},\"override\":{\"maxCount\":5},"
	"\"images\":[\"a\",\"\"],\"labels\":{\"app\":\"a\",\"empty\":\"\"},"
	"\"containers\":[{\"name\":\"a\",\"args\":[\"-x\"]},{\"name\":\"b\"}]}";

struct world {
	struct texts *texts;
	struct arena *arena;
	struct buf packed;
	struct sample sample; /* what was packed */
};

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);

	world->texts = texts_new();
	world->arena = arena_new(1024);
	world->packed = BUF_INIT(LIMIT_OBJECT_BYTES);
	*state = world;
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	texts_free(world->texts);
	arena_free(world->arena);
	buf_done(&world->packed);
	free(world);
	return 0;
}

static void pack(struct world *world, const char *text, const struct str *own, size_t own_count)
{
	autojson *doc = NULL;
	struct error err;

	assert_int_equal(json_parse(str_of(text), &doc, &err), 0);
	assert_int_equal(json_decode(json_doc_root(doc), &sample_object, false, world->arena,
				 &world->sample, &err),
		0);
	json_pack(&sample_object, &world->sample, own, own_count, world->texts, &world->packed);
}

static void assert_same(const struct sample *a, const struct sample *b)
{
	autobuf a_text = BUF_INIT(LIMIT_OBJECT_BYTES);
	autobuf b_text = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer a_writer = json_writer(&a_text);
	struct json_writer b_writer = json_writer(&b_text);

	json_encode(&a_writer, &sample_object, a);
	json_encode(&b_writer, &sample_object, b);
	assert_string_equal(a_text.data, b_text.data);
}

static void a_struct_comes_back_as_it_was(void **state)
{
	struct world *world = *state;
	struct sample read;

	pack(world, full, NULL, 0);
	json_unpack(buf_str(&world->packed), &sample_object, world->texts, world->arena, &read);
	assert_same(&read, &world->sample);
	assert_int_equal(read.replicas, -7);
	assert_int_equal(read.observed.us, world->sample.observed.us);
	assert_string_equal(read.labels.items[1].key.data, "empty");
	assert_non_null(json_string_map_get(&read.labels, STR("empty")).data);
}

static void an_empty_struct_takes_a_few_bytes(void **state)
{
	struct world *world = *state;
	struct sample empty = {0};
	struct sample read;

	json_pack(&sample_object, &empty, NULL, 0, world->texts, &world->packed);
	assert_true(world->packed.size <= 3);
	json_unpack(buf_str(&world->packed), &sample_object, world->texts, world->arena, &read);
	assert_same(&read, &empty);
	assert_null(read.override);
}

static void texts_are_shared_until_the_last_one_is_released(void **state)
{
	struct world *world = *state;
	autobuf second = BUF_INIT(LIMIT_OBJECT_BYTES);
	size_t count;

	pack(world, full, NULL, 0);
	count = texts_count(world->texts);
	json_pack(&sample_object, &world->sample, NULL, 0, world->texts, &second);
	assert_int_equal(texts_count(world->texts), count);
	assert_true(second.size < sizeof(full) / 3);
	json_packed_release(buf_str(&second), world->texts);
	assert_int_equal(texts_count(world->texts), count);
	json_packed_release(buf_str(&world->packed), world->texts);
	assert_int_equal(texts_count(world->texts), 0);
}

static void own_texts_are_not_shared(void **state)
{
	struct world *world = *state;
	const struct str own[] = {STR("@daily"), STR(""), STR("nobody's")};
	struct sample read;
	size_t count;

	pack(world, full, own, array_size(own));
	count = texts_count(world->texts);
	json_packed_release(buf_str(&world->packed), world->texts);
	buf_clear(&world->packed);
	json_pack(&sample_object, &world->sample, NULL, 0, world->texts, &world->packed);
	assert_int_equal(texts_count(world->texts), count + 2); /* "@daily" and "" */
	json_packed_release(buf_str(&world->packed), world->texts);
	buf_clear(&world->packed);
	json_pack(
		&sample_object, &world->sample, own, array_size(own), world->texts, &world->packed);
	assert_string_equal(json_packed_own(buf_str(&world->packed), 0).data, "@daily");
	assert_string_equal(json_packed_own(buf_str(&world->packed), 2).data, "nobody's");
	json_unpack(buf_str(&world->packed), &sample_object, world->texts, world->arena, &read);
	assert_same(&read, &world->sample);
}

static void a_table_of_the_first_fields_reads_only_these(void **state)
{
	struct world *world = *state;
	const struct json_object beginning = {
		.name = "Beginning",
		.size = sizeof(struct sample),
		.fields = sample_fields,
		.field_count = 3,
	};
	struct sample read;

	pack(world, full, NULL, 0);
	json_unpack(buf_str(&world->packed), &beginning, world->texts, world->arena, &read);
	assert_string_equal(read.schedule.data, "@daily");
	assert_string_equal(read.policy.data, "Forbid");
	assert_true(read.suspend);
	assert_int_equal(read.replicas, 0);
	assert_int_equal(read.labels.count, 0);
}

static void thousands_of_texts_come_back(void **state)
{
	struct world *world = *state;
	enum { COUNT = 5000 };
	struct json_pair *pairs = arena_zeroed(world->arena, COUNT, sizeof(*pairs));
	struct sample many = {.labels = {pairs, COUNT}};
	struct sample read;

	for (size_t i = 0; i < COUNT; i++)
		pairs[i] = (struct json_pair){arena_printf(world->arena, "key-%zu", i),
			arena_printf(world->arena, "value-%zu", i % 300)};
	json_pack(&sample_object, &many, NULL, 0, world->texts, &world->packed);
	json_unpack(buf_str(&world->packed), &sample_object, world->texts, world->arena, &read);
	assert_same(&read, &many);
	json_packed_release(buf_str(&world->packed), world->texts);
	assert_int_equal(texts_count(world->texts), 0);
}

#define pack_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		pack_test(a_struct_comes_back_as_it_was),
		pack_test(an_empty_struct_takes_a_few_bytes),
		pack_test(texts_are_shared_until_the_last_one_is_released),
		pack_test(own_texts_are_not_shared),
		pack_test(a_table_of_the_first_fields_reads_only_these),
		pack_test(thousands_of_texts_come_back),
	};

	return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
