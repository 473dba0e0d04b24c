/*
 * Requests to the API server on the loop. A call is a handle: releasing it cancels it. Every call
 * has a deadline; 429 and, where repeating is harmless, 5xx and broken connections are retried
 * within it, after what Retry-After says. Objects are changed by patches only.
 * Facts: Kubernetes API concepts; k8s.io/client-go/rest.
 */
#ifndef KUBE_CLIENT_H
#define KUBE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/metrics.h"
#include "base/str.h"
#include "kube/config.h"
#include "kube/resource.h"
#include "loop/loop.h"
#include "json/json.h"

struct kube_client;
struct kube_call;

/*
 * `config` and `metrics` (rest_client_requests_total, rest_client_request_retries_total) are
 * borrowed. Fails with SYSTEM.
 */
must_check int kube_client_new(struct loop *loop, const struct kube_config *config,
	struct metrics *metrics, struct kube_client **ret_client, struct error *err);
/* All that was started with it must have been released. May be NULL. */
void kube_client_free(struct kube_client *client);

define_clean_up(struct kube_client, kube_client_free, kube_client_free)
#define autokubeclient clean_up(kube_client_free_clean) struct kube_client

/*
 * The token that requests are sent with now (the agent shows it to its kubelet too); NULL
 * when there is none or it comes from a plugin that has not run yet. Borrowed until control
 * returns to the loop.
 */
const char *kube_client_token(struct kube_client *client);

/* An exchange that has ended: its path with the query, and 0 where no answer came. No secrets. */
typedef void (*kube_trace_fn)(
	void *context, const char *method, const char *path, int status, int64_t took_ms);

/* Calls back for each exchange from now on, those of informers included. `trace` may be NULL. */
void kube_client_set_trace(struct kube_client *client, kube_trace_fn trace, void *context);

enum kube_verb {
	KUBE_GET,
	KUBE_LIST, /* one page */
	KUBE_CREATE,
	KUBE_MERGE, /* JSON merge patch (RFC 7386) */
	KUBE_STRATEGIC_MERGE, /* lists merge by key; built-in kinds only */
	KUBE_JSON_PATCH, /* RFC 6902 */
	KUBE_APPLY, /* server-side apply, forced; needs a field manager */
	KUBE_DELETE,
	KUBE_VERB_COUNT,
};

enum kube_propagation {
	KUBE_PROPAGATION_DEFAULT,
	KUBE_PROPAGATION_BACKGROUND,
	KUBE_PROPAGATION_FOREGROUND,
	KUBE_PROPAGATION_ORPHAN,
};

/* One request; what a verb does not need stays zero. */
struct kube_request {
	enum kube_verb verb;
	const struct kube_resource *resource;
	struct str namespace; /* empty: cluster-scoped; for LIST: all namespaces */
	struct str name; /* empty for LIST and CREATE */
	struct str subresource; /* "status", or empty */
	struct str body; /* CREATE, MERGE, JSON_PATCH, APPLY: JSON */
	struct str field_manager; /* who owns the fields that are written */
	bool is_dry_run; /* the server checks and answers, and keeps nothing */
	bool existing_is_fine; /* CREATE: AlreadyExists counts as success (without a document) */
	bool absent_is_fine; /* DELETE, patches: NotFound counts as success (likewise) */
	struct str uid; /* DELETE: only this incarnation; else CONFLICT */
	struct str resource_version; /* DELETE: only this version; LIST: "not older than" */
	enum kube_propagation propagation; /* DELETE */
	struct str label_selector; /* LIST */
	struct str field_selector; /* LIST */
	int limit; /* LIST: objects per page; 0: all */
	struct str continue_token; /* LIST: where the page before ended */
	int64_t timeout_ms; /* of the call with its retries; 0: 30 s */
	bool own_connection; /* not shared with other requests (lease traffic) */
};

/* How a call ended. */
struct kube_answer {
	struct json_doc *doc; /* what the server sent; NULL on failure; json_doc_ref() keeps it */
	int status; /* HTTP status; 0 when there was none */
	bool already_exists; /* CONFLICT because the name is taken */
	int64_t retry_after_ms; /* -1: the server did not say */
};

/*
 * Called exactly once, from the loop, unless the call is released before; `answer` is borrowed.
 * `err` is NULL on success. Its text names the verb and the object and has the server's message:
 * "cannot get pods 'a/b': pods "b" not found". Kinds by HTTP status: 404 ABSENT, 409 CONFLICT,
 * 410 GONE, 401 and 403 DENIED, 400 and 422 INVALID, 408 and 504 TIMEOUT, 413 TOO_BIG, 429 and 503
 * BUSY, 405, 406, 415 and 501 UNSUPPORTED, other 5xx SYSTEM. Without an answer: SYSTEM, TIMEOUT,
 * TOO_BIG, DENIED (TLS or credential plugin), CORRUPT; INVALID for a name that is none.
 */
typedef void (*kube_done_fn)(
	void *context, const struct kube_answer *answer, const struct error *err);

/*
 * Starts a call; `request` and all it refers to are copied, except `resource`. The caller owns the
 * call. Nothing is called back before this returns. Never NULL.
 */
must_check struct kube_call *kube_call_start(struct kube_client *client,
	const struct kube_request *request, kube_done_fn done, void *context);

/* Cancels and releases. May be NULL; may be called from `done`. */
void kube_call_free(struct kube_call *call);

#endif
