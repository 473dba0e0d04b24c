/*
 * Command-line options by a table: parsing, checking and --help come from the same rows. Every
 * mistake is told at once, not only the first.
 */
#ifndef SYS_OPTIONS_H
#define SYS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

enum option_type {
	OPTION_TEXT, /* const char * */
	OPTION_FLAG, /* bool: --name, --name=true, --name=false */
	OPTION_NUMBER, /* int64_t between minimum and maximum */
	OPTION_DURATION, /* int64_t milliseconds: "10s", "2m" */
	OPTION_BYTES, /* uint64_t: a quantity such as "10Gi" */
	OPTION_CHOICE, /* const char *, one of `choices` */
};

struct option_row {
	const char *name; /* without "--" */
	enum option_type type;
	size_t offset; /* of the value in the options struct, which holds the defaults */
	const char *argument; /* what --help calls the value, e.g. "PATH"; NULL for flags */
	const char *help; /* one sentence */
	const char *const *choices; /* CHOICE: NULL-terminated */
	int64_t minimum, maximum; /* NUMBER */
};

struct option_table {
	const char *usage; /* e.g. "kcr agent [OPTION ...]" */
	const char *purpose; /* one or two sentences */
	const struct option_row *rows;
	size_t count;
};

/*
 * Reads `arguments` (those after the command's name) into *options. Texts are borrowed from the
 * arguments. Returns 1 when help was asked for (nothing else counts then), 0 when all is well, -1
 * with every mistake in the error's text (INVALID).
 */
must_check int options_parse(const struct option_table *table, int count, char *const *arguments,
	void *options, struct error *err);

/* Prints the help to standard output; the defaults are read from *options. */
void options_print_help(const struct option_table *table, const void *options);

#endif
