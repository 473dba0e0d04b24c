/*
 * First the texts: how many there are, and each as its number among the shared ones, or as its size
 * and its bytes. Then the struct: a bit for each field that is not empty, and those in the order of
 * the table; a text is its place among the texts. Numbers are in groups of seven bits, as in
 * LEB128.
 */
#include "json/pack.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/time.h"
#include "json/tree.h"

enum {
	PACK_FIELDS_MAX = 64,
	PACK_BYTES_MAX = 2 * LIMIT_OBJECT_BYTES,
	PACK_COMPARED_MAX =
		128, /* texts; an object of a hundred thousand labels must not be slow */
};

static void pack_number(struct buf *out, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		buf_add_byte(out, (char)(unsigned char)(number | 0x80));
	buf_add_byte(out, (char)(unsigned char)number);
}

/* Small negative numbers are short, too. */
static void pack_signed(struct buf *out, int64_t number)
{
	uint64_t sign = number < 0 ? UINT64_MAX : 0;

	pack_number(out, ((uint64_t)number << 1) ^ sign);
}

/* ---- Packing ---- */

struct pack_text {
	struct str text;
	bool is_distinct;
};

struct pack_run {
	struct pack_text *texts; /* borrowed from the source */
	size_t count;
	size_t capacity;
	struct buf body;
};

static void pack_text(struct pack_run *run, struct str text, bool is_distinct)
{
	size_t compared = run->count < PACK_COMPARED_MAX ? run->count : PACK_COMPARED_MAX;
	size_t place = 0;

	while (place < compared && !str_equal(run->texts[place].text, text))
		place++;
	if (place == compared) {
		place = run->count;
		run->texts = alloc_room_for_one(
			run->texts, run->count, &run->capacity, sizeof(*run->texts));
		run->texts[run->count++] = (struct pack_text){text, is_distinct};
	}
	pack_number(&run->body, place);
}

static void pack_fields(struct pack_run *run, const struct json_object *object, const void *source);

static void pack_strings(struct pack_run *run, const struct json_strings *strings, bool is_distinct)
{
	pack_number(&run->body, strings->count);
	for (size_t i = 0; i < strings->count; i++)
		pack_text(run, strings->items[i], is_distinct);
}

static void pack_map(struct pack_run *run, const struct json_string_map *map, bool is_distinct)
{
	pack_number(&run->body, map->count);
	for (size_t i = 0; i < map->count; i++) {
		pack_text(run, map->items[i].key, false);
		pack_text(run, map->items[i].value, is_distinct);
	}
}

static void pack_list(
	struct pack_run *run, const struct json_object *object, const struct json_list *list)
{
	pack_number(&run->body, list->count);
	for (size_t i = 0; i < list->count; i++)
		pack_fields(run, object, (const char *)list->items + i * object->size);
}

static void pack_value(struct pack_run *run, const struct json_field *field, const void *source)
{
	bool is_distinct = (field->flags & JSON_DISTINCT) != 0;

	switch (field->type) {
	case JSON_FIELD_STRING:
		pack_text(run, *(const struct str *)source, is_distinct);
		return;
	case JSON_FIELD_BOOL: /* its bit is enough */
		return;
	case JSON_FIELD_I64:
		pack_signed(&run->body, *(const int64_t *)source);
		return;
	case JSON_FIELD_TIME:
	case JSON_FIELD_MICROTIME:
		pack_signed(&run->body, ((const struct wall_time *)source)->us);
		return;
	case JSON_FIELD_OBJECT:
		pack_fields(run, field->object, source);
		return;
	case JSON_FIELD_POINTER:
		pack_fields(run, field->object, *(const void *const *)source);
		return;
	case JSON_FIELD_STRINGS:
		pack_strings(run, source, is_distinct);
		return;
	case JSON_FIELD_STRING_MAP:
		pack_map(run, source, is_distinct);
		return;
	case JSON_FIELD_LIST:
		pack_list(run, field->object, source);
		return;
	}
}

static void pack_fields(struct pack_run *run, const struct json_object *object, const void *source)
{
	uint64_t bits = 0;

	assert(object->field_count <= PACK_FIELDS_MAX);
	for (size_t i = 0; i < object->field_count; i++)
		if (!json__is_empty(
			    &object->fields[i], (const char *)source + object->fields[i].offset))
			bits |= UINT64_C(1) << i;
	pack_number(&run->body, bits);
	for (size_t i = 0; i < object->field_count; i++)
		if ((bits & UINT64_C(1) << i) != 0)
			pack_value(run, &object->fields[i],
				(const char *)source + object->fields[i].offset);
}

static void pack_write_texts(const struct pack_run *run, struct texts *texts, struct buf *out)
{
	pack_number(out, run->count);
	for (size_t i = 0; i < run->count; i++) {
		struct str text = run->texts[i].text;
		if (!run->texts[i].is_distinct) {
			pack_number(out, (uint64_t)texts_take(texts, text) << 1 | 1);
			continue;
		}
		pack_number(out, (uint64_t)text.size << 1);
		buf_add(out, text);
		buf_add_byte(out, '\0');
	}
}

void json_pack(const struct json_object *object, const void *source, const struct str *own,
	size_t own_count, struct texts *texts, struct buf *out)
{
	struct pack_run run = {.body = BUF_INIT(PACK_BYTES_MAX)};

	run.capacity = own_count;
	run.texts = alloc_zeroed(own_count + 1, sizeof(*run.texts));
	for (; run.count < own_count; run.count++)
		run.texts[run.count] = (struct pack_text){own[run.count], true};
	pack_fields(&run, object, source);
	assert(!run.body.is_overflown); /* it is shorter than the JSON that was decoded */
	pack_write_texts(&run, texts, out);
	buf_add(out, buf_str(&run.body));
	buf_done(&run.body);
	free(run.texts);
}

/* ---- Unpacking ---- */

struct pack_reader {
	const char *next;
	struct str *texts;
	struct arena *arena;
};

static uint64_t read_number(const char **next)
{
	uint64_t number = 0;
	unsigned char byte = 0x80;

	for (unsigned shift = 0; (byte & 0x80) != 0; shift += 7) {
		byte = (unsigned char)*(*next)++;
		number |= (uint64_t)(byte & 0x7f) << shift;
	}
	return number;
}

static int64_t read_signed(const char **next)
{
	uint64_t number = read_number(next);

	return (int64_t)(number >> 1 ^ (0 - (number & 1)));
}

/* The next of the texts at the beginning; true when it is a shared one, then its number. */
static bool read_text(const char **next, struct str *ret_own, uint32_t *ret_number)
{
	uint64_t head = read_number(next);

	if ((head & 1) != 0) {
		*ret_number = (uint32_t)(head >> 1);
		return true;
	}
	*ret_own = (struct str){*next, (size_t)(head >> 1)};
	*next += ret_own->size + 1;
	return false;
}

void json_packed_release(struct str packed, struct texts *texts)
{
	const char *next = packed.data;
	uint32_t number;
	struct str own;

	for (uint64_t left = read_number(&next); left > 0; left--)
		if (read_text(&next, &own, &number))
			texts_drop(texts, number);
}

struct str json_packed_own(struct str packed, size_t index)
{
	const char *next = packed.data;
	uint64_t count = read_number(&next);
	struct str own = {0};
	uint32_t number;

	assert(index < count);
	for (size_t i = 0; i <= index; i++)
		if (read_text(&next, &own, &number))
			abort(); /* own ones stand first */
	return own;
}

static struct str unpack_text(struct pack_reader *reader)
{
	return reader->texts[read_number(&reader->next)];
}

static void unpack_fields(
	struct pack_reader *reader, const struct json_object *object, void *target);

static void unpack_strings(struct pack_reader *reader, struct json_strings *target)
{
	target->count = (size_t)read_number(&reader->next);
	target->items = arena_zeroed(reader->arena, target->count, sizeof(*target->items));
	for (size_t i = 0; i < target->count; i++)
		target->items[i] = unpack_text(reader);
}

static void unpack_map(struct pack_reader *reader, struct json_string_map *target)
{
	target->count = (size_t)read_number(&reader->next);
	target->items = arena_zeroed(reader->arena, target->count, sizeof(*target->items));
	for (size_t i = 0; i < target->count; i++) {
		target->items[i].key = unpack_text(reader);
		target->items[i].value = unpack_text(reader);
	}
}

static void unpack_list(
	struct pack_reader *reader, const struct json_object *object, struct json_list *target)
{
	target->count = (size_t)read_number(&reader->next);
	target->items = arena_zeroed(reader->arena, target->count, object->size);
	for (size_t i = 0; i < target->count; i++)
		unpack_fields(reader, object, (char *)target->items + i * object->size);
}

static void *unpack_pointed(struct pack_reader *reader, const struct json_object *object)
{
	void *pointed = arena_zeroed(reader->arena, 1, object->size);

	unpack_fields(reader, object, pointed);
	return pointed;
}

static void unpack_value(struct pack_reader *reader, const struct json_field *field, void *target)
{
	switch (field->type) {
	case JSON_FIELD_STRING:
		*(struct str *)target = unpack_text(reader);
		return;
	case JSON_FIELD_BOOL:
		*(bool *)target = true;
		return;
	case JSON_FIELD_I64:
		*(int64_t *)target = read_signed(&reader->next);
		return;
	case JSON_FIELD_TIME:
	case JSON_FIELD_MICROTIME:
		((struct wall_time *)target)->us = read_signed(&reader->next);
		return;
	case JSON_FIELD_OBJECT:
		unpack_fields(reader, field->object, target);
		return;
	case JSON_FIELD_POINTER:
		*(void **)target = unpack_pointed(reader, field->object);
		return;
	case JSON_FIELD_STRINGS:
		unpack_strings(reader, target);
		return;
	case JSON_FIELD_STRING_MAP:
		unpack_map(reader, target);
		return;
	case JSON_FIELD_LIST:
		unpack_list(reader, field->object, target);
		return;
	}
}

static void unpack_fields(
	struct pack_reader *reader, const struct json_object *object, void *target)
{
	uint64_t bits = read_number(&reader->next);

	memset(target, 0, object->size);
	for (size_t i = 0; i < object->field_count; i++)
		if ((bits & UINT64_C(1) << i) != 0)
			unpack_value(reader, &object->fields[i],
				(char *)target + object->fields[i].offset);
}

void json_unpack(struct str packed, const struct json_object *object, const struct texts *texts,
	struct arena *arena, void *ret_struct)
{
	struct pack_reader reader = {.next = packed.data, .arena = arena};
	size_t count = (size_t)read_number(&reader.next);
	uint32_t number;

	reader.texts = arena_zeroed(arena, count, sizeof(*reader.texts));
	for (size_t i = 0; i < count; i++)
		if (read_text(&reader.next, &reader.texts[i], &number))
			reader.texts[i] = texts_get(texts, number);
	unpack_fields(&reader, object, ret_struct);
}
