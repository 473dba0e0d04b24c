/*
 * A tree to YAML as people and `kubectl get -o yaml` write it: block style, lists at the
 * indentation of their key, text of several lines as a literal block, and quotes only where the
 * text would mean something else without them, to us or to another YAML reader.
 */
#include <string.h>

#include "json/tree.h"
#include "json/utf8.h"
#include "json/yaml.h"
#include "json/yaml_scalar.h"

/*
 * Readers find the ':' of a key without '?' in front only within 1024 characters (YAML 1.1, 7.1),
 * and one byte becomes six when it is escaped.
 */
enum { YAML_SIMPLE_KEY_BYTES = 128 };

/* Whether all characters can stand for themselves; line feeds only in a literal block. */
static bool text_is_printable(struct str text, bool allows_lines)
{
	while (text.size > 0) {
		uint32_t character = 0;
		size_t size = json__utf8_decode(text, &character);
		if (size == 0 || !json__utf8_is_printable(character))
			return false;
		if (!allows_lines && character < 0x20)
			return false;
		text = str_from(text, size);
	}
	return true;
}

static bool text_begins_as_syntax(struct str text)
{
	if (text.data[0] == '-' && text.size > 1 && text.data[1] != ' ')
		return str_starts_with(text, STR("---"));
	if (str_starts_with(text, STR("...")))
		return true;
	return strchr("-?:,[]{}#&*!|>'\"%@`<= ", text.data[0]) != NULL;
}

/* Dates and base-60 numbers: strings to us and go-yaml, but not to other YAML 1.1 readers. */
static bool text_resembles_time(struct str text)
{
	bool has_separator = false;

	for (size_t i = 0; i < text.size; i++) {
		if (strchr("0123456789+-:._TZtz ", text.data[i]) == NULL)
			return false;
		has_separator = has_separator || (i > 0 && strchr("-:", text.data[i]) != NULL);
	}
	return has_separator;
}

static bool text_is_plain(struct str text)
{
	char last = text.size > 0 ? text.data[text.size - 1] : ' ';

	if (last == ' ' || last == ':' || text_begins_as_syntax(text))
		return false;
	if (str_contains(text, STR(": ")) || str_contains(text, STR(" #")))
		return false;
	if (!text_is_printable(text, false) || text_resembles_time(text))
		return false;
	return yaml__resolve(text).type == JSON_STRING;
}

/* A first line with leading white space, or an empty one, would need an indentation indicator. */
static bool text_is_literal(struct str text)
{
	return str_contains(text, STR("\n")) && strchr(" \t\n", text.data[0]) == NULL &&
		text_is_printable(text, true);
}

static void write_spaces(struct buf *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_add_byte(out, ' ');
}

/* The lines behind "|", with what tells how many line feeds end the text: "-" none, "+" many. */
static void write_literal(struct buf *out, struct str text, size_t indent)
{
	struct str line;

	buf_add_byte(out, '|');
	if (!str_ends_with(text, STR("\n")))
		buf_add_byte(out, '-');
	else if (str_ends_with(text, STR("\n\n")))
		buf_add_byte(out, '+');
	buf_add_byte(out, '\n');
	while (text.size > 0) {
		(void)str_cut(text, '\n', &line, &text);
		if (line.size > 0)
			write_spaces(out, indent);
		buf_add(out, line);
		buf_add_byte(out, '\n');
	}
}

/* A string and the end of its line. */
static void write_string(struct buf *out, struct str text, size_t indent)
{
	if (text_is_literal(text)) {
		write_literal(out, text, indent);
		return;
	}
	if (text_is_plain(text))
		buf_add(out, text);
	else
		json__add_quoted(out, text);
	buf_add_byte(out, '\n');
}

/* What fits behind a key or dash, and the end of the line. JSON's words are YAML's as well. */
static void write_inline(struct buf *out, const struct json *value, size_t indent)
{
	struct json_writer writer = json_writer(out);

	if (json_type(value) == JSON_STRING) {
		write_string(out, json_str(value), indent);
		return;
	}
	json_add_value(&writer, value);
	buf_add_byte(out, '\n');
}

static void write_items(struct buf *out, const struct json *array, size_t indent, bool is_begun);
static void write_members(struct buf *out, const struct json *object, size_t indent, bool is_begun);

static void write_key(struct buf *out, struct str key, size_t indent)
{
	if (key.size > YAML_SIMPLE_KEY_BYTES) {
		buf_add_text(out, "? ");
		json__add_quoted(out, key);
		buf_add_byte(out, '\n');
		write_spaces(out, indent);
	} else if (text_is_plain(key)) {
		buf_add(out, key);
	} else {
		json__add_quoted(out, key);
	}
	buf_add_byte(out, ':');
}

/* Recursion ends: a document is at most LIMIT_JSON_DEPTH deep. */
static void write_member(struct buf *out, struct str key, const struct json *value, size_t indent)
{
	write_key(out, key, indent);
	if (json_count(value) == 0) {
		buf_add_byte(out, ' ');
		write_inline(out, value, indent + 2);
		return;
	}
	buf_add_byte(out, '\n');
	if (json_type(value) == JSON_OBJECT)
		write_members(out, value, indent + 2, false);
	else
		write_items(out, value, indent, false);
}

/* `is_begun`: the first line has its indentation and a dash already. */
static void write_members(struct buf *out, const struct json *object, size_t indent, bool is_begun)
{
	for (struct json_iter it = json_iter(object); json_next(&it); is_begun = false) {
		if (!is_begun)
			write_spaces(out, indent);
		write_member(out, it.key, it.value, indent);
	}
}

static void write_items(struct buf *out, const struct json *array, size_t indent, bool is_begun)
{
	for (struct json_iter it = json_iter(array); json_next(&it); is_begun = false) {
		if (!is_begun)
			write_spaces(out, indent);
		buf_add_text(out, "- ");
		if (json_count(it.value) == 0)
			write_inline(out, it.value, indent + 2);
		else if (json_type(it.value) == JSON_OBJECT)
			write_members(out, it.value, indent + 2, true);
		else
			write_items(out, it.value, indent + 2, true);
	}
}

void yaml_write(struct buf *out, const struct json *value)
{
	if (json_count(value) == 0)
		write_inline(out, value, 2);
	else if (json_type(value) == JSON_OBJECT)
		write_members(out, value, 0, false);
	else
		write_items(out, value, 0, false);
}
