/* Numbers are checked before anything is added to them. */
#include "lend/message.h"

#include <string.h>

void lend_question_write(
	const struct lend_question *question, char bytes[static LEND_QUESTION_SIZE])
{
	memcpy(bytes, &question->offset, sizeof(question->offset));
	memcpy(bytes + sizeof(question->offset), &question->size, sizeof(question->size));
}

int lend_question_read(const char bytes[static LEND_QUESTION_SIZE], int64_t total,
	struct lend_question *ret_question, struct error *err)
{
	struct lend_question question;

	memcpy(&question.offset, bytes, sizeof(question.offset));
	memcpy(&question.size, bytes + sizeof(question.offset), sizeof(question.size));
	if (question.size < 1 || question.size > LEND_RANGE_BYTES || question.offset < 0 ||
		question.offset > total || question.size > total - question.offset)
		return error_set(err, ERROR_CORRUPT,
			"it asks for %lld bytes at offset %lld of %lld", (long long)question.size,
			(long long)question.offset, (long long)total);
	*ret_question = question;
	return 0;
}

void lend_head_write(const struct lend_head *head, char bytes[static LEND_HEAD_SIZE])
{
	int64_t number = head->is_text ? -(int64_t)head->size : (int64_t)head->size;

	memcpy(bytes, &number, sizeof(number));
}

int lend_head_read(const char bytes[static LEND_HEAD_SIZE], size_t asked,
	struct lend_head *ret_head, struct error *err)
{
	int64_t number;

	memcpy(&number, bytes, sizeof(number));
	if (number > -LIMIT_ERROR_TEXT && number < 0)
		*ret_head = (struct lend_head){true, (size_t)-number};
	else if (number == (int64_t)asked)
		*ret_head = (struct lend_head){false, asked};
	else
		return error_set(err, ERROR_CORRUPT, "%lld bytes came instead of %zu",
			(long long)number, asked);
	return 0;
}
