/*
 * Our seven kinds, group checkpoint-restore.kcr.io, version v1. One table per kind
 * is the source of parsing, defaults, validation, the CRDs in deploy/crds and docs/reference.md
 * (tools/generate writes both); so what a field means stands in its table's description, and only
 * what matters to C is said here. Objects are decoded into an arena and borrow from it.
 */
#ifndef API_KINDS_H
#define API_KINDS_H

#include <stdbool.h>
#include <stddef.h>

#include "api/checkpoint.h"
#include "api/checkpoint_node.h"
#include "api/export.h"
#include "api/import.h"
#include "api/request.h"
#include "api/restore_request.h"
#include "api/schedule.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "json/json.h"

#define API_GROUP         "checkpoint-restore.kcr.io"
#define API_VERSION       "v1"
#define API_GROUP_VERSION API_GROUP "/" API_VERSION

/* A column of `kubectl get`. */
struct api_column {
	const char *name;
	const char *type; /* string, integer, boolean, date (shown as an age) */
	const char *path; /* JSONPath */
	const char *description;
	bool is_wide; /* only with -o wide */
};

/* A validation rule in CEL (kubernetes.io, "Validation rules"). */
struct api_rule {
	const char *path; /* of the field it is written at: "spec.schedule" */
	const char *expression;
	const char *message; /* says what to do */
};

struct api_kind {
	const char *name; /* CheckpointSchedule */
	const char *plural; /* as in paths: checkpointschedules */
	const char *singular;
	const char *short_name;
	const char *description;
	bool is_cluster_scoped; /* else namespaced */
	const struct json_object *object; /* the members metadata, spec (may be missing), status */
	const struct api_column *columns;
	size_t column_count;
	const struct api_rule *rules;
	size_t rule_count;
	const char *const *selectable_fields; /* JSONPaths for field selectors; ends with NULL */
};

extern const struct api_kind api_schedule_kind;
extern const struct api_kind api_request_kind;
extern const struct api_kind api_checkpoint_kind;
extern const struct api_kind api_checkpoint_node_kind;
extern const struct api_kind api_restore_request_kind;
extern const struct api_kind api_export_kind;
extern const struct api_kind api_import_kind;

/* All of them, ends with NULL. */
extern const struct api_kind *const api_kinds[];

/*
 * Decodes an object of the API server into *ret_object (of the struct that belongs to `kind`) with
 * all defaults, those inside absent parts included. Members of a wrong type count as absent.
 */
must_check int api_decode(const struct json *value, const struct api_kind *kind,
	struct arena *arena, void *ret_object, struct error *err);

/* As api_decode, but refuses what the tables forbid: INVALID, naming the field. */
must_check int api_decode_strict(const struct json *value, const struct api_kind *kind,
	struct arena *arena, void *ret_object, struct error *err);

/* Fills *ret_object with what an object without a spec decodes to: the defaults, all else empty. */
void api_init(const struct api_kind *kind, void *ret_object);

/*
 * Writes apiVersion, kind, metadata and, if the kind has one, spec: the body that creates `object`.
 * Build it on top of api_init(): a number whose default is not 0 is written even when it is 0.
 */
void api_encode(struct json_writer *writer, const struct api_kind *kind, const void *object);

/*
 * Writes apiVersion, kind, metadata (name, namespace, resourceVersion) and status: the body of a
 * server-side apply to the status subresource. With the resourceVersion that was read it fails with
 * CONFLICT when the object has changed since or is another one of that name; leave it empty to
 * write in any case. (A uid would not do: the API server ignores it there.)
 */
void api_encode_status(struct json_writer *writer, const struct api_kind *kind, const void *object);

#endif
