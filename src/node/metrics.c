/*
 * What the agent counts beside its reconcilers. Each series is there from the start, so that the
 * first event is a rise from 0 and not a series out of nothing.
 */
#include "node/attempts.h"
#include "node/state.h"

static const struct metric_family node_checkpoints_total = {
	.name = "kcr_checkpoints_total",
	.type = METRIC_COUNTER,
	.help = "Checkpoints asked of the kubelet, by result",
};
static const double node_size_buckets[] = {1048576, 4194304, 16777216, 67108864, 268435456,
	1073741824, 4294967296, 17179869184, 68719476736};
static const struct metric_family node_checkpoint_size = {
	.name = "kcr_checkpoint_size_bytes",
	.type = METRIC_HISTOGRAM,
	.help = "Size of the checkpoints that were taken into the store",
	.buckets = node_size_buckets,
	.bucket_count = array_size(node_size_buckets),
};
static const double node_frozen_buckets[] = {
	0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
static const struct metric_family node_checkpoint_frozen = {
	.name = "kcr_checkpoint_frozen_seconds",
	.type = METRIC_HISTOGRAM,
	.help = "Time that containers stood still for a checkpoint, as CRIU measured it",
	.buckets = node_frozen_buckets,
	.bucket_count = array_size(node_frozen_buckets),
};
static const struct metric_family node_restores_total = {
	.name = "kcr_restores_total",
	.type = METRIC_COUNTER,
	.help = "Containers that ended and had checkpoints, by strategy and what was done",
};
static const struct metric_family node_exported_bytes = {
	.name = "kcr_exported_bytes_total",
	.type = METRIC_COUNTER,
	.help = "Bytes of checkpoints that were sent to users",
};
static const struct metric_family node_store_bytes = {
	.name = "kcr_store_bytes",
	.type = METRIC_GAUGE,
	.help = "Bytes of the checkpoints that this node keeps",
};
static const struct metric_family node_store_checkpoints = {
	.name = "kcr_store_checkpoints",
	.type = METRIC_GAUGE,
	.help = "Checkpoints that this node keeps",
};
static const struct metric_family node_store_free_bytes = {
	.name = "kcr_store_free_bytes",
	.type = METRIC_GAUGE,
	.help = "Bytes left on the file system of the store",
};
static const struct metric_family node_store_room_bytes = {
	.name = "kcr_store_room_bytes",
	.type = METRIC_GAUGE,
	.help = "Bytes that the store may still take, by its limits",
};

static struct metric *node_takes(struct node *node, bool is_taken)
{
	return metrics_series(node->metrics, &node_checkpoints_total,
		is_taken ? "result=\"taken\"" : "result=\"failed\"");
}

void node_metrics_init(struct node *node)
{
	const char *labels;

	(void)node_takes(node, true);
	(void)node_takes(node, false);
	(void)metrics_series(node->metrics, &node_checkpoint_size, NULL);
	(void)metrics_series(node->metrics, &node_checkpoint_frozen, NULL);
	(void)metrics_series(node->metrics, &node_exported_bytes, NULL);
	for (size_t i = 0; (labels = node_attempt_labels(i)) != NULL; i++)
		(void)metrics_series(node->metrics, &node_restores_total, labels);
}

void node_count_take(struct node *node, bool is_taken)
{
	metric_add(node_takes(node, is_taken), 1);
}

void node_count_restore(struct node *node, const char *labels)
{
	metric_add(metrics_series(node->metrics, &node_restores_total, labels), 1);
}

void node_count_exported(struct node *node, int64_t bytes)
{
	metric_add(metrics_series(node->metrics, &node_exported_bytes, NULL), (double)bytes);
}

void node_observe_entry(struct node *node, const struct node_entry *entry)
{
	metric_observe(metrics_series(node->metrics, &node_checkpoint_size, NULL),
		(double)entry->layer_bytes);
	metric_observe(metrics_series(node->metrics, &node_checkpoint_frozen, NULL),
		(double)entry->frozen_us / (double)TIME_SECOND_US);
}

static void node_set_gauge(struct node *node, const struct metric_family *family, uint64_t value)
{
	metric_set(metrics_series(node->metrics, family, NULL), (double)value);
}

void node_metrics_update(struct node *node)
{
	struct node_store_usage usage = node_store_usage(node->store);

	node_set_gauge(node, &node_store_bytes, usage.used_bytes);
	node_set_gauge(node, &node_store_checkpoints, usage.count);
	node_set_gauge(node, &node_store_free_bytes, usage.free_bytes);
	node_set_gauge(node, &node_store_room_bytes, usage.room_bytes);
}
