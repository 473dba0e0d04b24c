/* The sum does not depend on how the bytes come, and says what xxhsum says of short files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "handover/sum.h"

enum { LONG_BYTES = 2 * HANDOVER_CHUNK_BYTES + 5 };

/* xxhsum -H2 of "hello" and of nothing */
#define HELLO   "b5e9c1ad071b3e7fc779cfaa5e523818"
#define NOTHING "99aa06d3014798d86001c324468d497f"

static char *long_bytes(void)
{
	char *bytes = alloc_zeroed(1, LONG_BYTES);

	for (size_t i = 0; i < LONG_BYTES; i += 4096)
		bytes[i] = (char)(i / 4096);
	return bytes;
}

static void sum_in_steps(struct str bytes, size_t step, char ret_text[static HANDOVER_SUM_TEXT])
{
	struct handover_sum *sum = handover_sum_new();

	for (size_t at = 0; at < bytes.size; at += step) {
		struct str rest = str_from(bytes, at);
		rest.size = rest.size < step ? rest.size : step;
		handover_sum_add(sum, rest);
	}
	handover_sum_finish(sum, ret_text);
	handover_sum_free(sum);
}

/* As a thread does that has only this chunk. */
static void sum_chunk(struct str bytes, uint8_t ret_sum[static HANDOVER_CHUNK_SUM])
{
	struct handover_sum *sum = handover_sum_new();

	handover_sum_add(sum, bytes);
	handover_sum_finish_chunk(sum, ret_sum);
	handover_sum_free(sum);
}

static void test_a_short_file_has_the_sum_that_xxhsum_prints(void **state)
{
	char text[HANDOVER_SUM_TEXT];

	(void)state;
	sum_in_steps(STR("hello"), 5, text);
	assert_string_equal(text, HELLO);
	sum_in_steps(STR(""), 1, text);
	assert_string_equal(text, NOTHING);
}

/* By the same way through the bytes as a chunk, whichever the processor has. */
static void test_a_longer_file_has_the_sum_that_xxhsum_prints(void **state)
{
	enum { BYTES = 1024 * 1024 };
	autofree char *bytes = alloc_zeroed(1, BYTES);
	char text[HANDOVER_SUM_TEXT];

	(void)state;
	for (uint32_t i = 0; i < BYTES; i++)
		bytes[i] = (char)(i * UINT32_C(2654435761) >> 24);
	sum_in_steps((struct str){bytes, BYTES}, 65521, text);
	assert_string_equal(text, "7e34237c007b503ea60868b9a5018405");
}

static void test_the_steps_do_not_matter(void **state)
{
	static const size_t steps[] = {4096, 1000003, HANDOVER_CHUNK_BYTES, LONG_BYTES};
	autofree char *bytes = long_bytes();
	char first[HANDOVER_SUM_TEXT];

	(void)state;
	sum_in_steps((struct str){bytes, LONG_BYTES}, 65536, first);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		char text[HANDOVER_SUM_TEXT];
		sum_in_steps((struct str){bytes, LONG_BYTES}, steps[i], text);
		assert_string_equal(text, first);
	}
}

static void test_chunks_summed_apart_give_the_same(void **state)
{
	autofree char *bytes = long_bytes();
	uint8_t chunks[3][HANDOVER_CHUNK_SUM];
	char whole[HANDOVER_SUM_TEXT];
	char apart[HANDOVER_SUM_TEXT];

	(void)state;
	sum_in_steps((struct str){bytes, LONG_BYTES}, 65536, whole);
	for (size_t i = 0; i < 3; i++) {
		struct str rest =
			str_from((struct str){bytes, LONG_BYTES}, i * HANDOVER_CHUNK_BYTES);
		rest.size = rest.size < HANDOVER_CHUNK_BYTES ? rest.size : HANDOVER_CHUNK_BYTES;
		sum_chunk(rest, chunks[i]);
	}
	handover_sum_of_chunks(chunks, 3, apart);
	assert_string_equal(apart, whole);
}

static void test_one_full_chunk_is_a_short_file(void **state)
{
	autofree char *bytes = long_bytes();
	uint8_t chunk[1][HANDOVER_CHUNK_SUM];
	char whole[HANDOVER_SUM_TEXT];
	char apart[HANDOVER_SUM_TEXT];

	(void)state;
	sum_in_steps((struct str){bytes, HANDOVER_CHUNK_BYTES}, 65536, whole);
	sum_chunk((struct str){bytes, HANDOVER_CHUNK_BYTES}, chunk[0]);
	handover_sum_of_chunks(chunk, 1, apart);
	assert_string_equal(apart, whole);
}

static void test_a_flipped_bit_anywhere_changes_it(void **state)
{
	static const size_t places[] = {
		0, HANDOVER_CHUNK_BYTES - 1, HANDOVER_CHUNK_BYTES, LONG_BYTES - 1};
	autofree char *bytes = long_bytes();
	char before[HANDOVER_SUM_TEXT];

	(void)state;
	sum_in_steps((struct str){bytes, LONG_BYTES}, 65536, before);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char after[HANDOVER_SUM_TEXT];
		bytes[places[i]] ^= 1;
		sum_in_steps((struct str){bytes, LONG_BYTES}, 65536, after);
		bytes[places[i]] ^= 1;
		assert_string_not_equal(after, before);
	}
}

static void test_a_sum_can_be_used_again(void **state)
{
	struct handover_sum *sum = handover_sum_new();
	char text[HANDOVER_SUM_TEXT];

	(void)state;
	handover_sum_add(sum, STR("other"));
	handover_sum_finish(sum, text);
	handover_sum_add(sum, STR("hello"));
	handover_sum_finish(sum, text);
	assert_string_equal(text, HELLO);
	handover_sum_free(sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_short_file_has_the_sum_that_xxhsum_prints),
		cmocka_unit_test(test_a_longer_file_has_the_sum_that_xxhsum_prints),
		cmocka_unit_test(test_the_steps_do_not_matter),
		cmocka_unit_test(test_chunks_summed_apart_give_the_same),
		cmocka_unit_test(test_one_full_chunk_is_a_short_file),
		cmocka_unit_test(test_a_flipped_bit_anywhere_changes_it),
		cmocka_unit_test(test_a_sum_can_be_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
