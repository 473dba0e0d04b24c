/* Links in their items: order, and removing while walking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/list.h"

struct item {
	char name;
	struct list link;
};

static void told(const struct list *head, const char *expected)
{
	autobuf names = BUF_INIT(16);

	list_for_each (link, head)
		buf_add_byte(&names, list_item(link, struct item, link)->name);
	assert_string_equal(names.data, expected);
}

static void items_stay_in_the_order_they_came(void **state)
{
	struct list head;
	struct item items[] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}};

	(void)state;
	list_init(&head);
	assert_true(list_is_empty(&head));
	told(&head, "");
	for (size_t i = 0; i < array_size(items); i++)
		list_append(&head, &items[i].link);
	told(&head, "abc");
	list_remove(&items[1].link);
	told(&head, "ac");
	list_append(&head, &items[1].link);
	told(&head, "acb");
}

static void a_link_in_no_list_may_be_removed(void **state)
{
	struct list link;

	(void)state;
	list_init(&link);
	list_remove(&link);
	list_remove(&link);
	assert_true(list_is_empty(&link));
}

static void the_current_item_may_be_removed(void **state)
{
	struct list head;
	struct item items[] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}};

	(void)state;
	list_init(&head);
	for (size_t i = 0; i < array_size(items); i++)
		list_append(&head, &items[i].link);
	list_for_each (link, &head)
		list_remove(link);
	assert_true(list_is_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_stay_in_the_order_they_came),
		cmocka_unit_test(a_link_in_no_list_may_be_removed),
		cmocka_unit_test(the_current_item_may_be_removed),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
