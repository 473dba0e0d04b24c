/*
 * Events of events.k8s.io/v1: what an administrator must know about an object. Saying the same
 * again counts in the same Event (its series). What is said is bounded per object, queued up to a
 * limit, sent one by one, and dropped and counted when the server will not have it. Facts:
 * events.k8s.io/v1; k8s.io/client-go/tools/events and tools/record.
 */
#ifndef KUBE_EVENTS_H
#define KUBE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/metrics.h"
#include "base/str.h"
#include "kube/client.h"

/* An ObjectReference. */
struct kube_reference {
	struct str api_version;
	struct str kind;
	struct str namespace; /* empty for cluster-scoped objects */
	struct str name;
	struct str uid;
	struct str field_path; /* "spec.containers{redis}"; may be empty */
};

struct kube_event {
	struct kube_reference regarding;
	bool is_warning; /* type Warning, else Normal */
	struct str reason; /* CamelCase, specific, at most 128 bytes: "RestoredFromCheckpoint" */
	struct str action; /* what was done or tried; empty: as the reason */
	struct str note; /* for people; cut to 1024 bytes */
};

struct kube_events;

/* Texts are copied. */
struct kube_events_options {
	struct str controller; /* reportingController: "kcr.io/controller" */
	struct str instance; /* reportingInstance: the Pod's or node's name */
	struct metrics *metrics; /* borrowed; kcr_events_dropped_total */
	int64_t retry_delay_ms; /* between tries of one event; 0: 10 s */
};

/* The caller owns it; `client` must outlive it. Never NULL. */
must_check struct kube_events *kube_events_new(
	struct kube_client *client, const struct kube_events_options *options);

/* What is still queued is lost. May be NULL. */
void kube_events_free(struct kube_events *events);

/* Queues the event; everything in it is copied. It never fails: what is dropped is counted. */
void kube_events_emit(struct kube_events *events, const struct kube_event *event);

/* Events that wait to be sent; to let them out before a clean exit. */
size_t kube_events_pending(const struct kube_events *events);

#endif
