/* Trees: who belongs to whom, and how it is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/tree.h"

enum { NOW = 1000000 };

/* Schedule s of deploy/web (by its owner); request r of s made Checkpoint k, restored once; request
 * h, made by hand for Pod p of the same, failed; schedule lonely has nothing. */
struct world {
	struct arena *arena;
	struct api_owner owner;
	struct api_schedule schedules[2];
	struct api_reference by_schedule;
	struct api_checkpoint_reference made;
	struct api_request requests[2];
	struct api_workload_reference workload;
	struct api_checkpoint_pod pod_reference;
	struct api_condition restorable;
	struct api_checkpoint checkpoint;
	struct api_pod pod;
	struct api_restore_request restores[3];
	struct cli_gathered gathered;
};

static int make_world(void **state)
{
	static struct world world;

	world = (struct world){
		.arena = arena_new(1024),
		.owner = {.kind = STR("Deployment"), .name = STR("web"), .controller = true},
		.by_schedule = {.name = STR("s")},
		.made = {.name = STR("k")},
		.workload = {.kind = STR("ReplicaSet"), .name = STR("web-5d6f")},
		.pod_reference = {.name = STR("p")},
		.restorable = {.type = STR("Restorable"), .status = STR("True")},
	};
	world.schedules[0] = (struct api_schedule){
		.metadata = {.name = STR("s"), .owners = {&world.owner, 1}},
		.spec.schedule = STR("@daily"),
		.status.next_run = wall_time_of_seconds(NOW + 60),
	};
	world.schedules[1] = (struct api_schedule){.metadata.name = STR("lonely"),
		.spec = {.schedule = STR("@hourly"), .suspend = true}};
	world.requests[0] = (struct api_request){
		.metadata.name = STR("r"),
		.spec = {.pod = {.name = STR("p")}, .schedule = &world.by_schedule},
		.status = {.phase = STR("Completed"),
			.completed = wall_time_of_seconds(NOW - 7),
			.checkpoint = &world.made},
	};
	world.requests[1] = (struct api_request){
		.metadata.name = STR("h"),
		.spec.pod = {.name = STR("p")},
		.status = {.phase = STR("Failed"),
			.completed = wall_time_of_seconds(NOW - 5),
			.message = STR("no agent")},
	};
	world.checkpoint = (struct api_checkpoint){
		.metadata.name = STR("k"),
		.spec = {.pod = &world.pod_reference,
			.workload = &world.workload,
			.template_hash = STR("5d6f"),
			.schedule_ref = &world.by_schedule,
			.timestamp = wall_time_of_seconds(NOW - 9)},
		.status = {.phase = STR("ImageBuilt"),
			.size_bytes = 2048,
			.frozen_us = 3000,
			.restore_count = 1,
			.last_restore = wall_time_of_seconds(NOW - 3),
			.conditions = {&world.restorable, 1}},
	};
	world.pod = (struct api_pod){.metadata = {.name = STR("p"), .owners = {&world.owner, 1}}};
	world.gathered.parts[CLI_GATHER_SCHEDULES] = (struct cli_objects){world.schedules, NULL, 2};
	world.gathered.parts[CLI_GATHER_REQUESTS] = (struct cli_objects){world.requests, NULL, 2};
	world.gathered.parts[CLI_GATHER_CHECKPOINTS] =
		(struct cli_objects){&world.checkpoint, NULL, 1};
	world.gathered.parts[CLI_GATHER_PODS] = (struct cli_objects){&world.pod, NULL, 1};
	*state = &world;
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	arena_free(world->arena);
	return 0;
}

static void expect(struct world *world, const struct cli_target *target, const char *text)
{
	autobuf out = BUF_INIT(10000);
	struct cli_branch *root = cli_tree_make(&world->gathered, target, target != NULL ? 1 : 0,
		false, wall_time_of_seconds(NOW), world->arena);

	cli_branch_write(&out, root, false);
	assert_string_equal(out.data, text);
}

#define WEB                                                                                        \
	"deployment/web\n"                                                                         \
	"├── request/h  Failed 5s ago: no agent\n"                                           \
	"└── schedule/s  @daily, next run in 60s\n"                                          \
	"    └── request/r  Completed 7s ago\n"                                              \
	"        └── checkpoint/k  2Ki, frozen 3ms, 9s ago, restorable\n"                    \
	"            └── restored  1 time, last 3s ago\n"

static void everything_stands_below_what_it_belongs_to(void **state)
{
	expect(*state, NULL, WEB "no workload\n└── schedule/lonely  @hourly, suspended\n");
}

static void one_workload_can_be_chosen(void **state)
{
	const struct cli_target web = {&cli_deployment_kind, STR_INIT("web")};
	const struct cli_target other = {&cli_deployment_kind, STR_INIT("other")};

	expect(*state, &web, WEB);
	expect(*state, &other, "");
}

static void a_request_outlives_its_pod_by_its_checkpoint(void **state)
{
	struct world *world = *state;

	world->gathered.parts[CLI_GATHER_PODS].count = 0;
	expect(world, NULL, WEB "no workload\n└── schedule/lonely  @hourly, suspended\n");
}

static void a_schedule_that_is_gone_is_told(void **state)
{
	struct world *world = *state;

	world->gathered.parts[CLI_GATHER_SCHEDULES].count = 0;
	world->gathered.parts[CLI_GATHER_REQUESTS].count = 0;
	expect(world, NULL,
		"deployment/web\n"
		"└── schedule/s  is gone\n"
		"    └── checkpoint/k  2Ki, frozen 3ms, 9s ago, restorable\n"
		"        └── restored  1 time, last 3s ago\n");
}

/* b chose the checkpoint itself and is newer than a; c is for what is not there any more. */
static void requests_to_restore_stand_below_their_checkpoint(void **state)
{
	struct world *world = *state;

	world->restores[0] = (struct api_restore_request){
		.metadata = {.name = STR("a"), .created = wall_time_of_seconds(NOW - 8)},
		.spec = {.pod = {.name = STR("copy")}, .checkpoint_name = STR("k")},
		.status = {.phase = STR("Failed"),
			.completed = wall_time_of_seconds(NOW - 6),
			.message = STR("address in use")},
	};
	world->restores[1] = (struct api_restore_request){
		.metadata = {.name = STR("b"), .created = wall_time_of_seconds(NOW - 4)},
		.spec = {.pod = {.name = STR("p")}},
		.status = {.phase = STR("Completed"),
			.completed = wall_time_of_seconds(NOW - 3),
			.checkpoint = &world->made},
	};
	world->restores[2] = (struct api_restore_request){
		.metadata = {.name = STR("c"), .created = wall_time_of_seconds(NOW - 2)},
		.spec = {.pod = {.name = STR("p")}, .checkpoint_name = STR("gone")},
	};
	world->gathered.parts[CLI_GATHER_RESTORES] = (struct cli_objects){world->restores, NULL, 3};
	world->gathered.parts[CLI_GATHER_REQUESTS].count = 1;
	expect(world, NULL,
		"deployment/web\n"
		"├── restore/c  Pending, made 2s ago, pod p\n"
		"└── schedule/s  @daily, next run in 60s\n"
		"    └── request/r  Completed 7s ago\n"
		"        └── checkpoint/k  2Ki, frozen 3ms, 9s ago, restorable\n"
		"            ├── restore/b  Completed 3s ago, pod p\n"
		"            ├── restore/a  Failed 6s ago, pod copy: address in use\n"
		"            └── restored  1 time, last 3s ago\n"
		"no workload\n└── schedule/lonely  @hourly, suspended\n");
}

static void a_pod_that_was_made_from_a_checkpoint_can_be_chosen(void **state)
{
	const struct cli_target copy = {&cli_pod_kind, STR_INIT("copy")};
	struct world *world = *state;

	world->restores[0] = (struct api_restore_request){
		.metadata = {.name = STR("a")},
		.spec = {.pod = {.name = STR("copy")}, .checkpoint_name = STR("k")},
		.status = {.phase = STR("Completed"), .completed = wall_time_of_seconds(NOW - 6)},
	};
	world->gathered.parts[CLI_GATHER_RESTORES] = (struct cli_objects){world->restores, NULL, 1};
	expect(world, &copy, "pod/copy\n└── restore/a  Completed 6s ago, pod copy\n");
}

#define tree_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		tree_test(everything_stands_below_what_it_belongs_to),
		tree_test(one_workload_can_be_chosen),
		tree_test(a_request_outlives_its_pod_by_its_checkpoint),
		tree_test(a_schedule_that_is_gone_is_told),
		tree_test(requests_to_restore_stand_below_their_checkpoint),
		tree_test(a_pod_that_was_made_from_a_checkpoint_can_be_chosen),
	};

	return cmocka_run_group_tests_name("cli/tree", tests, NULL, NULL);
}
