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
		{ERROR_DENIED, 403, FORBIDDEN("create checkpointimports", "checkpointimports"),
			"--clusterrole=kcr-import --user='jane' -n shop\n"},
		{ERROR_DENIED, 403, "cannot create x: quota exceeded", ""},
		{ERROR_DENIED, 401, "cannot list checkpoints: Unauthorized",
			"does not accept the credentials of context there"},
		{ERROR_DENIED, 0, "the credential plugin 'gcloud' ended with status 1",
			"Log in again"},
		{ERROR_DENIED, 0, "'server:6443' wants a client certificate that it trusts (x)",
			"Log in again"},
		{ERROR_DENIED, 0, "the certificate of 'server:6443': it is not trusted; give it",
			"certificate-authority of context there did not sign"},
		{ERROR_DENIED, 0, "cannot open '/root/redis.tar': Permission denied", ""},
		{ERROR_ABSENT, 404,
			"cannot list checkpoints in namespace 'shop': 404 page not found",
			"KCR is not installed in this cluster"},
		{ERROR_ABSENT, 404,
			"cannot create restorerequests in namespace 'shop': 404 page not found",
			"older than kubectl-kcr"},
		{ERROR_ABSENT, 404,
			"cannot get checkpoints 'shop/b': checkpoints." API_GROUP
			" \"b\" not found",
			"'kubectl kcr list -n shop' shows the checkpoints there are; a workload"},
		{ERROR_ABSENT, 404,
			"cannot get deployments 'shop/b': deployments.apps \"b\" not found",
			"'kubectl get deployments.apps -n shop' shows"},
		{ERROR_ABSENT, 404, "pods \"b\" not found", "'kubectl get pods -n shop' shows"},
		{ERROR_ABSENT, 404, "not found", ""},
		{ERROR_ABSENT, 0, "there is no checkpoint \"b\" not found", ""},
		{ERROR_CORRUPT, 0, "cannot list checkpoints: the server's answer is not JSON: x",
			"What answers at https://server:6443 is no API server"},
		{ERROR_SYSTEM, 0, "cannot connect to 'server:6443': check that it runs",
			"https://server:6443 of context there cannot be"},
		{ERROR_TIMEOUT, 0, "no answer from 'server:6443' within 3 s", "cannot be reached"},
		{ERROR_SYSTEM, 0, "cannot write 'web.tar': No space left on device", ""},
		{ERROR_TIMEOUT, 0, "no answer from '127.0.0.1:40123' within 60 s", ""},
		{ERROR_SYSTEM, 0, "1 of 1 checkpoints failed; the first, of container 'main'", ""},
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
