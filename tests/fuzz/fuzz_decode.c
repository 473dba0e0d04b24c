/* What decodes is encoded as an object that decodes strictly and encodes to the same text. */
#include <assert.h>

#include "json/json.h"

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

static void fuzz_round(const struct json *value, bool is_strict, struct buf *text)
{
	autoarena *arena = arena_new(256);
	struct json_writer writer = json_writer(text);
	struct fuzz_item item;
	struct error err;

	assert(json_decode(value, &fuzz_object, is_strict, arena, &item, &err) == 0);
	json_encode(&writer, &fuzz_object, &item);
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
