/*
 * Leader election by a Lease: at most one of several replicas holds it. The timings and the meaning
 * are client-go's, so that mixed replicas would agree: a Lease is free when its record has not
 * changed for its duration, as we saw it; clocks are not compared. The holder who cannot renew it
 * in time loses it and must stop what only a leader may do; in practice its program ends. Facts:
 * k8s.io/client-go/tools/leaderelection.
 */
#ifndef KUBE_LEASE_H
#define KUBE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/metrics.h"
#include "base/str.h"
#include "kube/client.h"

struct kube_lease;

/* We became the leader, or lost the Lease (once; then the election is over for us). */
typedef void (*kube_lease_changed_fn)(void *context, bool is_leader);

/* A try failed and will be repeated; for the program's log. */
typedef void (*kube_lease_failed_fn)(void *context, const struct error *err);

/* The Lease was given back, or could not be (`err`), which shows within a second or two; it runs
 * out by itself then. */
typedef void (*kube_lease_released_fn)(void *context, const struct error *err);

/* Texts are copied. */
struct kube_lease_options {
	struct str namespace;
	struct str name;
	struct str identity; /* unique among the replicas, see kube_lease_write_identity() */
	int64_t duration_ms; /* others wait so long after our last renewal; 0: 15 s */
	int64_t renew_deadline_ms; /* we try so long to renew; less than the duration; 0: 10 s */
	int64_t retry_period_ms; /* between tries; less than deadline / 1.2; 0: 2 s */
	kube_lease_changed_fn changed;
	kube_lease_failed_fn failed; /* may be NULL */
	void *context;
	struct metrics *metrics; /* borrowed; leader_election_master_status */
};

/* Appends "hostname_<128 random bits>". */
void kube_lease_write_identity(struct buf *out);

/* The caller owns it; `client` must outlive it. Never NULL. */
must_check struct kube_lease *kube_lease_new(
	struct kube_client *client, const struct kube_lease_options *options);

/* Begins to try. Nothing is called back before this returns. */
void kube_lease_start(struct kube_lease *lease);

/* Whether the Lease is ours and nobody can have taken it yet, even if we were suspended. */
bool kube_lease_is_leader(const struct kube_lease *lease);

/* Who holds the Lease as far as we know; empty: nobody. Borrowed until control returns. */
struct str kube_lease_holder(const struct kube_lease *lease);

/*
 * Ends the election on a clean exit: who is the leader gives the Lease back, so that another one,
 * who watches it, takes it at once. `released` is called once, from the loop; `changed` no more.
 */
void kube_lease_release(struct kube_lease *lease, kube_lease_released_fn released, void *context);

/* Without kube_lease_release() the Lease stays ours until it runs out. May be NULL; may be called
 * from callbacks. */
void kube_lease_free(struct kube_lease *lease);

#endif
