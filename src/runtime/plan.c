/* Tables of fields; every format is read and written by the same two functions. */
#include "runtime/plan.h"

/* A row: the member's name in JSON, its kind, its place. */
#define PLAN_ROW(json_name, kind, container, member)                                               \
	.name = (json_name), .type = (kind), .offset = offsetof(struct container, member)
#define PLAN_STRING(json_name, container, member)                                                  \
	{                                                                                          \
		PLAN_ROW(json_name, JSON_FIELD_STRING, container, member)                          \
	}
#define PLAN_NEEDED(json_name, container, member)                                                  \
	{                                                                                          \
		PLAN_ROW(json_name, JSON_FIELD_STRING, container, member), .flags = JSON_REQUIRED  \
	}
#define PLAN_NUMBER(json_name, container, member)                                                  \
	{                                                                                          \
		PLAN_ROW(json_name, JSON_FIELD_I64, container, member), .minimum = 0,              \
									.maximum = INT64_MAX       \
	}
#define PLAN_TIME(json_name, container, member)                                                    \
	{                                                                                          \
		PLAN_ROW(json_name, JSON_FIELD_MICROTIME, container, member)                       \
	}
#define PLAN_LIST(json_name, container, member, of)                                                \
	{                                                                                          \
		PLAN_ROW(json_name, JSON_FIELD_LIST, container, member), .object = &(of)           \
	}
#define PLAN_VERSION(container)                                                                    \
	{                                                                                          \
		PLAN_ROW("version", JSON_FIELD_I64, container, version), .flags = JSON_REQUIRED    \
	}

static const struct json_field plan_file_fields[] = {
	PLAN_NEEDED("path", runtime_file, path),
	PLAN_NUMBER("bytes", runtime_file, bytes),
	PLAN_NEEDED("xxh3", runtime_file, xxh3),
};
static const struct json_object plan_file_object =
	JSON_OBJECT_OF("file", struct runtime_file, plan_file_fields);

static const struct json_field plan_candidate_fields[] = {
	PLAN_STRING("name", runtime_candidate, name),
	PLAN_NEEDED("uid", runtime_candidate, uid),
	PLAN_NEEDED("directory", runtime_candidate, directory),
	PLAN_STRING("image", runtime_candidate, image),
	PLAN_TIME("taken", runtime_candidate, taken),
	PLAN_LIST("files", runtime_candidate, files, plan_file_object),
};
static const struct json_object plan_candidate_object =
	JSON_OBJECT_OF("candidate", struct runtime_candidate, plan_candidate_fields);

static const char *const plan_policies[] = {"OnFailure", "Always", "Never", NULL};

static const struct json_field plan_fields[] = {
	PLAN_VERSION(runtime_plan),
	{PLAN_ROW("policy", JSON_FIELD_STRING, runtime_plan, policy), .flags = JSON_REQUIRED,
		.choices = plan_policies},
	PLAN_NUMBER("retryWindowSeconds", runtime_plan, retry_window_seconds),
	PLAN_NUMBER("maxAgeSeconds", runtime_plan, max_age_seconds),
	{PLAN_ROW("askAgent", JSON_FIELD_BOOL, runtime_plan, ask_agent)},
	PLAN_LIST("candidates", runtime_plan, candidates, plan_candidate_object),
};
static const struct json_object plan_object =
	JSON_OBJECT_OF("plan", struct runtime_plan, plan_fields);

static const char *const plan_outcomes[] = {
	RUNTIME_RESTORED, RUNTIME_FAILED, RUNTIME_DAMAGED, RUNTIME_COLD, NULL};

static const struct json_field plan_attempt_fields[] = {
	{PLAN_ROW("outcome", JSON_FIELD_STRING, runtime_attempt, outcome), .flags = JSON_REQUIRED,
		.choices = plan_outcomes},
	PLAN_STRING("checkpoint", runtime_attempt, checkpoint),
	PLAN_STRING("containerID", runtime_attempt, container_id),
	PLAN_TIME("started", runtime_attempt, started),
	PLAN_TIME("ended", runtime_attempt, ended),
	PLAN_STRING("reason", runtime_attempt, reason),
	PLAN_STRING("message", runtime_attempt, message),
	PLAN_NUMBER("verifyMicroseconds", runtime_attempt, verify_us),
	PLAN_NUMBER("layerMicroseconds", runtime_attempt, layer_us),
	PLAN_NUMBER("restoreMicroseconds", runtime_attempt, restore_us),
};
static const struct json_object plan_attempt_object =
	JSON_OBJECT_OF("attempt", struct runtime_attempt, plan_attempt_fields);

static const struct json_field plan_record_fields[] = {
	PLAN_VERSION(runtime_record),
	PLAN_STRING("namespace", runtime_record, namespace),
	PLAN_STRING("pod", runtime_record, pod),
	PLAN_LIST("attempts", runtime_record, attempts, plan_attempt_object),
};
static const struct json_object plan_record_object =
	JSON_OBJECT_OF("record", struct runtime_record, plan_record_fields);

static const struct json_field plan_question_fields[] = {
	PLAN_VERSION(runtime_question),
	PLAN_NEEDED("podUID", runtime_question, pod_uid),
	PLAN_STRING("namespace", runtime_question, namespace),
	PLAN_STRING("pod", runtime_question, pod),
	PLAN_NEEDED("container", runtime_question, container),
	PLAN_STRING("containerID", runtime_question, container_id),
};
static const struct json_object plan_question_object =
	JSON_OBJECT_OF("question", struct runtime_question, plan_question_fields);

static const char *const plan_actions[] = {RUNTIME_ANSWER_RESTORE, RUNTIME_ANSWER_COLD, NULL};

static const struct json_field plan_answer_fields[] = {
	PLAN_VERSION(runtime_answer),
	{PLAN_ROW("action", JSON_FIELD_STRING, runtime_answer, action), .flags = JSON_REQUIRED,
		.choices = plan_actions},
	PLAN_STRING("checkpoint", runtime_answer, checkpoint),
	PLAN_STRING("reason", runtime_answer, reason),
	PLAN_STRING("message", runtime_answer, message),
};
static const struct json_object plan_answer_object =
	JSON_OBJECT_OF("answer", struct runtime_answer, plan_answer_fields);

static const struct json_field plan_order_fields[] = {
	PLAN_VERSION(runtime_order),
	PLAN_NEEDED("directory", runtime_order, directory),
};
static const struct json_object plan_order_object =
	JSON_OBJECT_OF("order", struct runtime_order, plan_order_fields);

static const struct json_field plan_direct_fields[] = {
	PLAN_VERSION(runtime_direct),
	PLAN_STRING("containerID", runtime_direct, container_id),
	PLAN_STRING("podUID", runtime_direct, pod_uid),
	PLAN_STRING("namespace", runtime_direct, namespace),
	PLAN_STRING("pod", runtime_direct, pod),
	PLAN_STRING("container", runtime_direct, container),
	PLAN_STRING("image", runtime_direct, image),
	PLAN_TIME("taken", runtime_direct, taken),
	PLAN_NUMBER("dumpMicroseconds", runtime_direct, dump_us),
	PLAN_NUMBER("layerMicroseconds", runtime_direct, layer_us),
	PLAN_NUMBER("frozenMicroseconds", runtime_direct, frozen_us),
	PLAN_NUMBER("layerBytes", runtime_direct, layer_bytes),
};
static const struct json_object plan_direct_object =
	JSON_OBJECT_OF("direct checkpoint", struct runtime_direct, plan_direct_fields);

static const struct json_field plan_config_fields[] = {
	PLAN_STRING("runtime", runtime_config, runtime),
	{PLAN_ROW("store", JSON_FIELD_STRING, runtime_config, store), .flags = JSON_HAS_DEFAULT,
		.default_text = "/var/lib/kubelet/checkpoints/kcr"},
	{PLAN_ROW("state", JSON_FIELD_STRING, runtime_config, state), .flags = JSON_HAS_DEFAULT,
		.default_text = "/run/kcr"},
	{PLAN_ROW("agentDeadlineMilliseconds", JSON_FIELD_I64, runtime_config, agent_deadline_ms),
		.flags = JSON_HAS_DEFAULT, .default_i64 = 200, .minimum = 1, .maximum = 10000},
};
static const struct json_object plan_config_object =
	JSON_OBJECT_OF("configuration", struct runtime_config, plan_config_fields);

static int plan_decode(struct str text, const struct json_object *object, struct arena *arena,
	void *ret_struct, struct error *err)
{
	autojson *doc = NULL;

	if (json_parse(text, &doc, err) < 0 ||
		json_decode(json_doc_root(doc), object, true, arena, ret_struct, err) < 0)
		return error_wrap(err, "%s", object->name);
	return 0;
}

/* As plan_decode for formats with a version, which is their first member. */
static int plan_decode_versioned(struct str text, const struct json_object *object,
	struct arena *arena, void *ret_struct, struct error *err)
{
	if (plan_decode(text, object, arena, ret_struct, err) < 0)
		return -1;
	if (*(const int64_t *)ret_struct != RUNTIME_FORMAT_VERSION)
		return error_set(err, ERROR_UNSUPPORTED, "%s: version %lld, not %d", object->name,
			(long long)*(const int64_t *)ret_struct, RUNTIME_FORMAT_VERSION);
	return 0;
}

static void plan_encode(const struct json_object *object, const void *source, struct buf *out)
{
	struct json_writer writer = json_writer(out);

	json_encode(&writer, object, source);
	buf_add_byte(out, '\n');
}

int runtime_plan_read(
	struct str text, struct arena *arena, struct runtime_plan *ret_plan, struct error *err)
{
	return plan_decode_versioned(text, &plan_object, arena, ret_plan, err);
}

void runtime_plan_write(const struct runtime_plan *plan, struct buf *out)
{
	plan_encode(&plan_object, plan, out);
}

int runtime_record_read(
	struct str text, struct arena *arena, struct runtime_record *ret_record, struct error *err)
{
	return plan_decode_versioned(text, &plan_record_object, arena, ret_record, err);
}

void runtime_record_write(const struct runtime_record *record, struct buf *out)
{
	plan_encode(&plan_record_object, record, out);
}

void runtime_record_add(
	struct runtime_record *record, const struct runtime_attempt *attempt, struct arena *arena)
{
	const struct runtime_attempt *old = record->attempts.items;
	size_t kept = record->attempts.count;
	size_t skipped = 0;
	struct runtime_attempt *items;

	if (kept >= RUNTIME_ATTEMPTS_MAX) {
		skipped = kept - RUNTIME_ATTEMPTS_MAX + 1;
		kept = RUNTIME_ATTEMPTS_MAX - 1;
	}
	items = arena_zeroed(arena, kept + 1, sizeof(*items));
	for (size_t i = 0; i < kept; i++)
		items[i] = old[skipped + i];
	items[kept] = *attempt;
	record->attempts = (struct json_list){items, kept + 1};
}

int runtime_question_read(struct str text, struct arena *arena,
	struct runtime_question *ret_question, struct error *err)
{
	return plan_decode_versioned(text, &plan_question_object, arena, ret_question, err);
}

void runtime_question_write(const struct runtime_question *question, struct buf *out)
{
	plan_encode(&plan_question_object, question, out);
}

int runtime_answer_read(
	struct str text, struct arena *arena, struct runtime_answer *ret_answer, struct error *err)
{
	return plan_decode_versioned(text, &plan_answer_object, arena, ret_answer, err);
}

void runtime_answer_write(const struct runtime_answer *answer, struct buf *out)
{
	plan_encode(&plan_answer_object, answer, out);
}

int runtime_order_read(
	struct str text, struct arena *arena, struct runtime_order *ret_order, struct error *err)
{
	return plan_decode_versioned(text, &plan_order_object, arena, ret_order, err);
}

void runtime_order_write(const struct runtime_order *order, struct buf *out)
{
	plan_encode(&plan_order_object, order, out);
}

int runtime_direct_read(
	struct str text, struct arena *arena, struct runtime_direct *ret_direct, struct error *err)
{
	return plan_decode_versioned(text, &plan_direct_object, arena, ret_direct, err);
}

void runtime_direct_write(const struct runtime_direct *direct, struct buf *out)
{
	plan_encode(&plan_direct_object, direct, out);
}

int runtime_config_read(
	struct str text, struct arena *arena, struct runtime_config *ret_config, struct error *err)
{
	return plan_decode(text, &plan_config_object, arena, ret_config, err);
}
