/* What kcr-runtime is told: the guards in their order, and what is known of an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "node/answer.h"

static const struct api_checkpoint newer = {.metadata = {.uid = STR_INIT("newer")}};
static const struct api_checkpoint older = {.metadata = {.uid = STR_INIT("older")}};
static const struct api_checkpoint *const good[] = {&newer, &older};

struct sample {
	enum api_restore_policy policy;
	size_t candidates;
	bool has_none; /* no checkpoint at all */
	enum restore_verdict why; /* of the newest */
	struct node_end end;
	const char *expected; /* "action checkpoint reason" */
};

#define CLEAN                                                                                      \
	{                                                                                          \
		.is_known = true, .exit_code = 0                                                   \
	}
#define FAILED                                                                                     \
	{                                                                                          \
		.is_known = true, .exit_code = 137                                                 \
	}
#define KILLED                                                                                     \
	{                                                                                          \
		.is_known = true, .exit_code = 0, .was_killed = true                               \
	}

static const struct sample samples[] = {
	{.candidates = 2, .end = FAILED, .expected = "Restore newer "},
	/* without the exit code a clean exit is restored, too */
	{.candidates = 1, .expected = "Restore newer "},
	{.candidates = 2, .end = CLEAN, .expected = "Cold  CleanExit"},
	{.candidates = 2, .end = KILLED, .expected = "Restore newer "},
	{.policy = API_RESTORE_ALWAYS, .candidates = 2, .end = CLEAN, .expected = "Restore newer "},
	{.policy = API_RESTORE_NEVER,
		.candidates = 2,
		.end = FAILED,
		.expected = "Cold  RestoreDisabled"},
	{.why = RESTORE_IMAGE_CHANGED, .end = FAILED, .expected = "Cold  ImageChanged"},
	{.why = RESTORE_TEMPLATE_CHANGED, .end = FAILED, .expected = "Cold  TemplateChanged"},
	/* nothing is wrong with a program that has done its work */
	{.why = RESTORE_IMAGE_CHANGED, .end = CLEAN, .expected = "Cold  CleanExit"},
	{.has_none = true, .end = FAILED, .expected = "Cold  NoCheckpoint"},
};

static void each_guard_answers_in_its_turn(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(samples); i++) {
		autoarena *arena = arena_new(1024);
		autobuf found = BUF_INIT(256);
		const struct sample *sample = &samples[i];
		const struct restore_terms terms = {.policy = sample->policy};
		const struct api_checkpoint *items[] = {good[0], good[1]};
		const struct node_candidates candidates = {
			.items = items,
			.count = sample->candidates,
			.newest = sample->has_none ? NULL : &newer,
			.why = sample->why,
		};
		struct handover_answer answer =
			node_answer_decide(&terms, &candidates, &sample->end, arena);

		buf_printf(&found, "%.*s %.*s %.*s", STR_ARG(answer.action),
			STR_ARG(answer.checkpoint), STR_ARG(answer.reason));
		assert_string_equal(found.data, sample->expected);
		assert_int_equal(
			answer.message.size > 0, str_is(answer.action, HANDOVER_ANSWER_COLD));
	}
}

static void only_on_failure_needs_to_know_the_end(void **state)
{
	const struct node_candidates some = {.newest = &newer};
	const struct node_candidates none = {.newest = NULL};
	const struct restore_terms on_failure = {.policy = API_RESTORE_ON_FAILURE};
	const struct restore_terms always = {.policy = API_RESTORE_ALWAYS};
	const struct restore_terms never = {.policy = API_RESTORE_NEVER};

	(void)state;
	assert_true(node_answer_needs_end(&on_failure, &some));
	assert_false(node_answer_needs_end(&on_failure, &none));
	assert_false(node_answer_needs_end(&always, &some));
	assert_false(node_answer_needs_end(&never, &some));
}

/* ---- What a Pod's status shows of an end ---- */

static struct api_container_running running;
static struct api_container_waiting back_off = {.reason = STR_INIT("CrashLoopBackOff")};
static struct api_container_terminated ended = {
	.exit_code = 3, .container_id = STR_INIT("containerd://ended"), .finished = {7}};
static struct api_container_terminated before = {
	.exit_code = 5, .container_id = STR_INIT("containerd://before")};

static struct node_end end_of(
	struct api_container_state state, struct api_container_state last_state)
{
	struct api_container_status status = {
		.name = STR("app"), .state = state, .last_state = last_state};
	const struct api_pod pod = {.status = {.container_statuses = {&status, 1}}};

	return node_end_shown(&pod, STR("app"));
}

static void a_container_that_has_just_ended_tells_its_exit_code(void **state)
{
	struct node_end end = end_of((struct api_container_state){.terminated = &ended},
		(struct api_container_state){.terminated = &before});

	(void)state;
	assert_true(end.is_known);
	assert_int_equal(end.exit_code, 3);
	assert_true(str_is(end.container_id, "containerd://ended"));
	assert_int_equal(end.finished.us, 7);
}

static void a_container_that_waits_tells_the_last_one_s(void **state)
{
	struct node_end end = end_of((struct api_container_state){.waiting = &back_off},
		(struct api_container_state){.terminated = &before});

	(void)state;
	assert_true(end.is_known);
	assert_int_equal(end.exit_code, 5);
	assert_true(str_is(end.container_id, "containerd://before"));
}

static void a_container_that_seems_to_run_tells_nothing_of_its_end(void **state)
{
	(void)state;
	assert_false(end_of((struct api_container_state){.running = &running},
		(struct api_container_state){.terminated = &before})
			     .is_known);
	assert_false(end_of(
		(struct api_container_state){.waiting = &back_off}, (struct api_container_state){0})
			     .is_known);
}

static void a_container_without_a_status_tells_nothing(void **state)
{
	const struct api_pod pod = {0};

	(void)state;
	assert_false(node_end_shown(&pod, STR("app")).is_known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_guard_answers_in_its_turn),
		cmocka_unit_test(only_on_failure_needs_to_know_the_end),
		cmocka_unit_test(a_container_that_has_just_ended_tells_its_exit_code),
		cmocka_unit_test(a_container_that_waits_tells_the_last_one_s),
		cmocka_unit_test(a_container_that_seems_to_run_tells_nothing_of_its_end),
		cmocka_unit_test(a_container_without_a_status_tells_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
