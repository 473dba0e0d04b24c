/*
 * What the controller counts beside its reconcilers. Each series is there from the start, so that
 * the first event is a rise from 0 and not a series out of nothing.
 */
#include "control/state.h"

#include "sys/clock.h"

static const struct metric_family control_restores_total = {
	.name = "kcr_restores_total",
	.type = METRIC_COUNTER,
	.help = "Containers that ended and had checkpoints, by strategy and what was done",
};

static const double control_lag_buckets[] = {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600};

static const struct metric_family control_lag = {
	.name = "kcr_schedule_lag_seconds",
	.type = METRIC_HISTOGRAM,
	.help = "Time from when a run of a schedule was due until its CheckpointRequests were made",
	.buckets = control_lag_buckets,
	.bucket_count = array_size(control_lag_buckets),
};

static const struct metric_family control_waiting = {
	.name = "kcr_schedules_waiting",
	.type = METRIC_GAUGE,
	.help = "Schedules that are due and wait in line, because so many checkpoints are under "
		"way as the cluster may take",
};

static const struct metric_family control_newest_age = {
	.name = "kcr_newest_checkpoint_age_seconds",
	.type = METRIC_GAUGE,
	.help = "Age of the newest restorable Checkpoint of a schedule, or of the schedule while "
		"it has none",
};

void control_metrics_init(struct control *control)
{
	static const char *const outcomes[] = {"restored", "cold", "clean"};

	for (size_t i = 0; i < array_size(outcomes); i++)
		control_count_restore(control, outcomes[i], 0);
	(void)metrics_series(control->metrics, &control_lag, NULL);
}

void control_count_restore(struct control *control, const char *outcome, double count)
{
	autobuf labels = BUF_INIT(128);

	buf_printf(&labels, "strategy=\"image\",outcome=\"%s\"", outcome);
	metric_add(metrics_series(control->metrics, &control_restores_total, labels.data), count);
}

void control_observe_lag(struct control *control, struct wall_time due)
{
	metric_observe(metrics_series(control->metrics, &control_lag, NULL),
		(double)(clock_wall().us - due.us) / (double)TIME_SECOND_US);
}

/* ---- What is known only when it is asked for ---- */

void control_metrics_update(struct control *control)
{
	metric_set(metrics_series(control->metrics, &control_waiting, NULL),
		(double)control_turns_waiting(control->turns));
}

/* What a failure now would throw the workload back to: its newest good Checkpoint, or nothing. */
static struct wall_time control_newest_good(
	const struct control *control, const struct kube_object *object)
{
	autoarena *arena = arena_new(CONTROL_SCHEDULE_BYTES);
	const struct api_schedule *schedule =
		kube_object_read(object, api_schedule_kind.object, arena);
	struct wall_time newest = schedule->metadata.created;
	size_t count;
	const struct kube_object *const *objects =
		kube_index_get(control->checkpoints_by_schedule, object->uid, &count);

	for (size_t i = 0; i < count; i++) {
		const struct api_checkpoint *checkpoint = objects[i]->view;

		if (checkpoint->spec.timestamp.us > newest.us &&
			api_condition_is_true(
				&checkpoint->status.conditions, API_CONDITION_RESTORABLE))
			newest = checkpoint->spec.timestamp;
	}
	return newest;
}

void control_metrics_write_ages(const struct control *control, struct buf *out)
{
	int64_t now_us = clock_wall().us;
	const struct kube_object *object;
	autobuf labels = BUF_INIT(1024);
	size_t position = 0;

	metrics_write_head(&control_newest_age, out);
	while ((object = kube_informer_next(control->schedules, &position)) != NULL) {
		struct wall_time newest = control_newest_good(control, object);

		buf_clear(&labels);
		buf_printf(&labels, "namespace=\"%.*s\",schedule=\"%.*s\"",
			STR_ARG(object->namespace), STR_ARG(object->name));
		metrics_write_value(&control_newest_age, labels.data,
			(double)(now_us - newest.us) / (double)TIME_SECOND_US, out);
	}
}
