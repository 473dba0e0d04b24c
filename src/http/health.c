/* The paths that kubebuilder's programs have, and kube-apiserver's /livez. */
#include "http/health.h"

#include "sys/usage.h"

static void health_answer(
	struct http_server_answer *answer, int status, const char *type, const struct buf *text)
{
	answer->status = status;
	answer->content_type = type;
	answer->bytes = buf_str(text);
}

/* Adds a line for each check. Returns whether one failed. */
static bool health_has_failed(
	struct buf *text, const struct http_health_check *checks, size_t check_count)
{
	bool has_failed = false;

	buf_add_text(text, "[+]ping ok\n"); /* that we answer */
	for (size_t i = 0; i < check_count; i++) {
		const char *missing = checks[i].missing(checks[i].context);

		if (missing == NULL)
			buf_printf(text, "[+]%s ok\n", checks[i].name);
		else
			buf_printf(text, "[-]%s failed: waiting for %s\n", checks[i].name, missing);
		has_failed |= missing != NULL;
	}
	return has_failed;
}

static void health_check(struct http_health *health, const char *name, size_t check_count,
	bool is_verbose, struct http_server_answer *answer)
{
	bool has_failed = health_has_failed(&health->text, health->checks, check_count);

	if (has_failed || is_verbose) {
		buf_printf(&health->text, "%s check %s\n", name, has_failed ? "failed" : "passed");
	} else {
		buf_clear(&health->text);
		buf_add_text(&health->text, "ok");
	}
	health_answer(answer, has_failed ? 503 : 200, "text/plain; charset=utf-8", &health->text);
}

static void health_metrics(struct http_health *health, struct http_server_answer *answer)
{
	usage_update(health->metrics);
	if (health->before_metrics != NULL)
		health->before_metrics(health->context);
	metrics_write(health->metrics, &health->text);
	if (health->more_metrics != NULL)
		health->more_metrics(health->context, &health->text);
	if (health->text.is_overflown) { /* half a text would be a wrong one */
		answer->status = 500;
		return;
	}
	health_answer(answer, 200, "text/plain; version=0.0.4; charset=utf-8", &health->text);
}

void http_health_handle(
	void *context, const struct http_server_request *request, struct http_server_answer *answer)
{
	struct http_health *health = context;
	bool is_verbose = str_contains(request->query, STR("verbose"));

	if (!str_is(request->method, "GET") && !str_is(request->method, "HEAD"))
		return;
	buf_clear(&health->text);
	if (str_is(request->path, "/healthz"))
		health_check(health, "healthz", 0, is_verbose, answer);
	else if (str_is(request->path, "/livez"))
		health_check(health, "livez", 0, is_verbose, answer);
	else if (str_is(request->path, "/readyz"))
		health_check(health, "readyz", health->check_count, is_verbose, answer);
	else if (str_is(request->path, "/metrics"))
		health_metrics(health, answer);
}
