/*
 * What every program of ours tells about itself: /healthz and /livez (it runs), /readyz (it can do
 * its work), /metrics (Prometheus text). Checks are told in kube-apiserver's form: "ok", with
 * ?verbose or after a failure a line for each check. Facts: k8s.io/apiserver/pkg/server/healthz;
 * other than there, a failed check says why.
 */
#ifndef HTTP_HEALTH_H
#define HTTP_HEALTH_H

#include <stdbool.h>

#include "base/metrics.h"
#include "http/server.h"

struct http_health_check {
	const char *name;
	/* NULL when all is well, else what is missing; static or borrowed until the next call. */
	const char *(*missing)(void *context);
	void *context;
};

struct http_health {
	struct metrics *metrics;
	const struct http_health_check *checks; /* for /readyz */
	size_t check_count;
	void (*before_metrics)(void *context); /* brings gauges up to date; may be NULL */
	/* appends series that no set holds (metrics_write_head()); may be NULL */
	void (*more_metrics)(void *context, struct buf *out);
	void *context;
	struct buf text; /* internal: the newest answer; starts as HTTP_HEALTH_TEXT */
};
#define HTTP_HEALTH_TEXT BUF_INIT(4 * 1024 * 1024)

/* An http_server_fn whose context is a `struct http_health`; other paths are 404. */
void http_health_handle(
	void *health, const struct http_server_request *request, struct http_server_answer *answer);

#endif
