/*
 * The changes of one Lease while we wait for it, as the server tells them: who waits sees a release
 * at once and a renewal when it is made, without asking again and again. Of this room only.
 */
#ifndef KUBE_LEASE_WATCH_H
#define KUBE_LEASE_WATCH_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "kube/client.h"
#include "json/json.h"

struct kube__lease_watch;

struct kube__lease_watch_options {
	const struct kube_resource *resource;
	struct str namespace;
	struct str name;
	struct str resource_version; /* where the watch begins */
	/* A new state of the Lease, borrowed; NULL: it was deleted. */
	void (*changed)(void *context, const struct json *lease);
	/* The watch is over; `err` is NULL when the server ended it in good order. Called once; the
	 * last thing done with the watch, which may be released in it. */
	void (*ended)(void *context, const struct error *err);
	void *context;
};

/* Texts are not kept. The caller owns it; `client` must outlive it. Never NULL. */
must_check struct kube__lease_watch *kube__lease_watch_start(
	struct kube_client *client, const struct kube__lease_watch_options *options);

/* May be NULL; not from `changed`. */
void kube__lease_watch_free(struct kube__lease_watch *watch);

#endif
