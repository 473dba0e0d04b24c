/*
 * Values become JSON text while they are told, without a tree in between. The writer knows where it
 * is (in which container, after a key or not) and asserts that what it is told fits there, so that
 * the text is well-formed whatever the strings hold.
 */
#include <assert.h>
#include <inttypes.h>

#include "json/json.h"
#include "json/tree.h"
#include "json/utf8.h"

struct json_writer json_writer(struct buf *out)
{
	return (struct json_writer){.out = out};
}

struct json_writer json_writer_pretty(struct buf *out)
{
	return (struct json_writer){.out = out, .is_pretty = true};
}

static void writer_break_line(struct json_writer *writer)
{
	if (!writer->is_pretty)
		return;
	buf_add_byte(writer->out, '\n');
	for (unsigned i = 0; i < writer->depth; i++)
		buf_add(writer->out, STR("  "));
}

/* Before each item of an array and each key: the comma and the line. */
static void writer_begin_item(struct json_writer *writer)
{
	if (writer->has_items[writer->depth])
		buf_add_byte(writer->out, ',');
	writer->has_items[writer->depth] = true;
	if (writer->depth > 0)
		writer_break_line(writer);
}

/* Before each value. */
static void writer_begin_value(struct json_writer *writer)
{
	if (writer->has_key) {
		writer->has_key = false;
		return;
	}
	assert(!writer->is_object[writer->depth]);
	assert(writer->depth > 0 || !writer->has_items[0]);
	writer_begin_item(writer);
}

static void writer_open(struct json_writer *writer, char bracket, bool is_object)
{
	writer_begin_value(writer);
	assert(writer->depth < JSON_WRITER_DEPTH);
	buf_add_byte(writer->out, bracket);
	writer->depth++;
	writer->is_object[writer->depth] = is_object;
	writer->has_items[writer->depth] = false;
}

static void writer_close(struct json_writer *writer, char bracket, bool is_object)
{
	bool has_items = writer->has_items[writer->depth];

	assert(writer->depth > 0 && writer->is_object[writer->depth] == is_object);
	assert(!writer->has_key);
	writer->depth--;
	if (has_items)
		writer_break_line(writer);
	buf_add_byte(writer->out, bracket);
}

void json_begin_object(struct json_writer *writer)
{
	writer_open(writer, '{', true);
}

void json_end_object(struct json_writer *writer)
{
	writer_close(writer, '}', true);
}

void json_begin_array(struct json_writer *writer)
{
	writer_open(writer, '[', false);
}

void json_end_array(struct json_writer *writer)
{
	writer_close(writer, ']', false);
}

/* The bytes at the front of `text` that may stand in a JSON string as they are. */
static size_t writer_plain_size(struct str text)
{
	size_t size = 0;

	while (size < text.size) {
		uint32_t character = 0;
		size_t step = json__utf8_decode(str_from(text, size), &character);
		if (step == 0 || character == '"' || character == '\\' || character < 0x20 ||
			!json__utf8_is_printable(character))
			break;
		size += step;
	}
	return size;
}

/* What may not stand as it is at the front of `text`; returns its size. */
static size_t writer_add_escaped(struct buf *out, struct str text)
{
	static const char short_forms[0x80] = {['"'] = '"',
		['\\'] = '\\',
		['\b'] = 'b',
		['\f'] = 'f',
		['\n'] = 'n',
		['\r'] = 'r',
		['\t'] = 't'};
	uint32_t character = 0;
	size_t size = json__utf8_decode(text, &character);

	if (size == 0) {
		buf_add(out, STR("\xef\xbf\xbd")); /* U+FFFD for each byte, as Go does */
		return 1;
	}
	if (character < 0x80 && short_forms[character] != '\0')
		buf_printf(out, "\\%c", short_forms[character]);
	else
		buf_printf(out, "\\u%04" PRIx32, character);
	return size;
}

/*
 * More is escaped than JSON asks for: also what YAML would not take as it is. The API server reads
 * the body of a server-side apply as YAML even when it is JSON, and YAML files quote this way too.
 */
void json__add_quoted(struct buf *out, struct str text)
{
	buf_add_byte(out, '"');
	while (text.size > 0) {
		size_t plain = writer_plain_size(text);
		buf_add(out, (struct str){text.data, plain});
		text = str_from(text, plain);
		if (text.size > 0)
			text = str_from(text, writer_add_escaped(out, text));
	}
	buf_add_byte(out, '"');
}

void json_key(struct json_writer *writer, struct str name)
{
	assert(writer->is_object[writer->depth] && !writer->has_key);
	writer_begin_item(writer);
	json__add_quoted(writer->out, name);
	buf_add(writer->out, writer->is_pretty ? STR(": ") : STR(":"));
	writer->has_key = true;
}

void json_add_str(struct json_writer *writer, struct str value)
{
	writer_begin_value(writer);
	json__add_quoted(writer->out, value);
}

void json_add_i64(struct json_writer *writer, int64_t value)
{
	writer_begin_value(writer);
	buf_printf(writer->out, "%" PRIi64, value);
}

void json_add_bool(struct json_writer *writer, bool value)
{
	writer_begin_value(writer);
	buf_add(writer->out, value ? STR("true") : STR("false"));
}

void json_add_null(struct json_writer *writer)
{
	writer_begin_value(writer);
	buf_add(writer->out, STR("null"));
}

void json__add_number(struct json_writer *writer, struct str number)
{
	writer_begin_value(writer);
	buf_add(writer->out, number);
}

static void writer_add_number(struct json_writer *writer, const struct json *value)
{
	char text[JSON_NUMBER_TEXT_SIZE];

	json__format_number(value, text);
	json__add_number(writer, str_of(text));
}

/* Recursion ends: a document is at most LIMIT_JSON_DEPTH deep. */
static void writer_add_items(struct json_writer *writer, const struct json *value)
{
	for (struct json_iter it = json_iter(value); json_next(&it);) {
		if (json_type(value) == JSON_OBJECT)
			json_key(writer, it.key);
		json_add_value(writer, it.value);
	}
}

void json_add_value(struct json_writer *writer, const struct json *value)
{
	switch (json_type(value)) {
	case JSON_ABSENT:
	case JSON_NULL:
		json_add_null(writer);
		return;
	case JSON_BOOL:
		json_add_bool(writer, json_bool(value, false));
		return;
	case JSON_NUMBER:
		writer_add_number(writer, value);
		return;
	case JSON_STRING:
		json_add_str(writer, json_str(value));
		return;
	case JSON_ARRAY:
		json_begin_array(writer);
		writer_add_items(writer, value);
		json_end_array(writer);
		return;
	case JSON_OBJECT:
		json_begin_object(writer);
		writer_add_items(writer, value);
		json_end_object(writer);
		return;
	}
}

void json_set_str(struct json_writer *writer, const char *name, struct str value)
{
	json_key(writer, str_of(name));
	json_add_str(writer, value);
}

void json_set_text(struct json_writer *writer, const char *name, const char *value)
{
	json_set_str(writer, name, str_of(value));
}

void json_set_i64(struct json_writer *writer, const char *name, int64_t value)
{
	json_key(writer, str_of(name));
	json_add_i64(writer, value);
}

void json_set_bool(struct json_writer *writer, const char *name, bool value)
{
	json_key(writer, str_of(name));
	json_add_bool(writer, value);
}

void json_set_value(struct json_writer *writer, const char *name, const struct json *value)
{
	json_key(writer, str_of(name));
	json_add_value(writer, value);
}

void json_set_object(struct json_writer *writer, const char *name)
{
	json_key(writer, str_of(name));
	json_begin_object(writer);
}

void json_set_array(struct json_writer *writer, const char *name)
{
	json_key(writer, str_of(name));
	json_begin_array(writer);
}
