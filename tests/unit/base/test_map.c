/* The hash table against a plain array that does the same slowly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/map.h"

static int values[1000];

static struct str key_of(int number, char text[static 16])
{
	(void)snprintf(text, 16, "key-%d", number);
	return str_of(text);
}

static void an_empty_map_has_nothing(void **state)
{
	automap map = MAP_INIT;
	size_t position = 0;

	(void)state;
	assert_null(map_get(&map, STR("a")));
	assert_null(map_remove(&map, STR("a")));
	assert_null(map_next(&map, &position, NULL));
	assert_int_equal(map.count, 0);
}

static void a_value_is_replaced_and_the_old_one_told(void **state)
{
	automap map = MAP_INIT;

	(void)state;
	assert_null(map_set(&map, STR("a"), &values[1]));
	assert_ptr_equal(map_set(&map, STR("a"), &values[2]), &values[1]);
	assert_ptr_equal(map_get(&map, STR("a")), &values[2]);
	assert_int_equal(map.count, 1);
	assert_ptr_equal(map_remove(&map, STR("a")), &values[2]);
	assert_null(map_get(&map, STR("a")));
}

static void keys_are_bytes_and_copied(void **state)
{
	automap map = MAP_INIT;
	char key[] = "a\0b";

	(void)state;
	(void)map_set(&map, (struct str){key, 3}, &values[1]);
	(void)map_set(&map, STR(""), &values[2]);
	key[0] = 'x';
	assert_ptr_equal(map_get(&map, STR("a\0b")), &values[1]);
	assert_ptr_equal(map_get(&map, (struct str){0}), &values[2]);
	assert_null(map_get(&map, STR("a")));
}

/* Ten thousand steps of a fixed pseudo-random walk over 1,000 keys. */
static void a_long_mixture_of_steps_ends_as_in_an_array(void **state)
{
	automap map = MAP_INIT;
	void *expected[1000] = {NULL};
	uint32_t random = 12345;
	size_t count = 0;
	char text[16];

	(void)state;
	for (int step = 0; step < 10000; step++) {
		random = random * 1664525 + 1013904223;
		int number = (int)(random >> 8) % 1000;
		struct str key = key_of(number, text);
		if ((random >> 30) == 0) {
			assert_ptr_equal(map_remove(&map, key), expected[number]);
			expected[number] = NULL;
		} else {
			void *value = &values[step % 1000];
			assert_ptr_equal(map_set(&map, key, value), expected[number]);
			expected[number] = value;
		}
	}
	for (int number = 0; number < 1000; number++) {
		assert_ptr_equal(map_get(&map, key_of(number, text)), expected[number]);
		count += expected[number] != NULL ? 1 : 0;
	}
	assert_int_equal(map.count, count);
}

static void adding_and_removing_for_ever_does_not_grow_it(void **state)
{
	automap map = MAP_INIT;
	char text[16];

	(void)state;
	for (int number = 0; number < 5000; number++) {
		(void)map_set(&map, key_of(number, text), &values[0]);
		(void)map_remove(&map, key_of(number, text));
	}
	assert_int_equal(map.count, 0);
	assert_true(map.capacity <= 16);
}

static void iterating_sees_each_entry_once_and_may_remove_it(void **state)
{
	automap map = MAP_INIT;
	bool is_seen[100] = {false};
	size_t position = 0;
	char text[16];
	struct str key;
	int *value;

	(void)state;
	for (int number = 0; number < 100; number++)
		(void)map_set(&map, key_of(number, text), &values[number]);
	while ((value = map_next(&map, &position, &key)) != NULL) {
		size_t number = (size_t)(value - values);
		assert_true(str_equal(key, key_of((int)number, text)));
		assert_false(is_seen[number]);
		is_seen[number] = true;
		if (number % 2 == 0)
			assert_ptr_equal(map_remove(&map, str_of(text)), value);
	}
	for (size_t number = 0; number < 100; number++)
		assert_true(is_seen[number]);
	assert_int_equal(map.count, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_has_nothing),
		cmocka_unit_test(a_value_is_replaced_and_the_old_one_told),
		cmocka_unit_test(keys_are_bytes_and_copied),
		cmocka_unit_test(a_long_mixture_of_steps_ends_as_in_an_array),
		cmocka_unit_test(adding_and_removing_for_ever_does_not_grow_it),
		cmocka_unit_test(iterating_sees_each_entry_once_and_may_remove_it),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
