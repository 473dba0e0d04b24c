/* A schedule as an informer keeps it packed: what comes out is what went in. */
#include "api/kinds.h"
#include "parsed.h"
#include "json/pack.h"

#define META                                                                                       \
	"\"metadata\":{\"name\":\"a-name\",\"namespace\":\"a-space\",\"uid\":\"an-id\","           \
	"\"resourceVersion\":\"17\",\"generation\":3,"                                             \
	"\"creationTimestamp\":\"2026-01-01T00:00:00Z\","                                          \
	"\"deletionTimestamp\":\"2026-01-02T00:00:00Z\",\"labels\":{\"a\":\"b\"},"                 \
	"\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\","             \
	"\"uid\":\"u\",\"controller\":true}]}"
#define CONDITIONS                                                                                 \
	"\"observedGeneration\":3,\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\","       \
	"\"reason\":\"Because\",\"message\":\"in words\",\"observedGeneration\":2,"                \
	"\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}]"

static const char sample[] =
	"{" META ",\"spec\":{\"schedule\":\"@daily\",\"selector\":{\"matchLabels\":{"
	"\"app\":\"x\"},\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\","
	"\"values\":[\"b\",\"c\"]}]},\"timeZone\":\"Asia/Tokyo\",\"immediate\":true,"
	"\"suspend\":true,\"startingDeadlineSeconds\":9,\"concurrencyPolicy\":\"Allow\","
	"\"containers\":[\"c\",\"d\"],\"retention\":{\"maxCount\":7,\"maxAge\":\"1h\"},"
	"\"restore\":{\"policy\":\"Never\",\"stableSeconds\":0},"
	"\"failedRequestsHistoryLimit\":0},\"status\":{\"active\":2,\"missedRuns\":4,"
	"\"lastRunTime\":\"2026-01-01T00:00:00Z\"," CONDITIONS "}}";

/* All of it that has a text: what creates it, and its status. */
static void write_out(const struct api_schedule *schedule, struct buf *text)
{
	struct json_writer spec = json_writer(text);
	struct json_writer status;

	api_encode(&spec, &api_schedule_kind, schedule);
	status = json_writer(text);
	api_encode_status(&status, &api_schedule_kind, schedule);
}

static void nothing_of_a_schedule_is_lost(void **state)
{
	autoparsed parsed = parsed_of(sample);
	autobuf before = BUF_INIT(8192);
	autobuf after = BUF_INIT(8192);
	autobuf packed = BUF_INIT(8192);
	struct texts *texts = texts_new();
	struct api_schedule schedule;
	struct api_schedule again;

	(void)state;
	assert_int_equal(api_decode_strict(parsed.value, &api_schedule_kind, parsed.arena,
				 &schedule, &parsed.err),
		0);
	json_pack(api_schedule_kind.object, &schedule, &schedule.metadata.name, 1, texts, &packed);
	json_unpack(buf_str(&packed), api_schedule_kind.object, texts, parsed.arena, &again);
	write_out(&schedule, &before);
	write_out(&again, &after);
	assert_string_equal(after.data, before.data);
	assert_non_null(strstr(after.data, "\"reason\":\"Because\""));
	assert_str(again.metadata.uid, "an-id");
	assert_int_equal(again.metadata.created.us, schedule.metadata.created.us);
	assert_int_equal(again.metadata.deleted.us, schedule.metadata.deleted.us);
	assert_true(wall_time_is_set(again.metadata.deleted));
	assert_int_equal(again.metadata.generation, 3);
	json_packed_release(buf_str(&packed), texts);
	assert_int_equal(texts_count(texts), 0);
	texts_free(texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_a_schedule_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
