/* Both ends of a socket, and a reader whose bytes tell their place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "lend/message.h"
#include "sys/fd.h"
#include "sys/reader.h"

struct ends {
	int ours;
	int theirs;
};

static inline void close_ends(struct ends *ends)
{
	fd_close(&ends->ours);
	fd_close(&ends->theirs);
}
#define autoends clean_up(close_ends) struct ends

static inline struct ends connect_ends(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	return (struct ends){fds[0], fds[1]};
}

static inline void put(int fd, const void *bytes, size_t size)
{
	assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
}

static inline void ask(int fd, int64_t offset, int64_t size)
{
	const struct lend_question question = {offset, size};
	char bytes[LEND_QUESTION_SIZE];

	lend_question_write(&question, bytes);
	put(fd, bytes, sizeof(bytes));
}

/* What stands at a place. */
static inline char byte_at(int64_t offset)
{
	return (char)(offset ^ offset >> 8 ^ offset >> 16);
}

static inline void assert_bytes(const char *bytes, int64_t offset, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != byte_at(offset + (int64_t)i))
			fail_msg("byte %lld is wrong", (long long)offset + (long long)i);
}

struct numbers {
	struct reader reader;
	unsigned reads;
	struct error failure; /* kind NONE: it succeeds */
};

static inline int numbers_read(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	struct numbers *numbers = container_of(reader, struct numbers, reader);

	numbers->reads++;
	for (size_t i = 0; i < size; i++)
		bytes[i] = byte_at(offset + (int64_t)i);
	*err = numbers->failure;
	return numbers->failure.kind == ERROR_NONE ? 0 : -1;
}

#define NUMBERS(size) ((struct numbers){.reader = {(size), numbers_read, NULL}})
