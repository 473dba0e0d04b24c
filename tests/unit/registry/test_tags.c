/* Pages of tags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "registry/tags.h"

static void a_query_narrows_the_sorted_tags(void **state)
{
	static const struct {
		const char *query;
		const char *tags;
		const char *link;
	} cases[] = {
		{"", "[\"a\",\"b\",\"c\"]", ""},
		{"n=2", "[\"a\",\"b\"]", "</v2/x/y/tags/list?n=2&last=b>; rel=\"next\""},
		{"n=2&last=b", "[\"c\"]", ""},
		{"last=a&n=1", "[\"b\"]", "</v2/x/y/tags/list?n=1&last=b>; rel=\"next\""},
		{"last=aa", "[\"b\",\"c\"]", ""},
		{"last=z", "[]", ""},
		{"n=0", "[]", ""},
		{"n=3", "[\"a\",\"b\",\"c\"]", ""},
		{"n=99999999999999999999", "[\"a\",\"b\",\"c\"]", ""},
		{"n=-1&n=x", "[\"a\",\"b\",\"c\"]", ""},
		{"&&=&n", "[\"a\",\"b\",\"c\"]", ""},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct str items[] = {STR("c"), STR("a"), STR("b")};
		struct registry__tags tags = {STR("x/y"), items, 3};
		autobuf link = BUF_INIT(REGISTRY_LINK_MAX);
		autobuf text = BUF_INIT(1000);
		autobuf expected = BUF_INIT(1000);
		registry__tags_page(&tags, str_of(cases[i].query), &link);
		registry__tags_write(&tags, &text);
		buf_printf(&expected, "{\"name\":\"x/y\",\"tags\":%s}", cases[i].tags);
		assert_string_equal(text.data, expected.data);
		assert_string_equal(link.data, cases[i].link);
	}
}

static void a_link_that_does_not_fit_gives_all_tags(void **state)
{
	char long_tag[128];
	char long_name[200];
	struct str items[] = {{long_tag, sizeof(long_tag)}, STR("zz")};
	struct registry__tags tags = {{long_name, sizeof(long_name)}, items, 2};
	autobuf link = BUF_INIT(REGISTRY_LINK_MAX);

	(void)state;
	memset(long_tag, 'a', sizeof(long_tag));
	memset(long_name, 'a', sizeof(long_name));
	registry__tags_page(&tags, STR("n=1"), &link);
	assert_int_equal(tags.count, 2);
	assert_int_equal(link.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_narrows_the_sorted_tags),
		cmocka_unit_test(a_link_that_does_not_fit_gives_all_tags),
	};

	return cmocka_run_group_tests_name("tags", tests, NULL, NULL);
}
