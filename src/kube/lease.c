/*
 * One request at a time, on a connection of its own, so that other traffic cannot cost us the
 * Lease. Who holds it patches it without reading it first; when that fails, and for everybody else,
 * it is read, judged and perhaps taken. Who has to wait watches it meanwhile: a release is seen at
 * once and the end of a silent holder's time is known exactly. Where it cannot be watched it is
 * read again and again, as client-go does. Each patch names the version it is meant for.
 */
#include "kube/lease.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "kube/exchange.h"
#include "kube/lease_record.h"
#include "kube/lease_watch.h"
#include "sys/clock.h"

enum {
	LEASE_DURATION_MS = 15 * 1000,
	LEASE_RENEW_DEADLINE_MS = 10 * 1000,
	LEASE_RETRY_PERIOD_MS = 2 * 1000,
	LEASE_TIMEOUT_LEAST_MS = 1000,
	LEASE_BODY_MAX = 4096,
	LEASE_VERSION_MAX = 256,
};

static const struct kube_resource lease_resource = {
	.group = "coordination.k8s.io",
	.version = "v1",
	.plural = "leases",
	.kind = "Lease",
	.namespaced = true,
};

static const struct metric_family lease_status_family = {
	.name = "leader_election_master_status",
	.type = METRIC_GAUGE,
	.help = "Gauge of if the reporting system is master of the relevant lease, 0 indicates "
		"backup, 1 indicates master.",
};

struct kube_lease {
	struct kube_client *client;
	struct loop *loop;
	struct arena *arena; /* the options' texts */
	struct kube_lease_options options;
	struct metric *status;
	bool is_leader;
	bool is_over; /* lost or released */
	bool is_unwatchable; /* we may not watch it */
	bool is_release_repeated;
	struct arena *record_arena;
	struct kube__lease_record record; /* as last seen */
	struct buf version; /* of the record; empty: it must be read before it is patched */
	struct mono_time seen_at; /* when the record changed */
	struct mono_time sent_at; /* the last request */
	struct mono_time held_at; /* when the last renewal was sent; for others it came later */
	struct kube_call *call;
	struct kube__lease_watch *watch; /* while we wait for another holder */
	struct loop_source *timer; /* the next try; not set while one is under way */
	struct loop_source *deadline; /* set while a leader tries to renew */
	struct loop_source *nothing; /* tells of a release that needed no request */
	kube_lease_released_fn released;
	void *released_context;
};

static const struct kube__lease_record lease_unknown = {0};

void kube_lease_write_identity(struct buf *out)
{
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0'; /* the random part is enough */
	buf_printf(out, "%s_%016llx%016llx", host, (unsigned long long)clock_random(UINT64_MAX),
		(unsigned long long)clock_random(UINT64_MAX));
}

/* ---- What we know ---- */

/* Takes note of a Lease that the server sent; its time counts from when it last changed. */
static void lease_observe(struct kube_lease *lease, const struct json *object)
{
	struct arena *arena = arena_new(256);
	struct kube__lease_record record;

	kube__lease_read(object, arena, &record);
	if (!kube__lease_equal(&record, &lease->record))
		lease->seen_at = clock_mono();
	arena_free(lease->record_arena);
	lease->record_arena = arena;
	lease->record = record;
	buf_clear(&lease->version);
	buf_add(&lease->version, json_str(json_at(object, "metadata", "resourceVersion", NULL)));
}

static void lease_set_leader(struct kube_lease *lease, bool is_leader)
{
	lease->is_leader = is_leader;
	metric_set(lease->status, is_leader ? 1 : 0);
}

/* The last thing done with `lease`: the callback may release it. */
static void lease_lose(struct kube_lease *lease)
{
	lease->is_over = true;
	loop_timer_stop(lease->timer);
	loop_timer_stop(lease->deadline);
	kube_call_free(take_ptr(&lease->call));
	lease_set_leader(lease, false);
	lease->options.changed(lease->options.context, false);
}

static void lease_deadline_is_over(void *context)
{
	lease_lose(context);
}

/* ---- Tries ---- */

static void lease_try_later(struct kube_lease *lease)
{
	int64_t period_ms = lease->options.retry_period_ms;
	int64_t jitter_ms = (int64_t)clock_random((uint64_t)(period_ms * 12 / 10) + 1);

	loop_timer_set(lease->timer, lease->is_leader ? period_ms : period_ms + jitter_ms);
}

static void lease_failed(struct kube_lease *lease, const struct error *err)
{
	lease_try_later(lease);
	if (lease->options.failed != NULL)
		lease->options.failed(lease->options.context, err);
}

static void lease_send(
	struct kube_lease *lease, enum kube_verb verb, struct str body, kube_done_fn done)
{
	int64_t half_ms = lease->is_over ? 0 : lease->options.renew_deadline_ms / 2;
	struct kube_request request = {
		.verb = verb,
		.resource = &lease_resource,
		.namespace = lease->options.namespace,
		.name = verb == KUBE_CREATE ? STR("") : lease->options.name,
		.body = body,
		.timeout_ms = half_ms > LEASE_TIMEOUT_LEAST_MS ? half_ms : LEASE_TIMEOUT_LEAST_MS,
		.own_connection = true,
	};

	lease->sent_at = clock_mono();
	kube_call_free(lease->call);
	lease->call = kube_call_start(lease->client, &request, done, lease);
}

/* The Lease is ours, new or once more. */
static void lease_held(void *context, const struct kube_answer *answer, const struct error *err)
{
	struct kube_lease *lease = context;
	bool was_leader = lease->is_leader;

	if (err != NULL) {
		buf_clear(&lease->version);
		lease_failed(lease, err);
		return;
	}
	kube__lease_watch_free(take_ptr(&lease->watch));
	lease_observe(lease, json_doc_root(answer->doc));
	lease->held_at = lease->sent_at;
	lease_set_leader(lease, true);
	loop_timer_stop(lease->deadline);
	lease_try_later(lease);
	if (!was_leader)
		lease->options.changed(lease->options.context, true);
}

/* The record as it will be when we hold the Lease from now on. */
static struct kube__lease_record lease_our_record(const struct kube_lease *lease, bool is_renewal)
{
	struct wall_time now = clock_wall();

	return (struct kube__lease_record){
		.holder = lease->options.identity,
		.duration_seconds = lease->options.duration_ms / 1000,
		.transitions = lease->record.transitions + (is_renewal ? 0 : 1),
		.acquired_at = is_renewal ? lease->record.acquired_at : now,
		.renewed_at = now,
	};
}

static void lease_patch(
	struct kube_lease *lease, const struct kube__lease_record *record, kube_done_fn done)
{
	autobuf body = BUF_INIT(LEASE_BODY_MAX);

	kube__lease_write_patch(&body, record, buf_str(&lease->version));
	lease_send(lease, KUBE_MERGE, buf_str(&body), done);
}

static void lease_create(struct kube_lease *lease)
{
	autobuf body = BUF_INIT(LEASE_BODY_MAX);
	struct kube__lease_record record;

	lease->record = lease_unknown;
	record = lease_our_record(lease, false);
	record.transitions = 0;
	kube__lease_write_new(&body, &record, lease->options.name);
	lease_send(lease, KUBE_CREATE, buf_str(&body), lease_held);
}

static void lease_judge(struct kube_lease *lease);

/* The Lease changed while we wait. A try that is under way will see what follows from that. */
static void lease_was_changed(void *context, const struct json *object)
{
	struct kube_lease *lease = context;

	if (object != NULL)
		lease_observe(lease, object);
	if (!loop_timer_is_set(lease->timer))
		return;
	loop_timer_stop(lease->timer);
	if (object != NULL)
		lease_judge(lease);
	else
		loop_timer_set(lease->timer, 0);
}

static void lease_watch_ended(void *context, const struct error *err)
{
	struct kube_lease *lease = context;

	kube__lease_watch_free(take_ptr(&lease->watch));
	lease->is_unwatchable = err != NULL && err->kind == ERROR_DENIED;
	if (loop_timer_is_set(lease->timer))
		lease_try_later(lease); /* it begins the next watch */
}

/* Another one holds the Lease: until that changes, or until its time is over. */
static void lease_wait(struct kube_lease *lease)
{
	struct kube__lease_watch_options watch = {
		.resource = &lease_resource,
		.namespace = lease->options.namespace,
		.name = lease->options.name,
		.resource_version = buf_str(&lease->version),
		.changed = lease_was_changed,
		.ended = lease_watch_ended,
		.context = lease,
	};

	if (lease->watch == NULL && !lease->is_unwatchable)
		lease->watch = kube__lease_watch_start(lease->client, &watch);
	if (lease->watch == NULL)
		lease_try_later(lease);
	else
		loop_timer_set(lease->timer,
			kube__lease_ms_left(&lease->record, lease->seen_at, clock_mono()));
}

static void lease_judge(struct kube_lease *lease)
{
	enum kube__lease_step step = kube__lease_decide(
		&lease->record, lease->options.identity, lease->seen_at, clock_mono());
	struct kube__lease_record record;

	if (lease->is_leader && step != KUBE__LEASE_RENEW) {
		lease_lose(lease); /* somebody took it from us */
		return;
	}
	if (step == KUBE__LEASE_WAIT) {
		lease_wait(lease);
		return;
	}
	record = lease_our_record(lease, step == KUBE__LEASE_RENEW);
	lease_patch(lease, &record, lease_held);
}

static void lease_was_read(void *context, const struct kube_answer *answer, const struct error *err)
{
	struct kube_lease *lease = context;

	if (err != NULL && err->kind == ERROR_ABSENT) {
		lease_create(lease);
		return;
	}
	if (err != NULL) {
		lease_failed(lease, err);
		return;
	}
	lease_observe(lease, json_doc_root(answer->doc));
	lease_judge(lease);
}

/* The renewal that was sent without reading first. */
static void lease_was_renewed(
	void *context, const struct kube_answer *answer, const struct error *err)
{
	struct kube_lease *lease = context;

	if (err == NULL)
		lease_held(lease, answer, NULL);
	else
		lease_send(lease, KUBE_GET, STR(""), lease_was_read);
}

static void lease_try(void *context)
{
	struct kube_lease *lease = context;
	struct kube__lease_record record;

	if (lease->is_leader && !loop_timer_is_set(lease->deadline))
		loop_timer_set(lease->deadline, lease->options.renew_deadline_ms);
	if (lease->is_leader && lease->version.size > 0) {
		record = lease_our_record(lease, true);
		lease_patch(lease, &record, lease_was_renewed);
		return;
	}
	lease_send(lease, KUBE_GET, STR(""), lease_was_read);
}

/* ---- The end ---- */

static void lease_tell_released(void *context)
{
	struct kube_lease *lease = context;

	lease->released(lease->released_context, NULL);
}

static void lease_read_before_release(
	void *context, const struct kube_answer *answer, const struct error *err);

/*
 * A renewal that was under way at the end may have changed the Lease before us: then it is read,
 * and given back once more if it is still ours.
 */
static void lease_was_released(
	void *context, const struct kube_answer *answer, const struct error *err)
{
	struct kube_lease *lease = context;

	(void)answer;
	if (err == NULL || err->kind != ERROR_CONFLICT || lease->is_release_repeated) {
		lease->released(lease->released_context, err);
		return;
	}
	lease->is_release_repeated = true;
	lease_send(lease, KUBE_GET, STR(""), lease_read_before_release);
}

static void lease_give_back(struct kube_lease *lease)
{
	struct wall_time now = clock_wall();
	struct kube__lease_record record = {
		.holder = STR(""),
		.duration_seconds = 1,
		.transitions = lease->record.transitions,
		.acquired_at = now,
		.renewed_at = now,
	};

	lease_patch(lease, &record, lease_was_released);
}

static void lease_read_before_release(
	void *context, const struct kube_answer *answer, const struct error *err)
{
	struct kube_lease *lease = context;

	if (err == NULL)
		lease_observe(lease, json_doc_root(answer->doc));
	if (err == NULL && str_equal(lease->record.holder, lease->options.identity))
		lease_give_back(lease);
	else
		lease->released(lease->released_context, err);
}

void kube_lease_release(struct kube_lease *lease, kube_lease_released_fn released, void *context)
{
	bool is_ours = lease->is_leader;

	lease->is_over = true;
	lease->released = released;
	lease->released_context = context;
	loop_timer_stop(lease->timer);
	loop_timer_stop(lease->deadline);
	lease_set_leader(lease, false);
	kube_call_free(take_ptr(&lease->call));
	kube__lease_watch_free(take_ptr(&lease->watch));
	if (!is_ours)
		lease->nothing = loop_defer(lease->loop, lease_tell_released, lease);
	else if (lease->version.size > 0)
		lease_give_back(lease);
	else
		lease_send(lease, KUBE_GET, STR(""), lease_read_before_release);
}

/* ---- The handle ---- */

static void lease_complete_options(struct kube_lease *lease)
{
	struct kube_lease_options *options = &lease->options;

	options->namespace = arena_str(lease->arena, options->namespace);
	options->name = arena_str(lease->arena, options->name);
	options->identity = arena_str(lease->arena, options->identity);
	if (options->duration_ms == 0)
		options->duration_ms = LEASE_DURATION_MS;
	if (options->renew_deadline_ms == 0)
		options->renew_deadline_ms = LEASE_RENEW_DEADLINE_MS;
	if (options->retry_period_ms == 0)
		options->retry_period_ms = LEASE_RETRY_PERIOD_MS;
	assert(options->duration_ms >= 1000 && options->identity.size > 0);
	assert(options->duration_ms > options->renew_deadline_ms);
	assert(options->renew_deadline_ms * 10 > options->retry_period_ms * 12);
}

struct kube_lease *kube_lease_new(
	struct kube_client *client, const struct kube_lease_options *options)
{
	struct kube_lease *lease = new_zeroed(struct kube_lease);
	struct loop *loop = kube__client_loop(client);
	autobuf labels = BUF_INIT(512);

	lease->client = client;
	lease->loop = loop;
	lease->arena = arena_new(512);
	lease->options = *options;
	lease_complete_options(lease);
	lease->version = BUF_INIT(LEASE_VERSION_MAX);
	lease->timer = loop_timer_new(loop, lease_try, lease);
	lease->deadline = loop_timer_new(loop, lease_deadline_is_over, lease);
	buf_printf(&labels, "name=\"%.*s\"", STR_ARG(lease->options.name));
	lease->status = metrics_series(options->metrics, &lease_status_family, labels.data);
	return lease;
}

void kube_lease_start(struct kube_lease *lease)
{
	assert(!lease->is_over && lease->call == NULL);
	lease_try(lease);
}

bool kube_lease_is_leader(const struct kube_lease *lease)
{
	int64_t age_us = clock_mono().us - lease->held_at.us;

	return lease->is_leader && age_us < lease->options.duration_ms * 1000;
}

struct str kube_lease_holder(const struct kube_lease *lease)
{
	return lease->record.holder;
}

void kube_lease_free(struct kube_lease *lease)
{
	if (lease == NULL)
		return;
	loop_source_free(lease->timer);
	loop_source_free(lease->deadline);
	loop_source_free(lease->nothing);
	kube_call_free(lease->call);
	kube__lease_watch_free(lease->watch);
	buf_done(&lease->version);
	arena_free(lease->record_arena);
	arena_free(lease->arena);
	free(lease);
}
