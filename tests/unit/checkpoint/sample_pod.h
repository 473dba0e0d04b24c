/* A running, Ready Pod "p" of two containers, that tests spoil in one way each. */
#ifndef TESTS_UNIT_CHECKPOINT_SAMPLE_POD_H
#define TESTS_UNIT_CHECKPOINT_SAMPLE_POD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api/kinds.h"
#include "api/views.h"
#include "base/alloc.h"

struct sample_pod {
	struct json_pair labels[1];
	struct api_container containers[2];
	struct api_container_status statuses[2];
	struct api_container_running running[2];
	struct api_pod_condition conditions[1];
	struct api_pod pod;
};

/* All of it lies in *sample, which must not move. */
static inline void sample_pod_make(struct sample_pod *sample, const char *name)
{
	*sample = (struct sample_pod){
		.labels = {{STR_INIT("app"), STR_INIT("x")}},
		.containers = {{.name = STR_INIT("main")}, {.name = STR_INIT("side")}},
		.running = {{{1000000}}, {{1000000}}},
		.conditions = {{.type = STR_INIT("Ready"), .status = STR_INIT("True")}},
	};
	for (size_t i = 0; i < array_size(sample->statuses); i++)
		sample->statuses[i] = (struct api_container_status){
			.name = sample->containers[i].name,
			.ready = true,
			.container_id = STR("containerd://1"),
			.state.running = &sample->running[i],
		};
	sample->pod = (struct api_pod){
		.metadata = {.name = str_of(name),
			.uid = STR("u1"),
			.labels = {sample->labels, array_size(sample->labels)}},
		.spec = {.node_name = STR("n1"),
			.containers = {sample->containers, array_size(sample->containers)}},
		.status = {.phase = STR("Running"),
			.conditions = {sample->conditions, array_size(sample->conditions)},
			.container_statuses = {sample->statuses, array_size(sample->statuses)}},
	};
}

static inline void assert_str(struct str actual, const char *expected)
{
	autofree char *text = str_dup(actual);

	assert_string_equal(text, expected);
}

#endif
