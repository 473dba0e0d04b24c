/* Annotations as engines write them; containerd's recorded on 2.4.2, CRI-O's from its sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "runtime/container.h"

#define UID "5bda148c-09cf-4ff2-a4c6-62ff16378b45"

static const char containerd_container[] = "{\"io.kubernetes.cri.container-name\":\"main\","
					   "\"io.kubernetes.cri.container-type\":\"container\","
					   "\"io.kubernetes.cri.image-name\":\"kcr.test/tools:1\","
					   "\"io.kubernetes.cri.sandbox-id\":\"f49043\","
					   "\"io.kubernetes.cri.sandbox-name\":\"k64\","
					   "\"io.kubernetes.cri.sandbox-namespace\":\"default\","
					   "\"io.kubernetes.cri.sandbox-uid\":\"" UID "\"}";

static const char crio_container[] = "{\"io.kubernetes.cri-o.ContainerType\":\"container\","
				     "\"io.kubernetes.container.name\":\"main\","
				     "\"io.kubernetes.pod.name\":\"k64\","
				     "\"io.kubernetes.pod.namespace\":\"default\","
				     "\"io.kubernetes.pod.uid\":\"" UID "\","
				     "\"io.kubernetes.cri-o.ImageName\":\"kcr.test/tools:1\"}";

static bool read_container(
	const char *text, struct json_doc **doc, struct runtime_container *container)
{
	struct error err;

	assert_int_equal(json_parse(str_of(text), doc, &err), 0);
	return runtime_container_read(json_doc_root(*doc), container);
}

static void test_both_engines_name_the_same_container(void **state)
{
	static const char *const texts[] = {containerd_container, crio_container};

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++) {
		struct runtime_container container;
		autojson *doc = NULL;

		assert_true(read_container(texts[i], &doc, &container));
		assert_true(str_is(container.pod_uid, UID));
		assert_true(str_is(container.namespace, "default"));
		assert_true(str_is(container.pod, "k64"));
		assert_true(str_is(container.name, "main"));
		assert_true(str_is(container.image, "kcr.test/tools:1"));
	}
}

static void test_everything_else_is_no_container_of_a_pod(void **state)
{
	static const char *const texts[] = {
		"null",
		"{}",
		"[]",
		"{\"io.kubernetes.cri.container-type\":\"sandbox\","
		"\"io.kubernetes.cri.sandbox-uid\":\"" UID "\"}",
		"{\"io.kubernetes.cri.container-type\":\"container\","
		"\"io.kubernetes.cri.container-name\":\"main\"}",
		"{\"io.kubernetes.cri.container-type\":\"container\","
		"\"io.kubernetes.cri.container-name\":\"../../etc\","
		"\"io.kubernetes.cri.sandbox-uid\":\"" UID "\"}",
		"{\"io.kubernetes.cri.container-type\":\"container\","
		"\"io.kubernetes.cri.container-name\":\"main\","
		"\"io.kubernetes.cri.sandbox-uid\":\"..\"}",
	};

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++) {
		struct runtime_container container;
		autojson *doc = NULL;

		assert_false(read_container(texts[i], &doc, &container));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_engines_name_the_same_container),
		cmocka_unit_test(test_everything_else_is_no_container_of_a_pod),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
