/* Tables of what all objects share, and the two rules that go with them: conditions, selectors. */
#include "api/meta.h"

#include "api/names.h"

static const struct json_field api_annotations_fields[] = {
	{.name = API_ANNOTATION_SCHEDULE,
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_annotations, schedule),
		.description =
			"On a Deployment, StatefulSet or DaemonSet: its Pods are checkpointed at "
			"these times. The value is the schedule of the CheckpointSchedule that KCR "
			"makes for the workload, under the workload's name."},
	{.name = API_ANNOTATION_CONTAINERS,
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_annotations, containers),
		.description = "On such a workload: names of the containers that are checkpointed, "
			       "separated by commas. Left out: all running containers except init "
			       "containers."},
	{.name = API_ANNOTATION_TIME_ZONE,
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_annotations, time_zone),
		.description =
			"On such a workload: the IANA time zone of the schedule. Left out: UTC."},
	{.name = API_ANNOTATION_RESTORES,
		.type = JSON_FIELD_STRING,
		.flags = JSON_DISTINCT,
		.offset = offsetof(struct api_annotations, restores),
		.description = "On a Pod, written by KCR: what was done about its containers (the "
			       "images they had, the Checkpoints they were restored from)."},
};

const struct json_object api_annotations_object =
	JSON_OBJECT_OF("annotations", struct api_annotations, api_annotations_fields);

static const struct json_field api_owner_fields[] = {
	{.name = "apiVersion",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_owner, api_version)},
	{.name = "kind", .type = JSON_FIELD_STRING, .offset = offsetof(struct api_owner, kind)},
	{.name = "name", .type = JSON_FIELD_STRING, .offset = offsetof(struct api_owner, name)},
	{.name = "uid", .type = JSON_FIELD_STRING, .offset = offsetof(struct api_owner, uid)},
	{.name = "controller",
		.type = JSON_FIELD_BOOL,
		.offset = offsetof(struct api_owner, controller)},
	{.name = "blockOwnerDeletion",
		.type = JSON_FIELD_BOOL,
		.offset = offsetof(struct api_owner, block_owner_deletion)},
};

static const struct json_object api_owner_object =
	JSON_OBJECT_OF("ownerReference", struct api_owner, api_owner_fields);

enum { API_HEAD_FIELDS = 7 };

static const struct json_field api_metadata_fields[] = {
	{.name = "name", .type = JSON_FIELD_STRING, .offset = offsetof(struct api_metadata, name)},
	{.name = "namespace",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_metadata, namespace)},
	{.name = "uid", .type = JSON_FIELD_STRING, .offset = offsetof(struct api_metadata, uid)},
	{.name = "resourceVersion",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_metadata, resource_version)},
	{.name = "generation",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_metadata, generation)},
	{.name = "labels",
		.type = JSON_FIELD_STRING_MAP,
		.offset = offsetof(struct api_metadata, labels)},
	{.name = "annotations",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_metadata, annotations),
		.object = &api_annotations_object}, /* the last one of API_HEAD_FIELDS */
	{.name = "ownerReferences",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct api_metadata, owners),
		.object = &api_owner_object},
	{.name = "creationTimestamp",
		.type = JSON_FIELD_TIME,
		.flags = JSON_NULLABLE,
		.offset = offsetof(struct api_metadata, created)},
	{.name = "deletionTimestamp",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_metadata, deleted)},
};

const struct json_object api_metadata_object =
	JSON_OBJECT_OF("metadata", struct api_metadata, api_metadata_fields);

/* Up to the annotations. */
static const struct json_object api_head_metadata_object = {
	.name = "metadata",
	.size = sizeof(struct api_metadata),
	.fields = api_metadata_fields,
	.field_count = API_HEAD_FIELDS,
};

static const struct json_field api_head_fields[] = {
	{.name = "metadata",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_head, metadata),
		.object = &api_head_metadata_object},
};

const struct json_object api_head_object = JSON_OBJECT_OF("head", struct api_head, api_head_fields);

const struct api_owner *api_metadata_controller(const struct api_metadata *metadata)
{
	const struct api_owner *owners = metadata->owners.items;

	for (size_t i = 0; i < metadata->owners.count; i++)
		if (owners[i].controller)
			return &owners[i];
	return NULL;
}

static const struct json_field api_reference_fields[] = {
	{.name = "apiVersion",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_reference, api_version),
		.max_length = 253,
		.description = "Group and version of the object."},
	{.name = "kind",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_reference, kind),
		.max_length = 63,
		.description = "Kind of the object."},
	{.name = "namespace",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_reference, namespace),
		.max_length = 63,
		.description = "Namespace of the object."},
	{.name = "name",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_reference, name),
		.max_length = 253,
		.description = "Name of the object."},
	{.name = "uid",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_reference, uid),
		.max_length = 128,
		.description = "UID of the object."},
	{.name = "resourceVersion",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_reference, resource_version),
		.max_length = 128,
		.description = "Version of the object that was meant; accepted, not used."},
	{.name = "fieldPath",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_reference, field_path),
		.max_length = 1024,
		.description = "Part of the object that was meant; accepted, not used."},
};

const struct json_object api_reference_object =
	JSON_OBJECT_OF("objectReference", struct api_reference, api_reference_fields);

static const char *const api_condition_statuses[] = {"True", "False", "Unknown", NULL};

static const struct json_field api_condition_fields[] = {
	{.name = "type",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_condition, type),
		.max_length = 316,
		.description = "What the condition is about."},
	{.name = "status",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_condition, status),
		.choices = api_condition_statuses,
		.description = "Whether it holds."},
	{.name = "observedGeneration",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_condition, observed_generation),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "The metadata.generation that the condition was found for."},
	{.name = "lastTransitionTime",
		.type = JSON_FIELD_TIME,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_condition, last_transition),
		.description = "When the status last changed from one value to another."},
	{.name = "reason",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_condition, reason),
		.max_length = 1024,
		.description = "Why, in one CamelCase word for programs."},
	{.name = "message",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_condition, message),
		.max_length = 32768,
		.description = "Why, in words for people."},
};

const struct json_object api_condition_object =
	JSON_OBJECT_OF("condition", struct api_condition, api_condition_fields);

static const char *const api_selector_operators[] = {"In", "NotIn", "Exists", "DoesNotExist", NULL};

static const struct json_field api_selector_requirement_fields[] = {
	{.name = "key",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_selector_requirement, key),
		.max_length = 317,
		.description = "The label's name."},
	{.name = "operator",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_selector_requirement, operator),
		.choices = api_selector_operators,
		.description = "How the label relates to the values."},
	{.name = "values",
		.type = JSON_FIELD_STRINGS,
		.offset = offsetof(struct api_selector_requirement, values),
		.max_length = 256,
		.description = "Values for In and NotIn; none for Exists and DoesNotExist."},
};

static const struct json_object api_selector_requirement_object = JSON_OBJECT_OF(
	"matchExpression", struct api_selector_requirement, api_selector_requirement_fields);

static const struct json_field api_selector_fields[] = {
	{.name = "matchLabels",
		.type = JSON_FIELD_STRING_MAP,
		.offset = offsetof(struct api_selector, match_labels),
		.max_length = 128,
		.description = "Labels that a Pod must have with exactly these values."},
	{.name = "matchExpressions",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct api_selector, match_expressions),
		.object = &api_selector_requirement_object,
		.max_length = 64,
		.description = "Further requirements; all of them must hold."},
};

const struct json_object api_selector_object =
	JSON_OBJECT_OF("labelSelector", struct api_selector, api_selector_fields);

const struct api_condition *api_condition_find(const struct json_list *conditions, const char *type)
{
	const struct api_condition *items = conditions->items;

	for (size_t i = 0; i < conditions->count; i++)
		if (str_is(items[i].type, type))
			return &items[i];
	return NULL;
}

bool api_condition_is_true(const struct json_list *conditions, const char *type)
{
	const struct api_condition *condition = api_condition_find(conditions, type);

	return condition != NULL && str_is(condition->status, "True");
}

static bool api_condition_equal(const struct api_condition *a, const struct api_condition *b)
{
	return str_equal(a->status, b->status) && str_equal(a->reason, b->reason) &&
		str_equal(a->message, b->message) &&
		a->observed_generation == b->observed_generation;
}

/* Where the condition of that type lies; the count when there is none. */
static size_t api_condition_index(const struct json_list *conditions, struct str type)
{
	const struct api_condition *items = conditions->items;
	size_t i = 0;

	while (i < conditions->count && !str_equal(items[i].type, type))
		i++;
	return i;
}

bool api_condition_set(
	struct json_list *conditions, const struct api_condition *next, struct arena *arena)
{
	const struct api_condition *old = conditions->items;
	size_t index = api_condition_index(conditions, next->type);
	bool is_new = index == conditions->count;
	size_t count = conditions->count + (is_new ? 1 : 0);
	struct api_condition *items;

	if (!is_new && api_condition_equal(&old[index], next))
		return false;
	items = arena_zeroed(arena, count, sizeof(*items));
	for (size_t i = 0; i < conditions->count; i++)
		items[i] = old[i];
	items[index] = *next;
	if (!is_new && str_equal(old[index].status, next->status))
		items[index].last_transition = old[index].last_transition;
	*conditions = (struct json_list){items, count};
	return true;
}

bool api_selector_is_empty(const struct api_selector *selector)
{
	return selector == NULL ||
		(selector->match_labels.count == 0 && selector->match_expressions.count == 0);
}

static bool api_strings_have(const struct json_strings *strings, struct str text)
{
	for (size_t i = 0; i < strings->count; i++)
		if (str_equal(strings->items[i], text))
			return true;
	return false;
}

static bool api_requirement_holds(
	const struct api_selector_requirement *requirement, const struct json_string_map *labels)
{
	struct str value = json_string_map_get(labels, requirement->key);
	bool is_there = value.data != NULL;

	if (str_is(requirement->operator, "In"))
		return is_there && api_strings_have(&requirement->values, value);
	if (str_is(requirement->operator, "NotIn"))
		return !is_there || !api_strings_have(&requirement->values, value);
	if (str_is(requirement->operator, "Exists"))
		return is_there;
	return str_is(requirement->operator, "DoesNotExist") && !is_there;
}

bool api_selector_matches(const struct api_selector *selector, const struct json_string_map *labels)
{
	const struct api_selector_requirement *requirements;

	if (api_selector_is_empty(selector))
		return false;
	for (size_t i = 0; i < selector->match_labels.count; i++) {
		const struct json_pair *wanted = &selector->match_labels.items[i];
		struct str value = json_string_map_get(labels, wanted->key);

		if (value.data == NULL || !str_equal(value, wanted->value))
			return false;
	}
	requirements = selector->match_expressions.items;
	for (size_t i = 0; i < selector->match_expressions.count; i++)
		if (!api_requirement_holds(&requirements[i], labels))
			return false;
	return true;
}
