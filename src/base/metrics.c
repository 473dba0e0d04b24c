/* A set of series in lists by family; counting is a pointer away, writing walks the lists. */
#include "base/metrics.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/list.h"

struct metric {
	struct list link; /* in its group */
	const struct metric_family *family;
	char *labels; /* "" for none */
	double value; /* of a histogram: the sum */
	uint64_t count;
	uint64_t buckets[]; /* cumulative only when written */
};

struct metric_group {
	struct list link; /* in the set */
	const struct metric_family *family;
	struct list series;
};

struct metrics {
	struct list groups;
};

struct metrics *metrics_new(void)
{
	struct metrics *metrics = new_zeroed(struct metrics);

	list_init(&metrics->groups);
	return metrics;
}

static void metric_group_clear(struct metric_group *group)
{
	list_for_each (link, &group->series) {
		struct metric *metric = list_item(link, struct metric, link);
		list_remove(link);
		free(metric->labels);
		free(metric);
	}
}

void metrics_free(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	list_for_each (link, &metrics->groups) {
		struct metric_group *group = list_item(link, struct metric_group, link);
		metric_group_clear(group);
		free(group);
	}
	free(metrics);
}

static struct metric_group *metrics_group(
	struct metrics *metrics, const struct metric_family *family)
{
	struct metric_group *group;

	list_for_each (link, &metrics->groups) {
		group = list_item(link, struct metric_group, link);
		if (group->family == family)
			return group;
	}
	group = new_zeroed(struct metric_group);
	group->family = family;
	list_init(&group->series);
	list_append(&metrics->groups, &group->link);
	return group;
}

struct metric *metrics_series(
	struct metrics *metrics, const struct metric_family *family, const char *labels)
{
	struct metric_group *group = metrics_group(metrics, family);
	struct metric *metric;

	labels = labels != NULL ? labels : "";
	list_for_each (link, &group->series) {
		metric = list_item(link, struct metric, link);
		if (strcmp(metric->labels, labels) == 0)
			return metric;
	}
	metric = alloc_zeroed(1, sizeof(*metric) + family->bucket_count * sizeof(uint64_t));
	metric->family = family;
	metric->labels = alloc_text(labels, strlen(labels));
	list_append(&group->series, &metric->link);
	return metric;
}

void metric_add(struct metric *metric, double amount)
{
	assert(metric->family->type != METRIC_HISTOGRAM);
	metric->value += amount;
}

void metric_set(struct metric *metric, double value)
{
	assert(metric->family->type == METRIC_GAUGE);
	metric->value = value;
}

void metric_observe(struct metric *metric, double value)
{
	const struct metric_family *family = metric->family;

	assert(family->type == METRIC_HISTOGRAM);
	metric->value += value;
	metric->count++;
	for (size_t i = 0; i < family->bucket_count; i++) {
		if (value <= family->buckets[i]) {
			metric->buckets[i]++;
			return;
		}
	}
}

double metric_value(const struct metric *metric)
{
	return metric->family->type == METRIC_HISTOGRAM ? (double)metric->count : metric->value;
}

/* The number with as many digits as bring it back. */
static void metric_write_number(struct buf *out, double value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%.15g", value);
	if (strtod(text, NULL) != value)
		(void)snprintf(text, sizeof(text), "%.17g", value);
	buf_add_text(out, text);
}

static void metric_write_histogram(const struct metric *metric, struct buf *out)
{
	const struct metric_family *family = metric->family;
	const char *comma = metric->labels[0] != '\0' ? "," : "";
	const char *open = metric->labels[0] != '\0' ? "{" : "";
	const char *close = metric->labels[0] != '\0' ? "}" : "";
	uint64_t count = 0;

	for (size_t i = 0; i < family->bucket_count; i++) {
		count += metric->buckets[i];
		buf_printf(out, "%s_bucket{%s%sle=\"", family->name, metric->labels, comma);
		metric_write_number(out, family->buckets[i]);
		buf_printf(out, "\"} %llu\n", (unsigned long long)count);
	}
	buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", family->name, metric->labels, comma,
		(unsigned long long)metric->count);
	buf_printf(out, "%s_sum%s%s%s ", family->name, open, metric->labels, close);
	metric_write_number(out, metric->value);
	buf_printf(out, "\n%s_count%s%s%s %llu\n", family->name, open, metric->labels, close,
		(unsigned long long)metric->count);
}

static void metric_write(const struct metric *metric, struct buf *out)
{
	if (metric->family->type == METRIC_HISTOGRAM)
		metric_write_histogram(metric, out);
	else
		metrics_write_value(metric->family, metric->labels, metric->value, out);
}

void metrics_write_head(const struct metric_family *family, struct buf *out)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};

	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
		types[family->type]);
}

void metrics_write_value(
	const struct metric_family *family, const char *labels, double value, struct buf *out)
{
	buf_add_text(out, family->name);
	if (labels != NULL && labels[0] != '\0')
		buf_printf(out, "{%s}", labels);
	buf_add_byte(out, ' ');
	metric_write_number(out, value);
	buf_add_byte(out, '\n');
}

void metrics_write(const struct metrics *metrics, struct buf *out)
{
	list_for_each (link, &metrics->groups) {
		struct metric_group *group = list_item(link, struct metric_group, link);
		metrics_write_head(group->family, out);
		list_for_each (series, &group->series)
			metric_write(list_item(series, struct metric, link), out);
	}
}
