/* The record is read and written by one table. */
#include "kube/lease_record.h"

enum { LEASE_LOOK_MS = 60 * 1000 };

static const struct json_field lease_record_fields[] = {
	{
		.name = "holderIdentity",
		.type = JSON_FIELD_STRING,
		.flags = JSON_WRITE_EMPTY,
		.offset = offsetof(struct kube__lease_record, holder),
	},
	{
		.name = "leaseDurationSeconds",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct kube__lease_record, duration_seconds),
	},
	{
		.name = "leaseTransitions",
		.type = JSON_FIELD_I64,
		.flags = JSON_WRITE_EMPTY,
		.offset = offsetof(struct kube__lease_record, transitions),
	},
	{
		.name = "acquireTime",
		.type = JSON_FIELD_MICROTIME,
		.offset = offsetof(struct kube__lease_record, acquired_at),
	},
	{
		.name = "renewTime",
		.type = JSON_FIELD_MICROTIME,
		.offset = offsetof(struct kube__lease_record, renewed_at),
	},
};

static const struct json_object lease_record_object =
	JSON_OBJECT_OF("LeaseSpec", struct kube__lease_record, lease_record_fields);

void kube__lease_read(
	const struct json *lease, struct arena *arena, struct kube__lease_record *ret_record)
{
	struct error ignored; /* not strict: what cannot be read counts as absent */

	if (json_decode(json_get(lease, "spec"), &lease_record_object, false, arena, ret_record,
		    &ignored) < 0)
		*ret_record = (struct kube__lease_record){0};
}

bool kube__lease_equal(const struct kube__lease_record *a, const struct kube__lease_record *b)
{
	return str_equal(a->holder, b->holder) && a->duration_seconds == b->duration_seconds &&
		a->transitions == b->transitions && a->acquired_at.us == b->acquired_at.us &&
		a->renewed_at.us == b->renewed_at.us;
}

enum kube__lease_step kube__lease_decide(const struct kube__lease_record *record,
	struct str identity, struct mono_time seen_at, struct mono_time now)
{
	int64_t age_us = now.us - seen_at.us;

	if (str_equal(record->holder, identity))
		return KUBE__LEASE_RENEW;
	if (record->holder.size == 0 || age_us / TIME_SECOND_US >= record->duration_seconds)
		return KUBE__LEASE_TAKE;
	return KUBE__LEASE_WAIT;
}

int64_t kube__lease_ms_left(
	const struct kube__lease_record *record, struct mono_time seen_at, struct mono_time now)
{
	int64_t age_ms = (now.us - seen_at.us) / 1000;
	int64_t left_ms = LEASE_LOOK_MS;

	if (record->duration_seconds <= (age_ms + LEASE_LOOK_MS) / 1000)
		left_ms = record->duration_seconds * 1000 - age_ms;
	return left_ms > 0 ? left_ms : 1;
}

void kube__lease_write_new(
	struct buf *out, const struct kube__lease_record *record, struct str name)
{
	struct json_writer writer = json_writer(out);

	json_begin_object(&writer);
	json_set_text(&writer, "apiVersion", "coordination.k8s.io/v1");
	json_set_text(&writer, "kind", "Lease");
	json_set_object(&writer, "metadata");
	json_set_str(&writer, "name", name);
	json_end_object(&writer);
	json_key(&writer, STR("spec"));
	json_encode(&writer, &lease_record_object, record);
	json_end_object(&writer);
}

void kube__lease_write_patch(
	struct buf *out, const struct kube__lease_record *record, struct str resource_version)
{
	struct json_writer writer = json_writer(out);

	json_begin_object(&writer);
	json_set_object(&writer, "metadata");
	json_set_str(&writer, "resourceVersion", resource_version);
	json_end_object(&writer);
	json_key(&writer, STR("spec"));
	json_encode(&writer, &lease_record_object, record);
	json_end_object(&writer);
}
