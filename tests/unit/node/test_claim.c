/* One call at a time for a container, whoever makes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/claim.h"
#include "sys/fd.h"

static char directory[] = "/tmp/kcr-claim-XXXXXX";
static int store = -1;

static int make_store(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	store = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return store < 0;
}

static int drop_store(void **state)
{
	(void)state;
	(void)unlinkat(store, "calls", 0);
	fd_close(&store);
	return rmdir(directory);
}

static void a_container_is_claimed_by_one_at_a_time(void **state)
{
	autoclose int first = -1;
	autoclose int second = -1;
	autoclose int other = -1;
	struct error err;

	(void)state;
	assert_int_equal(node_claim(store, STR("a/web/main"), &first, &err), 1);
	assert_int_equal(node_claim(store, STR("a/web/main"), &second, &err), 0);
	assert_int_equal(second, -1);
	assert_int_equal(node_claim(store, STR("a/web/side"), &other, &err), 1);
	fd_close(&first);
	assert_int_equal(node_claim(store, STR("a/web/main"), &second, &err), 1);
}

static void a_claim_lasts_as_long_as_its_last_duplicate(void **state)
{
	autoclose int ours = -1;
	autoclose int held = -1;
	autoclose int next = -1;
	struct error err;

	(void)state;
	assert_int_equal(node_claim(store, STR("a/web/main"), &ours, &err), 1);
	held = fcntl(ours, F_DUPFD_CLOEXEC, 0); /* as kcr-hold gets it */
	fd_close(&ours);
	assert_int_equal(node_claim(store, STR("a/web/main"), &next, &err), 0);
	fd_close(&held);
	assert_int_equal(node_claim(store, STR("a/web/main"), &next, &err), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_container_is_claimed_by_one_at_a_time),
		cmocka_unit_test(a_claim_lasts_as_long_as_its_last_duplicate),
	};

	return cmocka_run_group_tests_name("node claim", tests, make_store, drop_store);
}
