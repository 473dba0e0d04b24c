/* A question is collected, answered into a buffer, and the buffer sent before more is read. */
#include "lend/lender.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "lend/message.h"
#include "sys/fd.h"

struct lend_lender {
	int fd;
	struct reader *reader;
	char question[LEND_QUESTION_SIZE];
	size_t question_size; /* of what has come */
	char *answer; /* the head, then bytes or text */
	size_t answer_size; /* 0: there is none */
	size_t sent;
};

struct lend_lender *lend_lender_new(int *fd, struct reader *reader)
{
	struct lend_lender *lender = new_zeroed(struct lend_lender);

	lender->fd = fd_take(fd);
	lender->reader = reader;
	lender->answer = alloc_zeroed(LEND_HEAD_SIZE + LEND_RANGE_BYTES, 1);
	return lender;
}

void lend_lender_free(struct lend_lender *lender)
{
	if (lender == NULL)
		return;
	fd_close(&lender->fd);
	free(lender->answer);
	free(lender);
}

int lend_lender_fd(const struct lend_lender *lender)
{
	return lender->fd;
}

bool lend_lender_is_answering(const struct lend_lender *lender)
{
	return lender->answer_size > 0;
}

static void lender_set_answer(struct lend_lender *lender, bool is_text, size_t size)
{
	const struct lend_head head = {is_text, size};

	lend_head_write(&head, lender->answer);
	lender->answer_size = LEND_HEAD_SIZE + size;
	lender->sent = 0;
	lender->question_size = 0;
}

static int lender_answer(struct lend_lender *lender, struct error *err)
{
	struct lend_question question;
	struct error failure;
	char *bytes = lender->answer + LEND_HEAD_SIZE;

	if (lend_question_read(lender->question, lender->reader->size_bytes, &question, err) < 0)
		return -1;
	if (reader_read(lender->reader, question.offset, bytes, (size_t)question.size, &failure) ==
		0) {
		lender_set_answer(lender, false, (size_t)question.size);
		return 0;
	}
	if (failure.system_errno == EINTR) {
		*err = failure;
		return -1;
	}
	memcpy(bytes, failure.text, strlen(failure.text));
	lender_set_answer(lender, true, strlen(failure.text));
	return 0;
}

static int lender_receive(struct lend_lender *lender, struct error *err)
{
	ssize_t got = recv(lender->fd, lender->question + lender->question_size,
		sizeof(lender->question) - lender->question_size, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (got < 0 && errno != ECONNRESET)
		return error_set_errno(err, "cannot read a question");
	if (got <= 0 && lender->question_size > 0)
		return error_set(err, ERROR_CORRUPT, "it ended within a question");
	if (got <= 0)
		return 0;
	lender->question_size += (size_t)got;
	if (lender->question_size == sizeof(lender->question) && lender_answer(lender, err) < 0)
		return -1;
	return 1;
}

static int lender_send(struct lend_lender *lender, struct error *err)
{
	ssize_t put = send(lender->fd, lender->answer + lender->sent,
		lender->answer_size - lender->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (put < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (put < 0 && (errno == EPIPE || errno == ECONNRESET))
		return 0;
	if (put < 0)
		return error_set_errno(err, "cannot send an answer");
	lender->sent += (size_t)put;
	if (lender->sent == lender->answer_size)
		lender->answer_size = 0;
	return 1;
}

int lend_lender_move(struct lend_lender *lender, struct error *err)
{
	int result = 1;

	if (!lend_lender_is_answering(lender))
		result = lender_receive(lender, err);
	if (result > 0 && lend_lender_is_answering(lender))
		result = lender_send(lender, err);
	return result;
}
