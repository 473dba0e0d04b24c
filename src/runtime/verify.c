/*
 * Sizes first: they cost nothing and tell most damage. Then every byte once, the chunks of a long
 * file by as many threads as there are processors: a copy out of the page cache and its sum, block
 * by block, are bound by one processor, not by the memory. Not by mmap: it was slower by half, and
 * a file that becomes shorter is a failed read here but a SIGBUS there.
 */
#include "runtime/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "handover/sum.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"

enum {
	VERIFY_BLOCK_BYTES = 256 * 1024, /* stays in the processor's cache */
	VERIFY_THREADS_MAX = 4, /* by then it is the memory */
};

/* A file, whose chunks the threads take one by one. */
struct verify_work {
	int fd; /* borrowed */
	int64_t bytes;
	size_t chunk_count;
	uint8_t (*sums)[HANDOVER_CHUNK_SUM]; /* of the chunks */
	atomic_size_t next; /* the first chunk that nobody has taken */
	struct mono_time deadline;
	atomic_int error; /* of errno; 0: none */
};

/* ---- what each thread does ---- */

/* Adds the chunk to `sum`; returns 0 or a number of errno. */
static int verify_read_chunk(
	const struct verify_work *work, size_t chunk, char *block, struct handover_sum *sum)
{
	off_t at = (off_t)chunk * HANDOVER_CHUNK_BYTES;
	off_t end =
		at + HANDOVER_CHUNK_BYTES < work->bytes ? at + HANDOVER_CHUNK_BYTES : work->bytes;

	(void)posix_fadvise(work->fd, at, end - at, POSIX_FADV_WILLNEED);
	while (at < end) {
		size_t step =
			end - at < VERIFY_BLOCK_BYTES ? (size_t)(end - at) : VERIFY_BLOCK_BYTES;
		ssize_t got = pread(work->fd, block, step, at);

		if (got < 0 && errno != EINTR)
			return errno;
		if (got == 0)
			return ENODATA; /* it has become shorter */
		if (got > 0)
			handover_sum_add(sum, (struct str){block, (size_t)got});
		at += got > 0 ? got : 0;
	}
	return 0;
}

static void *verify_chunks(void *context)
{
	struct verify_work *work = context;
	autofree char *block = alloc_zeroed(1, VERIFY_BLOCK_BYTES);
	struct handover_sum *sum = handover_sum_new();
	size_t chunk;

	while (atomic_load(&work->error) == 0 &&
		(chunk = atomic_fetch_add(&work->next, 1)) < work->chunk_count) {
		int failed = clock_mono().us < work->deadline.us
			? verify_read_chunk(work, chunk, block, sum)
			: ETIMEDOUT;

		handover_sum_finish_chunk(sum, work->sums[chunk]);
		if (failed != 0)
			atomic_store(&work->error, failed);
	}
	handover_sum_free(sum);
	return NULL;
}

/* ---- a file ---- */

/* How many threads are worth their start, this one included. */
static size_t verify_thread_count(size_t chunk_count)
{
	cpu_set_t processors;
	size_t count = 1;

	if (sched_getaffinity(0, sizeof(processors), &processors) == 0)
		count = (size_t)CPU_COUNT(&processors);
	count = count < VERIFY_THREADS_MAX ? count : VERIFY_THREADS_MAX;
	return count < chunk_count ? count : chunk_count;
}

/* The work of all threads; those that cannot be started are left out. */
static void verify_share(struct verify_work *work)
{
	size_t wanted = verify_thread_count(work->chunk_count) - 1;
	pthread_t threads[VERIFY_THREADS_MAX];
	size_t count = 0;

	while (count < wanted && pthread_create(&threads[count], NULL, verify_chunks, work) == 0)
		count++;
	(void)verify_chunks(work);
	for (size_t i = 0; i < count; i++)
		(void)pthread_join(threads[i], NULL);
}

/* The sum of the file's first `bytes`. */
static int verify_sum(int fd, int64_t bytes, struct mono_time deadline,
	char ret_text[static HANDOVER_SUM_TEXT], struct error *err)
{
	size_t full = (size_t)(bytes / HANDOVER_CHUNK_BYTES);
	size_t count = full + (bytes % HANDOVER_CHUNK_BYTES > 0 || full == 0 ? 1 : 0);
	autofree uint8_t *sums = alloc_zeroed(count, HANDOVER_CHUNK_SUM);
	struct verify_work work = {
		.fd = fd,
		.bytes = bytes,
		.chunk_count = count,
		.deadline = deadline,
		.sums = (uint8_t(*)[HANDOVER_CHUNK_SUM])sums,
	};

	verify_share(&work);
	errno = atomic_load(&work.error);
	if (errno == ETIMEDOUT)
		return error_set(err, ERROR_TIMEOUT, "reading it took too long");
	if (errno == ENODATA ||
		errno == EIO) /* shorter meanwhile, or bytes that the disk has lost */
		return error_set(err, ERROR_CORRUPT, "cannot read it: %s", strerror(errno));
	if (errno != 0)
		return error_set_errno(err, "cannot read it");
	handover_sum_of_chunks(work.sums, count, ret_text);
	return 0;
}

/* Opens the file if it is a regular one of the right size. */
static int verify_open(
	const struct handover_file *file, int directory_fd, int *ret_fd, struct error *err)
{
	autoclose int fd = -1;
	struct stat status;

	if (file_open_beneath(directory_fd, file->path.data, O_RDONLY | O_NONBLOCK, 0, &fd, err) <
		0) {
		if (err->kind == ERROR_ABSENT)
			err->kind = ERROR_CORRUPT;
		return -1;
	}
	if (fstat(fd, &status) < 0)
		return error_set_errno(err, "cannot look at '%s'", file->path.data);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_CORRUPT, "'%s' is no file", file->path.data);
	if (status.st_size != file->bytes)
		return error_set(err, ERROR_CORRUPT, "'%s' has %lld bytes, not %lld",
			file->path.data, (long long)status.st_size, (long long)file->bytes);
	*ret_fd = fd_take(&fd);
	return 0;
}

static int verify_file(const struct handover_file *file, int directory_fd,
	struct mono_time deadline, struct error *err)
{
	char text[HANDOVER_SUM_TEXT];
	autoclose int fd = -1;

	if (verify_open(file, directory_fd, &fd, err) < 0)
		return -1;
	if (verify_sum(fd, file->bytes, deadline, text, err) < 0)
		return error_wrap(err, "'%s'", file->path.data);
	if (!str_is(file->xxh3, text))
		return error_set(err, ERROR_CORRUPT,
			"the content of '%s' has changed: %s, not %.*s", file->path.data, text,
			STR_ARG(file->xxh3));
	return 0;
}

int runtime_verify(const struct handover_candidate *candidate, int directory_fd,
	struct mono_time deadline, struct error *err)
{
	const struct handover_file *files = candidate->files.items;

	if (candidate->files.count == 0)
		return error_set(err, ERROR_CORRUPT, "the plan names no file");
	for (size_t i = 0; i < candidate->files.count; i++) {
		autoclose int fd = -1;

		if (verify_open(&files[i], directory_fd, &fd, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < candidate->files.count; i++)
		if (verify_file(&files[i], directory_fd, deadline, err) < 0)
			return -1;
	return 0;
}
