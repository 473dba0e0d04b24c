/* All that agent, kcr-runtime and the installation read of each other. */
#include <stddef.h>
#include <stdint.h>

#include "handover/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str text = {(const char *)data, size};
	struct arena *arena = arena_new(1024);
	struct handover_plan plan;
	struct handover_record record;
	struct handover_answer answer;
	struct handover_question question;
	struct handover_order order;
	struct handover_config config;
	struct handover_files files;
	struct handover_direct direct;
	struct handover_host host;
	struct error err;
	int read = 0;

	read += handover_plan_read(text, arena, &plan, &err);
	read += handover_record_read(text, arena, &record, &err);
	read += handover_answer_read(text, arena, &answer, &err);
	read += handover_question_read(text, arena, &question, &err);
	read += handover_order_read(text, arena, &order, &err);
	read += handover_config_read(text, arena, &config, &err);
	read += handover_files_read(text, arena, &files, &err);
	read += handover_direct_read(text, arena, &direct, &err);
	read += handover_host_read(text, arena, &host, &err);
	arena_free(arena);
	return read > 0 ? 1 : 0;
}
