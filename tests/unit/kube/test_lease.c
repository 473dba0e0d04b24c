/* Leader election: the pure judgement by a table, the rest against a scripted API server. */
#include "api_peer.h"

#include "kube/lease.h"
#include "kube/lease_record.h"

struct world {
	struct api_world api;
	struct kube_lease *lease;
	int changes;
	bool is_leader;
	int failures;
	int releases;
	struct error error;
};

static void tell_change(void *context, bool is_leader)
{
	struct world *world = context;

	world->changes++;
	world->is_leader = is_leader;
}

static void tell_failure(void *context, const struct error *err)
{
	struct world *world = context;

	world->failures++;
	world->error = *err;
}

static void tell_release(void *context, const struct error *err)
{
	struct world *world = context;

	world->releases++;
	world->error = err != NULL ? *err : (struct error){.kind = ERROR_NONE};
}

/* A lease with short times: duration 1 s, deadline 400 ms, a try each 10 ms. */
static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);
	struct kube_lease_options options = {
		.namespace = STR("kcr"),
		.name = STR("controller"),
		.identity = STR("me"),
		.duration_ms = 1000,
		.renew_deadline_ms = 400,
		.retry_period_ms = 10,
		.changed = tell_change,
		.failed = tell_failure,
		.context = world,
	};

	*state = world;
	api_world_start(&world->api);
	api_world_connect(&world->api);
	options.metrics = world->api.metrics;
	world->lease = kube_lease_new(world->api.client, &options);
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	kube_lease_free(world->lease);
	api_world_stop(&world->api);
	free(world);
	return 0;
}

#define LEASE(version, holder, seconds, renewed, transitions)                                      \
	"{\"metadata\":{\"resourceVersion\":\"" version                                            \
	"\"},\"spec\":{\"holderIdentity\":\"" holder "\",\"leaseDurationSeconds\":" seconds        \
	",\"acquireTime\":\"2026-01-01T00:00:00.000000Z\",\"renewTime\":\"2026-01-01T00:"          \
	"00:" renewed ".000000Z\",\"leaseTransitions\":" transitions "}}"
#define PATH "/apis/coordination.k8s.io/v1/namespaces/kcr/leases"
#define WATCH(version)                                                                             \
	"GET " PATH "?watch=true&timeoutSeconds=600&resourceVersion=" version                      \
	"&fieldSelector=metadata.name%3Dcontroller "
#define CHANGE(type, lease) "{\"type\":\"" type "\",\"object\":" lease "}\n"

/* Takes a lease that nobody holds; afterwards it is at version 2. */
static void become_leader(struct world *world)
{
	struct api_peer *peer = &world->api.peer;

	api_expect(peer, "GET " PATH "/controller ", 200, LEASE("1", "", "1", "00", "4"));
	api_expect(peer, "PATCH " PATH "/controller ", 200, LEASE("2", "me", "1", "01", "5"))
		->expects[1] = "{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{"
			       "\"holderIdentity\":\"me\",\"leaseDurationSeconds\":1,"
			       "\"leaseTransitions\":5,\"acquireTime\":\"20";
	kube_lease_start(world->lease);
	assert_false(kube_lease_is_leader(world->lease));
	api_run_until(peer, &world->changes, 1);
	assert_true(kube_lease_is_leader(world->lease));
	assert_true(world->is_leader);
	assert_string_equal(kube_lease_holder(world->lease).data, "me");
}

static void the_judgement_follows_the_record_and_our_own_clock(void **state)
{
	static const struct {
		const char *holder;
		int64_t duration_seconds;
		int64_t age_ms;
		enum kube__lease_step step;
	} cases[] = {
		{"", 15, 0, KUBE__LEASE_TAKE},
		{"me", 15, 0, KUBE__LEASE_RENEW},
		{"me", 15, 60000, KUBE__LEASE_RENEW},
		{"you", 15, 0, KUBE__LEASE_WAIT},
		{"you", 15, 14999, KUBE__LEASE_WAIT},
		{"you", 15, 15000, KUBE__LEASE_TAKE},
		{"you", 0, 0, KUBE__LEASE_TAKE},
		{"you", INT64_MAX, 1000000000, KUBE__LEASE_WAIT},
		{"you", -1, 0, KUBE__LEASE_TAKE},
	};
	struct mono_time seen_at = {TIME_SECOND_US * 1000};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct kube__lease_record record = {
			.holder = str_of(cases[i].holder),
			.duration_seconds = cases[i].duration_seconds,
			.renewed_at = {INT64_MAX}, /* plays no part */
		};
		struct mono_time now = {seen_at.us + cases[i].age_ms * 1000};
		assert_int_equal(
			kube__lease_decide(&record, STR("me"), seen_at, now), cases[i].step);
	}
}

static void a_record_is_judged_again_when_its_time_is_over(void **state)
{
	static const struct {
		int64_t duration_seconds;
		int64_t age_ms;
		int64_t left_ms;
	} cases[] = {
		{15, 0, 15000},
		{15, 14999, 1},
		{15, 20000, 1},
		{0, 0, 1},
		{-1, 0, 1},
		{60, 0, 60000},
		{3600, 0, 60000},
		{3600, 3599500, 500},
		{INT64_MAX, 5000, 60000},
	};
	struct mono_time seen_at = {TIME_SECOND_US * 1000};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct kube__lease_record record = {.duration_seconds = cases[i].duration_seconds};
		struct mono_time now = {seen_at.us + cases[i].age_ms * 1000};
		assert_int_equal(kube__lease_ms_left(&record, seen_at, now), cases[i].left_ms);
	}
}

static void a_lease_that_is_absent_is_created(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;
	struct api_step *create;

	api_expect(peer, "GET " PATH "/controller ", 404, "{}");
	create = api_expect(peer, "POST " PATH " ", 201, LEASE("1", "me", "1", "01", "0"));
	create->expects[1] = "\"kind\":\"Lease\",\"metadata\":{\"name\":\"controller\"}";
	create->expects[2] = "\"holderIdentity\":\"me\"";
	create->expects[3] = "\"leaseTransitions\":0";
	kube_lease_start(world->lease);
	api_run_until(peer, &world->changes, 1);
	assert_true(kube_lease_is_leader(world->lease));
}

static void a_leader_renews_without_reading(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	become_leader(world);
	api_expect(peer, "PATCH ", 200, LEASE("3", "me", "1", "02", "5"))->expects[1] =
		"\"resourceVersion\":\"2\"";
	api_expect(peer, "PATCH ", 200, LEASE("4", "me", "1", "03", "5"))->expects[1] =
		"\"resourceVersion\":\"3\"";
	api_run_through(peer);
	assert_int_equal(world->changes, 1);
	assert_true(str_contains(buf_str(&peer->last), STR("\"leaseTransitions\":5")));
	assert_true(str_contains(
		buf_str(&peer->last), STR("\"acquireTime\":\"2026-01-01T00:00:00.000000Z\"")));
	assert_int_equal(peer->connection_count, 1);
}

static void a_renewal_that_fails_reads_and_goes_on(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	become_leader(world);
	api_expect(peer, "PATCH ", 409, "{\"reason\":\"Conflict\"}");
	api_expect(peer, "GET ", 200, LEASE("7", "me", "1", "02", "5"));
	api_expect(peer, "PATCH ", 200, LEASE("8", "me", "1", "03", "5"))->expects[1] =
		"\"resourceVersion\":\"7\"";
	api_run_through(peer);
	assert_int_equal(world->changes, 1);
	assert_int_equal(world->failures, 0);
	assert_true(kube_lease_is_leader(world->lease));
}

/* Waits for the lease of another one, which has an hour from version 1 on. */
static void begin_to_wait(struct world *world)
{
	struct api_peer *peer = &world->api.peer;

	api_expect(peer, "GET " PATH "/controller ", 200, LEASE("1", "you", "3600", "01", "0"));
	api_expect_stream(peer, WATCH("1"));
	kube_lease_start(world->lease);
	api_run_through(peer);
	assert_int_equal(world->changes, 0);
	assert_string_equal(kube_lease_holder(world->lease).data, "you");
}

static void a_lease_of_another_is_watched_and_not_asked_for(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	begin_to_wait(world);
	api_push_text(peer, CHANGE("MODIFIED", LEASE("2", "they", "3600", "02", "0")));
	api_run_for(peer, 50);
	assert_int_equal(world->changes, 0);
	assert_string_equal(kube_lease_holder(world->lease).data, "they");
	api_check(peer);
}

static void a_lease_that_is_given_back_is_taken_at_once(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	begin_to_wait(world);
	api_expect(peer, "PATCH " PATH "/controller ", 200, LEASE("3", "me", "1", "03", "1"))
		->expects[1] = "{\"metadata\":{\"resourceVersion\":\"2\"}";
	api_push_text(peer, CHANGE("MODIFIED", LEASE("2", "", "1", "02", "0")));
	api_run_until(peer, &world->changes, 1);
	assert_true(kube_lease_is_leader(world->lease));
}

static void a_lease_that_is_deleted_is_made_anew(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	begin_to_wait(world);
	api_expect(peer, "GET " PATH "/controller ", 404, "{}");
	api_expect(peer, "POST " PATH " ", 201, LEASE("3", "me", "1", "01", "0"));
	api_push_text(peer, CHANGE("DELETED", LEASE("2", "you", "3600", "01", "0")));
	api_run_until(peer, &world->changes, 1);
	assert_true(kube_lease_is_leader(world->lease));
}

static void a_holder_that_goes_silent_is_followed_when_its_time_is_over(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;
	struct mono_time start;

	begin_to_wait(world);
	api_push_text(peer, CHANGE("MODIFIED", LEASE("2", "you", "1", "02", "0")));
	api_expect(peer, "GET " PATH "/controller ", 200, LEASE("2", "you", "1", "02", "0"));
	api_expect(peer, "PATCH ", 200, LEASE("3", "me", "1", "03", "1"));
	start = clock_mono();
	api_run_until(peer, &world->changes, 1);
	assert_true(clock_mono().us - start.us >= TIME_SECOND_US);
}

static void a_watch_that_ends_is_begun_again_from_what_is_there(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	begin_to_wait(world);
	api_expect(peer, "GET " PATH "/controller ", 200, LEASE("8", "you", "3600", "02", "0"));
	api_expect_stream(peer, WATCH("8"));
	api_end_stream(peer);
	api_run_through(peer);
	assert_int_equal(world->failures, 0);
}

static void a_lease_that_may_not_be_watched_is_asked_for(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	api_expect(peer, "GET " PATH "/controller ", 200, LEASE("1", "you", "3600", "01", "0"));
	api_expect(peer, WATCH("1"), 403, "{}");
	api_expect(peer, "GET " PATH "/controller ", 200, LEASE("2", "you", "3600", "02", "0"));
	api_expect(peer, "GET " PATH "/controller ", 200, LEASE("3", "you", "3600", "03", "0"));
	kube_lease_start(world->lease);
	api_run_through(peer);
	assert_int_equal(world->changes, 0);
}

static void a_lease_that_is_not_renewed_is_taken_over(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;
	struct mono_time start = clock_mono();
	struct api_step *patch;

	api_expect(peer, "GET ", 200, LEASE("1", "you", "0", "01", "2"));
	patch = api_expect(peer, "PATCH ", 200, LEASE("2", "me", "1", "01", "3"));
	patch->expects[1] = "\"resourceVersion\":\"1\"";
	patch->expects[2] = "\"leaseTransitions\":3";
	kube_lease_start(world->lease);
	api_run_until(peer, &world->changes, 1);
	assert_true(kube_lease_is_leader(world->lease));
	assert_true(clock_mono().us - start.us < TIME_SECOND_US);
}

static void who_loses_the_race_for_a_lease_waits(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	api_expect(peer, "GET ", 200, LEASE("1", "", "1", "01", "2"));
	api_expect(peer, "PATCH ", 409, "{\"reason\":\"Conflict\"}");
	api_expect(peer, "GET ", 200, LEASE("2", "you", "3600", "02", "3"));
	api_expect_stream(peer, WATCH("2"));
	kube_lease_start(world->lease);
	api_run_through(peer);
	assert_int_equal(world->changes, 0);
	assert_int_equal(world->failures, 1);
	assert_int_equal(world->error.kind, ERROR_CONFLICT);
}

static void a_lease_that_was_taken_is_lost_at_once(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	become_leader(world);
	api_expect(peer, "PATCH ", 409, "{\"reason\":\"Conflict\"}");
	api_expect(peer, "GET ", 200, LEASE("7", "you", "15", "02", "6"));
	api_run_until(peer, &world->changes, 2);
	assert_false(world->is_leader);
	assert_false(kube_lease_is_leader(world->lease));
	api_run_for(peer, 30); /* nothing more is asked */
	assert_int_equal(world->changes, 2);
}

static void a_lease_that_cannot_be_renewed_in_time_is_lost(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;
	struct mono_time start = clock_mono(); /* it is acquired after that, however late we look */

	become_leader(world);
	api_expect_stream(peer, "PATCH "); /* never answered */
	api_run_until(peer, &world->changes, 2);
	assert_false(world->is_leader);
	assert_true(clock_mono().us - start.us >= 400 * 1000);
}

static void a_leader_gives_the_lease_back(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	become_leader(world);
	api_expect(peer, "PATCH ", 200, LEASE("3", "", "1", "02", "5"))->expects[1] =
		"{\"metadata\":{\"resourceVersion\":\"2\"},\"spec\":{\"holderIdentity\":\"\","
		"\"leaseDurationSeconds\":1,\"leaseTransitions\":5,";
	kube_lease_release(world->lease, tell_release, world);
	assert_false(kube_lease_is_leader(world->lease));
	api_run_until(peer, &world->releases, 1);
	assert_int_equal(world->error.kind, ERROR_NONE);
	assert_int_equal(world->changes, 1);
	api_run_for(peer, 30);
	api_check(peer);
}

/* A renewal was under way and reached the server, which nobody could tell us any more. */
static void a_lease_that_was_renewed_meanwhile_is_given_back_too(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	become_leader(world);
	api_expect(peer, "PATCH ", 409, "{\"reason\":\"Conflict\"}");
	api_expect(peer, "GET ", 200, LEASE("7", "me", "1", "02", "5"));
	api_expect(peer, "PATCH ", 200, LEASE("8", "", "1", "03", "5"))->expects[1] =
		"{\"metadata\":{\"resourceVersion\":\"7\"},\"spec\":{\"holderIdentity\":\"\",";
	kube_lease_release(world->lease, tell_release, world);
	api_run_until(peer, &world->releases, 1);
	assert_int_equal(world->error.kind, ERROR_NONE);
	api_check(peer);
}

static void a_lease_that_was_taken_meanwhile_is_left_alone(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	become_leader(world);
	api_expect(peer, "PATCH ", 409, "{\"reason\":\"Conflict\"}");
	api_expect(peer, "GET ", 200, LEASE("7", "you", "15", "02", "6"));
	kube_lease_release(world->lease, tell_release, world);
	api_run_until(peer, &world->releases, 1);
	assert_int_equal(world->error.kind, ERROR_NONE);
	api_run_for(peer, 30);
	api_check(peer);
}

static void who_is_no_leader_has_nothing_to_give_back(void **state)
{
	struct world *world = *state;
	struct api_peer *peer = &world->api.peer;

	begin_to_wait(world);
	kube_lease_release(world->lease, tell_release, world);
	api_run_until(peer, &world->releases, 1);
	assert_int_equal(world->error.kind, ERROR_NONE);
}

static void identities_differ(void **state)
{
	autobuf a = BUF_INIT(400);
	autobuf b = BUF_INIT(400);

	(void)state;
	kube_lease_write_identity(&a);
	kube_lease_write_identity(&b);
	assert_string_not_equal(a.data, b.data);
}

#define lease_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_judgement_follows_the_record_and_our_own_clock),
		lease_test(a_lease_that_is_absent_is_created),
		lease_test(a_leader_renews_without_reading),
		lease_test(a_renewal_that_fails_reads_and_goes_on),
		cmocka_unit_test(a_record_is_judged_again_when_its_time_is_over),
		lease_test(a_lease_of_another_is_watched_and_not_asked_for),
		lease_test(a_lease_that_is_given_back_is_taken_at_once),
		lease_test(a_lease_that_is_deleted_is_made_anew),
		lease_test(a_holder_that_goes_silent_is_followed_when_its_time_is_over),
		lease_test(a_watch_that_ends_is_begun_again_from_what_is_there),
		lease_test(a_lease_that_may_not_be_watched_is_asked_for),
		lease_test(a_lease_that_is_not_renewed_is_taken_over),
		lease_test(who_loses_the_race_for_a_lease_waits),
		lease_test(a_lease_that_was_taken_is_lost_at_once),
		lease_test(a_lease_that_cannot_be_renewed_in_time_is_lost),
		lease_test(a_leader_gives_the_lease_back),
		lease_test(a_lease_that_was_renewed_meanwhile_is_given_back_too),
		lease_test(a_lease_that_was_taken_meanwhile_is_left_alone),
		lease_test(who_is_no_leader_has_nothing_to_give_back),
		cmocka_unit_test(identities_differ),
	};

	return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
