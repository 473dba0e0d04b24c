/*
 * JSON: text to an immutable tree, the tree to structs by tables of fields, and a streaming writer.
 * The only user of yyjson. Numbers are exact for 64-bit integers. Unknown fields are ignored when
 * reading; they are not lost because objects are changed by patches only.
 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/* ---- The tree: a document owns its values; values are borrowed from it. ---- */

struct json_doc;
/* One value. A NULL pointer stands for "absent" and is accepted by every reader here. */
struct json;

enum json_type {
	JSON_ABSENT,
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/*
 * Parses exactly one value (RFC 8259, UTF-8 checked, nesting at most LIMIT_JSON_DEPTH). `text` is
 * copied once. The caller has capped its size: a document takes up to 13 times that. The caller
 * owns *ret_doc. Fails with CORRUPT, saying line and column, TOO_BIG (no memory for the document).
 */
must_check int json_parse(struct str text, struct json_doc **ret_doc, struct error *err);

/*
 * As json_parse, in place: *text is taken over without a copy and left empty, on failure too. For
 * large texts that were collected in a buffer. Errors say the byte instead of line and column.
 */
must_check int json_parse_buf(struct buf *text, struct json_doc **ret_doc, struct error *err);

struct json_doc *json_doc_ref(struct json_doc *doc);
void json_doc_unref(struct json_doc *doc); /* may be NULL; autojson does it at the end of scope */
const struct json *json_doc_root(const struct json_doc *doc);

enum json_type json_type(const struct json *value);

/*
 * The member `name` of an object; NULL when absent or when `value` is no object. Of a name that
 * stands twice the first counts.
 */
const struct json *json_get(const struct json *value, const char *name);

/* Down a path of member names, ended by NULL: json_at(pod, "metadata", "name", NULL). */
const struct json *json_at(const struct json *value, ...) __attribute__((sentinel));

/* The scalar, or the empty slice / `fallback` when the value is absent or of another type. */
struct str json_str(const struct json *value);
bool json_bool(const struct json *value, bool fallback);
int64_t json_i64(const struct json *value, int64_t fallback);

/* Members or items; 0 for everything that is neither array nor object. */
size_t json_count(const struct json *value);

/*
 * Iterates over an array or object (anything else is empty), in the order of the text:
 * for (struct json_iter it = json_iter(v); json_next(&it);) use it.key (objects) and it.value.
 */
struct json_iter {
	struct str key;
	const struct json *value;
	const struct json *next; /* private from here on */
	size_t left;
	bool is_object;
};
struct json_iter json_iter(const struct json *value);
bool json_next(struct json_iter *iter);

/* The order of members does not matter; 1 and 1.0 differ; absent equals only absent. */
bool json_equal(const struct json *a, const struct json *b);

/*
 * ---- The writer: appends well-formed JSON (and so well-formed YAML) to a buffer, one value each.
 * Misuse is an assertion. What does not fit is told by buf_check(). ----
 */

/* Our own nesting and, inside it, that of a parsed value. */
enum { JSON_WRITER_DEPTH = 2 * LIMIT_JSON_DEPTH };

struct json_writer {
	struct buf *out; /* borrowed */
	uint8_t depth;
	bool has_items[JSON_WRITER_DEPTH + 1];
	bool is_object[JSON_WRITER_DEPTH + 1];
	bool has_key;
	bool is_pretty; /* two spaces of indentation */
};

struct json_writer json_writer(struct buf *out);
struct json_writer json_writer_pretty(struct buf *out);
void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer);
void json_end_array(struct json_writer *writer);
void json_key(struct json_writer *writer, struct str name);
void json_add_str(struct json_writer *writer, struct str value); /* invalid UTF-8 becomes U+FFFD */
void json_add_i64(struct json_writer *writer, int64_t value);
void json_add_bool(struct json_writer *writer, bool value);
void json_add_null(struct json_writer *writer);
void json_add_value(struct json_writer *writer, const struct json *value); /* absent writes null */

/* Key and value in one call. */
void json_set_str(struct json_writer *writer, const char *name, struct str value);
void json_set_text(struct json_writer *writer, const char *name, const char *value);
void json_set_i64(struct json_writer *writer, const char *name, int64_t value);
void json_set_bool(struct json_writer *writer, const char *name, bool value);
void json_set_value(struct json_writer *writer, const char *name, const struct json *value);
void json_set_object(struct json_writer *writer, const char *name); /* key, then begin_object */
void json_set_array(struct json_writer *writer, const char *name); /* key, then begin_array */

/* ---- Structs by tables: one table reads, checks, writes and documents. ---- */

enum json_field_type {
	JSON_FIELD_STRING, /* struct str */
	JSON_FIELD_BOOL, /* bool */
	JSON_FIELD_I64, /* int64_t */
	JSON_FIELD_TIME, /* struct wall_time; RFC 3339 */
	JSON_FIELD_MICROTIME, /* struct wall_time; written with six digits */
	JSON_FIELD_OBJECT, /* the struct of `object`, embedded; absent leaves it zeroed */
	JSON_FIELD_POINTER, /* pointer to the struct of `object`; NULL when absent */
	JSON_FIELD_STRINGS, /* struct json_strings */
	JSON_FIELD_STRING_MAP, /* struct json_string_map: an object whose values are strings */
	JSON_FIELD_LIST, /* struct json_list of the struct of `object` */
};

struct json_strings {
	struct str *items;
	size_t count;
};

struct json_pair {
	struct str key;
	struct str value;
};

struct json_string_map {
	struct json_pair *items; /* in the order of the text */
	size_t count;
};

struct json_list {
	void *items; /* an array of the described struct */
	size_t count;
};

enum json_field_flags {
	JSON_REQUIRED = 1u << 0, /* absent is INVALID; in the schema: required */
	JSON_LIST_BY_TYPE = 1u << 1, /* schema: listType map, key "type" (conditions) */
	JSON_NULLABLE = 1u << 2,
	JSON_IMMUTABLE = 1u << 3, /* schema: CEL self == oldSelf */
	JSON_PRESERVE = 1u << 4, /* schema: x-kubernetes-preserve-unknown-fields */
	JSON_WRITE_EMPTY = 1u << 5, /* written even when empty, zero or false */
	JSON_HAS_DEFAULT = 1u << 6, /* default_i64 / default_bool count, even when zero or false */
	JSON_DISTINCT = 1u << 7, /* texts that hardly two objects have in common; see pack.h */
};

struct json_object;

struct json_field {
	const char *name;
	enum json_field_type type;
	unsigned flags;
	size_t offset; /* offsetof in the described struct */
	const struct json_object *object; /* for OBJECT, POINTER, LIST */
	const char *description; /* for the schema and the reference; a sentence */
	const char *default_text; /* STRING default; NULL: none */
	int64_t default_i64;
	bool default_bool;
	const char *const *choices; /* STRING: allowed values, NULL-terminated */
	const char *pattern; /* STRING: for the schema only */
	int64_t minimum, maximum; /* I64: checked when minimum < maximum */
	size_t max_length; /* STRING: characters; STRINGS, LIST: items; 0: no limit of its own */
};

struct json_object {
	const char *name; /* for error texts */
	size_t size; /* sizeof the described struct */
	const struct json_field *fields;
	size_t field_count;
};

#define JSON_OBJECT_OF(object_name, type, field_array)                                             \
	{                                                                                          \
		.name = (object_name), .size = sizeof(type), .fields = (field_array),              \
		.field_count = array_size(field_array)                                             \
	}

/*
 * Fills *ret_struct (zeroed here first) from `value`; strings and arrays are copied into `arena`,
 * nothing points into the document afterwards. As in the API server, null counts as absent (unless
 * NULLABLE: then it is the empty value) and absent fields have their defaults; inside an absent
 * object or list there are none. An absent `value` gives a struct of defaults.
 *
 * With `strict`, a present field of the wrong type or outside its choices, range or length and an
 * absent REQUIRED one fail with INVALID, naming the path: "spec.retention.maxCount is 0; allowed: 1
 * to 100". Without, for objects that others wrote, it never fails: such a field counts as absent,
 * and an item of the wrong type in a list or map is passed over.
 */
must_check int json_decode(const struct json *value, const struct json_object *object, bool strict,
	struct arena *arena, void *ret_struct, struct error *err);

/*
 * Writes the struct as an object. Empty strings, lists and maps, zero times, NULL, zero, false and
 * embedded structs that hold nothing else are left out, unless WRITE_EMPTY (a zero time and NULL
 * are then null). A field whose default is not zero or false needs WRITE_EMPTY where zero or false
 * shall be said.
 */
void json_encode(struct json_writer *writer, const struct json_object *object, const void *source);

/* The value of a map's key, the empty slice (data NULL) when there is none. */
struct str json_string_map_get(const struct json_string_map *map, struct str key);

define_clean_up(struct json_doc, json_doc_unref, json_doc_unref)
#define autojson clean_up(json_doc_unref_clean) struct json_doc

#endif
