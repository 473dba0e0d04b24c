/* What agent and kcr-runtime write, the other one reads; and what is neither is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"
#include "handover/formats.h"

static struct arena *arena;
static struct error err;

static int make_arena(void **state)
{
	(void)state;
	arena = arena_new(4096);
	return 0;
}

static int free_arena(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static const char plan_text[] =
	"{\"version\":1,\"policy\":\"OnFailure\",\"retryWindowSeconds\":60,\"maxAgeSeconds\":3600,"
	"\"askAgent\":true,\"candidates\":[{\"name\":\"app-1\",\"uid\":\"c1\","
	"\"directory\":\"c1/direct\",\"image\":\"app:1\",\"layers\":\"/2:/1\","
	"\"taken\":\"2026-11-21T23:56:42.304137Z\",\"files\":[{\"path\":\"checkpoint/"
	"pages-1.img\",\"bytes\":67108864,"
	"\"xxh3\":\"64764625d07d28066ba159a92966d567\"}]}]}\n";

static void test_a_plan_is_read_and_written(void **state)
{
	struct handover_plan plan;
	autobuf out = BUF_INIT(4096);

	(void)state;
	assert_int_equal(handover_plan_read(str_of(plan_text), arena, &plan, &err), 0);
	const struct handover_candidate *candidate = plan.candidates.items;
	const struct handover_file *file = candidate->files.items;
	assert_true(str_is(plan.policy, "OnFailure"));
	assert_int_equal(plan.retry_window_seconds, 60);
	assert_true(plan.ask_agent);
	assert_int_equal(plan.candidates.count, 1);
	assert_true(str_is(candidate->directory, "c1/direct"));
	assert_true(str_is(candidate->layers, "/2:/1"));
	assert_int_equal(candidate->taken.us, INT64_C(1795305402304137));
	assert_int_equal(file->bytes, 67108864);
	handover_plan_write(&plan, &out);
	assert_string_equal(out.data, plan_text);
}

/* What `requested` of a plan is read as. */
static const struct handover_requested *read_requested(const char *requested)
{
	struct handover_plan plan;
	struct str text = arena_printf(arena,
		"{\"version\":1,\"policy\":\"Never\",\"requested\":%s,\"x\":{\"y\":[1]}}",
		requested);

	assert_int_equal(handover_plan_read(text, arena, &plan, &err), 0);
	return plan.requested;
}

static void test_plans_of_other_versions_are_read(void **state)
{
	const struct handover_requested *requested;

	(void)state;
	requested = read_requested("{\"request\":\"r\",\"checkpoint\":\"c\"}");
	assert_int_equal(requested->until.us, 0);
	requested = read_requested("{\"request\":\"r\",\"checkpoint\":\"c\",\"some\":[{}],"
				   "\"until\":\"2026-11-21T23:56:42.304137Z\"}");
	assert_true(str_is(requested->checkpoint, "c"));
	assert_int_equal(requested->until.us, INT64_C(1795305402304137));
}

static void test_a_plan_of_the_largest_checkpoints_fits(void **state)
{
	enum { CANDIDATES = 8 }; /* NODE_CANDIDATES_MAX */
	static struct handover_file files[HANDOVER_FILES_MAX];
	struct handover_candidate candidates[CANDIDATES];
	struct handover_plan plan = {
		.version = 1, .policy = STR("OnFailure"), .candidates = {candidates, CANDIDATES}};
	autobuf out = BUF_INIT(HANDOVER_PLAN_BYTES);

	(void)state;
	for (size_t i = 0; i < HANDOVER_FILES_MAX; i++)
		files[i] = (struct handover_file){.path = STR("checkpoint/pagemap-1234567.img"),
			.bytes = 1000000000,
			.xxh3 = STR("64764625d07d28066ba159a92966d567")};
	for (size_t i = 0; i < CANDIDATES; i++)
		candidates[i] = (struct handover_candidate){.uid = STR("u"),
			.directory = STR("d"),
			.files = {files, HANDOVER_FILES_MAX}};
	handover_plan_write(&plan, &out);
	assert_int_equal(buf_check(&out, "plan", &err), 0);
}

static void test_what_is_no_plan_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"{\"version\":2,\"policy\":\"Always\"}",
		"{\"version\":1}",
		"{\"version\":1,\"policy\":\"Sometimes\"}",
		"{\"version\":1,\"policy\":\"Always\",\"retryWindowSeconds\":-1}",
		"{\"version\":1,\"policy\":\"Always\",\"candidates\":[{\"uid\":\"x\"}]}",
		"{\"version\":1,\"policy\":\"Always\",\"candidates\":[{\"uid\":\"x\","
		"\"directory\":\"d\",\"files\":[{\"path\":\"p\"}]}]}",
	};
	struct handover_plan plan;

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++)
		assert_int_equal(handover_plan_read(str_of(texts[i]), arena, &plan, &err), -1);
}

static void test_a_record_keeps_the_newest_attempts(void **state)
{
	struct handover_record record = {.version = 1, .pod = STR("p"), .namespace = STR("n")};
	struct handover_record again;
	autobuf out = BUF_INIT(1024 * 1024);

	(void)state;
	for (int64_t i = 1; i <= HANDOVER_ATTEMPTS_MAX + 3; i++) {
		const struct handover_attempt attempt = {
			.outcome = STR(HANDOVER_RESTORED), .started = {i}};
		handover_record_add(&record, &attempt, arena);
	}
	handover_record_write(&record, &out);
	assert_int_equal(handover_record_read(buf_str(&out), arena, &again, &err), 0);
	const struct handover_attempt *attempts = again.attempts.items;
	assert_int_equal(again.attempts.count, HANDOVER_ATTEMPTS_MAX);
	assert_int_equal(attempts[0].started.us, 4);
	assert_int_equal(attempts[HANDOVER_ATTEMPTS_MAX - 1].started.us, HANDOVER_ATTEMPTS_MAX + 3);
}

static void add_attempts(struct handover_record *record, size_t count, struct str request)
{
	for (size_t i = 0; i < count; i++) {
		const struct handover_attempt attempt = {
			.outcome = STR(HANDOVER_RESTORED), .request = request};
		handover_record_add(record, &attempt, arena);
	}
}

static size_t count_requested(const struct handover_record *record)
{
	const struct handover_attempt *attempts = record->attempts.items;
	size_t count = 0;

	for (size_t i = 0; i < record->attempts.count; i++)
		count += attempts[i].request.size > 0;
	return count;
}

static void test_a_record_keeps_what_was_done_on_request_longest(void **state)
{
	struct handover_record record = {.version = 1};

	(void)state;
	add_attempts(&record, 1, (struct str){0});
	add_attempts(&record, 2, STR("r"));
	add_attempts(&record, 3 * HANDOVER_ATTEMPTS_MAX, (struct str){0});
	assert_int_equal(record.attempts.count, HANDOVER_ATTEMPTS_MAX);
	assert_int_equal(count_requested(&record), 2);
	/* but what comes behind many requests is not forgotten for them */
	add_attempts(&record, 3 * HANDOVER_ATTEMPTS_MAX, STR("r"));
	assert_int_equal(count_requested(&record), HANDOVER_ATTEMPTS_MAX);
	add_attempts(&record, HANDOVER_ATTEMPTS_MAX / 2, (struct str){0});
	assert_int_equal(record.attempts.count, HANDOVER_ATTEMPTS_MAX);
	assert_int_equal(count_requested(&record), HANDOVER_ATTEMPTS_MAX / 2);
}

static void test_a_life_ends_when_the_next_one_begins(void **state)
{
	struct handover_record record = {.version = 1};

	(void)state;
	for (int64_t i = 1; i <= 3; i++) {
		const struct handover_attempt attempt = {
			.started = {10 * i}, .ended = {i == 2 ? 25 : 0}};
		handover_record_add(&record, &attempt, arena);
	}
	const struct handover_attempt *attempts = record.attempts.items;
	assert_int_equal(attempts[0].ended.us, 20);
	assert_int_equal(attempts[1].ended.us, 25); /* as it was noted */
	assert_int_equal(attempts[2].ended.us, 0);
}

static void test_question_and_answer_are_one_line_each(void **state)
{
	const struct handover_question question = {
		.version = 1, .pod_uid = STR("u"), .container = STR("c"), .pod = STR("a\nb")};
	struct handover_question heard;
	struct handover_answer answer;
	autobuf out = BUF_INIT(4096);

	(void)state;
	handover_question_write(&question, &out);
	assert_string_equal(out.data,
		"{\"version\":1,\"podUID\":\"u\",\"pod\":\"a\\nb\",\"container\":\"c\"}\n");
	assert_int_equal(handover_question_read(buf_str(&out), arena, &heard, &err), 0);
	assert_true(str_is(heard.pod, "a\nb"));
	assert_int_equal(handover_answer_read(STR("{\"version\":1,\"action\":\"Cold\","
						  "\"reason\":\"CleanExit\"}\n"),
				 arena, &answer, &err),
		0);
	assert_true(str_is(answer.reason, "CleanExit"));
	assert_int_equal(handover_answer_read(
				 STR("{\"version\":1,\"action\":\"Wait\"}"), arena, &answer, &err),
		-1);
}

static void test_uids_and_names_may_name_files(void **state)
{
	static const char *const good[] = {"main", "5f0c0a3e-7c0c-4f6e-9d2f-0d1e9b6c7a55", "a.b_c"};
	static const char *const bad[] = {"", ".", "..", ".hidden", "a/b", "../x", "a b", "a\nb"};

	(void)state;
	for (size_t i = 0; i < array_size(good); i++)
		assert_true(handover_is_file_name(str_of(good[i])));
	for (size_t i = 0; i < array_size(bad); i++)
		assert_false(handover_is_file_name(str_of(bad[i])));
}

static void test_a_configuration_has_defaults(void **state)
{
	struct handover_config config;

	(void)state;
	assert_int_equal(handover_config_read(STR("{}"), arena, &config, &err), 0);
	assert_int_equal(config.runtime.size, 0);
	assert_true(str_is(config.store, "/var/lib/kubelet/checkpoints/kcr"));
	assert_true(str_is(config.state, "/run/kcr"));
	assert_int_equal(config.agent_deadline_ms, 200);
	assert_int_equal(config.plan_max_age_seconds, 86400);
	assert_int_equal(config.resume_patience_ms, 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plan_is_read_and_written),
		cmocka_unit_test(test_plans_of_other_versions_are_read),
		cmocka_unit_test(test_a_plan_of_the_largest_checkpoints_fits),
		cmocka_unit_test(test_what_is_no_plan_is_refused),
		cmocka_unit_test(test_a_record_keeps_the_newest_attempts),
		cmocka_unit_test(test_a_record_keeps_what_was_done_on_request_longest),
		cmocka_unit_test(test_a_life_ends_when_the_next_one_begins),
		cmocka_unit_test(test_question_and_answer_are_one_line_each),
		cmocka_unit_test(test_uids_and_names_may_name_files),
		cmocka_unit_test(test_a_configuration_has_defaults),
	};

	return cmocka_run_group_tests(tests, make_arena, free_arena);
}
