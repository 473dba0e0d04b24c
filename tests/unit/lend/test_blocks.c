/* How often, and how much at once, is fetched for who reads here and there or on and on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "lend/blocks.h"

enum { TOTAL_BYTES = 64 * 1024 * 1024 + 5 };

struct source {
	unsigned fetches;
	int64_t bytes;
	size_t largest;
	bool fails;
};

/* What stands at a place. */
static char byte_at(int64_t offset)
{
	return (char)(offset ^ offset >> 8 ^ offset >> 16);
}

static int fetch(void *context, int64_t offset, char *bytes, size_t size, struct error *err)
{
	struct source *source = context;

	if (source->fails)
		return error_set(err, ERROR_SYSTEM, "gone");
	assert_true(offset >= 0 && size > 0 && offset + (int64_t)size <= TOTAL_BYTES);
	source->fetches++;
	source->bytes += (int64_t)size;
	if (size > source->largest)
		source->largest = size;
	for (size_t i = 0; i < size; i++)
		bytes[i] = byte_at(offset + (int64_t)i);
	return 0;
}

static void assert_read(struct lend_blocks *blocks, int64_t offset, size_t size)
{
	autofree char *bytes = alloc_zeroed(size, 1);
	struct error err;

	assert_int_equal(lend_blocks_read(blocks, TOTAL_BYTES, offset, bytes, size, &err), 0);
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != byte_at(offset + (int64_t)i))
			fail_msg("byte %lld is wrong", (long long)offset + (long long)i);
}

static void what_lies_together_is_fetched_once(void **state)
{
	struct source source = {0};
	struct lend_blocks *blocks = lend_blocks_new(fetch, &source);

	(void)state;
	for (int64_t offset = 0; offset < LEND_BLOCK_BYTES; offset += 512)
		assert_read(blocks, offset, 512);
	assert_int_equal(source.fetches, 1);
	assert_read(blocks, 10 * LEND_BLOCK_BYTES - 1, 2);
	assert_read(blocks, 0, LEND_BLOCK_BYTES);
	assert_int_equal(source.fetches, 3);
	assert_int_equal(source.bytes, 3 * LEND_BLOCK_BYTES);
	lend_blocks_free(blocks);
}

static void who_reads_on_gets_more_at_once(void **state)
{
	struct source source = {0};
	struct lend_blocks *blocks = lend_blocks_new(fetch, &source);

	(void)state;
	for (int64_t offset = 0; offset < TOTAL_BYTES; offset += 100 * 1000)
		assert_read(blocks, offset,
			TOTAL_BYTES - offset < 100 * 1000 ? (size_t)(TOTAL_BYTES - offset)
							  : 100 * 1000);
	assert_int_equal(source.bytes, TOTAL_BYTES); /* nothing twice */
	assert_int_equal(source.largest, LEND_RANGE_BYTES);
	assert_true(source.fetches < 2 * TOTAL_BYTES / LEND_RANGE_BYTES);
	assert_read(blocks, 0, 1); /* elsewhere again: little at once */
	assert_true(source.bytes <= TOTAL_BYTES + LEND_BLOCK_BYTES);
	lend_blocks_free(blocks);
}

static void the_newest_blocks_are_kept(void **state)
{
	struct source source = {0};
	struct lend_blocks *blocks = lend_blocks_new(fetch, &source);

	(void)state;
	for (int64_t i = 0; i < LEND_BLOCKS_KEPT + 1; i++)
		assert_read(blocks, 2 * i * LEND_BLOCK_BYTES, 1);
	assert_read(blocks, 2 * LEND_BLOCK_BYTES, 1);
	assert_int_equal(source.fetches, LEND_BLOCKS_KEPT + 1);
	assert_read(blocks, 0, 1);
	assert_int_equal(source.fetches, LEND_BLOCKS_KEPT + 2);
	lend_blocks_free(blocks);
}

static void what_failed_is_fetched_again(void **state)
{
	struct source source = {.fails = true};
	struct lend_blocks *blocks = lend_blocks_new(fetch, &source);
	struct error err;
	char byte;

	(void)state;
	assert_int_equal(lend_blocks_read(blocks, TOTAL_BYTES, 0, &byte, 1, &err), -1);
	assert_string_equal(err.text, "gone");
	source.fails = false;
	assert_read(blocks, 0, 1);
	assert_read(blocks, TOTAL_BYTES - 1, 1);
	lend_blocks_free(blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lies_together_is_fetched_once),
		cmocka_unit_test(who_reads_on_gets_more_at_once),
		cmocka_unit_test(the_newest_blocks_are_kept),
		cmocka_unit_test(what_failed_is_fetched_again),
	};

	return cmocka_run_group_tests_name("lend/blocks", tests, NULL, NULL);
}
