/* Allocation, arenas and the moves of ownership. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/arena.h"

static void no_items_are_memory_too(void **state)
{
	autofree void *zeroed = alloc_zeroed(0, 8);
	autofree void *resized = alloc_resize(NULL, 0, 8);
	autofree char *text = alloc_text(NULL, 0);

	(void)state;
	assert_non_null(zeroed);
	assert_non_null(resized);
	assert_string_equal(text, "");
}

static void taking_leaves_nothing_behind(void **state)
{
	autofree char *first = alloc_text("abc", 2);
	autofree char *second = take_ptr(&first);

	(void)state;
	assert_null(first);
	assert_string_equal(second, "ab");
}

static void an_array_grows_one_by_one(void **state)
{
	autofree int *numbers = NULL;
	size_t capacity = 0;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		numbers = alloc_room_for_one(numbers, i, &capacity, sizeof(*numbers));
		numbers[i] = (int)i;
		assert_true(capacity > i);
	}
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(numbers[i], (int)i);
}

static void an_arena_gives_zeroed_aligned_memory_of_any_size(void **state)
{
	static const size_t sizes[] = {0, 1, 3, 16, 100, 4096, 100000};
	autoarena *arena = arena_new(64);

	(void)state;
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < array_size(sizes); i++) {
			unsigned char *memory = arena_zeroed(arena, sizes[i], 1);
			assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(memory[k], 0);
			memset(memory, 0xff, sizes[i]);
		}
	}
}

static void an_arena_may_begin_empty(void **state)
{
	autoarena *arena = arena_new(0);
	struct str copy = arena_str(arena, STR("abc"));

	(void)state;
	assert_string_equal(copy.data, "abc");
}

static void take_from_arena(struct arena *arena)
{
	struct str text = arena_str(arena, STR("abc"));
	int64_t *numbers = arena_zeroed(arena, 3, sizeof(int64_t));

	assert_int_equal(text.size, 3);
	assert_int_equal(numbers[2], 0);
}

static void what_one_arena_used_is_enough_for_another(void **state)
{
	autoarena *trial = arena_new(1024);
	autoarena *exact = NULL;

	(void)state;
	assert_int_equal(arena_used(trial), 0);
	take_from_arena(trial);
	assert_int_equal(arena_used(trial), 16 + 3 * sizeof(int64_t)); /* the text is padded */
	exact = arena_new(arena_used(trial));
	take_from_arena(exact);
	assert_int_equal(arena_used(exact), arena_used(trial));
}

static void texts_of_an_arena_are_terminated_and_stay(void **state)
{
	autoarena *arena = arena_new(8);
	struct str absent = arena_str(arena, (struct str){0});
	struct str copy = arena_str(arena, (struct str){"abcdef", 3});
	struct str formatted = arena_printf(arena, "%s-%0100d", "x", 7);

	(void)state;
	assert_int_equal(absent.size, 0);
	assert_string_equal(absent.data, "");
	assert_int_equal(formatted.size, 102);
	assert_int_equal(strlen(formatted.data), 102);
	assert_string_equal(copy.data, "abc");
}

static void nothing_is_freed_without_complaint(void **state)
{
	(void)state;
	arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_items_are_memory_too),
		cmocka_unit_test(taking_leaves_nothing_behind),
		cmocka_unit_test(an_array_grows_one_by_one),
		cmocka_unit_test(an_arena_gives_zeroed_aligned_memory_of_any_size),
		cmocka_unit_test(an_arena_may_begin_empty),
		cmocka_unit_test(what_one_arena_used_is_enough_for_another),
		cmocka_unit_test(texts_of_an_arena_are_terminated_and_stay),
		cmocka_unit_test(nothing_is_freed_without_complaint),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
