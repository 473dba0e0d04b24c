/*
 * What a hostile reader asks a lender: bytes as they come from its socket. A question that is
 * answered lies within what is lent, and of each answer the head is one for who asked. The first
 * byte chooses how much there is.
 */
#include <assert.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lend/lender.h"
#include "lend/message.h"
#include "sys/fd.h"

struct lent {
	struct reader reader;
	size_t asked; /* by the question at hand */
};

static int lent_read(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	struct lent *lent = container_of(reader, struct lent, reader);

	assert(size >= 1 && size <= LEND_RANGE_BYTES && offset >= 0);
	assert((int64_t)size <= reader->size_bytes - offset);
	lent->asked = size;
	bytes[0] = bytes[size - 1] = 1;
	return offset % 2 == 0 ? 0 : error_set(err, ERROR_BUSY, "an odd one");
}

/* Takes what has come of an answer, of which `left` bytes are still to come. */
static void take(int fd, const struct lent *lent, size_t *left)
{
	static char bytes[LEND_RANGE_BYTES];
	struct lend_head head;
	struct error err;

	if (*left == 0 && lent->asked > 0 &&
		recv(fd, bytes, LEND_HEAD_SIZE, MSG_DONTWAIT) == LEND_HEAD_SIZE) {
		assert(lend_head_read(bytes, lent->asked, &head, &err) == 0);
		*left = head.size;
	}
	while (*left > 0) {
		ssize_t got = recv(fd, bytes, *left, MSG_DONTWAIT);
		if (got <= 0)
			return;
		*left -= (size_t)got;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t sizes[] = {0, 1, 1000, LEND_RANGE_BYTES + 1, INT64_MAX};
	struct lent lent = {
		.reader = {size > 0 ? sizes[data[0] % array_size(sizes)] : 0, lent_read, NULL}};
	struct lend_lender *lender;
	struct error err;
	size_t left = 0;
	int result = 1;
	int fds[2];

	if (size == 0 || size > 16 * 1024 ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return 0;
	lender = lend_lender_new(&fds[0], &lent.reader);
	assert(send(fds[1], data + 1, size - 1, MSG_NOSIGNAL) == (ssize_t)size - 1);
	assert(shutdown(fds[1], SHUT_WR) == 0);
	while (result > 0) {
		result = lend_lender_move(lender, &err);
		take(fds[1], &lent, &left);
	}
	assert(result == 0 || err.kind == ERROR_CORRUPT);
	lend_lender_free(lender);
	fd_close(&fds[1]);
	return 0;
}
