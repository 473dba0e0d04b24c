/*
 * Counters, gauges and histograms, and their text form for Prometheus (exposition format 0.0.4).
 * A program has one set and hands it to whoever counts. Label values are copied.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/attributes.h"
#include "base/buf.h"

struct metrics;
struct metric; /* one series: a name with its labels; lives as long as its set */

must_check struct metrics *metrics_new(void); /* never NULL */
void metrics_free(struct metrics *metrics); /* may be NULL */

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* What a name means; static data. Histograms have `buckets` upper bounds in ascending order. */
struct metric_family {
	const char *name;
	enum metric_type type;
	const char *help;
	const double *buckets;
	size_t bucket_count;
};

/*
 * The series of `family` with these labels ("controller=\"pod\",result=\"success\"" already in the
 * text form, or NULL for none); made on first use. `family` is borrowed for good. Never NULL.
 */
struct metric *metrics_series(
	struct metrics *metrics, const struct metric_family *family, const char *labels);

void metric_add(struct metric *metric, double amount); /* counters and gauges */
void metric_set(struct metric *metric, double value); /* gauges */
void metric_observe(struct metric *metric, double value); /* histograms */
double metric_value(const struct metric *metric); /* a histogram's count of observations */

/* Appends everything, families in the order of their first use. */
void metrics_write(const struct metrics *metrics, struct buf *out);

/*
 * Appends what no set holds, because it is only known when it is asked for: the head of a counter
 * or gauge, then each of its series. Labels as for metrics_series().
 */
void metrics_write_head(const struct metric_family *family, struct buf *out);
void metrics_write_value(
	const struct metric_family *family, const char *labels, double value, struct buf *out);

#endif
