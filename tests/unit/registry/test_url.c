/* Locations as registries give them, and where credentials may go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "registry/url.h"

static void locations_are_joined_to_the_request(void **state)
{
	static const struct {
		const char *location;
		const char *url;
	} cases[] = {
		{"/v2/b?x", "https://r.io:1/v2/b?x"},
		{"https://o.io/u", "https://o.io/u"},
		{"HTTPS://o.io/u", "HTTPS://o.io/u"},
		{"//o.io/u", "https://o.io/u"},
		{"u2", "https://r.io:1/v2/a/u2"},
		{"u2?at=/x:y", "https://r.io:1/v2/a/u2?at=/x:y"},
		{"?s=2", "https://r.io:1/v2/a/u1?s=2"},
		{"/u#part", "https://r.io:1/u"},
		{"/a:b", "https://r.io:1/a:b"},
		{"https://[::1]:2/u", "https://[::1]:2/u"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autobuf url = BUF_INIT(REGISTRY_URL_MAX);
		struct error err = {0};
		if (registry__url_resolve(STR("https://r.io:1/v2/a/u1?s=1"),
			    str_of(cases[i].location), &url, &err) < 0)
			fail_msg("'%s': %s", cases[i].location, err.text);
		assert_string_equal(url.data, cases[i].url);
	}
}

static void hostile_locations_are_refused(void **state)
{
	static const char *const locations[] = {"", "#x", "http://r.io:1/v2/a",
		"file:///etc/passwd", "ftp://r.io/", "https://", "https:/x", "https:///x",
		"https://user@r.io/", "//user:p@r.io/x", "/a b", "/a\r\nX: y", "/a\x7f",
		"/\xc3\xa4", "https://r.io\\x", "javascript:alert(1)", "//"};

	(void)state;
	for (size_t i = 0; i < array_size(locations); i++) {
		autobuf url = BUF_INIT(REGISTRY_URL_MAX);
		struct error err = {0};
		if (registry__url_resolve(
			    STR("https://r.io:1/v2/a/u1"), str_of(locations[i]), &url, &err) == 0)
			fail_msg("'%s' became '%s'", locations[i], url.data);
		assert_int_equal(err.kind, ERROR_INVALID);
	}
}

static void a_location_may_be_resolved_against_itself(void **state)
{
	autobuf url = BUF_INIT(REGISTRY_URL_MAX);
	struct error err;

	(void)state;
	buf_add_text(&url, "https://r.io/a/b");
	assert_int_equal(registry__url_resolve(buf_str(&url), STR("c"), &url, &err), 0);
	assert_string_equal(url.data, "https://r.io/a/c");
}

static void origins_are_scheme_host_and_port(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool is_same;
	} cases[] = {
		{"https://r.io/a", "https://r.io/b?c", true},
		{"https://r.io", "https://R.IO:443/", true},
		{"http://r.io:80/", "http://r.io?x", true},
		{"https://r.io:80/", "https://r.io/", false},
		{"http://r.io/", "https://r.io/", false},
		{"https://r.io/", "https://r.io.evil/", false},
		{"https://r.io:1/", "https://r.io:12/", false},
		{"r.io", "r.io", false},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		if (registry__url_same_origin(str_of(cases[i].a), str_of(cases[i].b)) !=
			cases[i].is_same)
			fail_msg("'%s' '%s'", cases[i].a, cases[i].b);
}

static void queries_are_encoded(void **state)
{
	autobuf url = BUF_INIT(100);

	(void)state;
	buf_add_text(&url, "https://h/t");
	registry__url_add_query(&url, "a", STR("x y:z/&=\xff"));
	registry__url_add_query(&url, "b", STR("-._~"));
	assert_string_equal(url.data, "https://h/t?a=x%20y%3Az%2F%26%3D%FF&b=-._~");
	assert_true(str_is(registry__url_shown(buf_str(&url)), "https://h/t"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locations_are_joined_to_the_request),
		cmocka_unit_test(hostile_locations_are_refused),
		cmocka_unit_test(a_location_may_be_resolved_against_itself),
		cmocka_unit_test(origins_are_scheme_host_and_port),
		cmocka_unit_test(queries_are_encoded),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
