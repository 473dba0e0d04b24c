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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pod_is_found_by_its_uid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
