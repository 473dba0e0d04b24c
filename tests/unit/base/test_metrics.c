/* Series and their text form for Prometheus. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/metrics.h"

static const struct metric_family total = {
	.name = "kcr_things_total", .type = METRIC_COUNTER, .help = "Things that were done"};
static const struct metric_family size = {
	.name = "kcr_size_bytes", .type = METRIC_GAUGE, .help = "How large it is"};

static const double bounds[] = {0.005, 1, 1048576};
static const struct metric_family seconds = {.name = "kcr_time_seconds",
	.type = METRIC_HISTOGRAM,
	.help = "How long it took",
	.buckets = bounds,
	.bucket_count = array_size(bounds)};

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

static void assert_written(const struct metrics *metrics, const char *expected)
{
	autobuf text = BUF_INIT(4096);

	metrics_write(metrics, &text);
	assert_string_equal(text.data, expected);
}

static void an_empty_set_is_an_empty_text(void **state)
{
	assert_written(*state, "");
}

static void the_same_labels_are_the_same_series(void **state)
{
	struct metric *plain = metrics_series(*state, &total, NULL);
	struct metric *labelled = metrics_series(*state, &total, "result=\"error\"");

	assert_ptr_equal(metrics_series(*state, &total, NULL), plain);
	assert_ptr_equal(metrics_series(*state, &total, ""), plain);
	assert_ptr_equal(metrics_series(*state, &total, "result=\"error\""), labelled);
	assert_ptr_not_equal(plain, labelled);
	metric_add(plain, 2);
	metric_add(labelled, 0.5);
	assert_written(*state,
		"# HELP kcr_things_total Things that were done\n"
		"# TYPE kcr_things_total counter\n"
		"kcr_things_total 2\n"
		"kcr_things_total{result=\"error\"} 0.5\n");
}

static void gauges_go_up_and_down_and_keep_large_values_exact(void **state)
{
	struct metric *gauge = metrics_series(*state, &size, NULL);

	metric_set(gauge, 9007199254740992);
	metric_add(gauge, -1);
	assert_true(metric_value(gauge) == 9007199254740991);
	assert_written(*state,
		"# HELP kcr_size_bytes How large it is\n"
		"# TYPE kcr_size_bytes gauge\n"
		"kcr_size_bytes 9007199254740991\n");
}

static void a_histogram_counts_what_is_at_most_the_bound(void **state)
{
	struct metric *plain = metrics_series(*state, &seconds, NULL);
	struct metric *labelled = metrics_series(*state, &seconds, "a=\"b\"");

	metric_observe(plain, 0.005);
	metric_observe(plain, 0.5);
	metric_observe(plain, 2097152);
	metric_observe(labelled, 1);
	assert_true(metric_value(plain) == 3);
	assert_written(*state,
		"# HELP kcr_time_seconds How long it took\n"
		"# TYPE kcr_time_seconds histogram\n"
		"kcr_time_seconds_bucket{le=\"0.005\"} 1\n"
		"kcr_time_seconds_bucket{le=\"1\"} 2\n"
		"kcr_time_seconds_bucket{le=\"1048576\"} 2\n"
		"kcr_time_seconds_bucket{le=\"+Inf\"} 3\n"
		"kcr_time_seconds_sum 2097152.505\n"
		"kcr_time_seconds_count 3\n"
		"kcr_time_seconds_bucket{a=\"b\",le=\"0.005\"} 0\n"
		"kcr_time_seconds_bucket{a=\"b\",le=\"1\"} 1\n"
		"kcr_time_seconds_bucket{a=\"b\",le=\"1048576\"} 1\n"
		"kcr_time_seconds_bucket{a=\"b\",le=\"+Inf\"} 1\n"
		"kcr_time_seconds_sum{a=\"b\"} 1\n"
		"kcr_time_seconds_count{a=\"b\"} 1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_empty_set_is_an_empty_text, make_metrics, drop_metrics),
		cmocka_unit_test_setup_teardown(
			the_same_labels_are_the_same_series, make_metrics, drop_metrics),
		cmocka_unit_test_setup_teardown(gauges_go_up_and_down_and_keep_large_values_exact,
			make_metrics, drop_metrics),
		cmocka_unit_test_setup_teardown(
			a_histogram_counts_what_is_at_most_the_bound, make_metrics, drop_metrics),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
