/*
 * A reader by recursive descent over a slice; nesting has a limit. Tables leave no trace but the
 * paths of what lies in them.
 */
#include "install/toml.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"

struct toml_reader {
	struct str text;
	struct str rest; /* of the text */
	struct arena *arena;
	struct install_toml *toml;
	size_t tables_in_arrays; /* [[headers]] so far: each item gets a number of its own */
	struct error *err;
};

void install_toml_done(struct install_toml *toml)
{
	free(toml->values);
	*toml = INSTALL_TOML_INIT;
}

static int toml_fail(const struct toml_reader *reader, const char *what)
{
	size_t line = 1;

	for (const char *at = reader->text.data; at < reader->rest.data; at++)
		line += *at == '\n';
	return error_set(reader->err, ERROR_CORRUPT, "line %zu: %s", line, what);
}

static char toml_peek(const struct toml_reader *reader)
{
	return reader->rest.size > 0 ? reader->rest.data[0] : '\0';
}

static void toml_skip(struct toml_reader *reader, size_t size)
{
	reader->rest = str_from(reader->rest, size);
}

static bool toml_take(struct toml_reader *reader, struct str word)
{
	if (!str_starts_with(reader->rest, word))
		return false;
	toml_skip(reader, word.size);
	return true;
}

static void toml_skip_space(struct toml_reader *reader)
{
	while (toml_peek(reader) == ' ' || toml_peek(reader) == '\t')
		toml_skip(reader, 1);
}

static void toml_skip_comment(struct toml_reader *reader)
{
	if (toml_peek(reader) == '#')
		while (reader->rest.size > 0 && toml_peek(reader) != '\n')
			toml_skip(reader, 1);
}

/* Space, comments and ends of lines. */
static void toml_skip_blank(struct toml_reader *reader)
{
	size_t before;

	do {
		before = reader->rest.size;
		toml_skip_space(reader);
		toml_skip_comment(reader);
		if (!toml_take(reader, STR("\n")))
			(void)toml_take(reader, STR("\r\n"));
	} while (reader->rest.size < before);
}

static int toml_end_line(struct toml_reader *reader)
{
	toml_skip_space(reader);
	toml_skip_comment(reader);
	if (reader->rest.size == 0 || toml_take(reader, STR("\n")) ||
		toml_take(reader, STR("\r\n")))
		return 0;
	return toml_fail(reader, "something stands behind a value");
}

static int toml_join(
	const struct toml_reader *reader, struct str table, struct str key, struct str *ret_path)
{
	if (table.size + key.size > INSTALL_TOML_PATH)
		return toml_fail(reader, "the keys are too long");
	*ret_path = table.size == 0 ? arena_str(reader->arena, key)
				    : arena_printf(reader->arena, "%.*s%c%.*s", STR_ARG(table),
					      INSTALL_TOML_SEPARATOR, STR_ARG(key));
	return 0;
}

static void toml_add_utf8(struct buf *out, unsigned long code)
{
	if (code < 0x80) {
		buf_add_byte(out, (char)code);
		return;
	}
	if (code < 0x800) {
		buf_add_byte(out, (char)(0xc0 | code >> 6));
	} else {
		if (code < 0x10000) {
			buf_add_byte(out, (char)(0xe0 | code >> 12));
		} else {
			buf_add_byte(out, (char)(0xf0 | (code >> 18 & 0x07)));
			buf_add_byte(out, (char)(0x80 | (code >> 12 & 0x3f)));
		}
		buf_add_byte(out, (char)(0x80 | (code >> 6 & 0x3f)));
	}
	buf_add_byte(out, (char)(0x80 | (code & 0x3f)));
}

static int toml_read_code(struct toml_reader *reader, size_t digits, struct buf *out)
{
	char text[9] = "";
	char *end;
	unsigned long code;

	if (reader->rest.size < digits)
		return toml_fail(reader, "a character's number is cut off");
	memcpy(text, reader->rest.data, digits);
	code = strtoul(text, &end, 16);
	if (end != text + digits || code > 0x10ffff)
		return toml_fail(reader, "not a character's number");
	toml_skip(reader, digits);
	toml_add_utf8(out, code);
	return 0;
}

/* Behind a backslash. */
static int toml_read_escape(struct toml_reader *reader, bool is_multiline, struct buf *out)
{
	static const char names[] = "btnfre\"\\";
	static const char meanings[] = "\b\t\n\f\r\x1b\"\\";
	const char *name;
	char byte = toml_peek(reader);

	if (is_multiline && (byte == '\n' || byte == '\r' || byte == ' ' || byte == '\t')) {
		while (reader->rest.size > 0 && strchr(" \t\r\n", toml_peek(reader)) != NULL)
			toml_skip(reader, 1);
		return 0;
	}
	if (toml_take(reader, STR("u")))
		return toml_read_code(reader, 4, out);
	if (toml_take(reader, STR("U")))
		return toml_read_code(reader, 8, out);
	name = byte != '\0' ? strchr(names, byte) : NULL;
	if (name == NULL)
		return toml_fail(reader, "no such escape in a string");
	toml_skip(reader, 1);
	buf_add_byte(out, meanings[name - names]);
	return 0;
}

/* Behind the opening quotes, up to and with the closing ones. */
static int toml_read_quoted(struct toml_reader *reader, struct str quotes, struct buf *out)
{
	const bool is_multiline = quotes.size == 3;
	const bool has_escapes = quotes.data[0] == '"';

	if (is_multiline && !toml_take(reader, STR("\n")))
		(void)toml_take(reader, STR("\r\n"));
	while (!toml_take(reader, quotes)) {
		if (reader->rest.size == 0 || (!is_multiline && toml_peek(reader) == '\n'))
			return toml_fail(reader, "a string has no end");
		if (has_escapes && toml_take(reader, STR("\\"))) {
			if (toml_read_escape(reader, is_multiline, out) < 0)
				return -1;
			continue;
		}
		buf_add_byte(out, toml_peek(reader));
		toml_skip(reader, 1);
	}
	/* up to two quotes may stand right before the closing three */
	while (is_multiline && toml_take(reader, str_from(quotes, 2)))
		buf_add_byte(out, quotes.data[0]);
	return 0;
}

/* 1 with the string's meaning, 0 when no string begins here. */
static int toml_read_string(struct toml_reader *reader, struct str *ret_text)
{
	static const struct str quotes[] = {
		STR_INIT("\"\"\""), STR_INIT("'''"), STR_INIT("\""), STR_INIT("'")};
	autobuf out = BUF_INIT(INSTALL_TOML_BYTES);

	for (size_t i = 0; i < array_size(quotes); i++) {
		if (!toml_take(reader, quotes[i]))
			continue;
		if (toml_read_quoted(reader, quotes[i], &out) < 0)
			return -1;
		*ret_text = arena_str(reader->arena, buf_str(&out));
		return 1;
	}
	return 0;
}

static bool toml_is_bare(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

/* A key, dotted or not, appended to the path of its table. */
static int toml_read_key(struct toml_reader *reader, struct str table, struct str *ret_path)
{
	do {
		struct str key = STR("");
		toml_skip_space(reader);
		int found = toml_read_string(reader, &key);
		if (found < 0)
			return -1;
		if (found == 0) {
			key = (struct str){reader->rest.data, 0};
			while (key.size < reader->rest.size && toml_is_bare(key.data[key.size]))
				key.size++;
			if (key.size == 0)
				return toml_fail(reader, "a key is missing");
			toml_skip(reader, key.size);
		}
		if (toml_join(reader, table, key, &table) < 0)
			return -1;
		toml_skip_space(reader);
	} while (toml_take(reader, STR(".")));
	*ret_path = table;
	return 0;
}

static int toml_add(struct toml_reader *reader, const struct install_toml_value *value)
{
	struct install_toml *toml = reader->toml;

	if (toml->count == INSTALL_TOML_VALUES)
		return error_set(
			reader->err, ERROR_TOO_BIG, "more than %d values", INSTALL_TOML_VALUES);
	toml->values = alloc_room_for_one(
		toml->values, toml->count, &toml->capacity, sizeof(*toml->values));
	toml->values[toml->count++] = *value;
	return 0;
}

static int toml_read_value(struct toml_reader *reader, struct str path, int depth);

static int toml_read_pair(struct toml_reader *reader, struct str table, int depth)
{
	struct str path;

	if (toml_read_key(reader, table, &path) < 0)
		return -1;
	if (!toml_take(reader, STR("=")))
		return toml_fail(reader, "a key has no value");
	toml_skip_space(reader);
	return toml_read_value(reader, path, depth);
}

static int toml_read_items(struct toml_reader *reader, struct str path, int depth)
{
	for (size_t i = 0;; i++) {
		struct str number = arena_printf(reader->arena, "%zu", i);
		struct str item;
		toml_skip_blank(reader);
		if (toml_take(reader, STR("]")))
			return 0;
		if (toml_join(reader, path, number, &item) < 0 ||
			toml_read_value(reader, item, depth + 1) < 0)
			return -1;
		toml_skip_blank(reader);
		if (!toml_take(reader, STR(",")) && toml_peek(reader) != ']')
			return toml_fail(reader, "an array has no end");
	}
}

/* Behind the bracket. The array stands in the table before its items. */
static int toml_read_array(struct toml_reader *reader, struct str path, int depth)
{
	const char *start = reader->rest.data - 1;
	size_t index = reader->toml->count;
	struct str raw;

	if (toml_add(reader, &(struct install_toml_value){path, INSTALL_TOML_ARRAY}) < 0 ||
		toml_read_items(reader, path, depth) < 0)
		return -1;
	raw = (struct str){start, (size_t)(reader->rest.data - start)};
	reader->toml->values[index].raw = raw;
	reader->toml->values[index].text = raw;
	return 0;
}

static int toml_read_inline_table(struct toml_reader *reader, struct str path, int depth)
{
	for (;;) {
		toml_skip_blank(reader);
		if (toml_take(reader, STR("}")))
			return 0;
		if (toml_read_pair(reader, path, depth + 1) < 0)
			return -1;
		toml_skip_blank(reader);
		if (!toml_take(reader, STR(",")) && toml_peek(reader) != '}')
			return toml_fail(reader, "an inline table has no end");
	}
}

static int toml_read_scalar(struct toml_reader *reader, struct str path)
{
	struct install_toml_value value = {.path = path, .raw = reader->rest};
	int found = toml_read_string(reader, &value.text);

	if (found < 0)
		return -1;
	value.type = found == 1 ? INSTALL_TOML_STRING : INSTALL_TOML_PLAIN;
	while (found == 0 && reader->rest.size > 0 && strchr(",]}#\r\n", toml_peek(reader)) == NULL)
		toml_skip(reader, 1);
	value.raw.size -= reader->rest.size;
	if (found == 0) {
		value.raw = str_trim(value.raw);
		value.text = value.raw;
	}
	if (value.raw.size == 0)
		return toml_fail(reader, "a value is missing");
	return toml_add(reader, &value);
}

static int toml_read_value(struct toml_reader *reader, struct str path, int depth)
{
	if (depth > INSTALL_TOML_DEPTH)
		return toml_fail(reader, "arrays and tables are nested too deep");
	if (toml_take(reader, STR("[")))
		return toml_read_array(reader, path, depth);
	if (toml_take(reader, STR("{")))
		return toml_read_inline_table(reader, path, depth);
	return toml_read_scalar(reader, path);
}

/* Behind the first bracket of [table] or [[table]]. */
static int toml_read_header(struct toml_reader *reader, struct str *ret_table)
{
	const bool is_item = toml_take(reader, STR("["));
	struct str none = STR("");

	if (toml_read_key(reader, none, ret_table) < 0)
		return -1;
	if (!toml_take(reader, is_item ? STR("]]") : STR("]")))
		return toml_fail(reader, "a table's name has no end");
	if (!is_item)
		return 0;
	return toml_join(reader, *ret_table,
		arena_printf(reader->arena, "%zu", reader->tables_in_arrays++), ret_table);
}

static int toml_read_lines(struct toml_reader *reader)
{
	struct str table = STR("");

	for (;;) {
		toml_skip_blank(reader);
		if (reader->rest.size == 0)
			return 0;
		if (toml_take(reader, STR("[")) ? toml_read_header(reader, &table) < 0
						: toml_read_pair(reader, table, 0) < 0)
			return -1;
		if (toml_end_line(reader) < 0)
			return -1;
	}
}

int install_toml_read(
	struct str text, struct arena *arena, struct install_toml *ret_toml, struct error *err)
{
	autotoml toml = INSTALL_TOML_INIT;
	struct toml_reader reader = {
		.text = text, .rest = text, .arena = arena, .toml = &toml, .err = err};

	if (text.size > INSTALL_TOML_BYTES)
		return error_set(err, ERROR_TOO_BIG, "more than %d bytes", INSTALL_TOML_BYTES);
	(void)toml_take(&reader, STR("\xef\xbb\xbf")); /* a byte order mark */
	if (toml_read_lines(&reader) < 0)
		return -1;
	*ret_toml = toml;
	toml = INSTALL_TOML_INIT; /* moved */
	return 0;
}

struct str install_toml_path(struct arena *arena, struct str table, ...)
{
	va_list keys;
	const char *key;

	va_start(keys, table);
	while ((key = va_arg(keys, const char *)) != NULL)
		table = table.size == 0 ? arena_str(arena, str_of(key))
					: arena_printf(arena, "%.*s%c%s", STR_ARG(table),
						  INSTALL_TOML_SEPARATOR, key);
	va_end(keys);
	return table;
}

const struct install_toml_value *install_toml_find(const struct install_toml *toml, struct str path)
{
	for (size_t i = 0; i < toml->count; i++)
		if (str_equal(toml->values[i].path, path))
			return &toml->values[i];
	return NULL;
}

struct str install_toml_text(const struct install_toml *toml, struct str path)
{
	const struct install_toml_value *value = install_toml_find(toml, path);

	return value != NULL ? value->text : STR("");
}

bool install_toml_is_below(struct str path, struct str table, struct str *ret_key)
{
	if (path.size <= table.size || !str_starts_with(path, table) ||
		path.data[table.size] != INSTALL_TOML_SEPARATOR)
		return false;
	*ret_key = str_from(path, table.size + 1);
	return true;
}

bool install_toml_has_table(const struct install_toml *toml, struct str table)
{
	struct str ignored;

	for (size_t i = 0; i < toml->count; i++)
		if (install_toml_is_below(toml->values[i].path, table, &ignored))
			return true;
	return false;
}

void install_toml_add_string(struct buf *out, struct str text)
{
	buf_add_byte(out, '"');
	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte == '"' || byte == '\\')
			buf_printf(out, "\\%c", byte);
		else if (byte < 0x20 || byte == 0x7f)
			buf_printf(out, "\\u%04x", byte);
		else
			buf_add_byte(out, (char)byte);
	}
	buf_add_byte(out, '"');
}

void install_toml_add_path(struct buf *out, struct str path)
{
	struct str key;

	for (bool is_more = true, is_first = true; is_more; is_first = false) {
		size_t bare = 0;
		is_more = str_cut(path, INSTALL_TOML_SEPARATOR, &key, &path);
		if (!is_first)
			buf_add_byte(out, '.');
		while (bare < key.size && toml_is_bare(key.data[bare]))
			bare++;
		if (bare == key.size && bare > 0)
			buf_add(out, key);
		else
			install_toml_add_string(out, key);
	}
}
