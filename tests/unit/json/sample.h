/* A small kind with a field of each type, for the tests of decoding and encoding. */
#ifndef TESTS_JSON_SAMPLE_H
#define TESTS_JSON_SAMPLE_H

#include "base/time.h"
#include "json/json.h"

struct sample_retention {
	int64_t max_count;
	bool keep_failed;
};

struct sample_container {
	struct str name;
	struct json_strings arguments;
};

struct sample {
	struct str schedule;
	struct str policy;
	bool suspend;
	int64_t replicas;
	struct wall_time created;
	struct wall_time observed;
	struct sample_retention retention;
	struct sample_retention *override;
	struct json_strings images;
	struct json_string_map labels;
	struct json_list containers; /* struct sample_container */
};

static const char *const sample_policies[] = {"Allow", "Forbid", "Replace", NULL};

static const struct json_field sample_retention_fields[] = {
	{.name = "maxCount",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct sample_retention, max_count),
		.flags = JSON_HAS_DEFAULT,
		.default_i64 = 3,
		.minimum = 1,
		.maximum = 100},
	{.name = "keepFailed",
		.type = JSON_FIELD_BOOL,
		.offset = offsetof(struct sample_retention, keep_failed)},
};
static const struct json_object sample_retention_object =
	JSON_OBJECT_OF("Retention", struct sample_retention, sample_retention_fields);

static const struct json_field sample_container_fields[] = {
	{.name = "name",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct sample_container, name)},
	{.name = "args",
		.type = JSON_FIELD_STRINGS,
		.offset = offsetof(struct sample_container, arguments)},
};
static const struct json_object sample_container_object =
	JSON_OBJECT_OF("Container", struct sample_container, sample_container_fields);

static const struct json_field sample_fields[] = {
	{.name = "schedule",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct sample, schedule),
		.max_length = 10},
	{.name = "policy",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct sample, policy),
		.default_text = "Allow",
		.choices = sample_policies},
	{.name = "suspend",
		.type = JSON_FIELD_BOOL,
		.flags = JSON_HAS_DEFAULT | JSON_NULLABLE,
		.offset = offsetof(struct sample, suspend),
		.default_bool = true},
	{.name = "replicas",
		.type = JSON_FIELD_I64,
		.flags = JSON_WRITE_EMPTY,
		.offset = offsetof(struct sample, replicas)},
	{.name = "created", .type = JSON_FIELD_TIME, .offset = offsetof(struct sample, created)},
	{.name = "observed",
		.type = JSON_FIELD_MICROTIME,
		.offset = offsetof(struct sample, observed)},
	{.name = "retention",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct sample, retention),
		.object = &sample_retention_object},
	{.name = "override",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct sample, override),
		.object = &sample_retention_object},
	{.name = "images",
		.type = JSON_FIELD_STRINGS,
		.offset = offsetof(struct sample, images),
		.max_length = 2},
	{.name = "labels",
		.type = JSON_FIELD_STRING_MAP,
		.offset = offsetof(struct sample, labels)},
	{.name = "containers",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct sample, containers),
		.object = &sample_container_object,
		.max_length = 3},
};
static const struct json_object sample_object =
	JSON_OBJECT_OF("Sample", struct sample, sample_fields);

#endif
