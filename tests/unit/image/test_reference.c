/* Image references: what everybody writes, and what nobody may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "image/reference.h"

#define HEX64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA256 "sha256:" HEX64
#define SHA512 "sha512:" HEX64 HEX64

static void well_formed_references_are_read(void **state)
{
	static const struct {
		const char *text;
		const char *full;
	} cases[] = {
		{"redis", "docker.io/library/redis"},
		{"redis:7", "docker.io/library/redis:7"},
		{"redis@" SHA256, "docker.io/library/redis@" SHA256},
		{"bitnami/redis", "docker.io/bitnami/redis"},
		{"docker.io/redis", "docker.io/library/redis"},
		{"index.docker.io/a/b", "docker.io/a/b"},
		{"localhost/a", "localhost/a"},
		{"localhost:5000/a", "localhost:5000/a"},
		{"localhost:5000/a/b:v1", "localhost:5000/a/b:v1"},
		{"localhost:5000/ns/x@" SHA256, "localhost:5000/ns/x@" SHA256},
		{"localhost:5000", "docker.io/library/localhost:5000"},
		{"Host/a", "Host/a"},
		{"quay.io/a/b:v1@" SHA512, "quay.io/a/b:v1@" SHA512},
		{"127.0.0.1:80/a", "127.0.0.1:80/a"},
		{"[::1]/a", "[::1]/a"},
		{"[fd00::2]:5000/a:t", "[fd00::2]:5000/a:t"},
		{"r.io/a--b/c__d/e.f_g", "r.io/a--b/c__d/e.f_g"},
		{"r.io:65535/a:_", "r.io:65535/a:_"},
		{"a/b/c:T.a_g-1", "docker.io/a/b/c:T.a_g-1"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autobuf full = BUF_INIT(1000);
		struct image_reference reference;
		struct error err = {0};
		if (image_reference_parse(str_of(cases[i].text), &reference, &err) < 0)
			fail_msg("'%s': %s", cases[i].text, err.text);
		image_reference_format(&reference, &full);
		assert_string_equal(full.data, cases[i].full);
	}
}

static void malformed_references_are_refused(void **state)
{
	static const struct {
		const char *text;
		const char *part; /* what the error names */
	} cases[] = {
		{"", "repository"},
		{"/", "repository"},
		{"a/", "repository"},
		{"/a", "repository"},
		{"a//b", "repository"},
		{"A", "repository"},
		{"r.io/A", "repository"},
		{"-a", "repository"},
		{"a-", "repository"},
		{"a..b", "repository"},
		{"a___b", "repository"},
		{"a_.b", "repository"},
		{"a.-b", "repository"},
		{"r.io/../a", "repository"},
		{"a b", "repository"},
		{"a\nb", "repository"},
		{"http://r.io/a", "registry"},
		{"a:", "tag"},
		{"a:.x", "tag"},
		{"a:-x", "tag"},
		{"a:x y", "tag"},
		{"a:b:c", "tag"},
		{"a@", "digest"},
		{"a@sha256:abc", "digest"},
		{"a@md5:" HEX64, "digest"},
		{"a@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
			"digest"},
		{"a@" SHA256 "0", "digest"},
		{"a@" SHA256 "@" SHA256, "digest"},
		{HEX64, "image ID"},
		{"r.io:/a", "registry"},
		{"r.io:0/a", "registry"},
		{"r.io:65536/a", "registry"},
		{"r.io:1:2/a", "registry"},
		{"-r.io/a", "registry"},
		{"r..io/a", "registry"},
		{"user@r.io/a", "digest"},
		{"[::1/a", "registry"},
		{"[::g]/a:b", "registry"},
		{"[]:1/a", "registry"},
		{"[::1]x/a", "registry"},
		{"[::1]:/a", "registry"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct image_reference reference;
		struct error err = {0};
		if (image_reference_parse(str_of(cases[i].text), &reference, &err) == 0)
			fail_msg("'%s' was read", cases[i].text);
		assert_int_equal(err.kind, ERROR_INVALID);
		if (!str_contains(str_of(err.text), str_of(cases[i].part)))
			fail_msg("'%s' blames: %s", cases[i].text, err.text);
	}
}

static void a_nul_byte_belongs_to_no_part(void **state)
{
	const struct str texts[] = {
		STR("a\0b"), STR("a:b\0c"), STR("r.io\0x/a"), STR("[::1\0]/a"), STR("a@sha256:\0")};
	struct image_reference reference;
	struct error err;

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++)
		assert_int_equal(image_reference_parse(texts[i], &reference, &err), -1);
}

/* "r.io/aaa...": a name of `size` bytes. */
static void make_long_name(struct buf *text, size_t size)
{
	buf_clear(text);
	buf_add_text(text, "r.io/");
	while (text->size < size)
		buf_add_byte(text, 'a');
}

static void names_end_at_255_bytes(void **state)
{
	autobuf text = BUF_INIT(2000);
	struct image_reference reference;
	struct error err;

	(void)state;
	make_long_name(&text, 255);
	assert_int_equal(image_reference_parse(buf_str(&text), &reference, &err), 0);
	make_long_name(&text, 256);
	assert_int_equal(image_reference_parse(buf_str(&text), &reference, &err), -1);
	make_long_name(&text, 1999);
	assert_int_equal(image_reference_parse(buf_str(&text), &reference, &err), -1);
}

static void tags_end_at_128_bytes(void **state)
{
	autobuf tag = BUF_INIT(200);

	(void)state;
	while (tag.size < 128)
		buf_add_byte(&tag, 'x');
	assert_true(image_tag_is_valid(buf_str(&tag)));
	buf_add_byte(&tag, 'x');
	assert_false(image_tag_is_valid(buf_str(&tag)));
}

static void loopback_registries_are_recognised(void **state)
{
	static const struct {
		const char *registry;
		bool is_loopback;
	} cases[] = {
		{"localhost", true},
		{"localhost:5000", true},
		{"127.0.0.1", true},
		{"127.8.9.10:5000", true},
		{"[::1]", true},
		{"[::1]:5000", true},
		{"[::2]:5000", false},
		{"localhost.example.org", false},
		{"127.0.0.1.example.org:80", false},
		{"128.0.0.1", false},
		{"10.127.0.0", false},
		{"[::1", false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		if (image_registry_is_loopback(str_of(cases[i].registry)) != cases[i].is_loopback)
			fail_msg("'%s'", cases[i].registry);
}

static void names_of_objects_become_repositories_as_they_are(void **state)
{
	char text[IMAGE_REPOSITORY_MADE_MAX + 1];

	(void)state;
	image_repository_make(STR("shop"), STR("redis-0.main-1769904000"), text);
	assert_string_equal(text, "shop/redis-0.main-1769904000");
}

static void other_names_become_valid_and_stay_different(void **state)
{
	const struct {
		struct str namespace;
		struct str name;
	} cases[] = {
		{STR("shop"), STR("")},
		{STR(""), STR("shop")},
		{STR("shop"), STR("Redis")},
		{STR("shop"), STR("redis-")},
		{STR("shop"), STR("-redis")},
		{STR("shop"), STR("../../etc")},
		{STR("a/b"), STR("c")},
		{STR("a"), STR("b/c")},
		{STR("a"), STR("\0")},
		{STR("shop"),
			STR("x-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-"
			    "0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-"
			    "0123456789-0123456789-0123456789-0123456789-0123456789-0123456789")},
		{STR("shop"),
			STR("x-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-"
			    "0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-"
			    "0123456789-0123456789-0123456789-0123456789-0123456789-012345678a")},
	};
	char texts[array_size(cases)][IMAGE_REPOSITORY_MADE_MAX + 1];

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		image_repository_make(cases[i].namespace, cases[i].name, texts[i]);
		if (!image_repository_is_valid(str_of(texts[i])))
			fail_msg("'%s' is not valid", texts[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(texts[i], texts[j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed_references_are_read),
		cmocka_unit_test(malformed_references_are_refused),
		cmocka_unit_test(a_nul_byte_belongs_to_no_part),
		cmocka_unit_test(names_end_at_255_bytes),
		cmocka_unit_test(tags_end_at_128_bytes),
		cmocka_unit_test(loopback_registries_are_recognised),
		cmocka_unit_test(names_of_objects_become_repositories_as_they_are),
		cmocka_unit_test(other_names_become_valid_and_stay_different),
	};

	return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
