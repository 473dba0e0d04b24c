/* Docker configs: which login a repository gets, and which configs are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"
#include "registry/credentials.h"

#define LOGIN(user) "{\"username\":\"" user "\",\"password\":\"p\"}"

static void the_most_specific_key_wins(void **state)
{
	static const char config[] =
		"{\"auths\":{"
		"\"https://index.docker.io/v1/\":" LOGIN(
			"hub") ","
			       "\"r.io\":" LOGIN(
				       "host") ","
					       "\"r.io/a\":" LOGIN(
						       "a") ","
							    "\"https://r.io/a/b/\":" LOGIN(
								    "ab") ","
									  "\"http://r.io:5000/v2/"
									  "\":" LOGIN(
										  "port") ","
											  "\"*."
											  "cloud."
											  "example"
											  "\""
											  ":" LOGIN(
												  "glob") ","
													  "\"eu-*.gcr.example/p\":" LOGIN(
														  "part") ","
															  "\"helper.io\":{}}}";
	static const struct {
		const char *registry;
		const char *repository;
		const char *user; /* NULL: no login */
	} cases[] = {
		{"docker.io", "library/redis", "hub"},
		{"r.io", "x", "host"},
		{"r.io", "a", "a"},
		{"r.io", "a/c", "a"},
		{"r.io", "ab", "host"},
		{"r.io", "a/b", "ab"},
		{"r.io", "a/b/c", "ab"},
		{"r.io:5000", "a/b", "port"},
		{"r.io:5001", "a/b", NULL},
		{"x.cloud.example", "a", "glob"},
		{"x.y.cloud.example", "a", NULL},
		{"cloud.example", "a", NULL},
		{"eu-1.gcr.example", "p/q", "part"},
		{"eu-1.gcr.example", "q", NULL},
		{"us-1.gcr.example", "p", NULL},
		{"helper.io", "a", NULL},
		{"", "", NULL},
	};
	autocredentials *credentials = NULL;
	struct error err;

	(void)state;
	assert_int_equal(registry_credentials_parse(str_of(config), &credentials, &err), 0);
	for (size_t i = 0; i < array_size(cases); i++) {
		struct registry_login login = {0};
		int found = registry_credentials_find(credentials, str_of(cases[i].registry),
			str_of(cases[i].repository), &login);
		if (found != (cases[i].user != NULL))
			fail_msg("%s/%s: %d", cases[i].registry, cases[i].repository, found);
		if (found == 1)
			assert_string_equal(login.user, cases[i].user);
	}
}

static void auth_is_user_and_password_in_base64(void **state)
{
	/* "user:pass:word": the first colon divides. */
	static const char config[] = "{\"auths\":{\"r.io\":{\"auth\":\"dXNlcjpwYXNzOndvcmQ=\","
				     "\"username\":\"ignored\",\"identitytoken\":\"id\","
				     "\"registrytoken\":\"rt\"}}}";
	autocredentials *credentials = NULL;
	struct registry_login login;
	struct error err;

	(void)state;
	assert_int_equal(registry_credentials_parse(str_of(config), &credentials, &err), 0);
	assert_int_equal(registry_credentials_find(credentials, STR("r.io"), STR("a"), &login), 1);
	assert_string_equal(login.user, "user");
	assert_string_equal(login.password, "pass:word");
	assert_string_equal(login.identity_token, "id");
	assert_string_equal(login.registry_token, "rt");
}

static void malformed_configs_are_refused_without_showing_secrets(void **state)
{
	static const struct {
		const char *config;
		enum error_kind kind;
	} cases[] = {
		{"", ERROR_CORRUPT},
		{"secret", ERROR_CORRUPT},
		{"[]", ERROR_INVALID},
		{"{\"auths\":[]}", ERROR_INVALID},
		{"{\"auths\":{\"r\":\"secret\"}}", ERROR_INVALID},
		{"{\"auths\":{\"r\":{\"auth\":\"secret!\"}}}", ERROR_INVALID},
		{"{\"auths\":{\"r\":{\"auth\":\"c2VjcmV0\"}}}", ERROR_INVALID},
		{"{\"auths\":{\"r\":{\"auth\":\"c2VjcmV0OgB4\"}}}", ERROR_INVALID},
		{"{\"auths\":{\"r\":{\"password\":[\"secret\"]}}}", ERROR_INVALID},
		{"{\"auths\":{\"r\":{\"password\":\"secret\\u0000\"}}}", ERROR_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autocredentials *credentials = NULL;
		struct error err = {0};
		if (registry_credentials_parse(str_of(cases[i].config), &credentials, &err) == 0)
			fail_msg("'%s' was read", cases[i].config);
		if (err.kind != cases[i].kind || str_contains(str_of(err.text), STR("secret")))
			fail_msg("'%s': %s", cases[i].config, err.text);
	}
}

static void a_config_without_auths_has_no_logins(void **state)
{
	autocredentials *credentials = NULL;
	struct registry_login login;
	struct error err;

	(void)state;
	assert_int_equal(
		registry_credentials_parse(STR("{\"credsStore\":\"x\"}"), &credentials, &err), 0);
	assert_int_equal(registry_credentials_find(credentials, STR("r.io"), STR("a"), &login), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_specific_key_wins),
		cmocka_unit_test(auth_is_user_and_password_in_base64),
		cmocka_unit_test(malformed_configs_are_refused_without_showing_secrets),
		cmocka_unit_test(a_config_without_auths_has_no_logins),
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
