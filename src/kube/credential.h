/*
 * Who we are, kept fresh: tokens and certificates in files are read again, plugins run again. Of
 * this room only.
 */
#ifndef KUBE_CREDENTIAL_H
#define KUBE_CREDENTIAL_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/list.h"
#include "http/client.h"
#include "kube/config.h"
#include "loop/loop.h"

struct kube__credential;

/* What a request is sent with; borrowed until control returns to the loop. */
struct kube__identity {
	const char *token; /* NULL: none */
	struct http_tls *tls; /* NULL: the system's trust */
	unsigned generation; /* differs after every change */
};

/* Somebody who waits for a plugin to end; embedded in what waits. */
struct kube__waiter {
	struct list link; /* list_init() before use; list_remove() stops waiting */
	void (*ready)(void *context, const struct error *err); /* err NULL: ask again */
	void *context;
};

/* `config` and `http` are borrowed. Never NULL. */
must_check struct kube__credential *kube__credential_new(
	struct loop *loop, const struct kube_config *config, struct http_client *http);
void kube__credential_free(struct kube__credential *credential); /* nobody may wait */

/*
 * Returns 1 with the identity to use now, or 0 when a plugin runs: `waiter` is called back once it
 * has ended. Files are read again every minute, plugins run again shortly before their credentials
 * expire. Fails with DENIED, SYSTEM.
 */
must_check int kube__credential_get(struct kube__credential *credential,
	struct kube__waiter *waiter, struct kube__identity *ret_identity, struct error *err);

/*
 * The server refused the identity of `generation` (401). Returns whether it is worth asking again:
 * the credentials have changed meanwhile, or new ones can be had.
 */
bool kube__credential_refuse(struct kube__credential *credential, unsigned generation);

/* The token in use, NULL when there is none yet; as an identity's token. */
const char *kube__credential_token(struct kube__credential *credential);

#endif
