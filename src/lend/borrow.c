/* A question is asked when no block has what is read, and waited for. */
#include "lend/borrow.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "lend/blocks.h"
#include "lend/message.h"
#include "sys/fd.h"

struct borrow {
	struct reader reader;
	int fd;
	struct lend_blocks *blocks;
};

static int borrow_fill(const struct borrow *borrow, char *bytes, size_t size, struct error *err)
{
	while (size > 0) {
		ssize_t got = read(borrow->fd, bytes, size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, "cannot read an answer");
		if (got == 0)
			return error_set(
				err, ERROR_SYSTEM, "the program that fetches the bytes has ended");
		bytes += got;
		size -= (size_t)got;
	}
	return 0;
}

static int borrow_fail(const struct borrow *borrow, size_t size, struct error *err)
{
	char text[LIMIT_ERROR_TEXT];

	if (borrow_fill(borrow, text, size, err) < 0)
		return -1;
	return error_set(err, ERROR_SYSTEM, "%.*s", (int)size, text);
}

static int borrow_fetch(void *context, int64_t offset, char *bytes, size_t size, struct error *err)
{
	const struct borrow *borrow = context;
	const struct lend_question question = {offset, (int64_t)size};
	char asked[LEND_QUESTION_SIZE];
	char begin[LEND_HEAD_SIZE];
	struct lend_head head;

	lend_question_write(&question, asked);
	if (fd_write_all(borrow->fd, (struct str){asked, sizeof(asked)}, "a question", err) < 0 ||
		borrow_fill(borrow, begin, sizeof(begin), err) < 0 ||
		lend_head_read(begin, size, &head, err) < 0)
		return -1;
	return head.is_text ? borrow_fail(borrow, head.size, err)
			    : borrow_fill(borrow, bytes, size, err);
}

static int borrow_read(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	struct borrow *borrow = container_of(reader, struct borrow, reader);

	return lend_blocks_read(borrow->blocks, reader->size_bytes, offset, bytes, size, err);
}

static void borrow_free(struct reader *reader)
{
	struct borrow *borrow = container_of(reader, struct borrow, reader);

	lend_blocks_free(borrow->blocks);
	fd_close(&borrow->fd);
	free(borrow);
}

struct reader *lend_borrow(int *fd, int64_t size)
{
	struct borrow *borrow = new_zeroed(struct borrow);

	borrow->reader = (struct reader){size, borrow_read, borrow_free};
	borrow->fd = fd_take(fd);
	borrow->blocks = lend_blocks_new(borrow_fetch, borrow);
	return &borrow->reader;
}
