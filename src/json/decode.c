/*
 * A JSON object fills a struct as its table of fields says: one function per field type, found by a
 * table. Each of them either fills its target or leaves it zeroed and says what is wrong; whether
 * that ends the decoding (strict) or counts as an absent field is decided in one place.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/time.h"
#include "json/json.h"
#include "json/tree.h"
#include "json/utf8.h"

struct decode_run {
	struct arena *arena;
	bool is_strict;
	struct error *err;
};

/* Where we are, as a chain towards the root; becomes a path only when there is something to say. */
struct decode_place {
	const struct decode_run *run;
	const struct decode_place *parent; /* NULL at the root */
	struct str name; /* of the member; of the whole object at the root */
	size_t index; /* in an array, when the name is empty */
};

static void decode_add_path(struct buf *path, const struct decode_place *place)
{
	if (place->parent == NULL)
		return;
	decode_add_path(path, place->parent);
	if (place->name.data == NULL) {
		buf_printf(path, "[%zu]", place->index);
		return;
	}
	if (path->size > 0)
		buf_add_byte(path, '.');
	buf_add(path, place->name);
}

/* "spec.schedule is a number, not a string": `format` begins behind the path. */
static int format_printf(2, 3)
	decode_fail(const struct decode_place *place, const char *format, ...)
{
	autobuf text = BUF_INIT(LIMIT_ERROR_TEXT);
	va_list arguments;

	decode_add_path(&text, place);
	if (text.size == 0)
		buf_add(&text, place->name);
	buf_add_byte(&text, ' ');
	va_start(arguments, format);
	buf_vprintf(&text, format, arguments);
	va_end(arguments);
	return error_set(place->run->err, ERROR_INVALID, "%s", text.data);
}

static int decode_fail_type(
	const struct decode_place *place, const struct json *value, const char *expected)
{
	static const char *const names[] = {
		[JSON_ABSENT] = "missing",
		[JSON_NULL] = "null",
		[JSON_BOOL] = "a boolean",
		[JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string",
		[JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object",
	};

	return decode_fail(place, "is %s, not %s", names[json_type(value)], expected);
}

static int decode_fail_choice(
	const struct decode_place *place, struct str text, const char *const *choices)
{
	autobuf allowed = BUF_INIT(LIMIT_ERROR_TEXT / 2);

	for (const char *const *choice = choices; *choice != NULL; choice++)
		buf_printf(&allowed, "%s%s", choice == choices ? "" : ", ", *choice);
	text.size = text.size < 64 ? text.size : 64;
	return decode_fail(place, "is '%.*s'; allowed: %s", STR_ARG(text), allowed.data);
}

static bool decode_is_choice(struct str text, const char *const *choices)
{
	for (; *choices != NULL; choices++)
		if (str_is(text, *choices))
			return true;
	return false;
}

static int decode_string(const struct decode_place *place, const struct json_field *field,
	const struct json *value, void *target)
{
	struct str text = json_str(value);

	if (json_type(value) != JSON_STRING)
		return decode_fail_type(place, value, "a string");
	if (field->choices != NULL && !decode_is_choice(text, field->choices))
		return decode_fail_choice(place, text, field->choices);
	if (field->max_length > 0 && json__utf8_count(text) > field->max_length)
		return decode_fail(place, "is longer than %zu characters", field->max_length);
	*(struct str *)target = arena_str(place->run->arena, text);
	return 0;
}

static int decode_bool(const struct decode_place *place, const struct json_field *field,
	const struct json *value, void *target)
{
	(void)field;
	if (json_type(value) != JSON_BOOL)
		return decode_fail_type(place, value, "a boolean");
	*(bool *)target = json_bool(value, false);
	return 0;
}

static int decode_i64(const struct decode_place *place, const struct json_field *field,
	const struct json *value, void *target)
{
	bool is_bounded = field->minimum < field->maximum;
	int64_t number = json_i64(value, 0);

	if (json_type(value) != JSON_NUMBER)
		return decode_fail_type(place, value, "an integer");
	if (!json__is_i64(value))
		return decode_fail(place, "is not an integer of 64 bits");
	if (is_bounded && (number < field->minimum || number > field->maximum))
		return decode_fail(place, "is %" PRIi64 "; allowed: %" PRIi64 " to %" PRIi64,
			number, field->minimum, field->maximum);
	*(int64_t *)target = number;
	return 0;
}

static int decode_time(const struct decode_place *place, const struct json_field *field,
	const struct json *value, void *target)
{
	struct wall_time time;

	(void)field;
	if (json_type(value) != JSON_STRING)
		return decode_fail_type(place, value, "a time");
	if (!wall_time_parse(json_str(value), &time))
		return decode_fail(place, "is not a time like 2026-11-21T22:00:00Z");
	*(struct wall_time *)target = time;
	return 0;
}

static int decode_fields(const struct decode_place *place, const struct json_object *object,
	const struct json *value, void *target);

static int decode_object(const struct decode_place *place, const struct json_field *field,
	const struct json *value, void *target)
{
	if (json_type(value) != JSON_OBJECT)
		return decode_fail_type(place, value, "an object");
	return decode_fields(place, field->object, value, target);
}

static int decode_pointer(const struct decode_place *place, const struct json_field *field,
	const struct json *value, void *target)
{
	void *pointed = arena_zeroed(place->run->arena, 1, field->object->size);

	if (decode_object(place, field, value, pointed) < 0)
		return -1;
	*(void **)target = pointed;
	return 0;
}

/* Whether `value` is an array of which the items, `size` bytes each in memory, may be taken. */
static int decode_check_array(const struct decode_place *place, const struct json_field *field,
	const struct json *value, size_t size)
{
	size_t limit = LIMIT_LIST_BYTES / size;

	if (json_type(value) != JSON_ARRAY)
		return decode_fail_type(place, value, "an array");
	if (field->max_length > 0 && field->max_length < limit)
		limit = field->max_length;
	if (json_count(value) > limit)
		return decode_fail(place, "has more than %zu items", limit);
	return 0;
}

static int decode_strings(const struct decode_place *place, const struct json_field *field,
	const struct json *value, void *target)
{
	struct json_strings strings = {0};
	struct decode_place item = {.run = place->run, .parent = place};

	if (decode_check_array(place, field, value, sizeof(struct str)) < 0)
		return -1;
	strings.items = arena_zeroed(place->run->arena, json_count(value), sizeof(struct str));
	for (struct json_iter it = json_iter(value); json_next(&it); item.index++) {
		if (json_type(it.value) == JSON_STRING)
			strings.items[strings.count++] =
				arena_str(place->run->arena, json_str(it.value));
		else if (place->run->is_strict)
			return decode_fail_type(&item, it.value, "a string");
	}
	*(struct json_strings *)target = strings;
	return 0;
}

static int decode_string_map(const struct decode_place *place, const struct json_field *field,
	const struct json *value, void *target)
{
	struct arena *arena = place->run->arena;
	struct json_string_map map = {0};

	(void)field;
	if (json_type(value) != JSON_OBJECT)
		return decode_fail_type(place, value, "an object");
	map.items = arena_zeroed(arena, json_count(value), sizeof(struct json_pair));
	for (struct json_iter it = json_iter(value); json_next(&it);) {
		struct decode_place pair = {.run = place->run, .parent = place, .name = it.key};
		if (json_type(it.value) == JSON_STRING)
			map.items[map.count++] = (struct json_pair){
				arena_str(arena, it.key), arena_str(arena, json_str(it.value))};
		else if (place->run->is_strict)
			return decode_fail_type(&pair, it.value, "a string");
	}
	*(struct json_string_map *)target = map;
	return 0;
}

static int decode_list(const struct decode_place *place, const struct json_field *field,
	const struct json *value, void *target)
{
	size_t size = field->object->size;
	struct json_list list = {0};
	struct decode_place item = {.run = place->run, .parent = place};

	if (decode_check_array(place, field, value, size) < 0)
		return -1;
	list.items = arena_zeroed(place->run->arena, json_count(value), size);
	for (struct json_iter it = json_iter(value); json_next(&it); item.index++) {
		void *slot = (char *)list.items + list.count * size;
		if (decode_object(&item, field, it.value, slot) == 0)
			list.count++;
		else if (place->run->is_strict)
			return -1;
	}
	*(struct json_list *)target = list;
	return 0;
}

typedef int (*decode_fn)(const struct decode_place *place, const struct json_field *field,
	const struct json *value, void *target);

static const decode_fn decode_functions[] = {
	[JSON_FIELD_STRING] = decode_string,
	[JSON_FIELD_BOOL] = decode_bool,
	[JSON_FIELD_I64] = decode_i64,
	[JSON_FIELD_TIME] = decode_time,
	[JSON_FIELD_MICROTIME] = decode_time,
	[JSON_FIELD_OBJECT] = decode_object,
	[JSON_FIELD_POINTER] = decode_pointer,
	[JSON_FIELD_STRINGS] = decode_strings,
	[JSON_FIELD_STRING_MAP] = decode_string_map,
	[JSON_FIELD_LIST] = decode_list,
};

static void decode_default(const struct json_field *field, void *target)
{
	if (field->type == JSON_FIELD_STRING && field->default_text != NULL)
		*(struct str *)target = str_of(field->default_text);
	else if (field->type == JSON_FIELD_I64)
		*(int64_t *)target = field->default_i64;
	else if (field->type == JSON_FIELD_BOOL)
		*(bool *)target = field->default_bool;
}

/* As the API server: null means absent, unless the field says that null is a value. */
static int decode_field(const struct decode_place *place, const struct json_field *field,
	const struct json *value, void *target)
{
	bool is_strict = place->run->is_strict;
	bool is_given = value != NULL && json_type(value) != JSON_NULL;

	if (is_given && decode_functions[field->type](place, field, value, target) == 0)
		return 0;
	if (is_given && is_strict)
		return -1;
	if (json_type(value) == JSON_NULL && (field->flags & JSON_NULLABLE) != 0)
		return 0;
	if (is_strict && (field->flags & JSON_REQUIRED) != 0)
		return decode_fail(place, "is missing");
	decode_default(field, target);
	return 0;
}

static int decode_fields(const struct decode_place *place, const struct json_object *object,
	const struct json *value, void *target)
{
	memset(target, 0, object->size);
	for (size_t i = 0; i < object->field_count; i++) {
		const struct json_field *field = &object->fields[i];
		struct decode_place member = {
			.run = place->run, .parent = place, .name = str_of(field->name)};
		if (decode_field(&member, field, json_get(value, field->name),
			    (char *)target + field->offset) < 0)
			return -1;
	}
	return 0;
}

int json_decode(const struct json *value, const struct json_object *object, bool strict,
	struct arena *arena, void *ret_struct, struct error *err)
{
	struct error ignored;
	struct decode_run run = {arena, strict, strict ? err : &ignored};
	struct decode_place root = {.run = &run, .name = str_of(object->name)};

	if (strict && value != NULL && json_type(value) != JSON_OBJECT)
		return decode_fail_type(&root, value, "an object");
	return decode_fields(&root, object, value, ret_struct);
}
