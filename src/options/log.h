/* The options about the log, which every program has. */
#ifndef OPTIONS_LOG_H
#define OPTIONS_LOG_H

#include "options/options.h"
#include "sys/log.h"

struct log_options {
	const char *format;
	const char *level;
};

#define LOG_OPTIONS_INIT                                                                           \
	{                                                                                          \
		.format = "text", .level = "info"                                                  \
	}

/* The rows of --log-format and --log-level, for a struct log_options `member` of struct `owner`. */
#define LOG_OPTION_ROWS(owner, member)                                                             \
	{.name = "log-format",                                                                     \
		.type = OPTION_CHOICE,                                                             \
		.offset = offsetof(struct owner, member) + offsetof(struct log_options, format),   \
		.argument = "FORMAT",                                                              \
		.help = "How the log is written.",                                                 \
		.group = "Log",                                                                    \
		.choices = log_format_choices,                                                     \
		.is_live = true},                                                                  \
	{                                                                                          \
		.name = "log-level", .type = OPTION_CHOICE,                                        \
		.offset = offsetof(struct owner, member) + offsetof(struct log_options, level),    \
		.argument = "LEVEL", .help = "The lowest level that is logged.",                   \
		.choices = log_level_choices, .is_live = true                                      \
	}

#endif
