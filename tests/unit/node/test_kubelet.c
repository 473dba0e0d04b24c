/* The kubelet's list of Pods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/kubelet.h"

static void a_pod_is_found_by_its_uid(void **state)
{
	static const struct str text = STR_INIT(
		"{\"items\":[{\"metadata\":{\"name\":\"a\",\"uid\":\"1\"}},7,"
		"{\"metadata\":{\"name\":\"b\",\"uid\":\"2\"},\"status\":{\"phase\":5}}]}");
	autoarena *arena = arena_new(1024);
	autojson *doc = NULL;
	const struct api_pod *pod;
	struct error err;

	(void)state;
	assert_int_equal(json_parse(text, &doc, &err), 0);
	pod = node_kubelet_find_pod(json_doc_root(doc), STR("2"), arena);
	assert_non_null(pod);
	assert_true(str_is(pod->metadata.name, "b"));
	assert_null(node_kubelet_find_pod(json_doc_root(doc), STR("3"), arena));
}

static void what_it_says_of_no_pod_tells_whether_it_takes_checkpoints(void **state)
{
	static const struct {
		int status;
		struct str body;
		enum error_kind kind;
	} cases[] = {
		{404, STR_INIT("pod does not exist"), ERROR_NONE},
		{404, STR_INIT("404 page not found"), ERROR_UNSUPPORTED},
		{401, STR_INIT("Unauthorized"), ERROR_DENIED},
		{403, STR_INIT("Forbidden (user=x, verb=create, resource=nodes)"), ERROR_DENIED},
		{500, STR_INIT("pod does not exist"), ERROR_SYSTEM},
		{200, STR_INIT("{}"), ERROR_SYSTEM},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct error err = {0};
		int result = node_kubelet_read_probe(cases[i].status, cases[i].body, &err);
		assert_int_equal(err.kind, cases[i].kind);
		assert_int_equal(result, cases[i].kind == ERROR_NONE ? 0 : -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pod_is_found_by_its_uid),
		cmocka_unit_test(what_it_says_of_no_pod_tells_whether_it_takes_checkpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
