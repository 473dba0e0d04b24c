/*
 * What decodes is encoded as an object that decodes strictly and encodes to the same text. Packed
 * and read again it is the same, too.
 */
#include <assert.h>

#include "json/json.h"
#include "json/pack.h"

struct fuzz_item {
	struct str name;
	int64_t count;
	bool flag;
	struct json_strings strings;
	struct json_string_map map;
	struct json_list items; /* struct fuzz_item */
	struct fuzz_item *inner;
};

static const char *const fuzz_names[] = {"a", "b", NULL};

static const struct json_object fuzz_object;

static const struct json_field fuzz_fields[] = {
	{.name = "name",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct fuzz_item, name),
		.choices = fuzz_names,
		.default_text = "a"},
	{.name = "count",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct fuzz_item, count),
		.minimum = -5,
		.maximum = 5},
	{.name = "flag", .type = JSON_FIELD_BOOL, .offset = offsetof(struct fuzz_item, flag)},
	{.name = "strings",
		.type = JSON_FIELD_STRINGS,
		.offset = offsetof(struct fuzz_item, strings),
		.max_length = 3},
	{.name = "map", .type = JSON_FIELD_STRING_MAP, .offset = offsetof(struct fuzz_item, map)},
	{.name = "items",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct fuzz_item, items),
		.object = &fuzz_object},
	{.name = "inner",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct fuzz_item, inner),
		.object = &fuzz_object},
};

static const struct json_object fuzz_object = JSON_OBJECT_OF("Item", struct fuzz_item, fuzz_fields);

static void fuzz_pack(struct fuzz_item *item, struct arena *arena, struct buf *packed)
{
	const struct str own[] = {STR("b")};
	struct texts *texts = texts_new();
	autobuf before = BUF_INIT(LIMIT_OBJECT_BYTES);
	autobuf after = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer before_writer = json_writer(&before);
	struct json_writer after_writer = json_writer(&after);

	json_encode(&before_writer, &fuzz_object, item);
	json_pack(&fuzz_object, item, own, array_size(own), texts, packed);
	json_unpack(buf_str(packed), &fuzz_object, texts, arena, item);
	json_encode(&after_writer, &fuzz_object, item);
	assert(str_equal(buf_str(&before), buf_str(&after)));
	json_packed_release(buf_str(packed), texts);
	assert(texts_count(texts) == 0);
	texts_free(texts);
}

static void fuzz_round(const struct json *value, bool is_strict, struct buf *text)
{
	autoarena *arena = arena_new(256);
	struct json_writer writer = json_writer(text);
	autobuf packed = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct fuzz_item item;
	struct error err;

	assert(json_decode(value, &fuzz_object, is_strict, arena, &item, &err) == 0);
	json_encode(&writer, &fuzz_object, &item);
	fuzz_pack(&item, arena, &packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autobuf first = BUF_INIT(LIMIT_OBJECT_BYTES);
	autobuf second = BUF_INIT(LIMIT_OBJECT_BYTES);
	autojson *doc = NULL;
	autojson *again = NULL;
	struct error err;

	if (size > 16 * 1024 || json_parse((struct str){(const char *)data, size}, &doc, &err) < 0)
		return 0;
	fuzz_round(json_doc_root(doc), false, &first);
	assert(json_parse(buf_str(&first), &again, &err) == 0);
	fuzz_round(json_doc_root(again), true, &second);
	assert(str_equal(buf_str(&first), buf_str(&second)));
	return 0;
}
