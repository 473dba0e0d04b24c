/* Texts that are kept once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/texts.h"

static void the_same_text_has_the_same_number(void **state)
{
	struct texts *texts = texts_new();
	uint32_t a = texts_take(texts, STR("image"));
	uint32_t b = texts_take(texts, STR("node"));

	(void)state;
	assert_int_not_equal(a, b);
	assert_int_equal(texts_take(texts, STR("image")), a);
	assert_int_equal(texts_count(texts), 2);
	assert_string_equal(texts_get(texts, a).data, "image");
	assert_int_equal(texts_get(texts, b).size, 4);
	texts_free(texts);
}

static void a_text_goes_with_its_last_reference(void **state)
{
	struct texts *texts = texts_new();
	uint32_t a = texts_take(texts, STR("image"));

	(void)state;
	assert_int_equal(texts_take(texts, STR("image")), a);
	texts_drop(texts, a);
	assert_string_equal(texts_get(texts, a).data, "image");
	texts_drop(texts, a);
	assert_int_equal(texts_count(texts), 0);
	assert_int_equal(texts_take(texts, STR("other")), a); /* its number is free again */
	assert_string_equal(texts_get(texts, a).data, "other");
	texts_free(texts);
}

static void the_empty_text_is_one_too(void **state)
{
	struct texts *texts = texts_new();
	uint32_t a = texts_take(texts, (struct str){0});

	(void)state;
	assert_int_equal(texts_take(texts, STR("")), a);
	assert_string_equal(texts_get(texts, a).data, "");
	texts_free(texts);
}

static uint32_t take_number(struct texts *texts, int number)
{
	autobuf text = BUF_INIT(32);

	buf_printf(&text, "text-%d", number);
	return texts_take(texts, buf_str(&text));
}

/* Every third goes and comes back while the others stay. */
static void thousands_come_and_go(void **state)
{
	enum { COUNT = 3000 };
	static uint32_t numbers[COUNT];
	struct texts *texts = texts_new();

	(void)state;
	for (int i = 0; i < COUNT; i++)
		numbers[i] = take_number(texts, i);
	for (int i = 0; i < COUNT; i += 3)
		texts_drop(texts, numbers[i]);
	assert_int_equal(texts_count(texts), COUNT - COUNT / 3);
	for (int i = 0; i < COUNT; i += 3)
		numbers[i] = take_number(texts, i);
	for (int i = 0; i < COUNT; i++) {
		assert_true(numbers[i] < COUNT);
		assert_int_equal(take_number(texts, i), numbers[i]);
		texts_drop(texts, numbers[i]);
		texts_drop(texts, numbers[i]);
	}
	assert_int_equal(texts_count(texts), 0);
	texts_free(texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_text_has_the_same_number),
		cmocka_unit_test(a_text_goes_with_its_last_reference),
		cmocka_unit_test(the_empty_text_is_one_too),
		cmocka_unit_test(thousands_come_and_go),
	};

	return cmocka_run_group_tests_name("texts", tests, NULL, NULL);
}
