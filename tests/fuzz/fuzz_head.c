/* Lines of a head, whatever they hold: what is counted can be walked, and limits hold. */
#include <assert.h>

#include "http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size};
	struct http__head head = HTTP__HEAD_INIT;
	struct str line;
	struct error err;
	size_t bytes = 0;

	while (str_cut(rest, '\n', &line, &rest)) {
		if (http__head_add_line(&head, line, &err) < 0)
			break;
		if (!head.is_complete)
			continue;
		for (size_t i = 0; i < head.header_count; i++)
			bytes += strlen(head.headers[i].name) + strlen(head.headers[i].value) + 2;
		assert(bytes == head.text.size);
		bytes = 0;
		assert(http__head_answer(&head, (struct wall_time){1}, true).content_length >= -1);
	}
	http__head_done(&head);
	return 0;
}
