/* What the process uses, as metrics. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/usage.h"

/* The value of a series in the text of all. */
static double value_of(struct metrics *metrics, const char *name)
{
	autobuf text = BUF_INIT(65536);
	autobuf line = BUF_INIT(256);
	const char *found;

	usage_update(metrics);
	metrics_write(metrics, &text);
	buf_printf(&line, "\n%s ", name);
	found = strstr(text.data, line.data);
	assert_non_null(found);
	return strtod(found + line.size, NULL);
}

static int make_metrics(void **state)
{
	*state = metrics_new();
	return 0;
}

static int drop_metrics(void **state)
{
	metrics_free(*state);
	return 0;
}

static double open_descriptors(void)
{
	double count = 0;

	for (int fd = 0; fd < 4096; fd++)
		count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
	return count;
}

static void an_open_descriptor_counts_and_a_closed_one_does_not(void **state)
{
	double before = open_descriptors();
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(value_of(*state, "process_open_fds") == before + 1);
	fd_close(&fd);
	assert_true(value_of(*state, "process_open_fds") == before);
}

static void the_limits_are_those_of_the_process(void **state)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(value_of(*state, "process_max_fds") == (double)limit.rlim_cur);
	assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
	assert_true(value_of(*state, "process_virtual_memory_max_bytes") == (double)limit.rlim_cur);
}

static void memory_that_is_touched_becomes_resident(void **state)
{
	const size_t size = 32 << 20;
	double before = value_of(*state, "process_resident_memory_bytes");
	char *memory = alloc_zeroed(size, 1);

	memset(memory, 1, size);
	assert_true(value_of(*state, "process_resident_memory_bytes") > before + (double)size / 2);
	assert_true(value_of(*state, "process_virtual_memory_bytes") >
		value_of(*state, "process_resident_memory_bytes"));
	assert_int_equal(memory[size - 1], 1);
	free(memory);
}

static void work_costs_time_and_is_never_taken_back(void **state)
{
	double before = value_of(*state, "process_cpu_seconds_total");
	int64_t deadline_us = clock_mono().us + 10 * TIME_SECOND_US;
	double after = before;

	while (after < before + 0.02 && clock_mono().us < deadline_us) {
		double last = after;

		after = value_of(*state, "process_cpu_seconds_total");
		assert_true(after >= last);
	}
	assert_true(after >= before + 0.02);
}

static void the_process_began_before_now_and_stays_begun(void **state)
{
	double start = value_of(*state, "process_start_time_seconds");
	double now = (double)clock_wall().us / 1e6;

	assert_true(start > now - 600 && start < now + 1);
	assert_true(value_of(*state, "process_start_time_seconds") == start);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_open_descriptor_counts_and_a_closed_one_does_not,
			make_metrics, drop_metrics),
		cmocka_unit_test_setup_teardown(
			the_limits_are_those_of_the_process, make_metrics, drop_metrics),
		cmocka_unit_test_setup_teardown(
			memory_that_is_touched_becomes_resident, make_metrics, drop_metrics),
		cmocka_unit_test_setup_teardown(
			work_costs_time_and_is_never_taken_back, make_metrics, drop_metrics),
		cmocka_unit_test_setup_teardown(
			the_process_began_before_now_and_stays_begun, make_metrics, drop_metrics),
	};

	return cmocka_run_group_tests_name("usage", tests, NULL, NULL);
}
