/* WWW-Authenticate: what registries send, and what they might. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"
#include "registry/challenge.h"

static void challenges_are_read(void **state)
{
	static const struct {
		const char *header;
		enum registry__scheme scheme;
		const char *realm;
		const char *service;
	} cases[] = {
		{"Basic realm=\"r\"", REGISTRY_BASIC, "r", ""},
		{"Basic", REGISTRY_BASIC, "", ""},
		{"basic REALM=r", REGISTRY_BASIC, "r", ""},
		{"Bearer realm=\"https://h/t\",service=\"s\",scope=\"repository:a:pull,push\"",
			REGISTRY_BEARER, "https://h/t", "s"},
		{"bearer  realm = \"https://h/t\" , service = s", REGISTRY_BEARER, "https://h/t",
			"s"},
		{"Bearer realm=\"a\\\"b\\\\c\"", REGISTRY_BEARER, "a\"b\\c", ""},
		{"Basic realm=r, Bearer realm=t,service=s", REGISTRY_BEARER, "t", "s"},
		{"Bearer realm=t, Basic realm=r,service=s", REGISTRY_BEARER, "t", ""},
		{"Bearer service=s, Basic realm=r", REGISTRY_BASIC, "r", ""},
		{"Negotiate abc==, Basic realm=r", REGISTRY_BASIC, "r", ""},
		{",, Bearer realm=t,,error=\"x, Basic realm=y\"", REGISTRY_BEARER, "t", ""},
		{"Digest realm=d, nonce=\"n\", Bearer realm=t", REGISTRY_BEARER, "t", ""},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct registry__challenge challenge;
		struct error err = {0};
		if (registry__challenge_parse(str_of(cases[i].header), &challenge, &err) < 0)
			fail_msg("'%s': %s", cases[i].header, err.text);
		assert_int_equal(challenge.scheme, cases[i].scheme);
		assert_string_equal(challenge.realm, cases[i].realm);
		assert_string_equal(challenge.service, cases[i].service);
	}
}

static void other_headers_are_refused(void **state)
{
	static const struct {
		const char *header;
		enum error_kind kind;
	} cases[] = {
		{"", ERROR_UNSUPPORTED},
		{" , ", ERROR_UNSUPPORTED},
		{"Negotiate", ERROR_UNSUPPORTED},
		{"Digest realm=r", ERROR_UNSUPPORTED},
		{"Bearer", ERROR_UNSUPPORTED},
		{"Bearer realm=\"\"", ERROR_UNSUPPORTED},
		{"realm=r", ERROR_UNSUPPORTED},
		{"Bearer realm=\"t", ERROR_INVALID},
		{"Bearer realm=\"t\\", ERROR_INVALID},
		{"Bearer realm=\"a\nb\"", ERROR_INVALID},
		{"Bearer realm=\"a\x7f\"", ERROR_INVALID},
		{"Bearer \"t\"", ERROR_INVALID},
		{"Bearer realm=t;", ERROR_INVALID},
		{"\x01", ERROR_INVALID},
		{"=", ERROR_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct registry__challenge challenge;
		struct error err = {0};
		if (registry__challenge_parse(str_of(cases[i].header), &challenge, &err) == 0)
			fail_msg("'%s' was read", cases[i].header);
		if (err.kind != cases[i].kind)
			fail_msg("'%s': %s", cases[i].header, err.text);
	}
}

static void values_have_a_limit(void **state)
{
	autobuf header = BUF_INIT(4096);
	struct registry__challenge challenge;
	struct error err;

	(void)state;
	buf_add_text(&header, "Bearer realm=\"");
	while (header.size < 14 + REGISTRY_CHALLENGE_VALUE_SIZE - 1)
		buf_add_byte(&header, 'x');
	buf_add_byte(&header, '"');
	assert_int_equal(registry__challenge_parse(buf_str(&header), &challenge, &err), 0);
	header.data[header.size - 1] = 'x';
	buf_add_byte(&header, '"');
	assert_int_equal(registry__challenge_parse(buf_str(&header), &challenge, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(challenges_are_read),
		cmocka_unit_test(other_headers_are_refused),
		cmocka_unit_test(values_have_a_limit),
	};

	return cmocka_run_group_tests_name("challenge", tests, NULL, NULL);
}
