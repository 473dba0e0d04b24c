/* A world for the doctor's checks: objects as JSON, decoded as the plugin decodes them. */
#ifndef TESTS_UNIT_CLI_DOCTOR_WORLD_H
#define TESTS_UNIT_CLI_DOCTOR_WORLD_H

#include <string.h>

#include "cli/doctor.h"

enum { DOCTOR_NOW = 1000000, DOCTOR_MOST = 8 };

/* One look by one row. What is NULL is not there. */
struct doctor_case {
	const char *check;
	enum cli_doctor_verdict verdict;
	const char *words; /* within what is said; NULL: nothing is said */
	const char *node; /* the status of CheckpointNode "n" */
	const char *pod; /* a Pod "p" of Deployment "web"; its container is the first one */
	const char *checkpoint; /* of that container */
	const char *request; /* likewise */
	const char *schedule; /* of the Deployment */
	const char *annotation; /* of the Deployment: a schedule */
	const char *own_pods; /* a list of KCR's Pods */
	bool is_about_nodes;
	unsigned denied; /* 1 << part */
	unsigned absent;
};

struct doctor_world {
	struct arena *arena;
	struct cli_doctor_facts facts;
	struct api_annotations annotations;
	struct cli_doctor_view view;
};

static inline void *doctor_decode(struct doctor_world *world, const char *text,
	const struct json_object *object, size_t *ret_count)
{
	autojson *doc = NULL;
	struct error err;
	void *item = arena_zeroed(world->arena, 1, object->size);

	*ret_count = 0;
	if (text == NULL)
		return item;
	if (json_parse(str_of(text), &doc, &err) < 0 ||
		json_decode(json_doc_root(doc), object, false, world->arena, item, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	*ret_count = 1;
	return item;
}

static inline void doctor_add(struct doctor_world *world, enum cli_doctor_part part,
	const char *text, const struct json_object *object)
{
	struct cli_doctor_list *list = &world->facts.lists[part];

	list->items = doctor_decode(world, text, object, &list->count);
}

/* One Pod, or those of a list. */
static inline void doctor_add_pods(
	struct doctor_world *world, enum cli_doctor_part part, const char *text)
{
	struct cli_doctor_list *list = &world->facts.lists[part];
	struct cli_pod *pods = arena_zeroed(world->arena, DOCTOR_MOST, sizeof(*pods));
	autojson *doc = NULL;
	struct json_iter item;
	struct error err;

	list->items = pods;
	if (text == NULL)
		return;
	assert_int_equal(json_parse(str_of(text), &doc, &err), 0);
	item = json_iter(json_get(json_doc_root(doc), "items"));
	if (json_get(json_doc_root(doc), "items") == NULL)
		assert_int_equal(cli_pod_decode(json_doc_root(doc), world->arena,
					 &pods[list->count++], &err),
			0);
	while (json_next(&item))
		assert_int_equal(
			cli_pod_decode(item.value, world->arena, &pods[list->count++], &err), 0);
}

static inline void doctor_gather(struct doctor_world *world)
{
	struct cli_doctor_list *lists = world->facts.lists;
	struct cli_objects *parts = world->facts.gathered.parts;
	struct api_pod *plain = arena_zeroed(world->arena, DOCTOR_MOST, sizeof(*plain));
	const struct cli_pod *pods = lists[CLI_DOCTOR_PODS].items;

	for (size_t i = 0; i < lists[CLI_DOCTOR_PODS].count; i++)
		plain[i] = pods[i].pod;
	parts[CLI_GATHER_CHECKPOINTS] = (struct cli_objects){
		lists[CLI_DOCTOR_CHECKPOINTS].items, NULL, lists[CLI_DOCTOR_CHECKPOINTS].count};
	parts[CLI_GATHER_SCHEDULES] = (struct cli_objects){
		lists[CLI_DOCTOR_SCHEDULES].items, NULL, lists[CLI_DOCTOR_SCHEDULES].count};
	parts[CLI_GATHER_REQUESTS] = (struct cli_objects){
		lists[CLI_DOCTOR_REQUESTS].items, NULL, lists[CLI_DOCTOR_REQUESTS].count};
	parts[CLI_GATHER_PODS] = (struct cli_objects){plain, NULL, lists[CLI_DOCTOR_PODS].count};
}

static inline void doctor_fill(struct doctor_world *world, const struct doctor_case *row)
{
	world->facts.is_about_nodes = row->is_about_nodes;
	for (enum cli_doctor_part part = 0; part < CLI_DOCTOR_PARTS; part++) {
		world->facts.lists[part].is_denied = (row->denied & 1u << part) != 0;
		world->facts.lists[part].is_absent = (row->absent & 1u << part) != 0;
	}
	doctor_add(world, CLI_DOCTOR_CHECKPOINTS, row->checkpoint, api_checkpoint_kind.object);
	doctor_add(world, CLI_DOCTOR_REQUESTS, row->request, api_request_kind.object);
	doctor_add(world, CLI_DOCTOR_SCHEDULES, row->schedule, api_schedule_kind.object);
	doctor_add(world, CLI_DOCTOR_DESCRIPTIONS, row->node, api_checkpoint_node_kind.object);
	doctor_add_pods(world, CLI_DOCTOR_PODS, row->pod);
	doctor_add_pods(world, CLI_DOCTOR_OWN_PODS, row->own_pods);
	doctor_gather(world);
}

static inline void doctor_look_at(struct doctor_world *world, const struct doctor_case *row)
{
	const struct cli_doctor_list *lists = world->facts.lists;
	const struct cli_pod *pods = lists[CLI_DOCTOR_PODS].items;

	if (row->annotation != NULL)
		world->annotations.schedule = str_of(row->annotation);
	world->view = (struct cli_doctor_view){
		.facts = &world->facts,
		.node = STR("n"),
		.description = row->node != NULL ? lists[CLI_DOCTOR_DESCRIPTIONS].items : NULL,
		.namespace = STR("default"),
		.workload = STR("deployment/web"),
		.owner = {STR("Deployment"), STR("web")},
		.annotations = &world->annotations,
		.pod_count = lists[CLI_DOCTOR_PODS].count,
		.pod = row->pod != NULL ? pods : NULL,
	};
	if (row->pod != NULL)
		world->view.container = pods->spec.containers.items;
}

static inline const struct cli_doctor_check *doctor_find(
	const struct cli_doctor_check *checks, const char *name)
{
	while (checks->name != NULL && strcmp(checks->name, name) != 0)
		checks++;
	return checks;
}

/* Looks by the row's check, alone, and compares. */
static inline void doctor_expect(
	const struct cli_doctor_check *checks, const struct doctor_case *row)
{
	autoarena *arena = arena_new(4096);
	struct doctor_world world = {
		.arena = arena, .facts = {.arena = arena, .now = wall_time_of_seconds(DOCTOR_NOW)}};
	const struct cli_doctor_check *check = doctor_find(checks, row->check);
	struct cli_doctor_finding finding;

	doctor_fill(&world, row);
	doctor_look_at(&world, row);
	if (check->name == NULL)
		fail_msg("there is no check %s", row->check);
	finding = check->look(&world.view);
	if (finding.verdict != row->verdict ||
		(row->words != NULL && !str_contains(finding.words, str_of(row->words))))
		fail_msg("%s: %s, '%.*s'; expected %s, '%s'", row->check,
			cli_doctor_verdict_text(finding.verdict), STR_ARG(finding.words),
			cli_doctor_verdict_text(row->verdict), row->words);
}

/* Each check is shown with something well and with something that is not. */
static inline void doctor_expect_all(
	const struct cli_doctor_check *checks, const struct doctor_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		doctor_expect(checks, &cases[i]);
	for (; checks->name != NULL; checks++) {
		bool is_shown[CLI_DOCTOR_VERDICTS] = {false};
		for (size_t i = 0; i < count; i++)
			if (strcmp(cases[i].check, checks->name) == 0)
				is_shown[cases[i].verdict] = true;
		if (!is_shown[CLI_DOCTOR_WELL] ||
			!(is_shown[CLI_DOCTOR_NOTE] || is_shown[CLI_DOCTOR_UNKNOWN] ||
				is_shown[CLI_DOCTOR_CANNOT]))
			fail_msg("%s is not shown both ways", checks->name);
	}
}

#endif
