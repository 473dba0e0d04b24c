/* Three paths, as kubebuilder's programs have them. */
#include "http/health.h"

static void health_answer(
	struct http_server_answer *answer, int status, const char *type, const struct buf *text)
{
	answer->status = status;
	answer->content_type = type;
	answer->bytes = buf_str(text);
}

static void health_ready(
	struct http_health *health, bool is_verbose, struct http_server_answer *answer)
{
	size_t missing = 0;

	for (size_t i = 0; i < health->check_count; i++) {
		const struct http_health_check *check = &health->checks[i];
		const char *why = check->missing(check->context);
		missing += why != NULL ? 1 : 0;
		if (why != NULL)
			buf_printf(&health->text, "[-]%s: waiting for %s\n", check->name, why);
		else if (is_verbose)
			buf_printf(&health->text, "[+]%s ok\n", check->name);
	}
	buf_add_text(&health->text, missing > 0 ? "readyz check failed\n" : "ok\n");
	health_answer(answer, missing > 0 ? 503 : 200, "text/plain; charset=utf-8", &health->text);
}

static void health_metrics(struct http_health *health, struct http_server_answer *answer)
{
	if (health->before_metrics != NULL)
		health->before_metrics(health->context);
	metrics_write(health->metrics, &health->text);
	health_answer(answer, 200, "text/plain; version=0.0.4; charset=utf-8", &health->text);
}

void http_health_handle(
	void *context, const struct http_server_request *request, struct http_server_answer *answer)
{
	struct http_health *health = context;

	if (!str_is(request->method, "GET") && !str_is(request->method, "HEAD"))
		return;
	buf_clear(&health->text);
	if (str_is(request->path, "/healthz")) {
		buf_add_text(&health->text, "ok\n");
		health_answer(answer, 200, "text/plain; charset=utf-8", &health->text);
	} else if (str_is(request->path, "/readyz")) {
		health_ready(health, str_contains(request->query, STR("verbose")), answer);
	} else if (str_is(request->path, "/metrics")) {
		health_metrics(health, answer);
	}
}
