/* CheckpointSchedule: which Pods are checkpointed when, what is kept and when it is restored. */
#include "api/internal.h"
#include "api/kinds.h"

static const char *const api_concurrency_texts[] = {"Forbid", "Allow", "Replace", NULL};
static const char *const api_restore_policy_texts[] = {"OnFailure", "Always", "Never", NULL};

static const struct json_field api_retention_fields[] = {
	{.name = "maxCount",
		.type = JSON_FIELD_I64,
		.flags = JSON_HAS_DEFAULT,
		.offset = offsetof(struct api_retention, max_count),
		.default_i64 = 3,
		.minimum = 1,
		.maximum = 100,
		.description =
			"How many checkpoints are kept of each container of each Pod. The "
			"oldest one goes first, but never the only one that can be restored."},
	{.name = "maxAge",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_retention, max_age),
		.max_length = 32,
		.description = "Checkpoints older than this are deleted: a duration such as 12h or "
			       "1h30m. Left out, age does not matter."},
};

static const struct json_object api_retention_object =
	JSON_OBJECT_OF("retention", struct api_retention, api_retention_fields);

static const struct json_field api_restore_fields[] = {
	{.name = "policy",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_restore, policy),
		.default_text = "OnFailure",
		.choices = api_restore_policy_texts,
		.description =
			"OnFailure: a container that failed (an exit code other than 0, a "
			"signal, out of memory, a failed liveness probe) comes back with its "
			"memory. Always: also one that exited with code 0. Never: checkpoints "
			"are only taken and kept."},
	{.name = "stableSeconds",
		.type = JSON_FIELD_I64,
		.flags = JSON_HAS_DEFAULT | JSON_WRITE_EMPTY,
		.offset = offsetof(struct api_restore, stable_seconds),
		.default_i64 = 5,
		.minimum = 0,
		.maximum = 3600,
		.description =
			"How long a container must have stayed Ready after a checkpoint "
			"before that checkpoint may be restored. It keeps the seconds before "
			"a crash from being brought back with the crash."},
	{.name = "retryWindowSeconds",
		.type = JSON_FIELD_I64,
		.flags = JSON_HAS_DEFAULT | JSON_WRITE_EMPTY,
		.offset = offsetof(struct api_restore, retry_window_seconds),
		.default_i64 = 60,
		.minimum = 0,
		.maximum = 86400,
		.description = "When a restored container fails again within this time, the next "
			       "older checkpoint is used; when none is left, it starts cold."},
};

static const struct json_object api_restore_object =
	JSON_OBJECT_OF("restore", struct api_restore, api_restore_fields);

static const struct json_field api_schedule_spec_fields[] = {
	{.name = "schedule",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_schedule_spec, schedule),
		.max_length = 1024,
		.description = "When checkpoints are taken: a cron expression of five fields "
			       "(minute, hour, day of month, month, day of week), or @hourly, "
			       "@daily, @weekly, @monthly, @yearly, or an interval such as "
			       "'@every 90m'."},
	{.name = "selector",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct api_schedule_spec, selector),
		.object = &api_selector_object,
		.description = "Which Pods of this namespace are checkpointed, by their labels. An "
			       "empty selector matches no Pod."},
	{.name = "timeZone",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_schedule_spec, time_zone),
		.max_length = 255,
		.description = "The IANA time zone of the schedule, such as Europe/Berlin. Left "
			       "out: UTC."},
	{.name = "immediate",
		.type = JSON_FIELD_BOOL,
		.flags = JSON_HAS_DEFAULT,
		.offset = offsetof(struct api_schedule_spec, immediate),
		.default_bool = false,
		.description = "Takes the first checkpoints as soon as a container of the Pods is "
			       "Ready, without waiting for the first time that the schedule names. "
			       "Of a schedule that has run it changes nothing."},
	{.name = "suspend",
		.type = JSON_FIELD_BOOL,
		.flags = JSON_HAS_DEFAULT,
		.offset = offsetof(struct api_schedule_spec, suspend),
		.default_bool = false,
		.description =
			"Takes no further checkpoints while true. Checkpoints that exist are "
			"kept and restored as before. Of the runs that were due meanwhile the "
			"last one is made up for afterwards, unless startingDeadlineSeconds "
			"says otherwise."},
	{.name = "startingDeadlineSeconds",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_schedule_spec, starting_deadline_seconds),
		.minimum = 0,
		.maximum = INT32_MAX,
		.description = "A run that could not begin within this time (the controller was "
			       "away, the requests of the run before were not finished) is left "
			       "out, and an event says so. Left out or 0: however late, the last "
			       "missed run is made up for. Earlier missed runs never are."},
	{.name = "concurrencyPolicy",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_schedule_spec, concurrency_policy),
		.default_text = "Forbid",
		.choices = api_concurrency_texts,
		.description = "What happens when a run is due and requests of an earlier run are "
			       "not finished. Forbid: it waits for them; when the following run is "
			       "due meanwhile, that one waits in its place. Allow: both go on. "
			       "Replace: the earlier requests are deleted."},
	{.name = "containers",
		.type = JSON_FIELD_STRINGS,
		.offset = offsetof(struct api_schedule_spec, containers),
		.max_length = 64,
		.description = "Names of the containers that are checkpointed. Empty: all running "
			       "containers of the Pod except init containers."},
	{.name = "timeoutSeconds",
		.type = JSON_FIELD_I64,
		.flags = JSON_HAS_DEFAULT,
		.offset = offsetof(struct api_schedule_spec, timeout_seconds),
		.default_i64 = 300,
		.minimum = 1,
		.maximum = 3600,
		.description = "How long a checkpoint may take until its request fails."},
	{.name = "retention",
		.type = JSON_FIELD_OBJECT,
		.flags = JSON_HAS_DEFAULT,
		.offset = offsetof(struct api_schedule_spec, retention),
		.object = &api_retention_object,
		.description = "Which checkpoints are kept."},
	{.name = "restore",
		.type = JSON_FIELD_OBJECT,
		.flags = JSON_HAS_DEFAULT,
		.offset = offsetof(struct api_schedule_spec, restore),
		.object = &api_restore_object,
		.description = "When a container is restored, and from which checkpoint."},
	{.name = "failedRequestsHistoryLimit",
		.type = JSON_FIELD_I64,
		.flags = JSON_HAS_DEFAULT | JSON_WRITE_EMPTY,
		.offset = offsetof(struct api_schedule_spec, failed_requests_history_limit),
		.default_i64 = 3,
		.minimum = 0,
		.maximum = 100,
		.description = "How many failed requests of this schedule are kept to look at. "
			       "Completed ones go with their Checkpoints, as retention says, and "
			       "have no limit of their own (successfulRequestsHistoryLimit)."},
};

static const struct json_object api_schedule_spec_object =
	JSON_OBJECT_OF("spec", struct api_schedule_spec, api_schedule_spec_fields);

static const struct json_field api_schedule_status_fields[] = {
	{.name = "lastRunTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_schedule_status, last_run),
		.description = "When requests were last created; the time that was due."},
	{.name = "lastMissedTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_schedule_status, last_missed),
		.description = "The last due time that was left out because of "
			       "startingDeadlineSeconds."},
	{.name = "lastSuccessfulTime",
		.type = JSON_FIELD_MICROTIME,
		.offset = offsetof(struct api_schedule_status, last_successful),
		.description = "When a request of this schedule was last completed."},
	{.name = "nextRunTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_schedule_status, next_run),
		.description =
			"When requests will be created next; while a run waits (see the "
			"condition Covered), since when one is due. Absent while suspended."},
	{.name = "missedRuns",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_schedule_status, missed),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description =
			"How many due times passed without requests, all in all: the controller "
			"was away, the schedule was suspended, or requests of an earlier run were "
			"not finished. Of one such time at most 100 are counted."},
	{.name = "active",
		.type = JSON_FIELD_I64,
		.flags = JSON_WRITE_EMPTY,
		.offset = offsetof(struct api_schedule_status, active),
		.minimum = 0,
		.maximum = INT32_MAX,
		.description = "How many requests of this schedule are not finished."},
	{.name = "observedGeneration",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_schedule_status, observed_generation),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "The metadata.generation that this status was written for."},
	{.name = "conditions",
		.type = JSON_FIELD_LIST,
		.flags = JSON_LIST_BY_TYPE,
		.offset = offsetof(struct api_schedule_status, conditions),
		.object = &api_condition_object,
		.max_length = 16,
		.description = "Ready: whether the schedule is carried out, and why not. Covered: "
			       "whether the run that was due last asked for a checkpoint of every "
			       "container that is meant; if not, of which ones and why, and "
			       "Unknown while the run has to wait, and for what."},
};

static const struct json_object api_schedule_status_object =
	JSON_OBJECT_OF("status", struct api_schedule_status, api_schedule_status_fields);

static const struct json_field api_schedule_fields[] = {
	{.name = "metadata",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_schedule, metadata),
		.object = &api_metadata_object},
	{.name = "spec",
		.type = JSON_FIELD_OBJECT,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_schedule, spec),
		.object = &api_schedule_spec_object,
		.description = "What is wanted."},
	{.name = "status",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_schedule, status),
		.object = &api_schedule_status_object,
		.description = "What KCR found and did."},
};

static const struct json_object api_schedule_object =
	JSON_OBJECT_OF("CheckpointSchedule", struct api_schedule, api_schedule_fields);

static const struct json_field api_schedule_terms_spec_fields[] = {
	{.name = "retention",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_schedule_spec, retention),
		.object = &api_retention_object},
	{.name = "restore",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_schedule_spec, restore),
		.object = &api_restore_object},
};

static const struct json_object api_schedule_terms_spec_object =
	JSON_OBJECT_OF("spec", struct api_schedule_spec, api_schedule_terms_spec_fields);

static const struct json_field api_schedule_terms_fields[] = {
	{.name = "spec",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_schedule, spec),
		.object = &api_schedule_terms_spec_object},
};

const struct json_object api_schedule_terms_object =
	JSON_OBJECT_OF("terms", struct api_schedule, api_schedule_terms_fields);

static const struct api_column api_schedule_columns[] = {
	{"Schedule", "string", ".spec.schedule", "When checkpoints are taken"},
	{"Suspend", "boolean", ".spec.suspend", "Whether it pauses"},
	{"Active", "integer", ".status.active", "Requests that are not finished"},
	{"Last Run", "date", ".status.lastRunTime", "Time since requests were created"},
	/* A date in the future is shown as <invalid>, so this one is a string. */
	{"Next Run", "string", ".status.nextRunTime", "When requests will be created next"},
	{"Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status",
		"Whether the schedule is carried out"},
	{"Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason",
		"Why the schedule is or is not carried out", .is_wide = true},
	{"Age", "date", ".metadata.creationTimestamp", "Time since it was created"},
};

/*
 * What schedule_cron_parse() accepts, as far as regular expressions tell it: ranges that run
 * backwards and dates that never come are found by the controller. A rule about one field says
 * nothing about texts that are no five fields, so that each mistake has one message.
 */
#define CRON_ITEM(value) "([*?]|(" value ")(-(" value "))?)(/0*[1-9][0-9]*)?"
#define CRON_LIST(value) CRON_ITEM(value) "(," CRON_ITEM(value) ")*"
#define CRON_FIVE        "^\\s*[^@\\s]\\S*(\\s+\\S+){4}\\s*$"
#define CRON_RULE(before, value, text)                                                             \
	{                                                                                          \
		"spec.schedule",                                                                   \
			"self.contains('TZ=') || !self.matches(r'" CRON_FIVE                       \
			"') || self.matches(r'^\\s*(\\S+\\s+){" before                             \
			"}" CRON_LIST(value) "(\\s|$)')",                                          \
			text ", ranges and lists of these, steps such as */5, and *"               \
	}

#define ZONE_PART "[A-Za-z0-9._+][A-Za-z0-9._+-]{0,13}"

static const struct api_rule api_schedule_rules[] = {
	{"spec.schedule", "!self.contains('TZ=')",
		"a time zone does not belong into the schedule; set spec.timeZone instead"},
	{"spec.schedule",
		"self.contains('TZ=') || self.matches(r'^\\s*@') || self.matches(r'" CRON_FIVE "')",
		"expected five fields (minute, hour, day of month, month, day of week) such as "
		"'*/5 * * * *', or a word such as @hourly"},
	{"spec.schedule",
		"!self.matches(r'^\\s*@') || self.matches(r'^\\s*@(hourly|daily|midnight|weekly|"
		"monthly|yearly|annually|every\\s+([0-9]+(h|ms|m|s))+)\\s*$')",
		"expected @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually or an "
		"interval such as '@every 1h30m'"},
	CRON_RULE("0", "0*[1-5]?[0-9]", "the minute (first field) must be of 0-59"),
	CRON_RULE("1", "0*(1?[0-9]|2[0-3])", "the hour (second field) must be of 0-23"),
	CRON_RULE(
		"2", "0*([1-9]|[12][0-9]|3[01])", "the day of month (third field) must be of 1-31"),
	CRON_RULE("3", "0*([1-9]|1[0-2])|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
		"the month (fourth field) must be of 1-12 or jan-dec"),
	CRON_RULE("4", "0*[0-7]|(?i:sun|mon|tue|wed|thu|fri|sat)",
		"the day of week (fifth field) must be of 0-7 (0 and 7 are Sunday) or sun-sat"),
	{"spec.timeZone", "self.lowerAscii() != 'local'",
		"'Local' would be the zone of the controller's machine; name an IANA zone such as "
		"Europe/Berlin, or leave timeZone out for UTC"},
	{"spec.timeZone",
		"self == '' || !self.contains('..') && self.matches(r'^" ZONE_PART "(/" ZONE_PART
		")*$')",
		"expected the name of an IANA zone such as Europe/Berlin"},
	{"spec.selector.matchExpressions",
		"self.all(each, (each.operator in ['In', 'NotIn']) == "
		"(has(each.values) && each.values.size() > 0))",
		"In and NotIn need values, Exists and DoesNotExist take none"},
	{"spec.retention.maxAge", "self.matches('^([0-9]+(h|ms|m|s))*$')",
		"expected a duration such as 12h or 1h30m, of the units h, m, s, ms"},
};

static const char *const api_schedule_selectable_fields[] = {".spec.suspend", NULL};

const struct api_kind api_schedule_kind = {
	.name = "CheckpointSchedule",
	.plural = "checkpointschedules",
	.singular = "checkpointschedule",
	.short_name = "ckps",
	.description =
		"CheckpointSchedule takes checkpoints of the containers of the Pods that its "
		"selector matches, again and again, keeps as many as its retention says, and "
		"says when a failed container gets its memory back from them. Annotating a "
		"Deployment, StatefulSet or DaemonSet with "
		"kcr.io/checkpoint-restore-schedule makes one of the workload's name.",
	.object = &api_schedule_object,
	.columns = api_schedule_columns,
	.column_count = array_size(api_schedule_columns),
	.rules = api_schedule_rules,
	.rule_count = array_size(api_schedule_rules),
	.selectable_fields = api_schedule_selectable_fields,
};

enum api_concurrency api_schedule_concurrency(const struct api_schedule *schedule)
{
	return (enum api_concurrency)api__choice(
		api_concurrency_texts, schedule->spec.concurrency_policy);
}

enum api_restore_policy api_schedule_restore_policy(const struct api_schedule *schedule)
{
	return (enum api_restore_policy)api__choice(
		api_restore_policy_texts, schedule->spec.restore.policy);
}
