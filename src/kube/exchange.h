/*
 * One HTTP exchange with the API server as who we are: waits for credentials, sends, and after a
 * 401 sends once more when newer credentials can be had. Of this room only.
 */
#ifndef KUBE_EXCHANGE_H
#define KUBE_EXCHANGE_H

#include "base/attributes.h"
#include "http/client.h"
#include "kube/client.h"

struct kube__exchange;

/* What stays the same in all exchanges of a client; it owns this. */
struct kube__peer;

must_check int kube__peer_new(struct loop *loop, const struct kube_config *config,
	struct metrics *metrics, struct kube__peer **ret_peer, struct error *err);
void kube__peer_free(struct kube__peer *peer); /* may be NULL */
const char *kube__peer_token(struct kube__peer *peer);
void kube__peer_set_trace(struct kube__peer *peer, kube_trace_fn trace, void *context);
void kube__peer_count_retry(struct kube__peer *peer, const char *method);

struct kube__exchange_request {
	const char *method; /* static */
	const char *path; /* with its query */
	const char *content_type; /* NULL: no body */
	struct str body;
	int64_t timeout_ms; /* from the moment the credentials are there */
	int64_t silence_ms; /* 0: none */
	size_t max_bytes;
	bool own_connection;
	bool is_stream; /* not compressed */
};

/*
 * Starts an exchange; `request` and its path are copied, its body is borrowed until the exchange
 * is released. The callbacks are as for http_call_start, `done` and `data` only: a body that is not
 * 2xx comes to `done`, also when it is a stream's. The caller owns the exchange. Never NULL.
 */
must_check struct kube__exchange *kube__exchange_start(struct kube__peer *peer,
	const struct kube__exchange_request *request, const struct http_callbacks *callbacks);

void kube__exchange_free(struct kube__exchange *exchange); /* may be NULL; may be in a callback */

/* The peer behind a client, for informers. */
struct kube__peer *kube__client_peer(struct kube_client *client);
struct loop *kube__client_loop(struct kube_client *client);

#endif
