/* What is held, until when, and what goes. */
#include "pairs.h"

#include "hold/keep.h"

static const struct mono_time late = {.us = 1000 * 1000};

/* A connection and a lock that are held until `until`; returns the peer's end. */
static int hold_one(struct hold_keep *keep, struct mono_time until)
{
	struct ends ends = connect_ends();
	struct hold_pair pair = {.connection = ends.ours, .lock = open_lock()};
	struct error err;

	assert_int_equal(hold_keep_add(keep, &pair, until, &err), 0);
	assert_int_equal(pair.connection, -1);
	return ends.peers;
}

static struct hold_dropped look(struct hold_keep *keep, int wait_ms, struct mono_time now)
{
	struct pollfd polled[HOLD_MAX];

	hold_keep_watch(keep, polled);
	assert_true(poll(polled, (nfds_t)keep->count, wait_ms) >= 0);
	return hold_keep_drop(keep, polled, now);
}

static void a_connection_is_held_while_its_peer_has_not_ended_it(void **state)
{
	size_t before = count_descriptors();
	struct hold_keep keep = {0};
	int peer = hold_one(&keep, late);
	struct hold_dropped dropped;

	(void)state;
	assert_int_equal(send(peer, "an answer", 9, 0), 9);
	dropped = look(&keep, 50, (struct mono_time){0});
	assert_int_equal(dropped.ended + dropped.late, 0);
	assert_int_equal(keep.count, 1);
	assert_false(is_hung_up(peer, 0));
	fd_close(&peer);
	dropped = look(&keep, 5000, (struct mono_time){0});
	assert_int_equal(dropped.ended, 1);
	assert_int_equal(keep.count, 0);
	assert_int_equal(count_descriptors(), before);
}

static void a_connection_that_is_half_closed_or_reset_has_ended(void **state)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	struct hold_keep keep = {0};
	int half = hold_one(&keep, late);
	int reset;

	(void)state;
	assert_int_equal(shutdown(half, SHUT_WR), 0);
	assert_int_equal(look(&keep, 5000, (struct mono_time){0}).ended, 1);
	fd_close(&half);
	reset = hold_one(&keep, late);
	assert_int_equal(setsockopt(reset, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
	fd_close(&reset);
	assert_int_equal(look(&keep, 5000, (struct mono_time){0}).ended, 1);
	assert_int_equal(keep.count, 0);
}

static void a_peer_that_never_closes_is_given_up_in_the_end(void **state)
{
	struct hold_keep keep = {0};
	int peer = hold_one(&keep, late);
	int other = hold_one(&keep, (struct mono_time){late.us * 2});

	(void)state;
	assert_int_equal(look(&keep, 0, (struct mono_time){late.us - 1}).late, 0);
	assert_int_equal(look(&keep, 0, late).late, 1);
	assert_int_equal(keep.count, 1);
	assert_true(is_hung_up(peer, 5000));
	assert_false(is_hung_up(other, 0));
	hold_keep_done(&keep);
	assert_true(is_hung_up(other, 5000));
	fd_close(&peer);
	fd_close(&other);
}

static void some_of_many_end(void **state)
{
	struct hold_keep keep = {0};
	int peers[5];

	(void)state;
	for (size_t i = 0; i < array_size(peers); i++)
		peers[i] = hold_one(&keep, late);
	fd_close(&peers[0]);
	fd_close(&peers[2]);
	fd_close(&peers[4]);
	for (int tries = 0; keep.count > 2 && tries < 100; tries++)
		(void)look(&keep, 50, (struct mono_time){0});
	assert_int_equal(keep.count, 2);
	assert_false(is_hung_up(peers[1], 0));
	assert_false(is_hung_up(peers[3], 0));
	hold_keep_done(&keep);
	fd_close(&peers[1]);
	fd_close(&peers[3]);
}

static void what_is_held_is_not_given_up_for_a_new_one(void **state)
{
	struct hold_keep keep = {0};
	struct hold_pair one_more = HOLD_PAIR_NONE;
	int peers[HOLD_MAX];
	struct ends ends = connect_ends();
	struct error err;

	(void)state;
	for (size_t i = 0; i < HOLD_MAX; i++)
		peers[i] = hold_one(&keep, late);
	one_more.connection = ends.ours;
	assert_int_equal(hold_keep_add(&keep, &one_more, late, &err), -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
	assert_int_equal(one_more.connection, ends.ours);
	assert_int_equal(look(&keep, 0, (struct mono_time){0}).ended, 0);
	assert_int_equal(keep.count, HOLD_MAX);
	hold_keep_done(&keep);
	for (size_t i = 0; i < HOLD_MAX; i++)
		fd_close(&peers[i]);
	close_ends(&ends);
}

static void the_wait_ends_with_the_first_time_that_is_over(void **state)
{
	struct hold_keep keep = {0};
	int first;
	int second;

	(void)state;
	assert_int_equal(hold_keep_wait_ms(&keep, late), -1);
	first = hold_one(&keep, (struct mono_time){late.us + 7200 * INT64_C(1000000)});
	assert_int_equal(hold_keep_wait_ms(&keep, late), 60000);
	second = hold_one(&keep, (struct mono_time){late.us + 1500});
	assert_int_equal(hold_keep_wait_ms(&keep, late), 2);
	assert_int_equal(hold_keep_wait_ms(&keep, (struct mono_time){late.us * 2}), 0);
	hold_keep_done(&keep);
	fd_close(&first);
	fd_close(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_held_while_its_peer_has_not_ended_it),
		cmocka_unit_test(a_connection_that_is_half_closed_or_reset_has_ended),
		cmocka_unit_test(a_peer_that_never_closes_is_given_up_in_the_end),
		cmocka_unit_test(some_of_many_end),
		cmocka_unit_test(what_is_held_is_not_given_up_for_a_new_one),
		cmocka_unit_test(the_wait_ends_with_the_first_time_that_is_over),
	};

	return cmocka_run_group_tests_name("hold keep", tests, NULL, NULL);
}
