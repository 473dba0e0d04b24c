/* The Pod beside: the other one's spec, less what was its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "cli/pod_copy.h"

/* What a copy became: the buffer is the text's owner. */
struct made {
	struct arena *arena;
	struct api_checkpoint checkpoint;
	struct json_pair labels[1];
	struct json_string_map label_map;
	struct cli_pod_copy copy;
	struct json_doc *doc;
	const struct json *spec;
	struct error err;
};

static int make(void **state)
{
	static struct made made;

	made = (struct made){
		.arena = arena_new(1024),
		.checkpoint = {.spec = {.container_name = STR("db"),
				       .image = STR("db:1"),
				       .node_name = STR("n1"),
				       .strategy = STR("Runtime")},
			.status = {.runtime_image = STR("localhost:7470/c@sha256:1")}},
		.labels = {{STR_INIT("app"), STR_INIT("copy")}},
	};
	made.label_map = (struct json_string_map){made.labels, 1};
	made.copy = (struct cli_pod_copy){.name = STR("beside"),
		.namespace = STR("ns"),
		.labels = &made.label_map,
		.checkpoint = &made.checkpoint};
	*state = &made;
	return 0;
}

static int drop(void **state)
{
	struct made *made = *state;

	json_doc_unref(made->doc);
	arena_free(made->arena);
	return 0;
}

/* Writes the copy of a spec; its own spec is in made->spec. */
static int copy_of(struct made *made, const char *spec)
{
	autobuf out = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&out);
	autojson *doc = NULL;

	assert_int_equal(json_parse(str_of(spec), &doc, &made->err), 0);
	if (cli_pod_copy_write(&writer, &made->copy, json_doc_root(doc), &made->err) < 0)
		return -1;
	json_doc_unref(made->doc);
	made->doc = NULL;
	assert_int_equal(json_parse(buf_str(&out), &made->doc, &made->err), 0);
	made->spec = json_get(json_doc_root(made->doc), "spec");
	return 0;
}

static void assert_text_equal(struct str found, const char *expected)
{
	assert_int_equal(found.size, str_of(expected).size);
	assert_memory_equal(found.data, expected, found.size);
}

/* The value at a path of the copy's spec as JSON; "null" when there is none. */
static void assert_member(const struct made *made, const char *name, const char *expected)
{
	autobuf out = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&out);

	json_add_value(&writer, json_get(made->spec, name));
	assert_text_equal(buf_str(&out), expected);
}

#define CONTAINER "{\"name\":\"db\",\"image\":\"db:1\",\"imagePullPolicy\":\"Never\"}"

static void what_was_the_other_pods_own_is_left_out(void **state)
{
	static const char *const members[] = {"nodeName", "nodeSelector",
		"topologySpreadConstraints", "hostname", "subdomain", "priority",
		"preemptionPolicy", "ephemeralContainers"};
	struct made *made = *state;

	assert_int_equal(
		copy_of(made,
			"{\"containers\":[" CONTAINER "],\"nodeName\":\"n9\","
			"\"nodeSelector\":{\"a\":\"b\"},\"hostname\":\"h\","
			"\"subdomain\":\"s\",\"priority\":7,\"preemptionPolicy\":\"Never\","
			"\"topologySpreadConstraints\":[{}],\"ephemeralContainers\":[{}],"
			"\"affinity\":{\"podAntiAffinity\":{}},"
			"\"schedulingGates\":[{\"name\":\"old\"}],"
			"\"somethingNew\":{\"x\":[1,\"y\"]},\"restartPolicy\":\"Never\"}"),
		0);
	for (size_t i = 0; i < array_size(members); i++)
		assert_member(made, members[i], "null");
	assert_member(made, "somethingNew", "{\"x\":[1,\"y\"]}");
	assert_member(made, "restartPolicy", "\"Never\"");
	assert_member(made, "schedulingGates", "[{\"name\":\"kcr.io/restore\"}]");
	assert_member(made, "affinity",
		"{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{"
		"\"nodeSelectorTerms\":[{\"matchFields\":[{\"key\":\"metadata.name\","
		"\"operator\":\"In\",\"values\":[\"n1\"]}]}]}}}");
}

static void it_has_a_name_and_labels_of_its_own(void **state)
{
	struct made *made = *state;
	const struct json *metadata;

	assert_int_equal(copy_of(made, "{\"containers\":[" CONTAINER "]}"), 0);
	metadata = json_get(json_doc_root(made->doc), "metadata");
	assert_int_equal(json_count(metadata), 3);
	assert_text_equal(json_str(json_get(metadata, "name")), "beside");
	assert_text_equal(json_str(json_get(metadata, "namespace")), "ns");
	assert_text_equal(json_str(json_at(metadata, "labels", "app", NULL)), "copy");
	made->label_map.count = 0;
	assert_int_equal(copy_of(made, "{\"containers\":[" CONTAINER "]}"), 0);
	assert_int_equal(json_count(json_get(json_doc_root(made->doc), "metadata")), 2);
}

static void by_image_the_checkpoint_is_the_image(void **state)
{
	struct made *made = *state;

	made->checkpoint.spec.strategy = STR("Image");
	assert_int_equal(
		copy_of(made,
			"{\"containers\":[{\"name\":\"side\",\"image\":\"s\"}," CONTAINER "]}"),
		0);
	assert_member(made, "containers",
		"[{\"name\":\"side\",\"image\":\"s\"},{\"name\":\"db\","
		"\"image\":\"localhost:7470/c@sha256:1\",\"imagePullPolicy\":\"IfNotPresent\"}]");
	assert_member(made, "schedulingGates", "null");
}

static void images_that_kcr_put_in_place_are_the_authors_again(void **state)
{
	struct made *made = *state;
	struct restore_record records[] = {{.container = STR("side"),
		.image = STR("x@sha256:2"),
		.original_image = STR("side:1")}};

	made->copy.records.containers = (struct json_list){records, 1};
	assert_int_equal(copy_of(made,
				 "{\"containers\":[{\"name\":\"side\",\"image\":\"x@sha256:2\"},"
				 "{\"name\":\"db\",\"image\":\"y@sha256:3\"}]}"),
		0);
	assert_member(made, "containers",
		"[{\"name\":\"side\",\"image\":\"side:1\"},{\"name\":\"db\",\"image\":\"db:1\"}]");
}

static void it_runs_under_the_runtime_that_restores_it(void **state)
{
	static const char *const without = "{\"containers\":[" CONTAINER "]}";
	static const char *const same =
		"{\"containers\":[" CONTAINER "],\"runtimeClassName\":\"kcr\"}";
	static const char *const other =
		"{\"containers\":[" CONTAINER "],\"runtimeClassName\":\"gvisor\"}";
	struct made *made = *state;

	assert_int_equal(copy_of(made, without), 0);
	assert_member(made, "runtimeClassName", "null");
	made->copy.runtime_class = STR("kcr");
	assert_int_equal(copy_of(made, without), 0);
	assert_member(made, "runtimeClassName", "\"kcr\"");
	assert_int_equal(copy_of(made, same), 0);
	assert_member(made, "runtimeClassName", "\"kcr\"");
	assert_int_equal(copy_of(made, other), -1);
	assert_int_equal(made->err.kind, ERROR_INVALID);
	assert_true(str_contains(str_of(made->err.text), STR("'gvisor'")));
	made->checkpoint.spec.strategy = STR("Image");
	assert_int_equal(copy_of(made, other), 0);
}

static void a_claim_is_not_written_to_by_two_unless_that_is_said(void **state)
{
	static const char *const claim =
		"{\"containers\":[" CONTAINER
		"],\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{"
		"\"claimName\":\"data\"}}]}";
	struct made *made = *state;

	assert_int_equal(copy_of(made, claim), -1);
	assert_int_equal(made->err.kind, ERROR_INVALID);
	assert_non_null(strstr(made->err.text, "'data'"));
	made->copy.shares_volumes = true;
	assert_int_equal(copy_of(made, claim), 0);
	made->copy.shares_volumes = false;
	assert_int_equal(copy_of(made,
				 "{\"containers\":[" CONTAINER
				 "],\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{"
				 "\"claimName\":\"data\",\"readOnly\":true}},"
				 "{\"name\":\"w\",\"emptyDir\":{}}]}"),
		0);
}

static void a_pod_without_the_container_is_refused(void **state)
{
	struct made *made = *state;

	assert_int_equal(copy_of(made, "{\"containers\":[{\"name\":\"other\"}]}"), -1);
	assert_non_null(strstr(made->err.text, "no container 'db'"));
}

#define copy_test(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		copy_test(what_was_the_other_pods_own_is_left_out),
		copy_test(it_has_a_name_and_labels_of_its_own),
		copy_test(by_image_the_checkpoint_is_the_image),
		copy_test(images_that_kcr_put_in_place_are_the_authors_again),
		copy_test(it_runs_under_the_runtime_that_restores_it),
		copy_test(a_claim_is_not_written_to_by_two_unless_that_is_said),
		copy_test(a_pod_without_the_container_is_refused),
	};

	return cmocka_run_group_tests_name("pod_copy", tests, NULL, NULL);
}
