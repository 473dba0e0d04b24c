/* Range headers, every form of RFC 9110, 14.1.2, and what is to be ignored; entity tags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "http/content.h"

static const struct {
	const char *header;
	int64_t file_size;
	int result;
	int64_t offset;
	int64_t size;
} cases[] = {
	/* satisfiable */
	{"bytes=0-499", 1000, 1, 0, 500},
	{"bytes=500-999", 1000, 1, 500, 500},
	{"bytes=500-", 1000, 1, 500, 500},
	{"bytes=-500", 1000, 1, 500, 500},
	{"bytes=0-0", 1000, 1, 0, 1},
	{"bytes=-1", 1000, 1, 999, 1},
	{"bytes=0-", 1000, 1, 0, 1000},
	{"bytes=999-", 1000, 1, 999, 1},
	{"BYTES=1-2", 1000, 1, 1, 2},
	{"  bytes=1-2\t", 1000, 1, 1, 2},
	{"bytes=0000000000000000000000001-2", 1000, 1, 1, 2},
	/* cut to the file */
	{"bytes=0-1000", 1000, 1, 0, 1000},
	{"bytes=990-2000", 1000, 1, 990, 10},
	{"bytes=-2000", 1000, 1, 0, 1000},
	{"bytes=5-99999999999999999999999999", 1000, 1, 5, 995},
	{"bytes=-99999999999999999999999999", 1000, 1, 0, 1000},
	{"bytes=1-9223372036854775807", INT64_MAX, 1, 1, INT64_MAX - 1},
	{"bytes=0-", INT64_MAX, 1, 0, INT64_MAX},
	/* not satisfiable */
	{"bytes=1000-", 1000, -1, 0, 0},
	{"bytes=1000-1001", 1000, -1, 0, 0},
	{"bytes=99999999999999999999999999-", 1000, -1, 0, 0},
	{"bytes=-0", 1000, -1, 0, 0},
	{"bytes=0-", 0, -1, 0, 0},
	{"bytes=-0", 0, -1, 0, 0},
	/* ignored */
	{"", 1000, 0, 0, 0},
	{"bytes", 1000, 0, 0, 0},
	{"bytes=", 1000, 0, 0, 0},
	{"bytes=-", 1000, 0, 0, 0},
	{"bytes=5", 1000, 0, 0, 0},
	{"bytes=2-1", 1000, 0, 0, 0},
	{"bytes=0-1,5-6", 1000, 0, 0, 0},
	{"bytes=a-b", 1000, 0, 0, 0},
	{"bytes=1-b", 1000, 0, 0, 0},
	{"bytes=--1", 1000, 0, 0, 0},
	{"bytes=+1-2", 1000, 0, 0, 0},
	{"bytes=1 - 2", 1000, 0, 0, 0},
	{"bytes =1-2", 1000, 0, 0, 0},
	{"lines=1-2", 1000, 0, 0, 0},
	{"byte=1-2", 1000, 0, 0, 0},
	{"bytes=-5", 0, 0, 0, 0},
};

static void ranges_are_read_as_the_rfc_has_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		int64_t offset = 0;
		int64_t size = 0;
		int result = http_range_parse(
			str_of(cases[i].header), cases[i].file_size, &offset, &size);
		if (result != cases[i].result || offset != cases[i].offset || size != cases[i].size)
			fail_msg("'%s' of %lld bytes is %d: %lld+%lld", cases[i].header,
				(long long)cases[i].file_size, result, (long long)offset,
				(long long)size);
	}
}

static void entity_tags_are_compared(void **state)
{
	static const struct {
		const char *header;
		bool matches;
	} tags[] = {
		{"\"sha256:1\"", true},
		{"W/\"sha256:1\"", true},
		{"\"x\", \"sha256:1\"", true},
		{"*", true},
		{"", false},
		{"sha256:1", false},
		{"\"sha256:12\"", false},
		{"\"sha256:2\"", false},
		{"\"sha256:1", false},
		{",,", false},
		{"W/", false},
	};

	(void)state;
	for (size_t i = 0; i < array_size(tags); i++)
		if (http_etag_matches(str_of(tags[i].header), STR("sha256:1")) != tags[i].matches)
			fail_msg("'%s'", tags[i].header);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_read_as_the_rfc_has_them),
		cmocka_unit_test(entity_tags_are_compared),
	};

	return cmocka_run_group_tests_name("http range", tests, NULL, NULL);
}
