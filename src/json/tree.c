/*
 * JSON text becomes a tree that does not change any more. yyjson parses; nobody else sees it, so
 * that a `struct json` is one of its values under another name and reading costs no wrapper.
 *
 * yyjson keeps the values of a document in one array in the order of the text and parses without
 * recursion, so that hostile nesting harms neither parsing nor releasing. It would harm everything
 * that walks recursively: the depth is therefore checked here, once, over the flat array.
 */
#include "json/tree.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/alloc.h"

struct json_doc {
	yyjson_doc *parsed;
	char *text; /* what strings point into when the text was parsed in place, else NULL */
	unsigned reference_count;
};

/* yyjson takes pointers to values that it does not change without const. */
static yyjson_val *tree_value(const struct json *value)
{
	return (yyjson_val *)(uintptr_t)value;
}

static const struct json *tree_json(const yyjson_val *value)
{
	return (const struct json *)value;
}

/* Whether arrays and objects lie in one another at most LIMIT_JSON_DEPTH deep. */
static bool tree_depth_is_fine(yyjson_doc *doc)
{
	yyjson_val *value = yyjson_doc_get_root(doc);
	const yyjson_val *end = value + yyjson_doc_get_val_count(doc);
	const yyjson_val *open_until[LIMIT_JSON_DEPTH];
	size_t depth = 0;

	for (; value < end; value++) {
		while (depth > 0 && open_until[depth - 1] <= value)
			depth--;
		if (!unsafe_yyjson_is_ctn(value))
			continue;
		if (depth == LIMIT_JSON_DEPTH)
			return false;
		open_until[depth++] = unsafe_yyjson_get_next(value);
	}
	return true;
}

/* `is_intact`: the text was not parsed in place, which would have made lines of escapes. */
static int tree_fail_to_parse(
	struct str text, bool is_intact, const yyjson_read_err *problem, struct error *err)
{
	size_t line = 0;
	size_t column = 0;
	size_t character = 0;

	if (problem->code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
		return error_set(err, ERROR_TOO_BIG, "no memory for %zu bytes of JSON", text.size);
	if (text.size == 0)
		return error_set(err, ERROR_CORRUPT, "invalid JSON: the text is empty");
	if (!is_intact)
		return error_set(err, ERROR_CORRUPT, "invalid JSON at byte %zu: %s",
			problem->pos + 1, problem->msg);
	(void)yyjson_locate_pos(text.data, text.size, problem->pos, &line, &column, &character);
	return error_set(err, ERROR_CORRUPT, "invalid JSON in line %zu, column %zu: %s", line,
		column, problem->msg);
}

/* Takes `parsed` and `owned_text` (may be NULL) over in any case. */
static int tree_finish(
	yyjson_doc *parsed, char *owned_text, struct json_doc **ret_doc, struct error *err)
{
	struct json_doc *doc = new_zeroed(struct json_doc);

	*doc = (struct json_doc){parsed, owned_text, 1};
	if (!tree_depth_is_fine(parsed)) {
		json_doc_unref(doc);
		return error_set(err, ERROR_CORRUPT,
			"invalid JSON: nested more than %d levels deep", LIMIT_JSON_DEPTH);
	}
	*ret_doc = doc;
	return 0;
}

int json_parse(struct str text, struct json_doc **ret_doc, struct error *err)
{
	yyjson_read_err problem = {0};
	/* Without YYJSON_READ_INSITU the text is only read. */
	yyjson_doc *parsed = yyjson_read_opts(
		(char *)(uintptr_t)text.data, text.size, YYJSON_READ_NOFLAG, NULL, &problem);

	if (parsed == NULL)
		return tree_fail_to_parse(text, true, &problem, err);
	return tree_finish(parsed, NULL, ret_doc, err);
}

int json_parse_buf(struct buf *text, struct json_doc **ret_doc, struct error *err)
{
	yyjson_read_err problem = {0};
	size_t size = text->size;
	autofree char *bytes = buf_take(text);
	yyjson_doc *parsed;

	bytes = alloc_resize(bytes, size + YYJSON_PADDING_SIZE, 1);
	memset(bytes + size, 0, YYJSON_PADDING_SIZE);
	parsed = yyjson_read_opts(bytes, size, YYJSON_READ_INSITU, NULL, &problem);
	if (parsed == NULL)
		return tree_fail_to_parse((struct str){bytes, size}, false, &problem, err);
	return tree_finish(parsed, take_ptr(&bytes), ret_doc, err);
}

struct json_doc *json_doc_ref(struct json_doc *doc)
{
	doc->reference_count++;
	return doc;
}

void json_doc_unref(struct json_doc *doc)
{
	if (doc == NULL)
		return;
	assert(doc->reference_count > 0);
	doc->reference_count--;
	if (doc->reference_count > 0)
		return;
	yyjson_doc_free(doc->parsed);
	free(doc->text);
	free(doc);
}

const struct json *json_doc_root(const struct json_doc *doc)
{
	return tree_json(yyjson_doc_get_root(doc->parsed));
}

enum json_type json_type(const struct json *value)
{
	switch (yyjson_get_type(tree_value(value))) {
	case YYJSON_TYPE_NULL:
		return JSON_NULL;
	case YYJSON_TYPE_BOOL:
		return JSON_BOOL;
	case YYJSON_TYPE_NUM:
		return JSON_NUMBER;
	case YYJSON_TYPE_STR:
		return JSON_STRING;
	case YYJSON_TYPE_ARR:
		return JSON_ARRAY;
	case YYJSON_TYPE_OBJ:
		return JSON_OBJECT;
	default:
		return JSON_ABSENT;
	}
}

const struct json *json_get(const struct json *value, const char *name)
{
	return tree_json(yyjson_obj_get(tree_value(value), name));
}

const struct json *json_at(const struct json *value, ...)
{
	va_list names;
	const char *name;

	va_start(names, value);
	while ((name = va_arg(names, const char *)) != NULL)
		value = json_get(value, name);
	va_end(names);
	return value;
}

struct str json_str(const struct json *value)
{
	yyjson_val *string = tree_value(value);

	if (!yyjson_is_str(string))
		return (struct str){0};
	return (struct str){yyjson_get_str(string), yyjson_get_len(string)};
}

bool json_bool(const struct json *value, bool fallback)
{
	return yyjson_is_bool(tree_value(value)) ? yyjson_get_bool(tree_value(value)) : fallback;
}

bool json__is_i64(const struct json *value)
{
	yyjson_val *number = tree_value(value);

	if (yyjson_is_uint(number))
		return yyjson_get_uint(number) <= INT64_MAX;
	return yyjson_is_sint(number);
}

int64_t json_i64(const struct json *value, int64_t fallback)
{
	return json__is_i64(value) ? yyjson_get_sint(tree_value(value)) : fallback;
}

size_t json_count(const struct json *value)
{
	return yyjson_is_ctn(tree_value(value)) ? yyjson_get_len(tree_value(value)) : 0;
}

struct json_iter json_iter(const struct json *value)
{
	struct json_iter iter = {.left = json_count(value)};

	if (iter.left == 0)
		return iter;
	iter.is_object = yyjson_is_obj(tree_value(value));
	iter.next = tree_json(unsafe_yyjson_get_first(tree_value(value)));
	return iter;
}

bool json_next(struct json_iter *iter)
{
	yyjson_val *value = tree_value(iter->next);

	if (iter->left == 0)
		return false;
	iter->left--;
	if (iter->is_object) {
		iter->key = json_str(iter->next);
		value = unsafe_yyjson_get_next(value);
	}
	iter->value = tree_json(value);
	iter->next = tree_json(unsafe_yyjson_get_next(value));
	return true;
}

bool json_equal(const struct json *a, const struct json *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return yyjson_equals(tree_value(a), tree_value(b));
}

void json__format_number(const struct json *value, char text[static JSON_NUMBER_TEXT_SIZE])
{
	size_t size = 0;
	autofree char *number =
		yyjson_val_write_opts(tree_value(value), YYJSON_WRITE_NOFLAG, NULL, &size, NULL);

	assert(number != NULL && size < JSON_NUMBER_TEXT_SIZE);
	memcpy(text, number, size + 1);
}
