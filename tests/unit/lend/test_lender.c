/* What somebody gets who asks as they should, and who does not. */
#include "ends.h"

#include "lend/lender.h"

enum { TOTAL_BYTES = 3 * LEND_RANGE_BYTES };

/* Reads so many bytes of an answer, and lets the lender send them meanwhile. */
static void take(struct lend_lender *lender, int fd, char *bytes, size_t size)
{
	struct error err;

	while (size > 0) {
		ssize_t got = recv(fd, bytes, size, MSG_DONTWAIT);
		if (got < 0) {
			assert_int_equal(errno, EAGAIN);
			assert_int_equal(lend_lender_move(lender, &err), 1);
			continue;
		}
		assert_true(got > 0);
		bytes += got;
		size -= (size_t)got;
	}
}

static void assert_answer(struct lend_lender *lender, int fd, int64_t offset, size_t size)
{
	autofree char *bytes = alloc_zeroed(size, 1);
	char begin[LEND_HEAD_SIZE];
	struct lend_head head;
	struct error err;

	take(lender, fd, begin, sizeof(begin));
	assert_int_equal(lend_head_read(begin, size, &head, &err), 0);
	assert_false(head.is_text);
	take(lender, fd, bytes, size);
	assert_bytes(bytes, offset, size);
}

static void ranges_are_lent(void **state)
{
	struct numbers numbers = NUMBERS(TOTAL_BYTES);
	autoends ends = connect_ends();
	autolender *lender = lend_lender_new(&ends.theirs, &numbers.reader);
	struct error err;

	(void)state;
	assert_int_equal(ends.theirs, -1);
	assert_int_equal(lend_lender_move(lender, &err), 1); /* nothing is asked yet */
	assert_false(lend_lender_is_answering(lender));
	ask(ends.ours, 5, 1);
	assert_answer(lender, ends.ours, 5, 1);
	ask(ends.ours, TOTAL_BYTES - LEND_RANGE_BYTES, LEND_RANGE_BYTES);
	assert_answer(lender, ends.ours, TOTAL_BYTES - LEND_RANGE_BYTES, LEND_RANGE_BYTES);
	fd_close(&ends.ours);
	assert_int_equal(lend_lender_move(lender, &err), 0);
	assert_int_equal(numbers.reads, 2);
}

static void a_question_may_come_in_pieces(void **state)
{
	const struct lend_question question = {100, 10};
	struct numbers numbers = NUMBERS(TOTAL_BYTES);
	autoends ends = connect_ends();
	autolender *lender = lend_lender_new(&ends.theirs, &numbers.reader);
	char bytes[LEND_QUESTION_SIZE];
	struct error err;

	(void)state;
	lend_question_write(&question, bytes);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		assert_int_equal(numbers.reads, 0);
		put(ends.ours, bytes + i, 1);
		assert_int_equal(lend_lender_move(lender, &err), 1);
	}
	assert_answer(lender, ends.ours, 100, 10);
}

static void what_cannot_be_read_is_told(void **state)
{
	struct numbers numbers = NUMBERS(TOTAL_BYTES);
	autoends ends = connect_ends();
	autolender *lender = lend_lender_new(&ends.theirs, &numbers.reader);
	char begin[LEND_HEAD_SIZE];
	struct lend_head head;
	struct error err;
	char text[4];

	(void)state;
	(void)error_set(&numbers.failure, ERROR_BUSY, "gone");
	ask(ends.ours, 0, 100);
	take(lender, ends.ours, begin, sizeof(begin));
	assert_int_equal(lend_head_read(begin, 100, &head, &err), 0);
	assert_true(head.is_text);
	assert_int_equal(head.size, 4);
	take(lender, ends.ours, text, sizeof(text));
	assert_memory_equal(text, "gone", sizeof(text));
	numbers.failure = (struct error){0};
	ask(ends.ours, 0, 100);
	assert_answer(lender, ends.ours, 0, 100);
}

static void an_interruption_is_no_answer(void **state)
{
	struct numbers numbers = NUMBERS(TOTAL_BYTES);
	autoends ends = connect_ends();
	autolender *lender = lend_lender_new(&ends.theirs, &numbers.reader);
	struct error err;
	char byte;

	(void)state;
	(void)error_set(&numbers.failure, ERROR_SYSTEM, "interrupted");
	numbers.failure.system_errno = EINTR;
	ask(ends.ours, 0, 100);
	assert_int_equal(lend_lender_move(lender, &err), -1);
	assert_int_equal(err.system_errno, EINTR);
	assert_int_equal(recv(ends.ours, &byte, 1, MSG_DONTWAIT), -1);
}

static void who_asks_for_what_is_not_lent_gets_nothing(void **state)
{
	static const struct lend_question questions[] = {
		{-1, 1},
		{0, -1},
		{0, 0},
		{TOTAL_BYTES, 1},
		{TOTAL_BYTES - 1, 2},
		{0, LEND_RANGE_BYTES + 1},
		{INT64_MAX, INT64_MAX},
		{INT64_MIN, INT64_MIN},
	};

	(void)state;
	for (size_t i = 0; i < array_size(questions); i++) {
		struct numbers numbers = NUMBERS(TOTAL_BYTES);
		autoends ends = connect_ends();
		autolender *lender = lend_lender_new(&ends.theirs, &numbers.reader);
		struct error err;
		char byte;

		ask(ends.ours, questions[i].offset, questions[i].size);
		assert_int_equal(lend_lender_move(lender, &err), -1);
		assert_int_equal(err.kind, ERROR_CORRUPT);
		assert_int_equal(numbers.reads, 0);
		assert_int_equal(recv(ends.ours, &byte, 1, MSG_DONTWAIT), -1);
	}
}

static void an_end_within_a_question_is_told(void **state)
{
	struct numbers numbers = NUMBERS(TOTAL_BYTES);
	autoends ends = connect_ends();
	autolender *lender = lend_lender_new(&ends.theirs, &numbers.reader);
	struct error err;

	(void)state;
	put(ends.ours, "half a q", LEND_QUESTION_SIZE / 2);
	fd_close(&ends.ours);
	assert_int_equal(lend_lender_move(lender, &err), 1);
	assert_int_equal(lend_lender_move(lender, &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
}

/* One after the other: who asks on and on and takes nothing neither blocks us nor takes memory. */
static void a_question_waits_until_the_one_before_is_answered(void **state)
{
	struct numbers numbers = NUMBERS(TOTAL_BYTES);
	autoends ends = connect_ends();
	autolender *lender = lend_lender_new(&ends.theirs, &numbers.reader);
	struct error err;

	(void)state;
	for (int i = 0; i < 10; i++)
		ask(ends.ours, i, LEND_RANGE_BYTES);
	for (int i = 0; i < 100; i++)
		assert_int_equal(lend_lender_move(lender, &err), 1);
	assert_int_equal(numbers.reads, 1);
	assert_true(lend_lender_is_answering(lender));
	for (int i = 0; i < 10; i++)
		assert_answer(lender, ends.ours, i, LEND_RANGE_BYTES);
	assert_int_equal(numbers.reads, 10);
}

static void an_end_within_an_answer_is_an_end(void **state)
{
	struct numbers numbers = NUMBERS(TOTAL_BYTES);
	autoends ends = connect_ends();
	autolender *lender = lend_lender_new(&ends.theirs, &numbers.reader);
	struct error err;

	(void)state;
	ask(ends.ours, 0, LEND_RANGE_BYTES);
	assert_int_equal(lend_lender_move(lender, &err), 1);
	assert_true(lend_lender_is_answering(lender));
	fd_close(&ends.ours);
	assert_int_equal(lend_lender_move(lender, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_lent),
		cmocka_unit_test(a_question_may_come_in_pieces),
		cmocka_unit_test(what_cannot_be_read_is_told),
		cmocka_unit_test(an_interruption_is_no_answer),
		cmocka_unit_test(who_asks_for_what_is_not_lent_gets_nothing),
		cmocka_unit_test(an_end_within_a_question_is_told),
		cmocka_unit_test(a_question_waits_until_the_one_before_is_answered),
		cmocka_unit_test(an_end_within_an_answer_is_an_end),
	};

	return cmocka_run_group_tests_name("lend/lender", tests, NULL, NULL);
}
