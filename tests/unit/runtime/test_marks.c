/* What the agent is told of containers by empty files. */
#include "../sys/scratch.h"
#include "runtime/marks.h"

static struct runtime_host host_of(const struct scratch *scratch, const char *signal)
{
	struct arena *arena = arena_new(1024);

	return (struct runtime_host){
		.arena = arena,
		.config = {.store = arena_printf(arena, "%s/store", scratch->path)},
		.call = {.id = "abc", .signal = signal},
	};
}

static bool exists(const struct scratch *scratch, const char *name)
{
	return faccessat(scratch->fd, name, F_OK, 0) == 0;
}

static void mark(const struct scratch *scratch, void (*marking)(const struct runtime_host *),
	const char *signal)
{
	clean_up(runtime__host_done) struct runtime_host host = host_of(scratch, signal);

	marking(&host);
}

static void a_container_has_a_mark_while_it_exists(void **state)
{
	const struct scratch *scratch = *state;

	assert_int_equal(mkdirat(scratch->fd, "store", 0700), 0);
	mark(scratch, runtime__mark_created, NULL);
	assert_true(exists(scratch, "store/containers/abc"));
	mark(scratch, runtime__unmark, NULL);
	assert_false(exists(scratch, "store/containers/abc"));
}

static void without_a_store_nothing_is_made(void **state)
{
	const struct scratch *scratch = *state;

	mark(scratch, runtime__mark_created, NULL);
	mark(scratch, runtime__mark_killed, "15");
	assert_int_equal(scratch_count(scratch), 0);
}

static void a_signal_of_the_engine_leaves_a_mark_that_outlives_the_container(void **state)
{
	const struct scratch *scratch = *state;

	assert_int_equal(mkdirat(scratch->fd, "store", 0700), 0);
	mark(scratch, runtime__mark_created, NULL);
	mark(scratch, runtime__mark_killed, "15");
	mark(scratch, runtime__unmark, NULL);
	assert_true(exists(scratch, "store/containers/abc.killed"));
}

static void a_signal_to_somebody_else_s_container_leaves_none(void **state)
{
	const struct scratch *scratch = *state;

	assert_int_equal(mkdirat(scratch->fd, "store", 0700), 0);
	assert_int_equal(mkdirat(scratch->fd, "store/containers", 0700), 0);
	mark(scratch, runtime__mark_killed, "15");
	assert_false(exists(scratch, "store/containers/abc.killed"));
}

static void signals_that_say_nothing_of_an_exit_code_leave_none(void **state)
{
	static const char *const silent[] = {"0", "9", "KILL", "SIGKILL", "kill"};
	const struct scratch *scratch = *state;

	assert_int_equal(mkdirat(scratch->fd, "store", 0700), 0);
	mark(scratch, runtime__mark_created, NULL);
	for (size_t i = 0; i < array_size(silent); i++) {
		mark(scratch, runtime__mark_killed, silent[i]);
		assert_false(exists(scratch, "store/containers/abc.killed"));
	}
}

static void a_signal_that_is_not_named_is_the_one_that_ends(void **state)
{
	const struct scratch *scratch = *state;

	assert_int_equal(mkdirat(scratch->fd, "store", 0700), 0);
	mark(scratch, runtime__mark_created, NULL);
	mark(scratch, runtime__mark_killed, NULL);
	assert_true(exists(scratch, "store/containers/abc.killed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(a_container_has_a_mark_while_it_exists),
		scratch_test(without_a_store_nothing_is_made),
		scratch_test(a_signal_of_the_engine_leaves_a_mark_that_outlives_the_container),
		scratch_test(a_signal_to_somebody_else_s_container_leaves_none),
		scratch_test(signals_that_say_nothing_of_an_exit_code_leave_none),
		scratch_test(a_signal_that_is_not_named_is_the_one_that_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
