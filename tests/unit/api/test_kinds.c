/* Our kinds: the seed's objects, defaults, what is refused, and the bodies that we send. */
#include "api/kinds.h"
#include "parsed.h"

static const char *const seed_schedule =
	"{\"apiVersion\":\"checkpoint-restore.kcr.io/v1\",\"kind\":\"CheckpointSchedule\","
	"\"metadata\":{\"name\":\"kcr-example\",\"namespace\":\"default\",\"generation\":2,"
	"\"managedFields\":[{}],\"annotations\":{\"other\":\"x\"}},"
	"\"spec\":{\"schedule\":\"*/1 * * * *\",\"selector\":{\"matchLabels\":{\"app\":\"x\"}}},"
	"\"status\":{\"lastRunTime\":\"2025-07-30T09:54:00Z\"}}";

static void a_schedule_of_the_seed_is_read_with_our_defaults(void **state)
{
	autoparsed parsed = parsed_of(seed_schedule);
	struct api_schedule schedule;

	(void)state;
	assert_int_equal(api_decode_strict(parsed.value, &api_schedule_kind, parsed.arena,
				 &schedule, &parsed.err),
		0);
	assert_str(schedule.metadata.name, "kcr-example");
	assert_int_equal(schedule.metadata.generation, 2);
	assert_str(schedule.spec.schedule, "*/1 * * * *");
	assert_int_equal(schedule.spec.selector->match_labels.count, 1);
	assert_int_equal(wall_time_seconds(schedule.status.last_run), 1753869240);
	assert_false(schedule.spec.suspend);
	assert_int_equal(schedule.spec.timeout_seconds, 300);
	assert_int_equal(schedule.spec.retention.max_count, 3);
	assert_int_equal(schedule.spec.restore.stable_seconds, 5);
	assert_int_equal(schedule.spec.restore.retry_window_seconds, 60);
	assert_int_equal(schedule.spec.failed_requests_history_limit, 3);
	assert_int_equal(schedule.spec.starting_deadline_seconds, 0);
	assert_int_equal(api_schedule_concurrency(&schedule), API_CONCURRENCY_FORBID);
	assert_int_equal(api_schedule_restore_policy(&schedule), API_RESTORE_ON_FAILURE);
}

static void a_part_that_is_there_keeps_its_values_and_gets_the_other_defaults(void **state)
{
	autoparsed parsed = parsed_of("{\"spec\":{\"schedule\":\"@daily\",\"restore\":"
				      "{\"policy\":\"Never\",\"stableSeconds\":0}}}");
	struct api_schedule schedule;

	(void)state;
	assert_int_equal(api_decode_strict(parsed.value, &api_schedule_kind, parsed.arena,
				 &schedule, &parsed.err),
		0);
	assert_int_equal(api_schedule_restore_policy(&schedule), API_RESTORE_NEVER);
	assert_int_equal(schedule.spec.restore.stable_seconds, 0);
	assert_int_equal(schedule.spec.restore.retry_window_seconds, 60);
}

static void an_object_of_nothing_has_all_defaults(void **state)
{
	struct api_schedule schedule;
	struct api_request request;
	struct api_checkpoint checkpoint;

	(void)state;
	api_init(&api_schedule_kind, &schedule);
	assert_int_equal(schedule.spec.retention.max_count, 3);
	assert_str(schedule.spec.restore.policy, "OnFailure");
	api_init(&api_request_kind, &request);
	assert_int_equal(request.spec.timeout_seconds, 300);
	assert_null(request.spec.schedule);
	api_init(&api_checkpoint_kind, &checkpoint);
	assert_false(checkpoint.spec.was_ready);
	assert_null(checkpoint.spec.pod);
}

static void what_the_api_server_would_refuse_is_refused_naming_the_field(void **state)
{
	static const struct {
		const struct api_kind *kind;
		const char *text;
		const char *expected;
	} cases[] = {
		{&api_schedule_kind, "{}", "spec is missing"},
		{&api_schedule_kind, "{\"spec\":{}}", "spec.schedule is missing"},
		{&api_schedule_kind, "{\"spec\":{\"schedule\":5}}",
			"spec.schedule is a number, not a string"},
		{&api_schedule_kind, "{\"spec\":{\"schedule\":\"@daily\",\"timeoutSeconds\":3601}}",
			"spec.timeoutSeconds is 3601; allowed: 1 to 3600"},
		{&api_schedule_kind,
			"{\"spec\":{\"schedule\":\"@daily\",\"retention\":{\"maxCount\":0}}}",
			"spec.retention.maxCount is 0; allowed: 1 to 100"},
		{&api_schedule_kind,
			"{\"spec\":{\"schedule\":\"@daily\",\"concurrencyPolicy\":\"Queue\"}}",
			"spec.concurrencyPolicy is 'Queue'; allowed: Forbid, Allow, Replace"},
		{&api_request_kind, "{\"spec\":{\"containerName\":\"c\"}}",
			"spec.podReference is missing"},
		{&api_request_kind, "{\"spec\":{\"containerName\":\"c\",\"podReference\":{}}}",
			"spec.podReference.name is missing"},
		{&api_checkpoint_kind,
			"{\"spec\":{\"containerName\":\"c\"},\"status\":{\"phase\":\"Odd\"}}",
			"status.phase is 'Odd'; allowed: Created, Processing, ImageBuilt, Failed"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autoparsed parsed = parsed_of(cases[i].text);
		union {
			struct api_schedule schedule;
			struct api_request request;
			struct api_checkpoint checkpoint;
		} object;

		assert_int_equal(api_decode_strict(parsed.value, cases[i].kind, parsed.arena,
					 &object, &parsed.err),
			-1);
		assert_int_equal(parsed.err.kind, ERROR_INVALID);
		assert_string_equal(parsed.err.text, cases[i].expected);
	}
}

static void read_leniently_wrong_members_count_as_absent(void **state)
{
	autoparsed parsed =
		parsed_of("{\"metadata\":[],\"spec\":{\"schedule\":5,\"timeoutSeconds\":\"long\","
			  "\"retention\":7,\"selector\":\"x\"},\"status\":null}");
	struct api_schedule schedule;

	(void)state;
	assert_int_equal(
		api_decode(parsed.value, &api_schedule_kind, parsed.arena, &schedule, &parsed.err),
		0);
	assert_int_equal(schedule.spec.schedule.size, 0);
	assert_null(schedule.spec.selector);
	assert_int_equal(schedule.spec.timeout_seconds, 300);
	assert_int_equal(schedule.spec.retention.max_count, 3);
}

static void every_phase_has_its_text_and_is_read_back(void **state)
{
	struct api_request request = {0};
	struct api_checkpoint checkpoint = {0};

	(void)state;
	for (int phase = API_REQUEST_PENDING; phase <= API_REQUEST_FAILED; phase++) {
		request.status.phase = api_request_phase_text((enum api_request_phase)phase);
		assert_int_equal(api_request_phase(&request), phase);
		assert_int_equal(api_request_is_finished(&request), phase >= API_REQUEST_COMPLETED);
	}
	for (int phase = API_CHECKPOINT_CREATED; phase <= API_CHECKPOINT_FAILED; phase++) {
		checkpoint.status.phase =
			api_checkpoint_phase_text((enum api_checkpoint_phase)phase);
		assert_int_equal(api_checkpoint_phase(&checkpoint), phase);
	}
}

static void no_phase_and_an_unknown_one_are_the_first(void **state)
{
	struct api_request request = {0};
	struct api_checkpoint checkpoint = {0};

	(void)state;
	assert_int_equal(api_request_phase(&request), API_REQUEST_PENDING);
	request.status.phase = STR("Sleeping");
	assert_int_equal(api_request_phase(&request), API_REQUEST_PENDING);
	checkpoint.status.phase = STR("imagebuilt");
	assert_int_equal(api_checkpoint_phase(&checkpoint), API_CHECKPOINT_CREATED);
}

static void a_request_may_only_name_pods_of_its_namespace(void **state)
{
	struct api_request request = {.metadata.namespace = STR("mine")};
	struct error err;

	(void)state;
	assert_int_equal(api_request_check(&request, &err), 0);
	request.spec.pod.namespace = STR("mine");
	assert_int_equal(api_request_check(&request, &err), 0);
	request.spec.pod.namespace = STR("yours");
	assert_int_equal(api_request_check(&request, &err), -1);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_string_equal(err.text,
		"spec.podReference.namespace is 'yours', but a request in 'mine' may only name "
		"Pods of its own namespace");
}

static void the_body_that_creates_has_type_metadata_and_spec(void **state)
{
	autobuf text = BUF_INIT(4096);
	struct json_writer writer = json_writer(&text);
	struct api_owner owner = {.api_version = STR(API_GROUP_VERSION),
		.kind = STR("CheckpointSchedule"),
		.name = STR("s"),
		.uid = STR("u"),
		.controller = true,
		.block_owner_deletion = true};
	struct api_request request;

	(void)state;
	api_init(&api_request_kind, &request);
	request.metadata.name = STR("s-p-1");
	request.metadata.namespace = STR("n");
	request.metadata.owners = (struct json_list){&owner, 1};
	request.spec.pod.name = STR("p");
	request.spec.container_name = STR("c");
	request.status.phase = STR("Pending");
	api_encode(&writer, &api_request_kind, &request);
	assert_string_equal(text.data,
		"{\"apiVersion\":\"checkpoint-restore.kcr.io/v1\",\"kind\":\"CheckpointRequest\","
		"\"metadata\":{\"name\":\"s-p-1\",\"namespace\":\"n\",\"ownerReferences\":["
		"{\"apiVersion\":\"checkpoint-restore.kcr.io/v1\",\"kind\":\"CheckpointSchedule\","
		"\"name\":\"s\",\"uid\":\"u\",\"controller\":true,\"blockOwnerDeletion\":true}]},"
		"\"spec\":{\"podReference\":{\"name\":\"p\"},\"containerName\":\"c\","
		"\"timeoutSeconds\":300}}");
}

static void a_schedule_survives_being_written_and_read(void **state)
{
	autobuf text = BUF_INIT(4096);
	struct json_writer writer = json_writer(&text);
	struct api_schedule schedule;
	struct api_schedule again;

	(void)state;
	api_init(&api_schedule_kind, &schedule);
	schedule.spec.schedule = STR("@daily");
	schedule.spec.restore.stable_seconds = 0;
	schedule.spec.failed_requests_history_limit = 0;
	api_encode(&writer, &api_schedule_kind, &schedule);
	{
		autoparsed parsed = parsed_of(text.data);

		assert_int_equal(api_decode_strict(parsed.value, &api_schedule_kind, parsed.arena,
					 &again, &parsed.err),
			0);
		assert_int_equal(again.spec.restore.stable_seconds, 0);
		assert_int_equal(again.spec.failed_requests_history_limit, 0);
		assert_int_equal(again.spec.restore.retry_window_seconds, 60);
	}
}

static void the_body_of_a_status_says_which_object_is_meant(void **state)
{
	autobuf text = BUF_INIT(4096);
	struct json_writer writer = json_writer(&text);
	struct api_schedule schedule;

	(void)state;
	api_init(&api_schedule_kind, &schedule);
	schedule.metadata.name = STR("s");
	schedule.metadata.namespace = STR("n");
	schedule.metadata.uid = STR("u");
	schedule.metadata.resource_version = STR("7");
	schedule.metadata.generation = 3;
	schedule.status.observed_generation = 3;
	api_encode_status(&writer, &api_schedule_kind, &schedule);
	assert_string_equal(text.data,
		"{\"apiVersion\":\"checkpoint-restore.kcr.io/v1\",\"kind\":\"CheckpointSchedule\","
		"\"metadata\":{\"name\":\"s\",\"namespace\":\"n\",\"resourceVersion\":\"7\"},"
		"\"status\":{\"active\":0,\"observedGeneration\":3}}");
}

static void amounts_are_rounded_for_people(void **state)
{
	static const struct {
		int64_t size_bytes;
		const char *size;
		int64_t frozen_us;
		const char *frozen;
	} cases[] = {
		{0, "0B", 0, "0us"},
		{1023, "1023B", 999, "999us"},
		{1024, "1Ki", 1000, "1ms"},
		{1536, "1.5Ki", 1449, "1.4ms"},
		{INT64_C(67108864), "64Mi", 23000, "23ms"},
		{INT64_C(70000000), "66.8Mi", 23456, "23.5ms"},
		{INT64_C(400000000), "381Mi", 999400, "999ms"},
		{INT64_C(1073741824), "1Gi", 1000000, "1s"},
		{INT64_C(1) << 40, "1Ti", 90500000, "90.5s"},
		{INT64_MAX, "8388608Ti", INT64_MAX, "9223372036855s"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autoarena *arena = arena_new(64);
		struct api_checkpoint_status status = {
			.size_bytes = cases[i].size_bytes, .frozen_us = cases[i].frozen_us};

		api_checkpoint_set_amounts(&status, arena);
		assert_str(status.size, cases[i].size);
		assert_str(status.frozen, cases[i].frozen);
	}
}

/* What the generator and the API server rely on, for every field of every kind. */
static void check_table(const struct json_object *object)
{
	for (size_t i = 0; i < object->field_count; i++) {
		const struct json_field *field = &object->fields[i];

		assert_true(field->offset < object->size);
		if (field->object == &api_metadata_object)
			continue;
		if (field->description == NULL || field->description[0] == '\0')
			fail_msg("%s.%s is not described", object->name, field->name);
		if (field->type == JSON_FIELD_STRING && field->choices == NULL &&
			field->max_length == 0)
			fail_msg("%s.%s is not bounded", object->name, field->name);
		if (field->type == JSON_FIELD_I64 && field->minimum >= field->maximum)
			fail_msg("%s.%s has no range", object->name, field->name);
		if (field->object != NULL)
			check_table(field->object);
	}
}

static void every_field_is_described_and_bounded(void **state)
{
	(void)state;
	for (const struct api_kind *const *kind = api_kinds; *kind != NULL; kind++)
		check_table((*kind)->object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_schedule_of_the_seed_is_read_with_our_defaults),
		cmocka_unit_test(a_part_that_is_there_keeps_its_values_and_gets_the_other_defaults),
		cmocka_unit_test(an_object_of_nothing_has_all_defaults),
		cmocka_unit_test(what_the_api_server_would_refuse_is_refused_naming_the_field),
		cmocka_unit_test(read_leniently_wrong_members_count_as_absent),
		cmocka_unit_test(every_phase_has_its_text_and_is_read_back),
		cmocka_unit_test(no_phase_and_an_unknown_one_are_the_first),
		cmocka_unit_test(a_request_may_only_name_pods_of_its_namespace),
		cmocka_unit_test(the_body_that_creates_has_type_metadata_and_spec),
		cmocka_unit_test(a_schedule_survives_being_written_and_read),
		cmocka_unit_test(the_body_of_a_status_says_which_object_is_meant),
		cmocka_unit_test(amounts_are_rounded_for_people),
		cmocka_unit_test(every_field_is_described_and_bounded),
	};

	return cmocka_run_group_tests_name("kinds", tests, NULL, NULL);
}
