/*
 * A program's options by a table: its flags, its file, what is checked, --help and
 * docs/reference.md come from the same rows. An option has one name: "--log-level debug" on the
 * command line is "log-level: debug" in the file. A flag wins over the file, the file over the
 * default. Every mistake of both is told at once, each with its place.
 */
#ifndef OPTIONS_OPTIONS_H
#define OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum option_type {
	OPTION_TEXT, /* const char * */
	OPTION_FLAG, /* bool: --name, --name=true, --name=false */
	OPTION_NUMBER, /* int64_t between minimum and maximum */
	OPTION_DURATION, /* int64_t milliseconds: "10s", "2m"; limits as for a number, if it has
			    some */
	OPTION_BYTES, /* uint64_t: a quantity such as "10Gi" */
	OPTION_CHOICE, /* const char *, one of `choices`, which are static */
};

struct option_row {
	const char *name; /* without "--" */
	char letter; /* 'n': it may be written -n, too; 0: it has no short name */
	enum option_type type;
	size_t offset; /* of the value in the program's struct */
	const char *argument; /* what --help calls the value, e.g. "PATH"; NULL for flags */
	const char *help; /* one sentence or a few */
	const char *group; /* the title above this row and those that follow it; NULL: no new one */
	const char *const *choices; /* CHOICE: NULL-terminated */
	int64_t minimum, maximum; /* NUMBER, and DURATION when minimum < maximum: milliseconds */
	bool is_live; /* is taken from the file again when that changes; not for TEXT */
};

/* What is wrong, one line each. */
struct option_mistakes {
	struct buf lines;
	size_t count;
};

struct option_table {
	const char *program; /* e.g. "kcr agent" */
	const char *usage; /* what follows that, e.g. "--node-name=NAME [OPTION ...]" */
	const char *purpose; /* one or two sentences */
	const char *kind; /* of the file, e.g. "AgentConfiguration"; NULL: it takes no file */
	const struct option_row *rows;
	size_t count;
	const void *defaults; /* the program's struct; texts are static */
	size_t size; /* of that struct */
	/* Adds what no row can tell; what was mistaken has its default then. NULL: nothing. */
	void (*check)(const void *values, struct option_mistakes *mistakes);
};

/* The file's first two members: the version of these names, and which program they are for. */
#define OPTIONS_API_VERSION "config.kcr.io/v1"

/* ---- A program's options, from its start to its end ---- */

struct options {
	const struct option_table *table;
	int count;
	char *const *arguments; /* borrowed for good */
	void *values; /* the program's struct, borrowed */
	const char *path; /* of the file, borrowed from the arguments; NULL: there is none */
	struct arena *texts; /* of the file, that the values borrow */
	struct buf file; /* what was read last */
};

/*
 * Fills *values (a struct of the table's) from `arguments` (those after the command's name) and the
 * file that they name. Returns false when the program is over, with its exit status: help was asked
 * for and printed, or there were mistakes, which are on standard error then.
 */
must_check bool options_start(struct options *options, const struct option_table *table, int count,
	char *const *arguments, void *values, int *ret_status);
void options_done(struct options *options);

/*
 * The same without printing, into another struct: *values is overwritten, and its texts that come
 * from the file are from `texts`. Returns 1 when help was asked for (nothing else counts then), 0,
 * or -1 with what is wrong added to `mistakes`; then *values is of no use.
 */
must_check int options_read(struct options *options, void *values, struct arena *texts,
	struct option_mistakes *mistakes);

/* ---- The parts of this, for tests and for options_read() ---- */

/*
 * Reads flags into *values. Texts are borrowed from the arguments; *ret_path is that of --config,
 * NULL without one. Returns as options_read().
 */
must_check int options_read_flags(const struct option_table *table, int count,
	char *const *arguments, void *values, const char **ret_path,
	struct option_mistakes *mistakes);

/* What stands on a command line besides options, in its order; borrowed from the arguments. */
struct option_words {
	const char **items; /* the caller's array, with room for all arguments */
	size_t count;
};

/*
 * As options_read_flags(), as people type commands: what is no option is a word and is added to
 * *words, after "--" everything is, and short names count: -n NAME, -nNAME, -n=NAME, -Aw for
 * -A -w.
 */
must_check int options_read_line(const struct option_table *table, int count,
	char *const *arguments, void *values, struct option_words *words,
	struct option_mistakes *mistakes);

/* Reads the text of a file, YAML or JSON; `path` is for the mistakes. Texts are copied to `texts`.
 */
void options_read_text(const struct option_table *table, const char *path, struct str text,
	void *values, struct arena *texts, struct option_mistakes *mistakes);

/* Adds the help: rows by group, their defaults, their limits. */
void options_write_help(const struct option_table *table, struct buf *out);

#define OPTION_MISTAKES_INIT ((struct option_mistakes){.lines = BUF_INIT(LIMIT_OPTION_MISTAKES)})
void option_mistakes_done(struct option_mistakes *mistakes);
#define autooption_mistakes clean_up(option_mistakes_done) struct option_mistakes

void option_mistakes_add(struct option_mistakes *mistakes, const char *format, ...)
	format_printf(2, 3);

/* The part of it about the rows. */
void options_write_rows(struct buf *out, const struct option_table *table);

/* Adds the words of `text` in lines of at most 80 columns, each after `indent` blanks. */
void options_write_wrapped(struct buf *out, struct str text, size_t indent);

/* ---- About rows, for this room and the generator ---- */

/* The value as one would write it, e.g. "1m30s", "10Gi"; nothing for an empty text. */
void option_write_value(const struct option_row *row, const void *values, struct buf *out);

/* What its values are limited to: "from 1 to 65535", "text or json"; nothing without limits. */
void option_write_limits(const struct option_row *row, struct buf *out);

/*
 * The name that somebody who wrote `name` may have meant: one with a few letters wrong, or written
 * in another case or with other dashes. NULL: none is near. `names` ends with NULL.
 */
const char *option_nearest(struct str name, const char *const *names);

/* What its values can be, in words: "a number from 1 to 65535". */
void option_write_kind(const struct option_row *row, struct buf *out);

#endif
