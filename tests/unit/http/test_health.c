/* Health and metrics, in the words that kube-apiserver and Prometheus have for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "http/health.h"

/* A program with two checks; the second waits for what `missing` names. */
struct world {
	struct http_health health;
	struct http_health_check checks[2];
	const char *missing;
	size_t more_size; /* bytes of a series that is made up while it is written */
	struct http_server_answer answer;
};

static const char *nothing(void *context)
{
	(void)context;
	return NULL;
}

static const char *what_is_missing(void *context)
{
	return ((const struct world *)context)->missing;
}

static void add_more(void *context, struct buf *out)
{
	const struct world *world = context;
	autofree char *label = alloc_zeroed(world->more_size + 1, 1);
	static const struct metric_family more = {
		.name = "kcr_more", .type = METRIC_GAUGE, .help = "What no set holds"};

	memset(label, 'x', world->more_size);
	metrics_write_head(&more, out);
	metrics_write_value(&more, label, 1, out);
}

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);

	world->checks[0] = (struct http_health_check){"lease", nothing, NULL};
	world->checks[1] = (struct http_health_check){"informers", what_is_missing, world};
	world->health = (struct http_health){
		.metrics = metrics_new(),
		.checks = world->checks,
		.check_count = array_size(world->checks),
		.context = world,
		.text = HTTP_HEALTH_TEXT,
	};
	*state = world;
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	metrics_free(world->health.metrics);
	buf_done(&world->health.text);
	free(world);
	return 0;
}

static void ask(struct world *world, const char *path, const char *query)
{
	struct http_server_request request = {
		.method = STR("GET"), .path = str_of(path), .query = str_of(query)};

	world->answer = (struct http_server_answer){.status = 404};
	http_health_handle(&world->health, &request, &world->answer);
}

static void assert_says(
	struct world *world, const char *path, const char *query, int status, const char *text)
{
	autobuf said = BUF_INIT(4096);

	ask(world, path, query);
	buf_add(&said, world->answer.bytes);
	assert_int_equal(world->answer.status, status);
	assert_string_equal(said.data, text);
}

static void who_is_well_says_ok(void **state)
{
	assert_says(*state, "/healthz", "", 200, "ok");
	assert_says(*state, "/livez", "", 200, "ok");
	assert_says(*state, "/readyz", "", 200, "ok");
}

static void a_verbose_answer_names_each_check(void **state)
{
	assert_says(*state, "/healthz", "verbose", 200, "[+]ping ok\nhealthz check passed\n");
	assert_says(*state, "/livez", "verbose=true", 200, "[+]ping ok\nlivez check passed\n");
	assert_says(*state, "/readyz", "verbose", 200,
		"[+]ping ok\n[+]lease ok\n[+]informers ok\nreadyz check passed\n");
}

static void who_waits_says_for_what_and_lives_on(void **state)
{
	static const char text[] = "[+]ping ok\n[+]lease ok\n"
				   "[-]informers failed: waiting for pods\nreadyz check failed\n";

	((struct world *)*state)->missing = "pods";
	assert_says(*state, "/readyz", "", 503, text);
	assert_says(*state, "/readyz", "verbose", 503, text);
	assert_says(*state, "/healthz", "", 200, "ok");
}

static void metrics_tell_of_the_process_and_of_what_no_set_holds(void **state)
{
	struct world *world = *state;
	autobuf said = BUF_INIT(65536);

	world->health.more_metrics = add_more;
	ask(world, "/metrics", "");
	buf_add(&said, world->answer.bytes);
	assert_int_equal(world->answer.status, 200);
	assert_string_equal(world->answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
	assert_non_null(strstr(said.data, "\nprocess_resident_memory_bytes "));
	assert_non_null(strstr(said.data,
		"\n# HELP kcr_more What no set holds\n# TYPE kcr_more gauge\nkcr_more 1\n"));
}

static void metrics_that_do_not_fit_are_no_answer(void **state)
{
	struct world *world = *state;

	world->health.more_metrics = add_more;
	world->more_size = world->health.text.max_size;
	ask(world, "/metrics", "");
	assert_int_equal(world->answer.status, 500);
	world->more_size = 0;
	ask(world, "/metrics", "");
	assert_int_equal(world->answer.status, 200);
}

static void other_paths_and_methods_are_not_found(void **state)
{
	struct world *world = *state;
	struct http_server_request request = {.method = STR("POST"), .path = STR("/readyz")};

	ask(world, "/", "");
	assert_int_equal(world->answer.status, 404);
	world->answer = (struct http_server_answer){.status = 404};
	http_health_handle(&world->health, &request, &world->answer);
	assert_int_equal(world->answer.status, 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_is_well_says_ok, make_world, drop_world),
		cmocka_unit_test_setup_teardown(
			a_verbose_answer_names_each_check, make_world, drop_world),
		cmocka_unit_test_setup_teardown(
			who_waits_says_for_what_and_lives_on, make_world, drop_world),
		cmocka_unit_test_setup_teardown(
			metrics_tell_of_the_process_and_of_what_no_set_holds, make_world,
			drop_world),
		cmocka_unit_test_setup_teardown(
			metrics_that_do_not_fit_are_no_answer, make_world, drop_world),
		cmocka_unit_test_setup_teardown(
			other_paths_and_methods_are_not_found, make_world, drop_world),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
