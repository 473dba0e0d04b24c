/* Any bytes as a file of options: what has no mistake is within its limits. */
#include <assert.h>

#include "../unit/options/sample_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	autoarena *texts = arena_new(1024);
	struct sample values = sample_defaults;

	if (size > 16 * 1024)
		return 0;
	options_read_text(&sample_table, "f", (struct str){(const char *)data, size}, &values,
		texts, &mistakes);
	assert((mistakes.count == 0) == (mistakes.lines.size == 0));
	assert(values.number >= -5 && values.number <= 5);
	assert(values.pause_ms >= 1000 && values.pause_ms <= 90000);
	assert(values.choice == sample_choices[0] || values.choice == sample_choices[1]);
	return 0;
}
