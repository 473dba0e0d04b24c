/* URLs of requests and targets of requests to us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "http/path.h"
#include "http/url.h"

static void a_url_is_named_to_people_by_host_and_port(void **state)
{
	static const struct {
		const char *url;
		const char *peer;
		bool is_https;
		bool is_loopback;
	} cases[] = {
		{"https://10.0.0.1:6443/api?x=y", "10.0.0.1:6443", true, false},
		{"https://kubernetes.default.svc", "kubernetes.default.svc:443", true, false},
		{"HTTP://Localhost/v2/", "Localhost:80", false, true},
		{"http://127.0.0.1:5000/v2/", "127.0.0.1:5000", false, true},
		{"http://[::1]:5000/", "[::1]:5000", false, true},
		{"http://127.1.example/", "127.1.example:80", false, false},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct http__url url;
		struct error err;
		assert_int_equal(http__url_parse(cases[i].url, NULL, &url, &err), 0);
		assert_string_equal(url.peer, cases[i].peer);
		assert_int_equal(url.is_https, cases[i].is_https);
		assert_int_equal(url.is_loopback, cases[i].is_loopback);
		assert_null(url.host_header);
		http__url_done(&url);
	}
}

static void a_server_name_takes_the_place_of_the_host(void **state)
{
	struct http__url url;
	struct error err;

	(void)state;
	assert_int_equal(
		http__url_parse("https://10.0.0.1:6443/api?x=y", "kubernetes", &url, &err), 0);
	assert_string_equal(url.text, "https://kubernetes:6443/api?x=y");
	assert_string_equal(url.peer, "10.0.0.1:6443");
	assert_string_equal(url.host_header, "Host: 10.0.0.1:6443");
	assert_string_equal(url.connect_to, "kubernetes:6443:10.0.0.1:6443");
	http__url_done(&url);
	assert_int_equal(http__url_parse("https://[fd00::1]/", "node-1", &url, &err), 0);
	assert_string_equal(url.text, "https://node-1/");
	assert_string_equal(url.host_header, "Host: [fd00::1]");
	assert_string_equal(url.connect_to, "node-1:443:[fd00::1]:443");
	http__url_done(&url);
}

static void a_url_that_cannot_be_used_is_shown_without_its_secrets(void **state)
{
	static const char *const urls[] = {
		"",
		"host",
		"/path?secret",
		"https://",
		"https://host:99999/?secret",
		"https://host:port/#secret",
		"https://ho st/?secret",
		"https://user:secret@host/",
		"ftp://user:secret@host/",
		"file:///etc/passwd",
		"https://h\r\nost/",
	};

	(void)state;
	for (size_t i = 0; i < array_size(urls); i++) {
		struct http__url url = {0};
		struct error err = {0};
		if (http__url_parse(urls[i], NULL, &url, &err) == 0)
			fail_msg("'%s' is accepted", urls[i]);
		assert_int_equal(err.kind, ERROR_INVALID);
		assert_null(strstr(err.text, "secret"));
		assert_null(url.text);
	}
}

static void targets_are_split_and_decoded(void **state)
{
	static const struct {
		const char *target;
		const char *path; /* NULL: refused */
		const char *query;
	} cases[] = {
		{"/", "/", ""},
		{"/v2/a/b?n=1&last=%20", "/v2/a/b", "n=1&last=%20"},
		{"/%61%2f%2F%c3%A4", "/a//\xc3\xa4", ""},
		{"/a+b", "/a+b", ""},
		{"/?", "/", ""},
		{"/a?b?c", "/a", "b?c"},
		{"", NULL, ""},
		{"a", NULL, ""},
		{"?a", NULL, ""},
		{"*", NULL, ""},
		{"http://host/", NULL, ""},
		{"/%", NULL, ""},
		{"/%1", NULL, ""},
		{"/%1g", NULL, ""},
		{"/%00", NULL, ""},
		{"/% 1", NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autobuf path = BUF_INIT(100);
		struct str query = {0};
		bool is_path = http__path_parse(str_of(cases[i].target), &path, &query);
		if (is_path != (cases[i].path != NULL))
			fail_msg("'%s' is %s", cases[i].target, is_path ? "accepted" : "refused");
		if (!is_path)
			continue;
		assert_string_equal(path.data, cases[i].path);
		assert_true(str_is(query, cases[i].query));
	}
}

static void a_path_beyond_its_maximum_is_refused(void **state)
{
	autobuf path = BUF_INIT(4);
	struct str query;

	(void)state;
	assert_false(http__path_parse(STR("/abcd"), &path, &query));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_is_named_to_people_by_host_and_port),
		cmocka_unit_test(a_server_name_takes_the_place_of_the_host),
		cmocka_unit_test(a_url_that_cannot_be_used_is_shown_without_its_secrets),
		cmocka_unit_test(targets_are_split_and_decoded),
		cmocka_unit_test(a_path_beyond_its_maximum_is_refused),
	};

	return cmocka_run_group_tests_name("http url", tests, NULL, NULL);
}
