/* Queue, decision, requests in order, back-off; and controller-runtime's metrics about it. */
#include "kube/reconciler.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/map.h"
#include "kube/apply.h"

enum { RECONCILER_UNSEEN_MS = 1000 };

struct kube_reconciler {
	struct loop *loop;
	struct kube_client *client;
	struct kube_queue *queue;
	struct kube_reconciler_options options;
	bool is_stopped;
	struct map runs; /* by key; struct reconciler_run, owned */
	struct map writes; /* by key; struct reconciler_write, owned */
	struct metric *succeeded;
	struct metric *requeued_after;
	struct metric *failed;
	struct metric *errors;
	struct metric *seconds;
	struct metric *active;
};

/* A plan that is being carried out. */
struct reconciler_run {
	struct kube_reconciler *reconciler;
	char *key;
	struct kube_apply *apply;
	const struct kube_then *thens; /* from the plan's arena, which `apply` owns */
	size_t then_count;
	kube_answered_fn answered;
	void *answered_context;
	int64_t wake_ms;
	struct mono_time started;
	char *version; /* of the key's object, which the plan writes; NULL: it does not */
};

/* The key's object was written, and may not be seen yet. */
struct reconciler_write {
	char *version; /* before that */
	struct mono_time until; /* is waited for it */
};

/* controller-runtime's buckets. */
static const double reconciler_buckets[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3,
	0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0,
	4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60};

static const struct metric_family reconciler_total = {
	.name = "controller_runtime_reconcile_total",
	.type = METRIC_COUNTER,
	.help = "Total number of reconciliations per controller",
};
static const struct metric_family reconciler_errors_total = {
	.name = "controller_runtime_reconcile_errors_total",
	.type = METRIC_COUNTER,
	.help = "Total number of reconciliation errors per controller",
};
static const struct metric_family reconciler_time = {
	.name = "controller_runtime_reconcile_time_seconds",
	.type = METRIC_HISTOGRAM,
	.help = "Length of time per reconciliation per controller",
	.buckets = reconciler_buckets,
	.bucket_count = array_size(reconciler_buckets),
};

static const struct metric_family reconciler_active = {
	.name = "controller_runtime_active_workers",
	.type = METRIC_GAUGE,
	.help = "Number of currently used workers per controller",
};
static const struct metric_family reconciler_max_active = {
	.name = "controller_runtime_max_concurrent_reconciles",
	.type = METRIC_GAUGE,
	.help = "Maximum number of concurrent reconciles per controller",
};

static void reconciler_run_free(struct reconciler_run *run)
{
	if (run == NULL)
		return;
	kube_apply_free(run->apply);
	free(run->key);
	free(run->version);
	free(run);
}

/* ---- Seeing what was written ---- */

static void reconciler_write_free(struct reconciler_write *write)
{
	if (write == NULL)
		return;
	free(write->version);
	free(write);
}

/* The version of the key's object, if the plan writes it; else NULL. Owned. */
static char *reconciler_version(
	const struct kube_reconciler *reconciler, struct str key, const struct kube_plan *plan)
{
	const struct kube_object *object = reconciler->options.objects != NULL
		? kube_informer_get(reconciler->options.objects, key)
		: NULL;

	for (size_t i = 0; i < plan->count && object != NULL; i++) {
		const struct kube_request *request = &plan->requests[i];

		if (request->verb == KUBE_APPLY && str_equal(request->name, object->name) &&
			str_equal(request->namespace, object->namespace))
			return str_dup(object->resource_version);
	}
	return NULL;
}

static void reconciler_wrote(struct kube_reconciler *reconciler, struct reconciler_run *run)
{
	struct reconciler_write *write;

	if (run->version == NULL)
		return;
	write = new_zeroed(struct reconciler_write);
	write->version = take_ptr(&run->version);
	write->until.us = loop_now(reconciler->loop).us + RECONCILER_UNSEEN_MS * INT64_C(1000);
	reconciler_write_free(map_set(&reconciler->writes, str_of(run->key), write));
}

/* For how long the key still waits to see what was written. */
static int64_t reconciler_unseen_ms(struct kube_reconciler *reconciler, struct str key)
{
	const struct reconciler_write *write = map_get(&reconciler->writes, key);
	const struct kube_object *object;
	int64_t left_ms;

	if (write == NULL)
		return 0;
	object = kube_informer_get(reconciler->options.objects, key);
	left_ms = (write->until.us - loop_now(reconciler->loop).us) / 1000;
	if (object != NULL && str_is(object->resource_version, write->version) && left_ms > 0)
		return left_ms;
	reconciler_write_free(map_remove(&reconciler->writes, key));
	return 0;
}

/* ---- Carrying out ---- */

static void reconciler_run_succeeded(struct reconciler_run *run, const struct kube_answer *answer)
{
	struct kube_reconciler *reconciler = run->reconciler;

	if (run->answered != NULL)
		run->answered(run->answered_context, answer->doc);
	for (size_t i = 0; i < run->then_count; i++)
		run->thens[i].call(run->thens[i].context, run->thens[i].data);
	reconciler_wrote(reconciler, run);
	metric_add(run->wake_ms > 0 ? reconciler->requeued_after : reconciler->succeeded, 1);
	if (run->wake_ms > 0)
		kube_queue_add_after(reconciler->queue, str_of(run->key), run->wake_ms);
}

static void reconciler_run_failed(struct reconciler_run *run, const struct error *err)
{
	struct kube_reconciler *reconciler = run->reconciler;

	metric_add(reconciler->failed, 1);
	metric_add(reconciler->errors, 1);
	reconciler->options.failed(reconciler->options.context, str_of(run->key), err);
}

static void reconciler_run_done(
	void *context, size_t done_count, const struct kube_answer *answer, const struct error *err)
{
	struct reconciler_run *run = context;
	struct kube_reconciler *reconciler = run->reconciler;

	(void)done_count;
	metric_observe(reconciler->seconds,
		(double)(loop_now(reconciler->loop).us - run->started.us) / 1e6);
	if (err != NULL)
		reconciler_run_failed(run, err);
	else
		reconciler_run_succeeded(run, answer);
	(void)map_remove(&reconciler->runs, str_of(run->key));
	metric_set(reconciler->active, (double)reconciler->runs.count);
	kube_queue_done(reconciler->queue, str_of(run->key),
		err != NULL ? KUBE_QUEUE_FAILED : KUBE_QUEUE_SUCCEEDED);
	reconciler_run_free(run);
}

static void reconciler_work(void *context, struct str key)
{
	struct kube_reconciler *reconciler = context;
	struct kube_plan plan = {0};
	struct reconciler_run *run;
	int64_t unseen_ms;

	if (reconciler->is_stopped)
		return;
	if (reconciler->options.may_act != NULL &&
		!reconciler->options.may_act(reconciler->options.context)) {
		kube_queue_done(reconciler->queue, key, KUBE_QUEUE_FAILED);
		return;
	}
	unseen_ms = reconciler_unseen_ms(reconciler, key);
	if (unseen_ms > 0) {
		kube_queue_add_after(reconciler->queue, key, unseen_ms);
		kube_queue_done(reconciler->queue, key, KUBE_QUEUE_SUCCEEDED);
		return;
	}
	run = new_zeroed(struct reconciler_run);
	plan.arena = arena_new(2048);
	run->reconciler = reconciler;
	run->key = str_dup(key);
	run->started = loop_now(reconciler->loop);
	reconciler->options.decide(reconciler->options.context, key, &plan);
	run->version = reconciler_version(reconciler, key, &plan);
	run->wake_ms = plan.wake_ms;
	run->thens = plan.thens;
	run->then_count = plan.then_count;
	run->answered = plan.answered;
	run->answered_context = plan.answered_context;
	(void)map_set(&reconciler->runs, key, run);
	metric_set(reconciler->active, (double)reconciler->runs.count);
	run->apply = kube_apply_start(reconciler->client, plan.arena, plan.requests, plan.count,
		reconciler_run_done, run);
}

/* ---- The reconciler ---- */

static void reconciler_make_metrics(
	struct kube_reconciler *reconciler, struct metrics *metrics, const char *name)
{
	autobuf controller = BUF_INIT(256);
	autobuf labels = BUF_INIT(256);
	const struct {
		const char *result;
		struct metric **series;
	} results[] = {
		{"success", &reconciler->succeeded},
		{"requeue_after", &reconciler->requeued_after},
		{"error", &reconciler->failed},
	};

	buf_printf(&controller, "controller=\"%s\"", name);
	for (size_t i = 0; i < array_size(results); i++) {
		buf_clear(&labels);
		buf_printf(&labels, "%s,result=\"%s\"", controller.data, results[i].result);
		*results[i].series = metrics_series(metrics, &reconciler_total, labels.data);
	}
	reconciler->errors = metrics_series(metrics, &reconciler_errors_total, controller.data);
	reconciler->seconds = metrics_series(metrics, &reconciler_time, controller.data);
	reconciler->active = metrics_series(metrics, &reconciler_active, controller.data);
	metric_set(metrics_series(metrics, &reconciler_max_active, controller.data),
		(double)reconciler->options.max_active);
}

struct kube_reconciler *kube_reconciler_new(struct loop *loop, struct kube_client *client,
	const struct kube_reconciler_options *options)
{
	struct kube_reconciler *reconciler = new_zeroed(struct kube_reconciler);
	struct kube_queue_options queue = {
		.name = options->name,
		.max_active = options->max_active,
		.first = options->first != NULL ? options->first->queue : NULL,
		.work = reconciler_work,
		.context = reconciler,
		.metrics = options->metrics,
	};

	reconciler->loop = loop;
	reconciler->client = client;
	reconciler->options = *options;
	reconciler->queue = kube_queue_new(loop, &queue);
	reconciler_make_metrics(reconciler, options->metrics, options->name);
	return reconciler;
}

void kube_reconciler_free(struct kube_reconciler *reconciler)
{
	struct reconciler_run *run;
	struct reconciler_write *write;
	size_t position = 0;

	if (reconciler == NULL)
		return;
	while ((run = map_next(&reconciler->runs, &position, NULL)) != NULL)
		reconciler_run_free(run);
	map_done(&reconciler->runs);
	position = 0;
	while ((write = map_next(&reconciler->writes, &position, NULL)) != NULL)
		reconciler_write_free(write);
	map_done(&reconciler->writes);
	kube_queue_free(reconciler->queue);
	free(reconciler);
}

void kube_reconciler_start(struct kube_reconciler *reconciler)
{
	kube_queue_start(reconciler->queue);
}

void kube_reconciler_stop(struct kube_reconciler *reconciler)
{
	reconciler->is_stopped = true;
}

void kube_reconciler_add(struct kube_reconciler *reconciler, struct str key)
{
	kube_queue_add(reconciler->queue, key);
}

size_t kube_reconciler_active(const struct kube_reconciler *reconciler)
{
	return reconciler->runs.count;
}

void kube_reconciler_update_metrics(struct kube_reconciler *reconciler)
{
	kube_queue_update_metrics(reconciler->queue);
}
