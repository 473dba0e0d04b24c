/*
 * What the flags of all commands say, and the rows that several commands have. kubectl's own flags
 * keep kubectl's names, letters and meanings.
 */
#ifndef COMMAND_FLAGS_H
#define COMMAND_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options/options.h"

struct cli_flags {
	/* of every command */
	const char *kubeconfig;
	const char *context;
	const char *cluster;
	const char *user;
	const char *as;
	const char *namespace; /* NULL: the context's */
	int64_t request_timeout_ms; /* 0: that of the room kube */
	int64_t verbosity;
	/* of lists */
	const char *output; /* "", "wide", "json", "yaml", "name", "svg" */
	const char *sort_by;
	const char *selector;
	bool all_namespaces;
	bool no_headers;
	bool watch;
	/* of commands that change something */
	const char *from; /* a Checkpoint */
	const char *at; /* a time */
	const char *container;
	const char *dry_run; /* "none", "client", "server" */
	const char *time_zone;
	bool remove;
	const char *labels; /* of what is made */
	const char *filename;
	bool share_volumes;
	bool wait;
	int64_t timeout_ms;
	int64_t keep; /* negative: all */
	int64_t older_than_ms;
	bool failed;
	bool is_dry_run; /* --dry-run without a value */
	/* of checkpoints' contents */
	const char *diff; /* a path; NULL: none */
	const char *parts; /* names, separated by commas; NULL: all */
	bool environment;
	bool mappings;
	bool overwrites;
	const char *search; /* NULL: nothing */
	bool regex;
	bool show_match;
	int64_t context_bytes;
	int64_t pid; /* 0: all */
	int64_t dump_memory; /* a PID; 0: none */
	const char *to; /* a path, or "-"; NULL: none */
	const char *pod; /* NULL: none */
	const char *node; /* likewise */
	const char *authfile; /* a path; NULL: where others have theirs */
	bool plain_http;
	/* of the doctor */
	bool nodes;
	bool fix;
	/* of pictures */
	bool once;
	int64_t since_ms; /* 0: since ever */
};

extern const struct cli_flags cli_flags_defaults;

/* Those of every command. */
extern const struct option_row cli_common_flags[];
extern const size_t cli_common_flag_count;

extern const char *const cli_output_choices[]; /* wide, json, yaml, name */

#define CLI_FLAG_ALL_NAMESPACES                                                                    \
	{                                                                                          \
		.name = "all-namespaces", .letter = 'A', .type = OPTION_FLAG,                      \
		.offset = offsetof(struct cli_flags, all_namespaces),                              \
		.help = "Looks at all namespaces."                                                 \
	}
#define CLI_FLAG_SELECTOR(whose)                                                                   \
	{                                                                                          \
		.name = "selector", .letter = 'l', .type = OPTION_TEXT,                            \
		.offset = offsetof(struct cli_flags, selector), .argument = "SELECTOR",            \
		.help = "Only " whose                                                              \
			" with these labels, such as app=web,tier!=test, as kubectl's -l."         \
	}
#define CLI_FLAG_OUTPUT                                                                            \
	{                                                                                          \
		.name = "output", .letter = 'o', .type = OPTION_CHOICE,                            \
		.offset = offsetof(struct cli_flags, output), .argument = "FORMAT",                \
		.help = "wide: more columns. json, yaml: the objects as the API server has them. " \
			"name: their names only.",                                                 \
		.choices = cli_output_choices                                                      \
	}
#define CLI_FLAG_SORT_BY                                                                           \
	{                                                                                          \
		.name = "sort-by", .type = OPTION_TEXT,                                            \
		.offset = offsetof(struct cli_flags, sort_by), .argument = "COLUMN",               \
		.help = "Sorts by a column's name, such as age or size, or by a field, such as "   \
			".status.sizeBytes. With '-' in front, the other way round."               \
	}
#define CLI_FLAG_NO_HEADERS                                                                        \
	{                                                                                          \
		.name = "no-headers", .type = OPTION_FLAG,                                         \
		.offset = offsetof(struct cli_flags, no_headers),                                  \
		.help = "Leaves out the line with the names of the columns."                       \
	}
#define CLI_FLAG_WATCH                                                                             \
	{                                                                                          \
		.name = "watch", .letter = 'w', .type = OPTION_FLAG,                               \
		.offset = offsetof(struct cli_flags, watch),                                       \
		.help = "Goes on and prints what changes, until Ctrl-C."                           \
	}
#define CLI_FLAG_CONTAINER                                                                         \
	{                                                                                          \
		.name = "container", .letter = 'c', .type = OPTION_TEXT,                           \
		.offset = offsetof(struct cli_flags, container), .argument = "NAMES",              \
		.help = "Only these containers, separated by commas."                              \
	}

#endif
