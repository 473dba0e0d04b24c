/*
 * Runs a fuzz target once for each file of its corpus, in the order of their names, and reports in
 * TAP. A target fails by crashing: the plan that was printed first then tells what is missing.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

enum { REPLAY_BYTES_MAX = 16 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The input lies in memory of exactly its size, so that the sanitizer sees a read beyond it. */
static bool replay_file(const char *directory, const char *name)
{
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	FILE *file;
	uint8_t *bytes;
	long size;
	bool is_read;

	buf_printf(&path, "%s/%s", directory, name);
	file = fopen(path.data, "re");
	if (file == NULL || fseek(file, 0, SEEK_END) < 0)
		return false;
	size = ftell(file);
	if (size < 0 || size > REPLAY_BYTES_MAX)
		return false;
	rewind(file);
	bytes = malloc((size_t)size);
	is_read =
		(size == 0 || bytes != NULL) && fread(bytes, 1, (size_t)size, file) == (size_t)size;
	(void)fclose(file);
	if (is_read)
		(void)LLVMFuzzerTestOneInput(bytes, (size_t)size); /* its result is always 0 */
	free(bytes);
	return is_read;
}

int main(int count, char **arguments)
{
	struct dirent **entries;
	int entry_count =
		count == 2 ? scandir(arguments[1], &entries, replay_is_file, alphasort) : -1;
	int failures = 0;

	if (entry_count <= 0) {
		fprintf(stderr, "usage: %s DIRECTORY-WITH-FILES\n", arguments[0]);
		return 2;
	}
	printf("1..%d\n", entry_count);
	for (int i = 0; i < entry_count; i++) {
		bool is_good = replay_file(arguments[1], entries[i]->d_name);
		printf("%s %d - %s\n", is_good ? "ok" : "not ok", i + 1, entries[i]->d_name);
		(void)fflush(stdout);
		failures += is_good ? 0 : 1;
		free(entries[i]);
	}
	free(entries);
	return failures > 0 ? 1 : 0;
}
