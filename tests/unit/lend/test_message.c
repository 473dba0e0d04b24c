/* Which questions and answers there are, at their bounds. */
#include "ends.h"

static void a_question_stays_within_what_there_is(void **state)
{
	static const struct {
		struct lend_question question;
		int64_t total;
		bool is_one;
	} cases[] = {
		{{0, 1}, 1, true},
		{{0, LEND_RANGE_BYTES}, LEND_RANGE_BYTES, true},
		{{7, 3}, 10, true},
		{{INT64_MAX - 1, 1}, INT64_MAX, true},
		{{0, 0}, 10, false},
		{{0, -1}, 10, false},
		{{0, INT64_MIN}, 10, false},
		{{0, LEND_RANGE_BYTES + 1}, INT64_MAX, false},
		{{0, INT64_MAX}, INT64_MAX, false},
		{{-1, 1}, 10, false},
		{{INT64_MIN, 1}, 10, false},
		{{7, 4}, 10, false},
		{{10, 1}, 10, false},
		{{11, 1}, 10, false},
		{{INT64_MAX, 1}, 10, false},
		{{0, 1}, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct lend_question got = {-2, -2};
		char bytes[LEND_QUESTION_SIZE];
		struct error err;
		int result;

		lend_question_write(&cases[i].question, bytes);
		result = lend_question_read(bytes, cases[i].total, &got, &err);
		if (result != (cases[i].is_one ? 0 : -1))
			fail_msg("case %zu: %d", i, result);
		if (result < 0)
			assert_int_equal(err.kind, ERROR_CORRUPT);
		assert_int_equal(got.offset, result == 0 ? cases[i].question.offset : -2);
		assert_int_equal(got.size, result == 0 ? cases[i].question.size : -2);
	}
}

static void an_answer_is_what_was_asked_for_or_a_text(void **state)
{
	static const struct {
		int64_t number;
		size_t asked;
		int result;
		struct lend_head head;
	} cases[] = {
		{5, 5, 0, {false, 5}},
		{LEND_RANGE_BYTES, LEND_RANGE_BYTES, 0, {false, LEND_RANGE_BYTES}},
		{-1, 5, 0, {true, 1}},
		{1 - LIMIT_ERROR_TEXT, 5, 0, {true, LIMIT_ERROR_TEXT - 1}},
		{0, 5, -1, {0}},
		{4, 5, -1, {0}},
		{6, 5, -1, {0}},
		{INT64_MAX, 5, -1, {0}},
		{INT64_MIN, 5, -1, {0}},
		{-LIMIT_ERROR_TEXT, 5, -1, {0}},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct lend_head head;
		char bytes[LEND_HEAD_SIZE];
		char again[LEND_HEAD_SIZE];
		struct error err;
		int result;

		memcpy(bytes, &cases[i].number, sizeof(bytes));
		result = lend_head_read(bytes, cases[i].asked, &head, &err);
		if (result != cases[i].result)
			fail_msg("case %zu: %d", i, result);
		if (result < 0) {
			assert_int_equal(err.kind, ERROR_CORRUPT);
			continue;
		}
		assert_int_equal(head.is_text, cases[i].head.is_text);
		assert_int_equal(head.size, cases[i].head.size);
		lend_head_write(&head, again);
		assert_memory_equal(again, bytes, sizeof(again));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_stays_within_what_there_is),
		cmocka_unit_test(an_answer_is_what_was_asked_for_or_a_text),
	};

	return cmocka_run_group_tests_name("lend/message", tests, NULL, NULL);
}
