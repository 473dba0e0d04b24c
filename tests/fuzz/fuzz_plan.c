/* The files that kcr-runtime reads from the store, and the agent's answer. */
#include <stddef.h>
#include <stdint.h>

#include "runtime/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str text = {(const char *)data, size};
	struct arena *arena = arena_new(1024);
	struct runtime_plan plan;
	struct runtime_record record;
	struct runtime_answer answer;
	struct runtime_question question;
	struct runtime_order order;
	struct runtime_config config;
	struct error err;
	int read = 0;

	read += runtime_plan_read(text, arena, &plan, &err);
	read += runtime_record_read(text, arena, &record, &err);
	read += runtime_answer_read(text, arena, &answer, &err);
	read += runtime_question_read(text, arena, &question, &err);
	read += runtime_order_read(text, arena, &order, &err);
	read += runtime_config_read(text, arena, &config, &err);
	arena_free(arena);
	return read > 0 ? 1 : 0;
}
