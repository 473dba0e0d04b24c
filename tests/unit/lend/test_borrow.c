/* What is read of a lender, and of one that does not answer as it should. */
#include "ends.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "lend/blocks.h"
#include "lend/borrow.h"
#include "lend/lender.h"

enum { TOTAL_BYTES = 20 * LEND_RANGE_BYTES + 77 };

/* A child that lends; it ends when all it gave away is closed. */
static pid_t start_lender(struct ends *ends)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct numbers numbers = NUMBERS(TOTAL_BYTES);
		struct lend_lender *lender;
		struct error err;
		int result = 1;

		fd_close(&ends->ours);
		lender = lend_lender_new(&ends->theirs, &numbers.reader);
		while (result > 0) {
			struct pollfd polled = {.fd = lend_lender_fd(lender),
				.events = lend_lender_is_answering(lender) ? POLLOUT : POLLIN};
			(void)poll(&polled, 1, -1);
			result = lend_lender_move(lender, &err);
		}
		_exit(result < 0 ? 1 : 0);
	}
	fd_close(&ends->theirs);
	return child;
}

static void what_a_lender_has_is_read(void **state)
{
	autofree char *bytes = alloc_zeroed(3 * LEND_RANGE_BYTES, 1);
	autoends ends = connect_ends();
	pid_t child = start_lender(&ends);
	struct reader *reader = lend_borrow(&ends.ours, TOTAL_BYTES);
	struct error err;
	int status;

	(void)state;
	assert_int_equal(reader->size_bytes, TOTAL_BYTES);
	assert_int_equal(reader_read(reader, TOTAL_BYTES - 1, bytes, 1, &err), 0);
	assert_bytes(bytes, TOTAL_BYTES - 1, 1);
	for (int64_t at = 0; at + 3 * LEND_RANGE_BYTES <= TOTAL_BYTES; at += 3 * LEND_RANGE_BYTES) {
		assert_int_equal(
			reader_read(reader, at, bytes, 3 * (size_t)LEND_RANGE_BYTES, &err), 0);
		assert_bytes(bytes, at, 3 * (size_t)LEND_RANGE_BYTES);
	}
	reader_free(reader);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Reads one byte of a lender that has answered already, so that its block is asked for. */
static void assert_fails(const void *answer, size_t size, enum error_kind kind, const char *text)
{
	autoends ends = connect_ends();
	autoreader *reader = lend_borrow(&ends.ours, TOTAL_BYTES);
	struct error err;
	char byte;

	put(ends.theirs, answer, size);
	assert_int_equal(shutdown(ends.theirs, SHUT_WR), 0);
	assert_int_equal(reader_read(reader, 0, &byte, 1, &err), -1);
	assert_int_equal(err.kind, kind);
	assert_non_null(strstr(err.text, text));
}

static void assert_head_fails(int64_t number)
{
	assert_fails(&number, sizeof(number), ERROR_CORRUPT, "instead of 65536");
}

static void an_answer_that_is_none_is_refused(void **state)
{
	(void)state;
	assert_head_fails(0);
	assert_head_fails(LEND_BLOCK_BYTES - 1);
	assert_head_fails(LEND_BLOCK_BYTES + 1);
	assert_head_fails(INT64_MAX);
	assert_head_fails(INT64_MIN);
	assert_head_fails(-LIMIT_ERROR_TEXT);
}

static void a_lender_that_ends_is_told(void **state)
{
	static const char ended[] = "has ended";
	const int64_t bytes[2] = {LEND_BLOCK_BYTES, 0};
	const int64_t text[2] = {-9, 0};

	(void)state;
	assert_fails("", 0, ERROR_SYSTEM, ended);
	assert_fails("head", 4, ERROR_SYSTEM, ended);
	assert_fails(bytes, sizeof(bytes), ERROR_SYSTEM, ended);
	assert_fails(text, sizeof(text), ERROR_SYSTEM, ended);
}

static void what_a_lender_says_is_told(void **state)
{
	struct {
		int64_t number;
		char text[4];
	} answer = {-4, {'g', 'o', 'n', 'e'}};

	(void)state;
	assert_fails(&answer, LEND_HEAD_SIZE + sizeof(answer.text), ERROR_SYSTEM, "gone");
}

static void a_lender_that_is_gone_is_told(void **state)
{
	autoends ends = connect_ends();
	autoreader *reader = lend_borrow(&ends.ours, TOTAL_BYTES);
	struct error err;
	char byte;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	fd_close(&ends.theirs);
	assert_int_equal(reader_read(reader, 0, &byte, 1, &err), -1);
	assert_int_equal(err.kind, ERROR_SYSTEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_lender_has_is_read),
		cmocka_unit_test(an_answer_that_is_none_is_refused),
		cmocka_unit_test(a_lender_that_ends_is_told),
		cmocka_unit_test(what_a_lender_says_is_told),
		cmocka_unit_test(a_lender_that_is_gone_is_told),
	};

	return cmocka_run_group_tests_name("lend/borrow", tests, NULL, NULL);
}
