/* The timeline: what is told twice is there once, what is drawn where, and that SVG stays SVG. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "cli/moments.h"

/* deploy/web's Pod p: a checkpoint at 100 s, a crash at 200 s (told by Checkpoint and Pod), a
 * restore at 201 s (told by Checkpoint and event), a cold start at 300 s. */
struct world {
	struct arena *arena;
	struct api_checkpoint_pod pod_reference;
	struct api_workload_reference workload;
	struct api_container_exit exit;
	struct api_checkpoint checkpoint;
	struct api_owner owner;
	struct api_container_terminated terminated;
	struct api_container_status status;
	struct api_pod pod;
	struct cli_event events[2];
	struct cli_gathered gathered;
};

static struct cli_event event(const char *reason, const char *note, int64_t seconds)
{
	return (struct cli_event){
		.time = wall_time_of_seconds(seconds),
		.controller = STR("kcr.io/agent"),
		.regarding = {.kind = STR("Pod"), .name = STR("p")},
		.reason = str_of(reason),
		.note = str_of(note),
	};
}

static int make_world(void **state)
{
	static struct world world;

	world = (struct world){
		.arena = arena_new(1024),
		.pod_reference = {.name = STR("p")},
		.workload = {.kind = STR("ReplicaSet"), .name = STR("web-5d6f")},
		.exit = {.signal = 9,
			.exit_code = 137,
			.reason = STR("Error"),
			.finished = wall_time_of_seconds(200)},
		.owner = {.kind = STR("Deployment"), .name = STR("web"), .controller = true},
		.terminated = {.exit_code = 137,
			.reason = STR("Error"),
			.finished = wall_time_of_seconds(201)},
		.status = {.name = STR("main")},
		.events = {event("Restored", "Container main was restored <&>", 202),
			event("ColdStart", "Container main starts without its memory", 300)},
	};
	world.checkpoint = (struct api_checkpoint){
		.metadata.name = STR("one"),
		.spec = {.container_name = STR("main"),
			.pod = &world.pod_reference,
			.workload = &world.workload,
			.template_hash = STR("5d6f"),
			.timestamp = wall_time_of_seconds(100)},
		.status = {.container_exit = &world.exit,
			.last_restore = wall_time_of_seconds(201)},
	};
	world.status.last_state.terminated = &world.terminated;
	world.pod = (struct api_pod){
		.metadata = {.name = STR("p"), .owners = {&world.owner, 1}},
		.status.container_statuses = {&world.status, 1},
	};
	world.gathered.parts[CLI_GATHER_CHECKPOINTS] =
		(struct cli_objects){.items = &world.checkpoint, .count = 1};
	world.gathered.parts[CLI_GATHER_PODS] =
		(struct cli_objects){.items = &world.pod, .count = 1};
	world.gathered.parts[CLI_GATHER_EVENTS] =
		(struct cli_objects){.items = world.events, .count = 2};
	*state = &world;
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	arena_free(world->arena);
	return 0;
}

static struct cli_moments collect(struct world *world, const char *name, int64_t since)
{
	const struct cli_target target = {&cli_deployment_kind, str_of(name)};

	return cli_moments_collect(
		&world->gathered, &target, wall_time_of_seconds(since), world->arena);
}

static void what_several_objects_tell_is_there_once(void **state)
{
	static const struct {
		int64_t seconds;
		enum cli_moment_kind kind;
		const char *text;
	} expected[] = {
		{100, CLI_MOMENT_CHECKPOINT, "one"},
		{200, CLI_MOMENT_CRASH, "Error, signal 9"},
		{201, CLI_MOMENT_RESTORE, "Container main was restored <&>"},
		{300, CLI_MOMENT_COLD, "Container main starts without its memory"},
	};
	struct cli_moments moments = collect(*state, "web", 0);

	assert_int_equal(moments.count, array_size(expected));
	for (size_t i = 0; i < array_size(expected); i++) {
		assert_int_equal(wall_time_seconds(moments.items[i].time), expected[i].seconds);
		assert_int_equal(moments.items[i].kind, expected[i].kind);
		assert_true(str_is(moments.items[i].text, expected[i].text));
		assert_true(str_is(moments.items[i].lane, "p/main"));
	}
}

static void a_late_event_tells_of_the_same_restore_by_its_checkpoint(void **state)
{
	struct world *world = *state;

	world->events[0] =
		event("Restored", "Container main was restored from Checkpoint one in", 209);
	assert_int_equal(collect(world, "web", 0).count, 4);
	world->events[0] =
		event("Restored", "Container main was restored from Checkpoint two in", 209);
	assert_int_equal(collect(world, "web", 0).count, 5);
}

static void other_workloads_and_earlier_times_are_left_out(void **state)
{
	assert_int_equal(collect(*state, "other", 0).count, 0);
	assert_int_equal(collect(*state, "web", 250).count, 1);
}

static void a_lane_has_its_signs_at_their_places(void **state)
{
	struct world *world = *state;
	struct cli_moments moments = collect(world, "web", 0);
	autobuf out = BUF_INIT(10000);
	struct str lane;
	struct str rest;

	cli_moments_draw(&moments, 49, false, world->arena, &out); /* 41 columns for 200 s */
	(void)str_cut(buf_str(&out), '\n', &lane, &rest);
	assert_true(str_starts_with(lane, STR("p/main  ●───")));
	assert_true(str_contains(lane, STR("───✗↺───")));
	assert_true(str_ends_with(lane, STR("───○")));
	assert_true(str_contains(rest, STR("1970-01-01T00:03:20Z   p/main          ✗ crash")));
}

static void texts_do_not_break_the_picture(void **state)
{
	struct world *world = *state;
	struct cli_moments moments;
	autobuf out = BUF_INIT(100000);

	world->gathered.parts[CLI_GATHER_CHECKPOINTS].count = 0;
	moments = collect(world, "web", 0);
	cli_moments_write_svg(&moments, "a<b", &out);
	assert_true(str_starts_with(buf_str(&out), STR("<svg xmlns=")));
	assert_true(str_ends_with(buf_str(&out), STR("</svg>\n")));
	assert_true(str_contains(buf_str(&out), STR(">a&lt;b</text>")));
	assert_true(str_contains(buf_str(&out), STR("was restored &lt;&amp;>")));
}

#define moments_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		moments_test(what_several_objects_tell_is_there_once),
		moments_test(a_late_event_tells_of_the_same_restore_by_its_checkpoint),
		moments_test(other_workloads_and_earlier_times_are_left_out),
		moments_test(a_lane_has_its_signs_at_their_places),
		moments_test(texts_do_not_break_the_picture),
	};

	return cmocka_run_group_tests_name("cli/moments", tests, NULL, NULL);
}
