/* Tables of fields; every format is read and written by the same two functions. */
#include "handover/formats.h"

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
	PLAN_NEEDED("path", handover_file, path),
	PLAN_NUMBER("bytes", handover_file, bytes),
	PLAN_NEEDED("xxh3", handover_file, xxh3),
};
const struct json_object handover_file_object =
	JSON_OBJECT_OF("file", struct handover_file, plan_file_fields);

static const struct json_field plan_files_fields[] = {
	PLAN_VERSION(handover_files),
	PLAN_LIST("files", handover_files, files, handover_file_object),
};
static const struct json_object plan_files_object =
	JSON_OBJECT_OF("files", struct handover_files, plan_files_fields);

static const struct json_field plan_candidate_fields[] = {
	PLAN_STRING("name", handover_candidate, name),
	PLAN_NEEDED("uid", handover_candidate, uid),
	PLAN_NEEDED("directory", handover_candidate, directory),
	PLAN_STRING("image", handover_candidate, image),
	PLAN_STRING("layers", handover_candidate, layers),
	PLAN_TIME("taken", handover_candidate, taken),
	PLAN_LIST("files", handover_candidate, files, handover_file_object),
};
static const struct json_object plan_candidate_object =
	JSON_OBJECT_OF("candidate", struct handover_candidate, plan_candidate_fields);

static const struct json_field plan_requested_fields[] = {
	PLAN_NEEDED("request", handover_requested, request),
	PLAN_NEEDED("checkpoint", handover_requested, checkpoint),
	{PLAN_ROW("required", JSON_FIELD_BOOL, handover_requested, is_required)},
	PLAN_TIME("until", handover_requested, until),
};
static const struct json_object plan_requested_object =
	JSON_OBJECT_OF("requested", struct handover_requested, plan_requested_fields);

static const char *const plan_policies[] = {"OnFailure", "Always", "Never", NULL};

static const struct json_field plan_fields[] = {
	PLAN_VERSION(handover_plan),
	{PLAN_ROW("policy", JSON_FIELD_STRING, handover_plan, policy), .flags = JSON_REQUIRED,
		.choices = plan_policies},
	PLAN_NUMBER("retryWindowSeconds", handover_plan, retry_window_seconds),
	PLAN_NUMBER("maxAgeSeconds", handover_plan, max_age_seconds),
	{PLAN_ROW("askAgent", JSON_FIELD_BOOL, handover_plan, ask_agent)},
	PLAN_LIST("candidates", handover_plan, candidates, plan_candidate_object),
	{PLAN_ROW("requested", JSON_FIELD_POINTER, handover_plan, requested),
		.object = &plan_requested_object},
};
static const struct json_object plan_object =
	JSON_OBJECT_OF("plan", struct handover_plan, plan_fields);

static const char *const plan_outcomes[] = {
	HANDOVER_RESTORED, HANDOVER_FAILED, HANDOVER_DAMAGED, HANDOVER_COLD, NULL};

static const struct json_field plan_attempt_fields[] = {
	{PLAN_ROW("outcome", JSON_FIELD_STRING, handover_attempt, outcome), .flags = JSON_REQUIRED,
		.choices = plan_outcomes},
	PLAN_STRING("checkpoint", handover_attempt, checkpoint),
	PLAN_STRING("containerID", handover_attempt, container_id),
	PLAN_TIME("started", handover_attempt, started),
	PLAN_TIME("ended", handover_attempt, ended),
	PLAN_STRING("reason", handover_attempt, reason),
	PLAN_STRING("message", handover_attempt, message),
	PLAN_STRING("request", handover_attempt, request),
	PLAN_TIME("taken", handover_attempt, taken),
	{PLAN_ROW("replaced", JSON_FIELD_BOOL, handover_attempt, is_replaced)},
	PLAN_NUMBER("verifyMicroseconds", handover_attempt, verify_us),
	PLAN_NUMBER("layerMicroseconds", handover_attempt, layer_us),
	PLAN_NUMBER("restoreMicroseconds", handover_attempt, restore_us),
};
static const struct json_object plan_attempt_object =
	JSON_OBJECT_OF("attempt", struct handover_attempt, plan_attempt_fields);

static const struct json_field plan_record_fields[] = {
	PLAN_VERSION(handover_record),
	PLAN_STRING("namespace", handover_record, namespace),
	PLAN_STRING("pod", handover_record, pod),
	PLAN_LIST("attempts", handover_record, attempts, plan_attempt_object),
};
static const struct json_object plan_record_object =
	JSON_OBJECT_OF("record", struct handover_record, plan_record_fields);

static const struct json_field plan_question_fields[] = {
	PLAN_VERSION(handover_question),
	PLAN_NEEDED("podUID", handover_question, pod_uid),
	PLAN_STRING("namespace", handover_question, namespace),
	PLAN_STRING("pod", handover_question, pod),
	PLAN_NEEDED("container", handover_question, container),
	PLAN_STRING("containerID", handover_question, container_id),
};
static const struct json_object plan_question_object =
	JSON_OBJECT_OF("question", struct handover_question, plan_question_fields);

static const char *const plan_actions[] = {HANDOVER_ANSWER_RESTORE, HANDOVER_ANSWER_COLD, NULL};

static const struct json_field plan_answer_fields[] = {
	PLAN_VERSION(handover_answer),
	{PLAN_ROW("action", JSON_FIELD_STRING, handover_answer, action), .flags = JSON_REQUIRED,
		.choices = plan_actions},
	PLAN_STRING("checkpoint", handover_answer, checkpoint),
	PLAN_STRING("reason", handover_answer, reason),
	PLAN_STRING("message", handover_answer, message),
};
static const struct json_object plan_answer_object =
	JSON_OBJECT_OF("answer", struct handover_answer, plan_answer_fields);

static const struct json_field plan_order_fields[] = {
	PLAN_VERSION(handover_order),
	PLAN_STRING("directory", handover_order, directory),
	PLAN_TIME("until", handover_order, until),
	PLAN_NUMBER("maxBytes", handover_order, max_bytes),
};
static const struct json_object plan_order_object =
	JSON_OBJECT_OF("order", struct handover_order, plan_order_fields);

static const struct json_field plan_direct_fields[] = {
	PLAN_VERSION(handover_direct),
	PLAN_STRING("containerID", handover_direct, container_id),
	PLAN_STRING("podUID", handover_direct, pod_uid),
	PLAN_STRING("namespace", handover_direct, namespace),
	PLAN_STRING("pod", handover_direct, pod),
	PLAN_STRING("container", handover_direct, container),
	PLAN_STRING("image", handover_direct, image),
	PLAN_STRING("layers", handover_direct, layers),
	PLAN_TIME("taken", handover_direct, taken),
	PLAN_NUMBER("dumpMicroseconds", handover_direct, dump_us),
	PLAN_NUMBER("layerMicroseconds", handover_direct, layer_us),
	PLAN_NUMBER("frozenMicroseconds", handover_direct, frozen_us),
	PLAN_NUMBER("layerBytes", handover_direct, layer_bytes),
};
static const struct json_object plan_direct_object =
	JSON_OBJECT_OF("direct checkpoint", struct handover_direct, plan_direct_fields);

static const struct json_field plan_config_fields[] = {
	PLAN_STRING("runtime", handover_config, runtime),
	{PLAN_ROW("store", JSON_FIELD_STRING, handover_config, store), .flags = JSON_HAS_DEFAULT,
		.default_text = "/var/lib/kubelet/checkpoints/kcr"},
	{PLAN_ROW("state", JSON_FIELD_STRING, handover_config, state), .flags = JSON_HAS_DEFAULT,
		.default_text = "/run/kcr"},
	{PLAN_ROW("agentDeadlineMilliseconds", JSON_FIELD_I64, handover_config, agent_deadline_ms),
		.flags = JSON_HAS_DEFAULT, .default_i64 = 200, .minimum = 1, .maximum = 10000},
	{PLAN_ROW(
		 "createDeadlineMilliseconds", JSON_FIELD_I64, handover_config, create_deadline_ms),
		.flags = JSON_HAS_DEFAULT, .default_i64 = HANDOVER_CREATE_DEADLINE_MS, .minimum = 1,
		.maximum = 600000},
	{PLAN_ROW("planMaxAgeSeconds", JSON_FIELD_I64, handover_config, plan_max_age_seconds),
		.flags = JSON_HAS_DEFAULT, .default_i64 = 86400, .minimum = 0,
		.maximum = INT32_MAX},
	{PLAN_ROW(
		 "resumePatienceMilliseconds", JSON_FIELD_I64, handover_config, resume_patience_ms),
		.flags = JSON_HAS_DEFAULT, .default_i64 = HANDOVER_RESUME_PATIENCE_MS, .minimum = 1,
		.maximum = 600000},
};
static const struct json_object plan_config_object =
	JSON_OBJECT_OF("configuration", struct handover_config, plan_config_fields);

static const struct json_field plan_host_fields[] = {
	PLAN_VERSION(handover_host),
	PLAN_TIME("installed", handover_host, installed),
	PLAN_STRING("engine", handover_host, engine),
	PLAN_STRING("engineVersion", handover_host, engine_version),
	PLAN_STRING("program", handover_host, program),
	PLAN_STRING("programVersion", handover_host, program_version),
	PLAN_STRING("runtime", handover_host, runtime),
	PLAN_STRING("runtimeVersion", handover_host, runtime_version),
	PLAN_STRING("criuVersion", handover_host, criu_version),
	PLAN_STRING("criuProblem", handover_host, criu_problem),
	PLAN_STRING("handler", handover_host, handler),
	{PLAN_ROW("isDefault", JSON_FIELD_BOOL, handover_host, is_default)},
	{PLAN_ROW("needsRestart", JSON_FIELD_BOOL, handover_host, needs_restart)},
	PLAN_STRING("imageProblem", handover_host, image_problem),
	PLAN_STRING("problem", handover_host, problem),
};
static const struct json_object plan_host_object =
	JSON_OBJECT_OF("host", struct handover_host, plan_host_fields);

enum { FORMATS_NAME_MAX = 253 }; /* a DNS subdomain; uids are shorter */

bool handover_is_file_name(struct str name)
{
	if (name.size == 0 || name.size > FORMATS_NAME_MAX || name.data[0] == '.')
		return false;
	for (size_t i = 0; i < name.size; i++) {
		char c = name.data[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
			return false;
	}
	return true;
}

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
	if (*(const int64_t *)ret_struct != HANDOVER_FORMAT_VERSION)
		return error_set(err, ERROR_UNSUPPORTED, "%s: version %lld, not %d", object->name,
			(long long)*(const int64_t *)ret_struct, HANDOVER_FORMAT_VERSION);
	return 0;
}

static void plan_encode(const struct json_object *object, const void *source, struct buf *out)
{
	struct json_writer writer = json_writer(out);

	json_encode(&writer, object, source);
	buf_add_byte(out, '\n');
}

int handover_plan_read(
	struct str text, struct arena *arena, struct handover_plan *ret_plan, struct error *err)
{
	return plan_decode_versioned(text, &plan_object, arena, ret_plan, err);
}

void handover_plan_write(const struct handover_plan *plan, struct buf *out)
{
	plan_encode(&plan_object, plan, out);
}

int handover_files_read(
	struct str text, struct arena *arena, struct handover_files *ret_files, struct error *err)
{
	return plan_decode_versioned(text, &plan_files_object, arena, ret_files, err);
}

void handover_files_write(const struct handover_files *files, struct buf *out)
{
	plan_encode(&plan_files_object, files, out);
}

int handover_record_read(
	struct str text, struct arena *arena, struct handover_record *ret_record, struct error *err)
{
	return plan_decode_versioned(text, &plan_record_object, arena, ret_record, err);
}

void handover_record_write(const struct handover_record *record, struct buf *out)
{
	plan_encode(&plan_record_object, record, out);
}

/*
 * Which attempt makes room: the oldest, but what was done on request counts for long. It stays as
 * long as there are others, though not at the cost of the newer half, which tells what fails now.
 */
static size_t plan_find_least(const struct handover_attempt *attempts, size_t count)
{
	for (size_t i = 0; i < count / 2; i++)
		if (attempts[i].request.size == 0)
			return i;
	return 0;
}

void handover_record_add(
	struct handover_record *record, const struct handover_attempt *attempt, struct arena *arena)
{
	const struct handover_attempt *old = record->attempts.items;
	size_t kept = record->attempts.count;
	struct handover_attempt *items = arena_zeroed(arena, kept + 1, sizeof(*items));

	for (size_t i = 0; i < kept; i++)
		items[i] = old[i];
	while (kept >= HANDOVER_ATTEMPTS_MAX) {
		kept--;
		for (size_t i = plan_find_least(items, kept + 1); i < kept; i++)
			items[i] = items[i + 1];
	}
	if (kept > 0 && !wall_time_is_set(items[kept - 1].ended))
		items[kept - 1].ended = attempt->started;
	items[kept] = *attempt;
	record->attempts = (struct json_list){items, kept + 1};
}

bool handover_record_takes_back(const struct handover_record *record, struct wall_time taken)
{
	const struct handover_attempt *attempts = record->attempts.items;
	int64_t known_us = INT64_MAX; /* what the container of now went through lies before */

	for (size_t i = record->attempts.count; i > 0; i--) {
		const struct handover_attempt *one = &attempts[i - 1];

		if (one->request.size == 0 || !str_is(one->outcome, HANDOVER_RESTORED) ||
			one->started.us >= known_us)
			continue;
		if (taken.us > one->taken.us && taken.us < one->started.us)
			return true;
		known_us = one->taken.us;
	}
	return false;
}

int handover_question_read(struct str text, struct arena *arena,
	struct handover_question *ret_question, struct error *err)
{
	return plan_decode_versioned(text, &plan_question_object, arena, ret_question, err);
}

void handover_question_write(const struct handover_question *question, struct buf *out)
{
	plan_encode(&plan_question_object, question, out);
}

int handover_answer_read(
	struct str text, struct arena *arena, struct handover_answer *ret_answer, struct error *err)
{
	return plan_decode_versioned(text, &plan_answer_object, arena, ret_answer, err);
}

void handover_answer_write(const struct handover_answer *answer, struct buf *out)
{
	plan_encode(&plan_answer_object, answer, out);
}

int handover_order_read(
	struct str text, struct arena *arena, struct handover_order *ret_order, struct error *err)
{
	return plan_decode_versioned(text, &plan_order_object, arena, ret_order, err);
}

void handover_order_write(const struct handover_order *order, struct buf *out)
{
	plan_encode(&plan_order_object, order, out);
}

int handover_direct_read(
	struct str text, struct arena *arena, struct handover_direct *ret_direct, struct error *err)
{
	return plan_decode_versioned(text, &plan_direct_object, arena, ret_direct, err);
}

void handover_direct_write(const struct handover_direct *direct, struct buf *out)
{
	plan_encode(&plan_direct_object, direct, out);
}

int handover_config_read(
	struct str text, struct arena *arena, struct handover_config *ret_config, struct error *err)
{
	return plan_decode(text, &plan_config_object, arena, ret_config, err);
}

void handover_config_write(const struct handover_config *config, struct buf *out)
{
	plan_encode(&plan_config_object, config, out);
}

int handover_host_read(
	struct str text, struct arena *arena, struct handover_host *ret_host, struct error *err)
{
	return plan_decode_versioned(text, &plan_host_object, arena, ret_host, err);
}

void handover_host_write(const struct handover_host *host, struct buf *out)
{
	plan_encode(&plan_host_object, host, out);
}
