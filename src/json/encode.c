/*
 * A struct becomes a JSON object as its table of fields says. What a reader would see as absent
 * (empty, zero, false, NULL) is left out, so that decoding and encoding are each other's inverse
 * and a patch holds only what was set.
 */
#include "base/time.h"
#include "json/tree.h"

static bool encode_is_empty_object(const struct json_object *object, const void *source);

bool json__is_empty(const struct json_field *field, const void *source)
{
	switch (field->type) {
	case JSON_FIELD_STRING:
		return ((const struct str *)source)->size == 0;
	case JSON_FIELD_BOOL:
		return !*(const bool *)source;
	case JSON_FIELD_I64:
		return *(const int64_t *)source == 0;
	case JSON_FIELD_TIME:
	case JSON_FIELD_MICROTIME:
		return !wall_time_is_set(*(const struct wall_time *)source);
	case JSON_FIELD_OBJECT:
		return encode_is_empty_object(field->object, source);
	case JSON_FIELD_POINTER:
		return *(const void *const *)source == NULL;
	case JSON_FIELD_STRINGS:
		return ((const struct json_strings *)source)->count == 0;
	case JSON_FIELD_STRING_MAP:
		return ((const struct json_string_map *)source)->count == 0;
	case JSON_FIELD_LIST:
		return ((const struct json_list *)source)->count == 0;
	}
	return true;
}

static const void *encode_member(const struct json_field *field, const void *source)
{
	return (const char *)source + field->offset;
}

static bool encode_is_empty_object(const struct json_object *object, const void *source)
{
	for (size_t i = 0; i < object->field_count; i++)
		if (!json__is_empty(&object->fields[i], encode_member(&object->fields[i], source)))
			return false;
	return true;
}

static void encode_time(struct json_writer *writer, struct wall_time time, bool is_micro)
{
	char text[TIME_TEXT_SIZE];

	if (!wall_time_is_set(time)) {
		json_add_null(writer);
		return;
	}
	if (is_micro)
		wall_time_format_micro(time, text);
	else
		wall_time_format(time, text);
	json_add_str(writer, str_of(text));
}

static void encode_pointer(
	struct json_writer *writer, const struct json_object *object, const void *source)
{
	if (source == NULL)
		json_add_null(writer);
	else
		json_encode(writer, object, source);
}

static void encode_strings(struct json_writer *writer, const struct json_strings *strings)
{
	json_begin_array(writer);
	for (size_t i = 0; i < strings->count; i++)
		json_add_str(writer, strings->items[i]);
	json_end_array(writer);
}

static void encode_string_map(struct json_writer *writer, const struct json_string_map *map)
{
	json_begin_object(writer);
	for (size_t i = 0; i < map->count; i++) {
		json_key(writer, map->items[i].key);
		json_add_str(writer, map->items[i].value);
	}
	json_end_object(writer);
}

static void encode_list(
	struct json_writer *writer, const struct json_object *object, const struct json_list *list)
{
	json_begin_array(writer);
	for (size_t i = 0; i < list->count; i++)
		json_encode(writer, object, (const char *)list->items + i * object->size);
	json_end_array(writer);
}

static void encode_value(
	struct json_writer *writer, const struct json_field *field, const void *source)
{
	switch (field->type) {
	case JSON_FIELD_STRING:
		json_add_str(writer, *(const struct str *)source);
		return;
	case JSON_FIELD_BOOL:
		json_add_bool(writer, *(const bool *)source);
		return;
	case JSON_FIELD_I64:
		json_add_i64(writer, *(const int64_t *)source);
		return;
	case JSON_FIELD_TIME:
	case JSON_FIELD_MICROTIME:
		encode_time(writer, *(const struct wall_time *)source,
			field->type == JSON_FIELD_MICROTIME);
		return;
	case JSON_FIELD_OBJECT:
		json_encode(writer, field->object, source);
		return;
	case JSON_FIELD_POINTER:
		encode_pointer(writer, field->object, *(const void *const *)source);
		return;
	case JSON_FIELD_STRINGS:
		encode_strings(writer, source);
		return;
	case JSON_FIELD_STRING_MAP:
		encode_string_map(writer, source);
		return;
	case JSON_FIELD_LIST:
		encode_list(writer, field->object, source);
		return;
	}
}

void json_encode(struct json_writer *writer, const struct json_object *object, const void *source)
{
	json_begin_object(writer);
	for (size_t i = 0; i < object->field_count; i++) {
		const struct json_field *field = &object->fields[i];
		const void *member = encode_member(field, source);
		if ((field->flags & JSON_WRITE_EMPTY) == 0 && json__is_empty(field, member))
			continue;
		json_key(writer, str_of(field->name));
		encode_value(writer, field, member);
	}
	json_end_object(writer);
}

struct str json_string_map_get(const struct json_string_map *map, struct str key)
{
	for (size_t i = 0; i < map->count; i++)
		if (str_equal(map->items[i].key, key))
			return map->items[i].value;
	return (struct str){0};
}
