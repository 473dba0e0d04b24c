/* What the files of this room share beyond json.h. */
#ifndef JSON_TREE_H
#define JSON_TREE_H

#include "json/json.h"

enum { JSON_NUMBER_TEXT_SIZE = 40 };

/* The shortest text that reads back as the same number; `value` is a number. */
void json__format_number(const struct json *value, char text[static JSON_NUMBER_TEXT_SIZE]);

/* Appends `text` as a quoted JSON string; invalid UTF-8 becomes U+FFFD. */
void json__add_quoted(struct buf *out, struct str text);

/* As json_add_i64 for any number; `number` is JSON text. */
void json__add_number(struct json_writer *writer, struct str number);

/* Whether the value is a number without fraction or exponent that fits into int64_t. */
bool json__is_i64(const struct json *value);

/* Whether a struct's field (at `source`) has nothing that a reader would miss: "", 0, NULL. */
bool json__is_empty(const struct json_field *field, const void *source);

#endif
