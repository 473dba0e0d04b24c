/* The pure parts by tables: paths and keys, refusals, plugins' output, watch lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "kube/answer.h"
#include "kube/backoff.h"
#include "kube/exec.h"
#include "kube/resource.h"
#include "kube/undeclared.h"
#include "kube/watch.h"

static void paths_are_encoded_segment_by_segment(void **state)
{
	static const struct kube_resource pods = {"", "v1", "pods", "Pod", true};
	static const struct kube_resource nodes = {"", "v1", "nodes", "Node", false};
	static const struct kube_resource leases = {
		"coordination.k8s.io", "v1", "leases", "Lease", true};
	static const struct {
		const struct kube_resource *resource;
		const char *namespace, *name, *subresource, *path;
	} cases[] = {
		{&pods, "", "", "", "/api/v1/pods"},
		{&pods, "a", "", "", "/api/v1/namespaces/a/pods"},
		{&pods, "a", "x", "", "/api/v1/namespaces/a/pods/x"},
		{&pods, "a", "x", "status", "/api/v1/namespaces/a/pods/x/status"},
		{&pods, "a", "x y?&#\xc3\xa9", "",
			"/api/v1/namespaces/a/pods/x%20y%3F%26%23%C3%A9"},
		{&nodes, "ignored", "n1", "", "/api/v1/nodes/n1"},
		{&leases, "a", "l:1", "", "/apis/coordination.k8s.io/v1/namespaces/a/leases/l%3A1"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autobuf path = BUF_INIT(1000);
		kube_resource_write_path(&path, cases[i].resource, str_of(cases[i].namespace),
			str_of(cases[i].name), str_of(cases[i].subresource));
		assert_string_equal(path.data, cases[i].path);
	}
}

static void a_query_begins_with_a_question_mark(void **state)
{
	autobuf url = BUF_INIT(1000);

	(void)state;
	buf_add_text(&url, "/x");
	kube_query_add(&url, "empty", STR(""));
	kube_query_add(&url, "a", STR("b=c,d"));
	kube_query_add_number(&url, "n", 500);
	assert_string_equal(url.data, "/x?a=b%3Dc%2Cd&n=500");
}

static void keys_are_split_where_they_were_joined(void **state)
{
	static const struct {
		const char *namespace, *name, *key;
	} cases[] = {{"a", "x", "a/x"}, {"", "n1", "n1"}};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autobuf key = BUF_INIT(KUBE_KEY_SIZE);
		struct str namespace;
		struct str name;
		kube_key_write(&key, str_of(cases[i].namespace), str_of(cases[i].name));
		assert_string_equal(key.data, cases[i].key);
		kube_key_split(buf_str(&key), &namespace, &name);
		assert_true(str_is(namespace, cases[i].namespace));
		assert_true(str_is(name, cases[i].name));
	}
}

static void names_are_one_segment_of_a_path(void **state)
{
	static const char *const good[] = {"a", "a.b", "...", "system:node:x", "a b"};
	static const char *const bad[] = {"", ".", "..", "a/b", "a%2f", "a\nb", "\x7f"};
	autofree char *longest = alloc_zeroed(255, 1);

	(void)state;
	for (size_t i = 0; i < array_size(good); i++)
		assert_true(kube_name_is_valid(str_of(good[i])));
	for (size_t i = 0; i < array_size(bad); i++)
		assert_false(kube_name_is_valid(str_of(bad[i])));
	memset(longest, 'a', 254);
	assert_false(kube_name_is_valid(str_of(longest)));
	assert_true(kube_name_is_valid((struct str){longest, 253}));
	assert_false(kube_name_is_valid(STR("a\0b")));
}

static void the_delay_doubles_and_is_forgotten_by_health(void **state)
{
	static const struct {
		int64_t at_ms;
		int64_t jitter;
		int64_t delay_ms;
	} cases[] = {
		{1000000, 0, 800},
		{1001000, 0, 1600},
		{1003000, 500, 4800},
		{1008000, 1000, 12800},
		{1020000, 0, 12800},
		{1040000, 0, 25600},
		{1070000, 0, 30000},
		{1100000, 0, 30000},
		{1220000, 0, 30000},
		{1340001, 0, 800},
		{1341000, 0, 1600},
	};
	struct kube__backoff backoff = {.first_ms = 800, .longest_ms = 30000, .health_ms = 120000};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(
			kube__backoff_next(&backoff, (struct mono_time){cases[i].at_ms * 1000},
				cases[i].jitter),
			cases[i].delay_ms);
}

static void each_status_has_its_kind(void **state)
{
	static const struct {
		int status;
		enum error_kind kind;
	} cases[] = {
		{400, ERROR_INVALID},
		{401, ERROR_DENIED},
		{403, ERROR_DENIED},
		{404, ERROR_ABSENT},
		{405, ERROR_UNSUPPORTED},
		{409, ERROR_CONFLICT},
		{410, ERROR_GONE},
		{413, ERROR_TOO_BIG},
		{418, ERROR_INVALID},
		{422, ERROR_INVALID},
		{429, ERROR_BUSY},
		{500, ERROR_SYSTEM},
		{501, ERROR_UNSUPPORTED},
		{502, ERROR_SYSTEM},
		{503, ERROR_BUSY},
		{504, ERROR_TIMEOUT},
		{302, ERROR_SYSTEM},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(kube__answer_kind(cases[i].status), cases[i].kind);
}

static void a_refusal_says_what_the_server_said(void **state)
{
	static const struct {
		const char *body;
		const char *text;
	} cases[] = {
		{"{\"message\":\"pods \\\"x\\\" not found\"}", "pods \"x\" not found"},
		{"{\"message\":7}", "the server answered with 404"},
		{"{broken", "{broken"},
		{"", "the server answered with 404"},
		{"\n404 page not found\nmore\n", "404 page not found"},
		{"a\x1b[31mb", "a"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct error err;
		assert_int_equal(kube__answer_refusal(404, str_of(cases[i].body), &err), -1);
		assert_string_equal(err.text, cases[i].text);
		assert_int_equal(err.status, 404);
	}
}

static void undeclared_fields_are_left_out(void **state)
{
	static const char body[] =
		"{\"kind\":\"K\",\"status\":{\"a\":1,\"b\":{\"c\":[2],\"d\":3}}}";
	static const struct {
		const char *message;
		const char *shorter; /* NULL: nothing is left out */
	} cases[] = {
		{"failed to create typed patch object (n/x; g/v1, Kind=K): .status.a: field not "
		 "declared in schema",
			"{\"kind\":\"K\",\"status\":{\"b\":{\"c\":[2],\"d\":3}}}"},
		{"failed to create typed patch object (n/x; g/v1, Kind=K): errors:\n"
		 "  .status.b.c: field not declared in schema\n"
		 "  .status.a: field not declared in schema\n"
		 "  .status.b.d: expected string, got &value.valueUnstructured{Value:3}",
			"{\"kind\":\"K\",\"status\":{\"b\":{\"d\":3}}}"},
		{"x: .status: field not declared in schema", "{\"kind\":\"K\"}"},
		{"x: .status.z: field not declared in schema", NULL},
		{"x: .status.a.z: field not declared in schema", NULL},
		{"x: .status.b.c[type=\"Ready\"].z: field not declared in schema", NULL},
		{"x: field not declared in schema", NULL},
		{": field not declared in schema", NULL},
		{"field not declared in schema", NULL},
		{"etcdserver: request timed out", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autobuf shorter = BUF_INIT(1000);
		bool is_shorter = kube__undeclared_leave_out(
			str_of(cases[i].message), str_of(body), &shorter);

		assert_int_equal(is_shorter, cases[i].shorter != NULL);
		if (is_shorter)
			assert_string_equal(shorter.data, cases[i].shorter);
		else
			assert_int_equal(shorter.size, 0);
	}
}

static void a_plugins_output_is_checked(void **state)
{
#define OUTPUT(status)                                                                             \
	"{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","         \
	"\"status\":{" status "}}"
	static const struct {
		const char *output;
		enum error_kind kind;
	} cases[] = {
		{OUTPUT("\"token\":\"t\""), ERROR_NONE},
		{OUTPUT("\"token\":\"t\",\"expirationTimestamp\":\"2026-01-02T03:04:05Z\""),
			ERROR_NONE},
		{OUTPUT("\"clientCertificateData\":\"c\",\"clientKeyData\":\"k\""), ERROR_NONE},
		{OUTPUT("\"clientCertificateData\":\"c\",\"token\":\"t\""), ERROR_INVALID},
		{OUTPUT("\"clientKeyData\":\"k\""), ERROR_INVALID},
		{OUTPUT("\"token\":\"t\",\"expirationTimestamp\":\"soon\""), ERROR_INVALID},
		{OUTPUT(""), ERROR_INVALID},
		{"{}", ERROR_INVALID},
		{"{\"kind\":\"ExecCredential\",\"apiVersion\":\"v2\",\"status\":{\"token\":\"t\"}}",
			ERROR_INVALID},
		{"", ERROR_CORRUPT},
		{"token", ERROR_CORRUPT},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct kube__exec_result result = {.token.bytes = NULL};
		struct error err = {.kind = ERROR_NONE};
		int parsed = kube__exec_parse(
			str_of(cases[i].output), "client.authentication.k8s.io/v1", &result, &err);
		assert_int_equal(parsed, cases[i].kind == ERROR_NONE ? 0 : -1);
		assert_int_equal(err.kind, cases[i].kind);
		kube__exec_result_done(&result);
	}
}

static void a_plugin_is_told_about_the_cluster_when_it_asks(void **state)
{
	struct kube_exec exec = {
		.api_version = "client.authentication.k8s.io/v1",
		.cluster_config_json = "{\"a\":1}",
	};
	struct kube_config config = {.server = "https://k", .exec = &exec};
	autobuf info = BUF_INIT(1000);

	(void)state;
	kube__exec_write_info(&info, &config, true);
	assert_string_equal(info.data,
		"{\"kind\":\"ExecCredential\",\"apiVersion\":"
		"\"client.authentication.k8s.io/v1\",\"spec\":{"
		"\"interactive\":true}}");
	buf_clear(&info);
	exec.wants_cluster_info = true;
	kube_material_set(&config.ca, STR("foo"));
	kube__exec_write_info(&info, &config, false);
	kube_material_done(&config.ca);
	assert_string_equal(info.data,
		"{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","
		"\"spec\":{\"cluster\":{\"server\":\"https://k\",\"certificate-authority-data\":"
		"\"Zm9v\",\"config\":{\"a\":1}},\"interactive\":false}}");
}

/* ---- Watch lines ---- */

static int note_event(
	void *context, enum kube__watch_type type, const struct json *object, struct error *err)
{
	struct buf *story = context;

	(void)err;
	buf_printf(story, "%d:%.*s ", (int)type, STR_ARG(json_str(json_get(object, "n"))));
	return 0;
}

static void lines_may_be_cut_anywhere(void **state)
{
	static const char bytes[] = "{\"type\":\"ADDED\",\"object\":{\"n\":\"a\"}}\n\n"
				    "{\"type\":\"BOOKMARK\",\"object\":{\"n\":\"b\"}}\r\n"
				    "{\"type\":\"ERROR\",\"object\":{}}\n{\"type\":";
	struct str all = {bytes, sizeof(bytes) - 1};

	(void)state;
	for (size_t step = 1; step <= all.size; step++) {
		autobuf story = BUF_INIT(1000);
		struct kube__watch_decoder decoder = KUBE__WATCH_DECODER(note_event, &story);
		struct error err;
		for (size_t at = 0; at < all.size; at += step) {
			size_t size = all.size - at < step ? all.size - at : step;
			assert_int_equal(kube__watch_decode(
						 &decoder, (struct str){all.data + at, size}, &err),
				0);
		}
		assert_string_equal(story.data, "0:a 3:b 4: ");
		kube__watch_decoder_done(&decoder);
	}
}

static void lines_that_are_no_events_are_corrupt(void **state)
{
	static const char *const lines[] = {"x\n", "{}\n", "[]\n", "{\"type\":\"ADDED\"}\n",
		"{\"type\":\"ADDED\",\"object\":7}\n", "{\"type\":\"NEW\",\"object\":{}}\n"};

	(void)state;
	for (size_t i = 0; i < array_size(lines); i++) {
		autobuf story = BUF_INIT(1000);
		struct kube__watch_decoder decoder = KUBE__WATCH_DECODER(note_event, &story);
		struct error err;
		assert_int_equal(kube__watch_decode(&decoder, str_of(lines[i]), &err), -1);
		assert_int_equal(err.kind, ERROR_CORRUPT);
		kube__watch_decoder_done(&decoder);
	}
}

static void a_line_without_end_is_too_big(void **state)
{
	autofree char *piece = alloc_zeroed(LIMIT_OBJECT_BYTES + 1, 1);
	autobuf story = BUF_INIT(1000);
	struct error err;

	(void)state;
	memset(piece, ' ', LIMIT_OBJECT_BYTES + 1);
	for (size_t first = 0; first < 2; first++) {
		struct kube__watch_decoder decoder = KUBE__WATCH_DECODER(note_event, &story);
		int result = kube__watch_decode(&decoder, (struct str){piece, first}, &err);
		assert_int_equal(result, 0);
		result = kube__watch_decode(
			&decoder, (struct str){piece, LIMIT_OBJECT_BYTES + 1 - first}, &err);
		assert_int_equal(result, -1);
		assert_int_equal(err.kind, ERROR_TOO_BIG);
		kube__watch_decoder_done(&decoder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_encoded_segment_by_segment),
		cmocka_unit_test(a_query_begins_with_a_question_mark),
		cmocka_unit_test(keys_are_split_where_they_were_joined),
		cmocka_unit_test(names_are_one_segment_of_a_path),
		cmocka_unit_test(the_delay_doubles_and_is_forgotten_by_health),
		cmocka_unit_test(each_status_has_its_kind),
		cmocka_unit_test(a_refusal_says_what_the_server_said),
		cmocka_unit_test(undeclared_fields_are_left_out),
		cmocka_unit_test(a_plugins_output_is_checked),
		cmocka_unit_test(a_plugin_is_told_about_the_cluster_when_it_asks),
		cmocka_unit_test(lines_may_be_cut_anywhere),
		cmocka_unit_test(lines_that_are_no_events_are_corrupt),
		cmocka_unit_test(a_line_without_end_is_too_big),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
