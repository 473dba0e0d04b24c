/*
 * A key has one item as long as there is something to remember about it: that it is ready, in work,
 * delayed, or has failed. The ready ones form a list in the order they became so.
 */
#include "kube/queue.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/list.h"
#include "base/map.h"
#include "sys/clock.h"

enum {
	QUEUE_RETRY_FIRST_MS = 5,
	QUEUE_RETRY_LONGEST_MS = 30 * 1000,
	QUEUE_KEYS_PER_TURN = 64, /* work begun before the loop looks at its descriptors again */
};

struct queue_item {
	struct kube_queue *queue;
	char *key;
	size_t key_size;
	struct list link; /* in queue.ready, or in none */
	struct loop_source *timer; /* NULL: never delayed */
	struct mono_time due; /* when the timer is set */
	bool is_active;
	bool is_wanted_again; /* added while active */
	unsigned failures;
	struct mono_time added_at; /* became ready, or began to be wanted again */
	struct mono_time began_at;
};

struct queue_metrics {
	struct metric *depth;
	struct metric *adds;
	struct metric *retries;
	struct metric *waited;
	struct metric *worked;
	struct metric *unfinished;
	struct metric *longest;
};

struct kube_queue {
	struct loop *loop;
	kube_queue_work_fn work;
	void *context;
	size_t max_active;
	const struct kube_queue *first;
	struct map items;
	struct list ready;
	size_t ready_count;
	size_t active_count;
	bool is_started;
	struct loop_source *pump; /* set when there is something to begin */
	struct queue_metrics metrics;
};

/* ---- Metrics, under the names of controller-runtime ---- */

static const double queue_buckets[] = {
	1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000};

static const struct metric_family queue_depth_family = {
	.name = "workqueue_depth",
	.type = METRIC_GAUGE,
	.help = "Current depth of workqueue by workqueue and priority",
};
static const struct metric_family queue_adds_family = {
	.name = "workqueue_adds_total",
	.type = METRIC_COUNTER,
	.help = "Total number of adds handled by workqueue",
};
static const struct metric_family queue_retries_family = {
	.name = "workqueue_retries_total",
	.type = METRIC_COUNTER,
	.help = "Total number of retries handled by workqueue",
};
static const struct metric_family queue_waited_family = {
	.name = "workqueue_queue_duration_seconds",
	.type = METRIC_HISTOGRAM,
	.help = "How long in seconds an item stays in workqueue before being requested",
	.buckets = queue_buckets,
	.bucket_count = array_size(queue_buckets),
};
static const struct metric_family queue_worked_family = {
	.name = "workqueue_work_duration_seconds",
	.type = METRIC_HISTOGRAM,
	.help = "How long in seconds processing an item from workqueue takes.",
	.buckets = queue_buckets,
	.bucket_count = array_size(queue_buckets),
};
static const struct metric_family queue_unfinished_family = {
	.name = "workqueue_unfinished_work_seconds",
	.type = METRIC_GAUGE,
	.help = "How many seconds of work has been done that is in progress and hasn't been "
		"observed by work_duration.",
};
static const struct metric_family queue_longest_family = {
	.name = "workqueue_longest_running_processor_seconds",
	.type = METRIC_GAUGE,
	.help = "How many seconds has the longest running processor for workqueue been running.",
};

static void queue_make_metrics(struct queue_metrics *own, struct metrics *metrics, const char *name)
{
	autobuf labels = BUF_INIT(512);

	buf_printf(&labels, "name=\"%s\",controller=\"%s\"", name, name);
	*own = (struct queue_metrics){
		.depth = metrics_series(metrics, &queue_depth_family, labels.data),
		.adds = metrics_series(metrics, &queue_adds_family, labels.data),
		.retries = metrics_series(metrics, &queue_retries_family, labels.data),
		.waited = metrics_series(metrics, &queue_waited_family, labels.data),
		.worked = metrics_series(metrics, &queue_worked_family, labels.data),
		.unfinished = metrics_series(metrics, &queue_unfinished_family, labels.data),
		.longest = metrics_series(metrics, &queue_longest_family, labels.data),
	};
}

static double queue_seconds_since(struct mono_time start)
{
	return (double)(clock_mono().us - start.us) / (double)TIME_SECOND_US;
}

void kube_queue_update_metrics(struct kube_queue *queue)
{
	double unfinished = 0;
	double longest = 0;
	size_t position = 0;
	const struct queue_item *item;

	while ((item = map_next(&queue->items, &position, NULL)) != NULL) {
		double seconds = item->is_active ? queue_seconds_since(item->began_at) : 0;
		unfinished += seconds;
		longest = seconds > longest ? seconds : longest;
	}
	metric_set(queue->metrics.unfinished, unfinished);
	metric_set(queue->metrics.longest, longest);
}

/* ---- Items ---- */

static struct str queue_item_key(const struct queue_item *item)
{
	return (struct str){item->key, item->key_size};
}

static bool queue_item_is_ready(const struct queue_item *item)
{
	return !list_is_empty(&item->link);
}

static bool queue_item_is_delayed(const struct queue_item *item)
{
	return item->timer != NULL && loop_timer_is_set(item->timer);
}

static struct queue_item *queue_item_of(struct kube_queue *queue, struct str key)
{
	struct queue_item *item = map_get(&queue->items, key);

	if (item != NULL)
		return item;
	item = new_zeroed(struct queue_item);
	item->queue = queue;
	item->key = str_dup(key);
	item->key_size = key.size;
	list_init(&item->link);
	(void)map_set(&queue->items, key, item); /* it was absent */
	return item;
}

static void queue_item_free(struct queue_item *item)
{
	loop_source_free(item->timer);
	free(item->key);
	free(item);
}

/* Releases an item that nothing is to be remembered about. */
static void queue_item_let_go(struct queue_item *item)
{
	if (item->is_active || queue_item_is_ready(item) || queue_item_is_delayed(item) ||
		item->failures > 0)
		return;
	(void)map_remove(&item->queue->items, queue_item_key(item)); /* it is `item` */
	queue_item_free(item);
}

/* ---- From ready to active to done ---- */

/*
 * Whether one more key may be in work. A queue that holds back has one all the same: it starves
 * never, and looks again when that is done.
 */
static bool queue_has_room(const struct kube_queue *queue)
{
	bool holds_back = queue->first != NULL && queue->first->ready_count > 0;

	return queue->active_count < (holds_back ? 1 : queue->max_active);
}

static void queue_wake(struct kube_queue *queue)
{
	if (queue->is_started && queue->ready_count > 0 && queue_has_room(queue))
		loop_timer_set(queue->pump, 0);
}

static void queue_make_ready(struct queue_item *item)
{
	struct kube_queue *queue = item->queue;

	list_append(&queue->ready, &item->link);
	queue->ready_count++;
	metric_set(queue->metrics.depth, (double)queue->ready_count);
	queue_wake(queue);
}

static void queue_item_add(struct queue_item *item)
{
	bool is_known = item->is_active ? item->is_wanted_again : queue_item_is_ready(item);

	if (item->timer != NULL)
		loop_timer_stop(item->timer);
	if (is_known)
		return;
	metric_add(item->queue->metrics.adds, 1);
	item->added_at = clock_mono();
	if (item->is_active)
		item->is_wanted_again = true;
	else
		queue_make_ready(item);
}

static void queue_item_begin(struct queue_item *item)
{
	struct kube_queue *queue = item->queue;

	list_remove(&item->link);
	queue->ready_count--;
	queue->active_count++;
	item->is_active = true;
	item->began_at = clock_mono();
	metric_set(queue->metrics.depth, (double)queue->ready_count);
	metric_observe(queue->metrics.waited, queue_seconds_since(item->added_at));
	queue->work(queue->context, queue_item_key(item));
}

static void queue_begin_some(void *context)
{
	struct kube_queue *queue = context;

	for (int i = 0; i < QUEUE_KEYS_PER_TURN && queue->ready_count > 0 && queue_has_room(queue);
		i++)
		queue_item_begin(list_item(queue->ready.next, struct queue_item, link));
	queue_wake(queue);
}

static void queue_item_delay_is_over(void *context)
{
	queue_item_add(context);
}

static void queue_item_delay(struct queue_item *item, int64_t delay_ms)
{
	struct mono_time due = {clock_mono().us + delay_ms * 1000};

	if (queue_item_is_ready(item) || (item->is_active && item->is_wanted_again) ||
		(queue_item_is_delayed(item) && item->due.us <= due.us))
		return;
	if (item->timer == NULL)
		item->timer = loop_timer_new(item->queue->loop, queue_item_delay_is_over, item);
	item->due = due;
	loop_timer_set(item->timer, delay_ms);
}

static int64_t queue_retry_delay_ms(unsigned failures)
{
	int64_t delay_ms = QUEUE_RETRY_FIRST_MS;

	while (--failures > 0 && delay_ms < QUEUE_RETRY_LONGEST_MS)
		delay_ms *= 2;
	return delay_ms < QUEUE_RETRY_LONGEST_MS ? delay_ms : QUEUE_RETRY_LONGEST_MS;
}

/* ---- The public face ---- */

struct kube_queue *kube_queue_new(struct loop *loop, const struct kube_queue_options *options)
{
	struct kube_queue *queue = new_zeroed(struct kube_queue);

	assert(options->max_active > 0);
	queue->loop = loop;
	queue->work = options->work;
	queue->context = options->context;
	queue->max_active = options->max_active;
	queue->first = options->first;
	list_init(&queue->ready);
	queue->pump = loop_timer_new(loop, queue_begin_some, queue);
	queue_make_metrics(&queue->metrics, options->metrics, options->name);
	return queue;
}

void kube_queue_free(struct kube_queue *queue)
{
	size_t position = 0;
	struct queue_item *item;

	if (queue == NULL)
		return;
	while ((item = map_next(&queue->items, &position, NULL)) != NULL)
		queue_item_free(item);
	map_done(&queue->items);
	loop_source_free(queue->pump);
	free(queue);
}

void kube_queue_start(struct kube_queue *queue)
{
	queue->is_started = true;
	queue_wake(queue);
}

void kube_queue_add(struct kube_queue *queue, struct str key)
{
	queue_item_add(queue_item_of(queue, key));
}

void kube_queue_add_after(struct kube_queue *queue, struct str key, int64_t delay_ms)
{
	if (delay_ms <= 0)
		queue_item_add(queue_item_of(queue, key));
	else
		queue_item_delay(queue_item_of(queue, key), delay_ms);
}

void kube_queue_done(struct kube_queue *queue, struct str key, enum kube_queue_outcome outcome)
{
	struct queue_item *item = map_get(&queue->items, key);

	assert(item != NULL && item->is_active);
	item->is_active = false;
	queue->active_count--;
	metric_observe(queue->metrics.worked, queue_seconds_since(item->began_at));
	item->failures = outcome == KUBE_QUEUE_FAILED ? item->failures + 1 : 0;
	if (item->is_wanted_again) {
		item->is_wanted_again = false;
		queue_make_ready(item);
	} else if (outcome == KUBE_QUEUE_FAILED) {
		metric_add(queue->metrics.retries, 1);
		queue_item_delay(item, queue_retry_delay_ms(item->failures));
	}
	queue_item_let_go(item);
	queue_wake(queue);
}

unsigned kube_queue_failures(const struct kube_queue *queue, struct str key)
{
	const struct queue_item *item = map_get(&queue->items, key);

	return item != NULL ? item->failures : 0;
}

size_t kube_queue_depth(const struct kube_queue *queue)
{
	return queue->ready_count;
}

size_t kube_queue_active(const struct kube_queue *queue)
{
	return queue->active_count;
}
