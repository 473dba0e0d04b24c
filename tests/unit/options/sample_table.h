/* A program's options with a row of each type. */
#ifndef TESTS_UNIT_OPTIONS_SAMPLE_TABLE_H
#define TESTS_UNIT_OPTIONS_SAMPLE_TABLE_H

#include <stddef.h>

#include "options/options.h"

struct sample {
	const char *text;
	bool flag;
	int64_t number;
	int64_t delay_ms;
	int64_t pause_ms;
	uint64_t bytes;
	const char *choice;
};

static const char *const sample_choices[] = {"red", "green", NULL};

static const struct option_row sample_rows[] = {
	{.name = "text",
		.type = OPTION_TEXT,
		.offset = offsetof(struct sample, text),
		.argument = "PATH",
		.group = "Things",
		.help = "What is told."},
	{.name = "flag",
		.type = OPTION_FLAG,
		.offset = offsetof(struct sample, flag),
		.help = "Whether it is so."},
	{.name = "number",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct sample, number),
		.argument = "COUNT",
		.help = "How many.",
		.minimum = -5,
		.maximum = 5,
		.is_live = true},
	{.name = "delay",
		.type = OPTION_DURATION,
		.offset = offsetof(struct sample, delay_ms),
		.argument = "DURATION",
		.group = "Times",
		.help = "How late."},
	{.name = "pause-between",
		.type = OPTION_DURATION,
		.offset = offsetof(struct sample, pause_ms),
		.argument = "DURATION",
		.help = "How long.",
		.minimum = 1000,
		.maximum = 90000},
	{.name = "bytes",
		.type = OPTION_BYTES,
		.offset = offsetof(struct sample, bytes),
		.argument = "BYTES",
		.help = "How much."},
	{.name = "choice",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct sample, choice),
		.argument = "COLOUR",
		.help = "Which.",
		.choices = sample_choices,
		.is_live = true},
};

static const struct sample sample_defaults = {.text = "d",
	.flag = true,
	.number = 4,
	.delay_ms = 0,
	.pause_ms = 61500,
	.bytes = 3 << 20,
	.choice = "red"};

static inline void sample_check(const void *values, struct option_mistakes *mistakes)
{
	if (((const struct sample *)values)->number == 0)
		option_mistakes_add(mistakes, "number: it must not be 0");
}

static const struct option_table sample_table = {
	.program = "sample",
	.usage = "[OPTION ...]",
	.purpose = "Tests.",
	.kind = "SampleConfiguration",
	.rows = sample_rows,
	.count = array_size(sample_rows),
	.defaults = &sample_defaults,
	.size = sizeof(struct sample),
	.check = sample_check,
};

#endif
