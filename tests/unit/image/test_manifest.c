/* Config and manifest: exact bytes out; of what others wrote, only what is one thing comes in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "image/manifest.h"

#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const struct image_layer layer = {.digest = {DIGEST_A, sizeof(DIGEST_A) - 1}, .size = 1024};

static struct image_facts some_facts(void)
{
	return (struct image_facts){
		.container_name = STR("redis"),
		.architecture = STR("amd64"),
		.created = wall_time_of_seconds(1769904000),
		.pod_name = STR("redis-0"),
		.pod_namespace = STR("shop"),
		.engine_name = STR("containerd"),
	};
}

static void the_documents_are_these_bytes(void **state)
{
	autodocuments documents = IMAGE_DOCUMENTS_INIT;
	const struct image_facts facts = some_facts();
	struct error err;

	(void)state;
	assert_int_equal(image_documents_write(&layer, &facts, &documents, &err), 0);
	assert_string_equal(documents.config.data,
		"{\"created\":\"2026-02-01T00:00:00Z\",\"architecture\":\"amd64\",\"os\":\"linux\","
		"\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIGEST_A "\"]},"
		"\"history\":[{\"created\":\"2026-02-01T00:00:00Z\","
		"\"created_by\":\"kcr checkpoint\"}]}");
	assert_string_equal(documents.config_digest,
		"sha256:ea3c5a1eb879d47b9561da47fd5f0f95d7114a2d4673f459091c39ea510af940");
	assert_string_equal(documents.manifest.data,
		"{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_MANIFEST "\",\"config\":{"
		"\"mediaType\":\"" IMAGE_TYPE_CONFIG "\",\"digest\":\"sha256:"
		"ea3c5a1eb879d47b9561da47fd5f0f95d7114a2d4673f459091c39ea510af940\",\"size\":273},"
		"\"layers\":[{\"mediaType\":\"" IMAGE_TYPE_LAYER_TAR "\",\"digest\":\"" DIGEST_A
		"\",\"size\":1024}],\"annotations\":{"
		"\"io.kubernetes.cri-o.annotations.checkpoint.name\":\"redis\","
		"\"org.criu.checkpoint.container.name\":\"redis\","
		"\"org.criu.checkpoint.engine.name\":\"containerd\","
		"\"org.criu.checkpoint.host.arch\":\"amd64\","
		"\"org.criu.checkpoint.pod.name\":\"redis-0\","
		"\"org.criu.checkpoint.pod.namespace\":\"shop\","
		"\"org.opencontainers.image.created\":\"2026-02-01T00:00:00Z\"}}");
	assert_string_equal(documents.manifest_digest,
		"sha256:2d4f4a05892ffdd21124bdeebd406c8329df52992ed53fba136a73d75e4b581c");
}

static void further_annotations_are_sorted_in(void **state)
{
	struct json_pair pairs[] = {{STR("z"), STR("1")}, {STR("a"), STR("2\"\n")}};
	struct image_facts facts = some_facts();
	autodocuments documents = IMAGE_DOCUMENTS_INIT;
	struct str text;
	struct error err;

	(void)state;
	facts.annotations = (struct json_string_map){pairs, 2};
	assert_int_equal(image_documents_write(&layer, &facts, &documents, &err), 0);
	text = buf_str(&documents.manifest);
	assert_true(str_contains(text, STR("\"annotations\":{\"a\":\"2\\\"\\n\",\"io.kube")));
	assert_true(str_ends_with(text, STR(",\"z\":\"1\"}}")));
}

static void an_annotation_given_twice_is_refused(void **state)
{
	struct json_pair pair = {STR("org.criu.checkpoint.container.name"), STR("other")};
	struct image_facts facts = some_facts();
	autodocuments documents = IMAGE_DOCUMENTS_INIT;
	struct error err;

	(void)state;
	facts.annotations = (struct json_string_map){&pair, 1};
	assert_int_equal(image_documents_write(&layer, &facts, &documents, &err), -1);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_int_equal(documents.manifest.size, 0);
}

static void a_compressed_layer_keeps_the_digest_of_its_tar(void **state)
{
	const struct image_layer compressed = {
		.media_type = STR("application/vnd.oci.image.layer.v1.tar+zstd"),
		.digest = STR(DIGEST_A),
		.diff_id = STR(DIGEST_B),
		.size = 7,
	};
	const struct image_facts facts = some_facts();
	autodocuments documents = IMAGE_DOCUMENTS_INIT;
	struct error err;

	(void)state;
	assert_int_equal(image_documents_write(&compressed, &facts, &documents, &err), 0);
	assert_true(
		str_contains(buf_str(&documents.config), STR("\"diff_ids\":[\"" DIGEST_B "\"]")));
	assert_true(str_contains(buf_str(&documents.manifest),
		STR("tar+zstd\",\"digest\":\"" DIGEST_A "\",\"size\":7")));
}

static void what_is_missing_is_named(void **state)
{
	const struct image_layer no_digest = {.size = 1};
	const struct image_layer negative = {.digest = STR(DIGEST_A), .size = -1};
	struct image_facts facts = some_facts();
	struct image_facts nameless = facts;
	autodocuments documents = IMAGE_DOCUMENTS_INIT;
	struct error err;

	(void)state;
	nameless.container_name = (struct str){0};
	assert_int_equal(image_documents_write(&no_digest, &facts, &documents, &err), -1);
	assert_true(str_contains(str_of(err.text), STR("digest")));
	assert_int_equal(image_documents_write(&negative, &facts, &documents, &err), -1);
	assert_true(str_contains(str_of(err.text), STR("size")));
	assert_int_equal(image_documents_write(&layer, &nameless, &documents, &err), -1);
	assert_true(str_contains(str_of(err.text), STR("container")));
}

static void what_was_written_can_be_read(void **state)
{
	const struct image_facts facts = some_facts();
	autodocuments documents = IMAGE_DOCUMENTS_INIT;
	autoarena *arena = arena_new(1024);
	struct image_manifest manifest;
	struct error err;

	(void)state;
	assert_int_equal(image_documents_write(&layer, &facts, &documents, &err), 0);
	assert_int_equal(
		image_manifest_parse(buf_str(&documents.manifest),
			STR(IMAGE_TYPE_MANIFEST "; charset=utf-8"), arena, &manifest, &err),
		0);
	assert_false(manifest.is_index);
	assert_int_equal(manifest.layer_count, 1);
	assert_int_equal(manifest.layers[0].size, 1024);
	assert_true(str_is(manifest.layers[0].digest, DIGEST_A));
	assert_true(str_is(manifest.config.digest, documents.config_digest));
	assert_true(str_is(json_string_map_get(&manifest.annotations,
				   STR("org.criu.checkpoint.container.name")),
		"redis"));
}

#define DESCRIPTOR(type) "{\"mediaType\":\"" type "\",\"digest\":\"" DIGEST_B "\",\"size\":5}"
#define IMAGE_PARTS      "\"config\":" DESCRIPTOR("c") ",\"layers\":[" DESCRIPTOR("l") "]"

static void an_index_names_its_platforms(void **state)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_INDEX "\",\"manifests\":[{"
		"\"mediaType\":\"" IMAGE_TYPE_MANIFEST "\",\"digest\":\"" DIGEST_A "\",\"size\":3,"
		"\"platform\":{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\"}}]}";
	autoarena *arena = arena_new(1024);
	struct image_manifest manifest;
	struct error err;

	(void)state;
	assert_int_equal(
		image_manifest_parse(str_of(text), (struct str){0}, arena, &manifest, &err), 0);
	assert_true(manifest.is_index);
	assert_int_equal(manifest.manifest_count, 1);
	assert_true(str_is(manifest.manifests[0].platform.architecture, "arm64"));
}

static void documents_are_read_or_refused_by_these_rules(void **state)
{
	static const struct {
		const char *text;
		const char *content_type;
		int kind;
	} cases[] = {
		{"{\"schemaVersion\":2," IMAGE_PARTS "}", "", ERROR_NONE},
		{"{\"schemaVersion\":2," IMAGE_PARTS "}", IMAGE_TYPE_DOCKER_MANIFEST, ERROR_NONE},
		{"{\"schemaVersion\":2,\"manifests\":[]}", "", ERROR_NONE},
		{"{\"schemaVersion\":2,\"manifests\":[]}", IMAGE_TYPE_DOCKER_LIST, ERROR_NONE},
		{"", "", ERROR_CORRUPT},
		{"[]", "", ERROR_INVALID},
		{"null", "", ERROR_INVALID},
		{"{}", "", ERROR_UNSUPPORTED},
		{"{\"schemaVersion\":1," IMAGE_PARTS "}", "", ERROR_UNSUPPORTED},
		{"{\"schemaVersion\":2}", "", ERROR_INVALID},
		{"{\"schemaVersion\":2,\"layers\":[]}", "", ERROR_INVALID},
		{"{\"schemaVersion\":2,\"manifests\":{}}", "", ERROR_INVALID},
		{"{\"schemaVersion\":2," IMAGE_PARTS ",\"manifests\":[]}", "", ERROR_INVALID},
		{"{\"schemaVersion\":2," IMAGE_PARTS "}", IMAGE_TYPE_INDEX, ERROR_INVALID},
		{"{\"schemaVersion\":2," IMAGE_PARTS "}", "text/html", ERROR_UNSUPPORTED},
		{"{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_INDEX "\"," IMAGE_PARTS "}", "",
			ERROR_INVALID},
		{"{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_MANIFEST "\"," IMAGE_PARTS "}",
			IMAGE_TYPE_DOCKER_MANIFEST, ERROR_INVALID},
		{"{\"schemaVersion\":2,\"config\":{},\"layers\":[]}", "", ERROR_INVALID},
		{"{\"schemaVersion\":2,\"config\":" DESCRIPTOR("c") ",\"layers\":[{\"mediaType\":"
								    "\"l\",\"digest\":\"" DIGEST_A
								    "\",\"size\":-1}]}",
			"", ERROR_INVALID},
		{"{\"schemaVersion\":2,\"config\":" DESCRIPTOR(
			 "c") ",\"layers\":[{\"mediaType\":"
			      "\"l\",\"digest\":\"../../etc/passwd\",\"size\":1}]}",
			"", ERROR_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autoarena *arena = arena_new(1024);
		struct image_manifest manifest;
		struct error err = {0};
		(void)!image_manifest_parse(str_of(cases[i].text), str_of(cases[i].content_type),
			arena, &manifest, &err);
		if ((int)err.kind != cases[i].kind)
			fail_msg("case %zu '%s': %s %s", i, cases[i].text, error_reason(err.kind),
				err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documents_are_these_bytes),
		cmocka_unit_test(further_annotations_are_sorted_in),
		cmocka_unit_test(an_annotation_given_twice_is_refused),
		cmocka_unit_test(a_compressed_layer_keeps_the_digest_of_its_tar),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(what_was_written_can_be_read),
		cmocka_unit_test(an_index_names_its_platforms),
		cmocka_unit_test(documents_are_read_or_refused_by_these_rules),
	};

	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
