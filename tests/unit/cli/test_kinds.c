/* What people mean by "deploy/web", and which workload a Pod belongs to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/kinds.h"

static void names_of_objects_are_understood_as_kubectl_does(void **state)
{
	static const struct {
		const char *text;
		const struct cli_kind *kind;
		const char *name;
	} cases[] = {
		{"deploy/web", &cli_deployment_kind, "web"},
		{"deployment.apps/web", &cli_deployment_kind, "web"},
		{"sts/db", &cli_statefulset_kind, "db"},
		{"daemonsets/log", &cli_daemonset_kind, "log"},
		{"po/x", &cli_pod_kind, "x"},
		{"ckp/a.b", &cli_checkpoint_kind, "a.b"},
		{"checkpoint.checkpoint-restore.kcr.io/c", &cli_checkpoint_kind, "c"},
		{"schedule/s", &cli_schedule_kind, "s"},
		{"alone", &cli_checkpoint_kind, "alone"},
	};
	struct cli_target target;
	struct error err;

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_int_equal(
			cli_target_parse(cases[i].text, &cli_checkpoint_kind, &target, &err), 0);
		assert_ptr_equal(target.kind, cases[i].kind);
		assert_true(str_is(target.name, cases[i].name));
	}
}

static void what_names_nothing_is_refused(void **state)
{
	static const char *const texts[] = {"job/x", "deploy/", "deploy/a/b", "deploy/..", "/x"};
	struct cli_target target;
	struct error err;

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++) {
		assert_int_equal(
			cli_target_parse(texts[i], &cli_checkpoint_kind, &target, &err), -1);
		assert_int_equal(err.kind, ERROR_INVALID);
	}
	assert_int_equal(cli_target_parse("alone", NULL, &target, &err), -1);
}

static void a_replica_set_stands_for_its_deployment(void **state)
{
	static const struct {
		struct str kind, name, hash;
		const char *text;
	} cases[] = {
		{STR_INIT("ReplicaSet"), STR_INIT("web-a-5d6f"), STR_INIT("5d6f"),
			"deployment/web-a"},
		{STR_INIT("ReplicaSet"), STR_INIT("web-5d6f"), STR_INIT("77"),
			"replicaset/web-5d6f"},
		{STR_INIT("ReplicaSet"), STR_INIT("web"), STR_INIT(""), "replicaset/web"},
		{STR_INIT("StatefulSet"), STR_INIT("db"), STR_INIT("db-5d6f"), "statefulset/db"},
		{STR_INIT(""), STR_INIT(""), STR_INIT("5d6f"), "pod/p"},
	};
	autoarena *arena = arena_new(256);

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct cli_owner owner = cli_owner_of(cases[i].kind, cases[i].name, cases[i].hash);
		struct str text = cli_owner_text(arena, owner, STR("p"));
		assert_string_equal(text.data, cases[i].text);
	}
}

static void a_checkpoint_is_of_its_workload_its_pod_and_itself(void **state)
{
	struct api_workload_reference workload = {
		.kind = STR("ReplicaSet"), .name = STR("web-5d6f")};
	struct api_checkpoint_pod pod = {.name = STR("web-5d6f-x")};
	const struct api_checkpoint checkpoint = {
		.metadata.name = STR("one"),
		.spec = {.workload = &workload, .pod = &pod, .template_hash = STR("5d6f")},
	};
	static const struct {
		const char *text;
		bool is_of;
	} cases[] = {{"deploy/web", true}, {"sts/web", false}, {"deploy/we", false},
		{"pod/web-5d6f-x", true}, {"pod/web", false}, {"ckp/one", true}, {"two", false},
		{"schedule/one", false}};
	struct cli_target target;
	struct error err;

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_int_equal(
			cli_target_parse(cases[i].text, &cli_checkpoint_kind, &target, &err), 0);
		assert_int_equal(cli_checkpoint_is_of(&checkpoint, &target), cases[i].is_of);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_objects_are_understood_as_kubectl_does),
		cmocka_unit_test(what_names_nothing_is_refused),
		cmocka_unit_test(a_replica_set_stands_for_its_deployment),
		cmocka_unit_test(a_checkpoint_is_of_its_workload_its_pod_and_itself),
	};

	return cmocka_run_group_tests_name("cli/kinds", tests, NULL, NULL);
}
