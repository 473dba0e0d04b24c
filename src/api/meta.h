/*
 * What all objects share: metadata, references between objects, conditions and label selectors, as
 * structs with their tables. The field names and meanings are those of k8s.io/apimachinery
 * meta/v1 and k8s.io/api core/v1. Strings are borrowed from the arena an object was decoded into.
 */
#ifndef API_META_H
#define API_META_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"
#include "json/json.h"

/* The annotations that we read or write; all others are ignored. See api/names.h. */
struct api_annotations {
	struct str schedule; /* workload: the cron expression that makes it checkpointed */
	struct str containers; /* workload: names, comma-separated; absent: all containers */
	struct str time_zone; /* workload: the time zone of the schedule */
	struct str restores; /* Pod: what was done about its containers; restore/record.h */
};

extern const struct json_object api_annotations_object;

struct api_owner {
	struct str api_version;
	struct str kind;
	struct str name;
	struct str uid;
	bool controller;
	bool block_owner_deletion;
};

struct api_metadata {
	struct str name;
	struct str namespace;
	struct str uid;
	struct str resource_version; /* opaque: compared for equality only */
	int64_t generation;
	struct json_string_map labels;
	struct api_annotations annotations;
	struct json_list owners; /* of struct api_owner */
	struct wall_time created;
	struct wall_time deleted; /* set while the object is being deleted */
};

extern const struct json_object api_metadata_object;

/*
 * The beginning of every object, its metadata up to the annotations: what is asked of many packed
 * objects (json/pack.h) before a few of them are read in full.
 */
struct api_head {
	struct api_metadata metadata; /* owners and what stands behind them are missing */
};

extern const struct json_object api_head_object;

/* The owner with controller: true; NULL when there is none. */
const struct api_owner *api_metadata_controller(const struct api_metadata *metadata);

/* core/v1 ObjectReference, complete, so that strict field validation accepts any of them. */
struct api_reference {
	struct str api_version;
	struct str kind;
	struct str namespace;
	struct str name;
	struct str uid;
	struct str resource_version;
	struct str field_path;
};

extern const struct json_object api_reference_object;

/* meta/v1 Condition. */
struct api_condition {
	struct str type;
	struct str status; /* "True", "False" or "Unknown" */
	int64_t observed_generation;
	struct wall_time last_transition;
	struct str reason; /* CamelCase */
	struct str message; /* for people */
};

extern const struct json_object api_condition_object;

/* Of a CheckpointSchedule, a Checkpoint and a CheckpointNode: it does what it is for. */
#define API_CONDITION_READY "Ready"

/* The condition `type` in a list of struct api_condition; NULL when there is none. */
const struct api_condition *api_condition_find(
	const struct json_list *conditions, const char *type);

/* Whether the condition is there with status "True". */
bool api_condition_is_true(const struct json_list *conditions, const char *type);

/*
 * Puts `next` into the list in place of the condition of its type, or at the end. When the status
 * stays what it was, the old last_transition stays too; else next->last_transition (now) counts.
 * The list is replaced by a new one from `arena`; strings are borrowed from `next`. Returns whether
 * anything has changed, i.e. whether the status has to be written.
 */
bool api_condition_set(
	struct json_list *conditions, const struct api_condition *next, struct arena *arena);

/* meta/v1 LabelSelector. */
struct api_selector_requirement {
	struct str key;
	struct str operator; /* In, NotIn, Exists, DoesNotExist */
	struct json_strings values;
};

struct api_selector {
	struct json_string_map match_labels;
	struct json_list match_expressions; /* of struct api_selector_requirement */
};

extern const struct json_object api_selector_object;

/*
 * Whether all of the selector's terms hold for the labels. Unlike in most of Kubernetes, a selector
 * without terms matches nothing: an empty selector in a schedule would freeze every Pod of its
 * namespace, which nobody means. NULL and an unknown operator match nothing either.
 */
bool api_selector_matches(
	const struct api_selector *selector, const struct json_string_map *labels);

/* Whether the selector is NULL or has no term. */
bool api_selector_is_empty(const struct api_selector *selector);

#endif
