/*
 * TOML 1.0 as containerd and CRI-O read it, as a flat table of values. Each value knows its place
 * in the text, so that a text can be changed in one place and stay the same everywhere else.
 * Not checked here: what only makes sense of a value (dates, ranges of numbers) and keys that stand
 * twice; the engines check them.
 */
#ifndef INSTALL_TOML_H
#define INSTALL_TOML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum {
	INSTALL_TOML_BYTES = 1024 * 1024, /* containerd's whole configuration has 20 KiB */
	INSTALL_TOML_VALUES = 20000,
	INSTALL_TOML_PATH = 1024,
	INSTALL_TOML_DEPTH = 32,
};

/* Stands between the keys of a path; no key that a person writes has it. */
#define INSTALL_TOML_SEPARATOR '\x1f'

enum install_toml_type {
	INSTALL_TOML_STRING,
	INSTALL_TOML_PLAIN, /* number, boolean, date */
	INSTALL_TOML_ARRAY, /* its items are values of their own: their last key is their number */
};

struct install_toml_value {
	struct str path; /* all keys, tables included; in the arena */
	enum install_toml_type type;
	struct str text; /* of a string what it means, in the arena; else as written */
	struct str
		raw; /* as written, brackets and quotes included; within the text that was read */
};

struct install_toml {
	struct install_toml_value *values; /* in the order of the text; owned */
	size_t count;
	size_t capacity;
};

#define INSTALL_TOML_INIT ((struct install_toml){.values = NULL})
void install_toml_done(struct install_toml *toml);
#define autotoml clean_up(install_toml_done) struct install_toml

/*
 * Reads a whole text. What *ret_toml refers to lies in `arena` and in `text`. Fails with CORRUPT,
 * naming the line, and TOO_BIG.
 */
must_check int install_toml_read(
	struct str text, struct arena *arena, struct install_toml *ret_toml, struct error *err);

/* The path of these keys (ended by NULL) below `table`, which may be empty; in the arena. */
struct str install_toml_path(struct arena *arena, struct str table, ...) __attribute__((sentinel));

/* The value with this path; NULL when there is none. */
const struct install_toml_value *install_toml_find(
	const struct install_toml *toml, struct str path);

/* Its text; empty when there is none. */
struct str install_toml_text(const struct install_toml *toml, struct str path);

/* Whether something lies in this table; `*ret_key` is then the path of `value` within it. */
bool install_toml_is_below(struct str path, struct str table, struct str *ret_key);
bool install_toml_has_table(const struct install_toml *toml, struct str table);

/* Appends a string as TOML's basic string, and a path as a header writes it. */
void install_toml_add_string(struct buf *out, struct str text);
void install_toml_add_path(struct buf *out, struct str path);

#endif
