/*
 * For the tests of the restore rule: a Pod with a container that runs, two good Checkpoints of it,
 * and what may happen to them.
 */
#ifndef TESTS_RESTORE_RULE_WORLD_H
#define TESTS_RESTORE_RULE_WORLD_H

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "restore/rule.h"

#define ORIGINAL   "app:1"
#define NODE_IMAGE "localhost:5000/c1@sha256:1"
#define NOW_S      INT64_C(1000000)

struct world {
	struct arena *arena;
	struct api_container containers[1];
	struct api_container_status statuses[1];
	struct api_container_running running;
	struct api_container_waiting waiting;
	struct api_container_terminated terminated;
	struct api_owner owner;
	struct json_pair labels[1];
	struct api_pod pod;
	struct api_checkpoint checkpoints[2];
	struct api_checkpoint_pod taken_of[2];
	struct api_workload_reference workload;
	struct api_container_exit exit;
	const struct api_checkpoint *list[2];
	struct restore_record record;
	struct api_offer offers[2];
	struct api_checkpoint_node node;
	struct restore_view view;
	struct wall_time now;
};

static inline void make_pod(struct world *world)
{
	world->containers[0] = (struct api_container){.name = STR("app"), .image = STR(ORIGINAL)};
	world->running.started = wall_time_of_seconds(NOW_S - 100);
	world->statuses[0] = (struct api_container_status){
		.name = STR("app"),
		.ready = true,
		.container_id = STR("containerd://one"),
		.state = {.running = &world->running},
	};
	world->labels[0] = (struct json_pair){STR("pod-template-hash"), STR("t1")};
	world->pod = (struct api_pod){
		.metadata = {.name = STR("p"),
			.namespace = STR("ns"),
			.uid = STR("pod-uid"),
			.labels = {world->labels, 1}},
		.spec = {.node_name = STR("n"),
			.restart_policy = STR("Always"),
			.containers = {world->containers, 1}},
		.status = {.phase = STR("Running"), .container_statuses = {world->statuses, 1}},
	};
}

static inline void make_checkpoint(
	struct world *world, size_t index, const char *uid, int64_t taken_s)
{
	world->taken_of[index] = (struct api_checkpoint_pod){
		.name = STR("p"), .namespace = STR("ns"), .uid = STR("pod-uid")};
	world->checkpoints[index] = (struct api_checkpoint){
		.metadata = {.name = str_of(uid), .uid = str_of(uid)},
		.spec = {.timestamp = wall_time_of_seconds(taken_s),
			.container_name = STR("app"),
			.node_name = STR("n"),
			.pod = &world->taken_of[index],
			.image = STR(ORIGINAL),
			.template_hash = STR("t1"),
			.was_ready = true},
		.status = {.phase = STR("ImageBuilt"),
			.runtime_image = STR(NODE_IMAGE),
			.digest = STR("sha256:1"),
			.stable = wall_time_of_seconds(taken_s + 5)},
	};
	world->list[index] = &world->checkpoints[index];
}

static inline int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);

	world->arena = arena_new(4000);
	world->now = wall_time_of_seconds(NOW_S);
	make_pod(world);
	make_checkpoint(world, 0, "older", NOW_S - 120);
	make_checkpoint(world, 1, "newer", NOW_S - 60);
	world->checkpoints[0].status.runtime_image = STR("localhost:5000/c0@sha256:0");
	world->view = (struct restore_view){
		.pod = &world->pod,
		.container = &world->containers[0],
		.checkpoints = world->list,
		.checkpoint_count = 2,
		.terms = {.policy = API_RESTORE_ON_FAILURE, .retry_window_seconds = 60},
	};
	*state = world;
	return 0;
}

static inline int drop_world(void **state)
{
	struct world *world = *state;

	arena_free(world->arena);
	free(world);
	return 0;
}

static inline struct restore_decision decide(struct world *world)
{
	return restore_decide(&world->view, world->now, world->arena);
}

static inline void pass(struct world *world, int64_t seconds)
{
	world->now.us += seconds * TIME_SECOND_US;
}

/* As control does: what was decided is what is read next time. */
static inline void carry_out(struct world *world, const struct restore_decision *decision)
{
	assert_true(decision->is_change);
	world->record = decision->record;
	world->view.record = &world->record;
	world->containers[0].image = decision->image;
}

static inline void agent_reports_end(struct world *world, int64_t exit_code)
{
	world->exit = (struct api_container_exit){.container_id = world->statuses[0].container_id,
		.exit_code = exit_code,
		.reason = STR("Error"),
		.finished = world->now};
	world->view.exit = &world->exit;
}

static inline void assert_text(struct str text, const char *expected)
{
	autofree char *copy = str_dup(text);

	assert_string_equal(copy, expected);
}

#endif
