/*
 * What is kept. A checkpoint is a word: its second, then flags, e.g. "100", "200f":
 * p, q: of the living Pod p or q (else of one that is gone), f: failed, s: proved stable, n: was
 * not Ready, u: in use, d: being deleted, o: of the other container, x: of another node.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/number.h"
#include "checkpoint/retention.h"

enum { NOW_S = 10000, ITEMS_MAX = 12 };

static struct api_checkpoint_pod pods[] = {
	{.name = STR_INIT("p"), .uid = STR_INIT("u-p")},
	{.name = STR_INIT("q"), .uid = STR_INIT("u-q")},
	{.name = STR_INIT("gone"), .uid = STR_INIT("u-gone")},
};

static bool has_flag(struct str word, const char *flag)
{
	return str_contains(word, str_of(flag));
}

static void make_item(
	struct str word, struct api_checkpoint *checkpoint, struct checkpoint_kept *item)
{
	size_t digits = 0;
	uint64_t second;

	while (digits < word.size && word.data[digits] >= '0' && word.data[digits] <= '9')
		digits++;
	assert_true(number_parse_u64((struct str){word.data, digits}, &second));
	*checkpoint = (struct api_checkpoint){
		.metadata = {.name = word},
		.spec = {.timestamp = wall_time_of_seconds((int64_t)second),
			.container_name = has_flag(word, "o") ? STR("other") : STR("main"),
			.node_name = has_flag(word, "x") ? STR("other") : STR("node"),
			.pod = has_flag(word, "p")    ? &pods[0]
				: has_flag(word, "q") ? &pods[1]
						      : &pods[2],
			.was_ready = !has_flag(word, "n")},
		.status = {.phase = has_flag(word, "f") ? STR("Failed") : STR("ImageBuilt")},
	};
	if (has_flag(word, "s"))
		checkpoint->status.stable = wall_time_of_seconds(1);
	if (has_flag(word, "d"))
		checkpoint->metadata.deleted = wall_time_of_seconds(1);
	*item = (struct checkpoint_kept){
		.checkpoint = checkpoint,
		.is_pod_alive = has_flag(word, "p") || has_flag(word, "q"),
		.is_in_use = has_flag(word, "u"),
	};
}

/* Which of `words` go, in the order of the words. */
static void assert_surplus(
	const char *words, int64_t max_count, int64_t max_age_seconds, const char *expected)
{
	struct api_checkpoint checkpoints[ITEMS_MAX];
	struct checkpoint_kept items[ITEMS_MAX];
	autobuf surplus = BUF_INIT(1000);
	struct str rest = str_of(words);
	struct str word;
	size_t count = 0;

	while (rest.size > 0) {
		assert_true(count < ITEMS_MAX);
		(void)str_cut(rest, ' ', &word, &rest);
		make_item(word, &checkpoints[count], &items[count]);
		count++;
	}
	checkpoint_mark_surplus(
		items, count, max_count, max_age_seconds, wall_time_of_seconds(NOW_S));
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++)
			if (items[k].checkpoint == &checkpoints[i] && items[k].is_surplus)
				buf_printf(&surplus, "%s%.*s", surplus.size > 0 ? " " : "",
					STR_ARG(checkpoints[i].metadata.name));
	if (!str_is(buf_str(&surplus), expected))
		fail_msg("of '%s' went '%s', not '%s'", words, surplus.data, expected);
}

static void the_newest_of_each_container_of_each_pod_stay(void **state)
{
	(void)state;
	assert_surplus("", 2, 0, "");
	assert_surplus("100sp", 2, 0, "");
	assert_surplus("100sp 200sp 300sp", 2, 0, "100sp");
	assert_surplus("300sp 100sp 200sp", 1, 0, "100sp 200sp");
	assert_surplus("100sp 200sp 100sq 200sq 100spo 200spo", 1, 0, "100sp 100sq 100spo");
	assert_surplus("100sp 200sp", 0, 0, "100sp 200sp");
}

static void those_of_pods_that_are_gone_share_one_number(void **state)
{
	(void)state;
	assert_surplus("100s 200s 300s 50sp", 2, 0, "100s");
	assert_surplus("100s 200so", 1, 0, "");
}

static void what_another_node_says_of_a_living_pod_pushes_nothing_out(void **state)
{
	(void)state;
	assert_surplus("100ps 200ps 300psx 400psx 500psx", 2, 0, "300psx");
}

static void a_failed_one_does_not_push_out_a_good_one(void **state)
{
	(void)state;
	assert_surplus("100sp 200fp 300fp", 1, 0, "200fp");
	assert_surplus("100sp 200fp 300fp", 2, 0, "");
	assert_surplus("100fp 200sp 300sp", 2, 0, "100fp");
}

static void one_that_never_proved_itself_counts_as_failed(void **state)
{
	(void)state;
	assert_surplus("100sp 200p", 1, 0, ""); /* it is the newest, and not good */
	assert_surplus("100sp 200p 300p", 1, 0, "200p");
	assert_surplus("100sp 200snp", 1, 0, "");
}

static void a_young_one_may_still_prove_itself(void **state)
{
	(void)state;
	assert_surplus("100sp 9500p", 1, 0, "100sp");
	assert_surplus("100sp 9399p", 1, 0, ""); /* ten minutes are over */
}

static void old_ones_go_but_for_the_newest_good_one_of_a_living_pod(void **state)
{
	(void)state;
	assert_surplus("100sp 200sp", 5, 1000, "100sp");
	assert_surplus("100s 200s", 5, 1000, "100s 200s");
	assert_surplus("100sp 9500fp", 5, 1000, "");
	assert_surplus("9000sp", 5, 1000, ""); /* exactly as old as it may be */
	assert_surplus("8999sp 9500sp", 5, 1000, "8999sp");
}

static void what_is_in_use_stays(void **state)
{
	(void)state;
	assert_surplus("100spu 200sp 300sp", 1, 1000, "200sp");
	assert_surplus("100sup", 0, 1000, "");
}

static void one_that_is_going_already_takes_no_place(void **state)
{
	(void)state;
	assert_surplus("100sp 200spd", 1, 0, "");
	assert_surplus("100sp 200spd", 5, 1000, ""); /* 100 is the newest that stays */
	assert_surplus("100fp 200fpd", 1, 0, "");
}

static void those_of_the_same_second_go_in_the_order_of_their_names(void **state)
{
	(void)state;
	assert_surplus("100spa 100spb 100spc", 1, 0, "100spa 100spb");
	assert_surplus("100spc 100spa 100spb", 1, 0, "100spa 100spb");
}

static void failed_requests_beyond_the_limit_go_oldest_first(void **state)
{
	autoarena *arena = arena_new(256);
	struct api_request requests[5] = {0};
	const struct api_request *list[5];
	const struct api_request **surplus;
	size_t count;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		requests[i].status.phase = STR("Failed");
		requests[i].metadata.created = wall_time_of_seconds(500 - (int64_t)i);
		list[i] = &requests[i];
	}
	requests[1].status.phase = STR("Completed");
	requests[2].metadata.deleted = wall_time_of_seconds(1);
	surplus = checkpoint_surplus_requests(list, 5, 1, arena, &count);
	assert_int_equal(count, 2);
	assert_ptr_equal(surplus[0], &requests[4]);
	assert_ptr_equal(surplus[1], &requests[3]);
	(void)checkpoint_surplus_requests(list, 5, 3, arena, &count);
	assert_int_equal(count, 0);
	(void)checkpoint_surplus_requests(list, 5, 0, arena, &count);
	assert_int_equal(count, 3);
	(void)checkpoint_surplus_requests(NULL, 0, 0, arena, &count);
	assert_int_equal(count, 0);
}

static void a_completed_request_without_its_checkpoint_goes_after_a_while(void **state)
{
	struct api_checkpoint_reference made = {.name = STR_INIT("c")};
	struct api_request request = {.status = {.phase = STR("Completed"),
					      .checkpoint = &made,
					      .completed = wall_time_of_seconds(1000)}};

	(void)state;
	assert_true(checkpoint_request_is_spent(&request, false, wall_time_of_seconds(4600)));
	assert_false(checkpoint_request_is_spent(&request, true, wall_time_of_seconds(4600)));
	assert_false(checkpoint_request_is_spent(&request, false, wall_time_of_seconds(4599)));
	request.metadata.deleted = wall_time_of_seconds(1061);
	assert_false(checkpoint_request_is_spent(&request, false, wall_time_of_seconds(4602)));
	request.metadata.deleted = (struct wall_time){0};
	request.status.phase = STR("Failed"); /* the history limit counts these */
	assert_false(checkpoint_request_is_spent(&request, false, wall_time_of_seconds(4600)));
	request.status.phase = STR("Completed");
	request.status.checkpoint = NULL; /* as the seed's */
	assert_false(checkpoint_request_is_spent(&request, false, wall_time_of_seconds(4600)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_of_each_container_of_each_pod_stay),
		cmocka_unit_test(those_of_pods_that_are_gone_share_one_number),
		cmocka_unit_test(what_another_node_says_of_a_living_pod_pushes_nothing_out),
		cmocka_unit_test(a_failed_one_does_not_push_out_a_good_one),
		cmocka_unit_test(one_that_never_proved_itself_counts_as_failed),
		cmocka_unit_test(a_young_one_may_still_prove_itself),
		cmocka_unit_test(old_ones_go_but_for_the_newest_good_one_of_a_living_pod),
		cmocka_unit_test(what_is_in_use_stays),
		cmocka_unit_test(one_that_is_going_already_takes_no_place),
		cmocka_unit_test(those_of_the_same_second_go_in_the_order_of_their_names),
		cmocka_unit_test(failed_requests_beyond_the_limit_go_oldest_first),
		cmocka_unit_test(a_completed_request_without_its_checkpoint_goes_after_a_while),
	};

	return cmocka_run_group_tests_name("retention", tests, NULL, NULL);
}
