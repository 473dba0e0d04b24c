/*
 * What a Lease says and what follows from it. Of this room only; pure. Facts:
 * coordination.k8s.io/v1 LeaseSpec; k8s.io/client-go/tools/leaderelection.
 */
#ifndef KUBE_LEASE_RECORD_H
#define KUBE_LEASE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/time.h"
#include "json/json.h"

/* The spec of a Lease; an empty holder means that it was released. */
struct kube__lease_record {
	struct str holder;
	int64_t duration_seconds;
	int64_t transitions;
	struct wall_time acquired_at;
	struct wall_time renewed_at;
};

/* Reads a Lease object; the holder's name is copied into `arena`. */
void kube__lease_read(
	const struct json *lease, struct arena *arena, struct kube__lease_record *ret_record);

bool kube__lease_equal(const struct kube__lease_record *a, const struct kube__lease_record *b);

enum kube__lease_step {
	KUBE__LEASE_WAIT, /* somebody else holds it */
	KUBE__LEASE_TAKE, /* nobody holds it, or its holder has not renewed it in time */
	KUBE__LEASE_RENEW, /* we hold it */
};

/*
 * What to do about a record that was first seen at `seen_at` and has not changed since. The clocks
 * of others play no part.
 */
enum kube__lease_step kube__lease_decide(const struct kube__lease_record *record,
	struct str identity, struct mono_time seen_at, struct mono_time now);

/*
 * Milliseconds until such a record is to be judged again although nothing was heard of it: when its
 * holder's time is over, and once a minute at least. At least 1.
 */
int64_t kube__lease_ms_left(
	const struct kube__lease_record *record, struct mono_time seen_at, struct mono_time now);

/*
 * Appends a Lease with this record: the body of its creation (with `name`), or a patch that counts
 * for `resource_version` only.
 */
void kube__lease_write_new(
	struct buf *out, const struct kube__lease_record *record, struct str name);
void kube__lease_write_patch(
	struct buf *out, const struct kube__lease_record *record, struct str resource_version);

#endif
