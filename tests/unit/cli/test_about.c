/* To which workload or Pod an object belongs, also when it is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/about.h"

static struct api_owner web_owner = {
	.kind = STR_INIT("ReplicaSet"), .name = STR_INIT("web-5d6f"), .controller = true};
static struct api_owner db_owner = {
	.kind = STR_INIT("StatefulSet"), .name = STR_INIT("db"), .controller = true};
static struct api_owner my_db_owner = {
	.kind = STR_INIT("StatefulSet"), .name = STR_INIT("my-db"), .controller = true};
static struct api_owner web_schedule_owner = {
	.kind = STR_INIT("Deployment"), .name = STR_INIT("web"), .controller = true};
static struct json_pair hash = {STR_INIT("pod-template-hash"), STR_INIT("5d6f")};

/* Pods of deploy/web, sts/db and sts/my-db, and one of nobody, whose name begins as web's do. */
static struct api_pod pods[] = {
	{.metadata = {.name = STR_INIT("web-5d6f-x"),
		 .namespace = STR_INIT("shop"),
		 .labels = {&hash, 1},
		 .owners = {&web_owner, 1}}},
	{.metadata = {.name = STR_INIT("db-0"),
		 .namespace = STR_INIT("shop"),
		 .owners = {&db_owner, 1}}},
	{.metadata = {.name = STR_INIT("my-db-0"),
		 .namespace = STR_INIT("shop"),
		 .owners = {&my_db_owner, 1}}},
	{.metadata = {.name = STR_INIT("web-5d6f"), .namespace = STR_INIT("shop")}},
};

/* A checkpoint of a Pod of deploy/web that is gone. */
static struct api_workload_reference workload = {
	.kind = STR_INIT("ReplicaSet"), .name = STR_INIT("web-77aa")};
static struct api_checkpoint_pod gone = {.name = STR_INIT("web-77aa-y")};
static struct api_checkpoint checkpoints[] = {
	{.metadata = {.name = STR_INIT("kept"), .namespace = STR_INIT("shop")},
		.spec = {.pod = &gone, .workload = &workload, .template_hash = STR_INIT("77aa")}},
};

static struct api_request requests[] = {
	{.metadata = {.name = STR_INIT("by-hand"), .namespace = STR_INIT("shop")},
		.spec.pod.name = STR_INIT("web-5d6f-x")},
};
static struct api_restore_request restores[] = {
	{.metadata = {.name = STR_INIT("back"), .namespace = STR_INIT("shop")},
		.spec.pod.name = STR_INIT("db-0")},
};
static struct api_schedule schedules[] = {
	{.metadata = {.name = STR_INIT("nightly"),
		 .namespace = STR_INIT("shop"),
		 .owners = {&web_schedule_owner, 1}}},
};

static const struct cli_gathered gathered = {
	.parts = {
		[CLI_GATHER_PODS] = {pods, NULL, array_size(pods)},
		[CLI_GATHER_CHECKPOINTS] = {checkpoints, NULL, array_size(checkpoints)},
		[CLI_GATHER_REQUESTS] = {requests, NULL, array_size(requests)},
		[CLI_GATHER_RESTORES] = {restores, NULL, array_size(restores)},
		[CLI_GATHER_SCHEDULES] = {schedules, NULL, array_size(schedules)},
	}};

static const char *const targets[] = {"deploy/web", "deploy/web-api", "sts/db", "sts/my-db",
	"ds/web", "pod/web-5d6f-x", "pod/web-5d6f", "pod/db-0", "pod/my-db-0", "ckp/kept",
	"schedule/nightly"};

static const struct {
	const char *kind;
	const char *name;
	const char *namespace;
	const char *whose[3]; /* all of the targets that it belongs to */
} cases[] = {
	{"Deployment", "web", "shop", {"deploy/web"}},
	{"Pod", "web-5d6f-x", "shop", {"deploy/web", "pod/web-5d6f-x"}},
	{"Pod", "web-77aa-y", "shop", {"deploy/web"}},
	{"Pod", "web-5d6f", "shop", {"pod/web-5d6f"}},
	{"Pod", "web-api-77aa-z", "shop", {NULL}},
	{"Pod", "db-0", "elsewhere", {"pod/db-0"}},
	{"Checkpoint", "kept", "shop", {"deploy/web", "ckp/kept"}},
	{"Checkpoint", "web-5d6f-x-shop-1795339680", "shop", {"deploy/web", "pod/web-5d6f-x"}},
	{"CheckpointRequest", "by-hand", "shop", {"deploy/web", "pod/web-5d6f-x"}},
	{"CheckpointRequest", "web-web-77aa-y-main-1795339680", "shop", {"deploy/web"}},
	{"CheckpointRequest", "my-db-my-db-0-1795339680", "shop", {"sts/my-db", "pod/my-db-0"}},
	{"CheckpointRequest", "my-db-0-1795339680", "shop", {"sts/my-db", "pod/my-db-0"}},
	{"CheckpointRequest", "db-db-0-1795339680", "shop", {"sts/db", "pod/db-0"}},
	{"CheckpointRequest", "db-db-0-1795339680", "elsewhere", {NULL}},
	{"CheckpointRequest", "web-5d6f-xyz-1795339680", "shop", {"pod/web-5d6f"}},
	{"RestoreRequest", "back", "shop", {"sts/db", "pod/db-0"}},
	{"RestoreRequest", "restore-db-0-main-1795339680", "shop", {"sts/db", "pod/db-0"}},
	{"CheckpointSchedule", "nightly", "shop", {"deploy/web", "schedule/nightly"}},
	{"CheckpointSchedule", "web", "shop", {NULL}},
};

static bool belongs(size_t index, const char *target)
{
	for (size_t i = 0; i < array_size(cases[index].whose); i++)
		if (cases[index].whose[i] != NULL && strcmp(cases[index].whose[i], target) == 0)
			return true;
	return false;
}

static void each_object_is_of_whom_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		const struct api_reference object = {
			.kind = str_of(cases[i].kind), .name = str_of(cases[i].name)};
		for (size_t j = 0; j < array_size(targets); j++) {
			struct cli_target target;
			struct error err;
			bool is_its;
			assert_int_equal(cli_target_parse(targets[j], NULL, &target, &err), 0);
			is_its = cli_is_about(
				&gathered, &object, str_of(cases[i].namespace), &target);
			if (is_its != belongs(i, targets[j]))
				fail_msg("%s/%s %s of %s", cases[i].kind, cases[i].name,
					is_its ? "is" : "is not", targets[j]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_object_is_of_whom_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
