/*
 * Ten thousand small archives, each one of the corpus with some bytes changed, through the target
 * of archives: none may crash, hang or take more memory than a report may.
 *
 *   mutate DIRECTORY COUNT MIB      TAP: one case for each thousand
 *
 * The changes are always the same ones; headers of the tar get their checksums anew, so that most
 * changes arrive at the images.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../unit/archive/tar_builder.h"
#include "base/number.h"
#include "inspect/report.h"
#include "sys/file.h"

enum {
	MUTATE_SEEDS = 16,
	MUTATE_DEADLINE_SECONDS = 20, /* for one archive */
	MUTATE_GROUP = 1000,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct mutate {
	struct buf seeds[MUTATE_SEEDS];
	size_t seed_count;
	uint64_t state; /* of xorshift64 */
};

static uint64_t mutate_random(struct mutate *mutate, uint64_t bound)
{
	mutate->state ^= mutate->state << 13;
	mutate->state ^= mutate->state >> 7;
	mutate->state ^= mutate->state << 17;
	return mutate->state % bound;
}

static int mutate_load(void *context, const char *name, bool is_directory, struct error *err)
{
	struct mutate *mutate = context;
	struct buf *seed = &mutate->seeds[mutate->seed_count];

	if (is_directory || mutate->seed_count == MUTATE_SEEDS)
		return 0;
	*seed = BUF_INIT(LIMIT_ARCHIVE_METADATA);
	mutate->seed_count++;
	return file_read(AT_FDCWD, name, seed, err);
}

/* Changes a byte, a run, a length or the end. */
static void mutate_once(struct mutate *mutate, struct buf *bytes)
{
	static const unsigned char telling[] = {0, 1, 0x7f, 0x80, 0xff};
	size_t at = (size_t)mutate_random(mutate, bytes->size);
	size_t size = 1 + (size_t)mutate_random(mutate, 8);
	size_t from = (size_t)mutate_random(mutate, bytes->size);

	if (size > bytes->size - at)
		size = bytes->size - at;
	if (size > bytes->size - from)
		size = bytes->size - from;
	switch (mutate_random(mutate, 16)) {
	case 0:
		bytes->size = at + 1;
		break;
	case 1:
	case 2:
	case 3:
		memmove(bytes->data + at, bytes->data + from, size);
		break;
	case 4:
	case 5:
	case 6:
		memset(bytes->data + at, telling[mutate_random(mutate, sizeof(telling))], size);
		break;
	default:
		bytes->data[at] ^= (char)(1 << mutate_random(mutate, 8));
		break;
	}
}

static void mutate_run(struct mutate *mutate, size_t number)
{
	const struct buf *seed = &mutate->seeds[number % mutate->seed_count];
	autotar tar = TAR_INIT;
	size_t changes = 1 + (size_t)mutate_random(mutate, 8);

	buf_add(&tar.bytes, buf_str(seed));
	for (size_t i = 0; i < changes; i++)
		mutate_once(mutate, &tar.bytes);
	tar_seal_all(&tar);
	(void)alarm(MUTATE_DEADLINE_SECONDS);
	(void)LLVMFuzzerTestOneInput((const uint8_t *)tar.bytes.data, tar.bytes.size);
	(void)alarm(0);
}

static long mutate_peak_bytes(void)
{
	struct rusage usage;

	assert(getrusage(RUSAGE_SELF, &usage) == 0);
	return usage.ru_maxrss * 1024;
}

static int mutate_all(struct mutate *mutate, size_t count, long most_bytes)
{
	long before = mutate_peak_bytes();
	int failures = 0;

	printf("1..%zu\n", count / MUTATE_GROUP);
	for (size_t i = 0; i < count; i++) {
		bool is_good;
		mutate_run(mutate, i);
		if ((i + 1) % MUTATE_GROUP != 0)
			continue;
		is_good = mutate_peak_bytes() - before < most_bytes;
		failures += is_good ? 0 : 1;
		printf("%s %zu - %zu archives, %ld KiB at most\n", is_good ? "ok" : "not ok",
			(i + 1) / MUTATE_GROUP, i + 1, mutate_peak_bytes() / 1024);
		(void)fflush(stdout);
	}
	return failures > 0 ? 1 : 0;
}

int main(int count, char **arguments)
{
	struct mutate mutate = {.state = UINT64_C(0x9e3779b97f4a7c15)};
	struct error err;
	uint64_t wanted;
	uint64_t most_mib;
	int directory;

	if (count != 4 || !number_parse_u64(str_of(arguments[2]), &wanted) ||
		!number_parse_u64(str_of(arguments[3]), &most_mib) || most_mib > 4096 ||
		chdir(arguments[1]) != 0 || file_open_directory(".", &directory, &err) < 0 ||
		file_for_each(directory, mutate_load, &mutate, &err) < 0) {
		fprintf(stderr, "usage: %s DIRECTORY-WITH-ARCHIVES COUNT MIB\n", arguments[0]);
		return 2;
	}
	(void)close(directory);
	count = mutate_all(&mutate, (size_t)wanted, (long)most_mib << 20);
	for (size_t i = 0; i < mutate.seed_count; i++)
		buf_done(&mutate.seeds[i]);
	return count;
}
