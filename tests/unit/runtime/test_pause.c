/* Whose pause it is: the mark at `pause` and what becomes of it. */
#include "../sys/scratch.h"
#include "runtime/pause.h"
#include "sys/clock.h"

static struct runtime_host host_of(const struct scratch *scratch)
{
	struct arena *arena = arena_new(1024);

	return (struct runtime_host){.arena = arena,
		.config = {.state = arena_str(arena, str_of(scratch->path))},
		.call = {.id = "abc"}};
}

static void a_pause_right_before_is_an_engine_s(void **state)
{
	clean_up(runtime__host_done) struct runtime_host host = host_of(*state);

	assert_false(runtime__pause_is_engines(&host));
	runtime__pause_note(&host);
	assert_true(runtime__pause_is_engines(&host));
	runtime__pause_forget(&host);
	assert_false(runtime__pause_is_engines(&host));
}

static void an_older_pause_is_an_administrator_s(void **state)
{
	clean_up(runtime__host_done) struct runtime_host host = host_of(*state);
	autobuf mark = BUF_INIT(100);

	buf_printf(&mark, "pause %lld 1", (long long)(clock_mono().us - 60 * TIME_SECOND_US));
	scratch_write(*state, "abc.paused", mark.data);
	assert_false(runtime__pause_is_engines(&host));
}

static void what_was_paused_for_a_checkpoint_stays_an_engine_s(void **state)
{
	clean_up(runtime__host_done) struct runtime_host host = host_of(*state);

	scratch_write(*state, "abc.paused", "checkpoint 1 1");
	assert_true(runtime__pause_is_engines(&host));
}

static void a_mark_that_is_none_is_nobody_s(void **state)
{
	static const char *const marks[] = {"", "pause", "pause 1", "pause x 1", "pause -1 1",
		"pause 99999999999999999999 1", "resume 1 1", " 1 1",
		"pause 9223372036854775807 1"};
	clean_up(runtime__host_done) struct runtime_host host = host_of(*state);

	for (size_t i = 0; i < array_size(marks); i++) {
		scratch_write(*state, "abc.paused", marks[i]);
		assert_false(runtime__pause_is_engines(&host));
	}
}

static void a_claim_holds_until_something_else_is_called(void **state)
{
	static void (*const others[])(const struct runtime_host *) = {
		runtime__pause_note, runtime__pause_forget};
	clean_up(runtime__host_done) struct runtime_host host = host_of(*state);
	struct str newer;

	for (size_t i = 0; i < array_size(others); i++) {
		struct str claim = runtime__pause_claim(&host);

		assert_true(runtime__pause_holds(&host, claim));
		others[i](&host);
		assert_false(runtime__pause_holds(&host, claim));
	}
	newer = runtime__pause_claim(&host);
	assert_true(newer.size > 0);
	assert_false(runtime__pause_holds(&host, STR("checkpoint 1 1")));
}

static void without_a_place_for_the_mark_nothing_is_claimed(void **state)
{
	clean_up(runtime__host_done) struct runtime_host host = host_of(*state);

	host.config.state = STR("/proc/nowhere");
	runtime__pause_note(&host);
	assert_false(runtime__pause_is_engines(&host));
	assert_int_equal(runtime__pause_claim(&host).size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(a_pause_right_before_is_an_engine_s),
		scratch_test(an_older_pause_is_an_administrator_s),
		scratch_test(what_was_paused_for_a_checkpoint_stays_an_engine_s),
		scratch_test(a_mark_that_is_none_is_nobody_s),
		scratch_test(a_claim_holds_until_something_else_is_called),
		scratch_test(without_a_place_for_the_mark_nothing_is_claimed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
