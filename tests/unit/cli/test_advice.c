/* What somebody can do about a failure: which role to ask for, where the server is, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cli/session.h"

#define FORBIDDEN(verb, what) "cannot " verb ": " what " is forbidden: User \"jane\" cannot do that"

static void each_failure_has_its_advice(void **state)
{
	static const struct {
		enum error_kind kind;
		int status;
		const char *text;
		const char *advice; /* a part of it; "": there is none */
	} cases[] = {
		{ERROR_DENIED, 403, FORBIDDEN("list checkpoints", "checkpoints"),
			"create rolebinding kcr-view --clusterrole=view --user='jane' -n shop\n"},
		{ERROR_DENIED, 403, "more: " FORBIDDEN("list pods", "pods"), "--clusterrole=view"},
		{ERROR_DENIED, 403, FORBIDDEN("delete checkpoints 'a/b'", "checkpoints \"b\""),
			"--clusterrole=edit --user='jane'"},
		{ERROR_DENIED, 403, FORBIDDEN("list checkpoints", "x at the cluster scope"),
			"name a namespace by -n"},
		{ERROR_DENIED, 403, "cannot create x: quota exceeded", ""},
		{ERROR_DENIED, 401, "cannot list checkpoints: Unauthorized",
			"does not accept the credentials of context there"},
		{ERROR_DENIED, 0, "the credential plugin failed", "Log in again"},
		{ERROR_ABSENT, 404, "cannot list checkpoints: 404 page not found",
			"KCR is not installed in this cluster"},
		{ERROR_ABSENT, 404, "cannot get checkpoints 'a/b': \"b\" not found", ""},
		{ERROR_SYSTEM, 0, "cannot connect",
			"https://server:6443 of context there cannot be"},
		{ERROR_TIMEOUT, 0, "no answer", "cannot be reached"},
		{ERROR_INVALID, 0, "'x' is not a name", ""},
	};
	const struct kube_config config = {.server = "https://server:6443", .context = "there"};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autobuf advice = BUF_INIT(LIMIT_CONFIG_BYTES);
		struct error err = {.kind = cases[i].kind, .status = cases[i].status};
		(void)snprintf(err.text, sizeof(err.text), "%s", cases[i].text);
		cli_advice_write(&advice, &err, &config, STR("shop"));
		if (cases[i].advice[0] == '\0')
			assert_string_equal(advice.data, "");
		else if (!str_contains(buf_str(&advice), str_of(cases[i].advice)))
			fail_msg("%s: %s", cases[i].text, advice.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failure_has_its_advice),
	};

	return cmocka_run_group_tests_name("cli/advice", tests, NULL, NULL);
}
