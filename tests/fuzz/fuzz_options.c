/* Any bytes as a file of options: what has no mistake is within its limits. */
#include <assert.h>

#include "options/options.h"

struct fuzzed {
	const char *text;
	bool flag;
	int64_t number;
	int64_t delay_ms;
	uint64_t bytes;
	const char *choice;
};

static const char *const fuzzed_choices[] = {"red", "green", NULL};

static const struct option_row fuzzed_rows[] = {
	{.name = "text", .type = OPTION_TEXT, .offset = offsetof(struct fuzzed, text)},
	{.name = "flag", .type = OPTION_FLAG, .offset = offsetof(struct fuzzed, flag)},
	{.name = "number",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct fuzzed, number),
		.minimum = 1,
		.maximum = 5},
	{.name = "delay",
		.type = OPTION_DURATION,
		.offset = offsetof(struct fuzzed, delay_ms),
		.minimum = 1000,
		.maximum = 9000},
	{.name = "bytes", .type = OPTION_BYTES, .offset = offsetof(struct fuzzed, bytes)},
	{.name = "choice",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct fuzzed, choice),
		.choices = fuzzed_choices},
};

static const struct option_table fuzzed_table = {
	.program = "fuzzed",
	.kind = "Fuzzed",
	.rows = fuzzed_rows,
	.count = array_size(fuzzed_rows),
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	autoarena *texts = arena_new(1024);
	struct fuzzed values = {.number = 1, .delay_ms = 1000, .choice = fuzzed_choices[0]};

	if (size > 16 * 1024)
		return 0;
	options_read_text(&fuzzed_table, "f", (struct str){(const char *)data, size}, &values,
		texts, &mistakes);
	assert((mistakes.count == 0) == (mistakes.lines.size == 0));
	assert(values.number >= 1 && values.number <= 5);
	assert(values.delay_ms >= 1000 && values.delay_ms <= 9000);
	assert(values.choice == fuzzed_choices[0] || values.choice == fuzzed_choices[1]);
	return 0;
}
