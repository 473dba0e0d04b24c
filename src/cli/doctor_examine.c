/*
 * From what was fetched to what was looked at: the cluster; each node, before its Pods, because
 * what it cannot they cannot; then namespace by namespace each workload with its Pods and their
 * containers. Only within a namespace everything is compared with everything.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"

struct examination {
	struct cli_doctor_facts *facts;
	const struct cli_doctor_wish *wish;
	struct cli_doctor_report report;
	size_t capacity;
	bool *found; /* for each target */
};

static struct cli_doctor_subject *examine_add(
	struct examination *examination, const struct cli_doctor_subject *subject)
{
	struct cli_doctor_report *report = &examination->report;
	struct cli_doctor_subject *larger;

	if (report->count == examination->capacity) {
		examination->capacity = examination->capacity * 2 + 64;
		larger = arena_zeroed(
			examination->facts->arena, examination->capacity, sizeof(*larger));
		if (report->count > 0)
			memcpy(larger, report->subjects, report->count * sizeof(*larger));
		report->subjects = larger;
	}
	report->subjects[report->count] = *subject;
	return &report->subjects[report->count++];
}

/* ---- Nodes ---- */

static const struct api_checkpoint_node *examine_description(
	const struct cli_doctor_facts *facts, struct str name)
{
	const struct cli_doctor_list *list = &facts->lists[CLI_DOCTOR_DESCRIPTIONS];
	const struct api_checkpoint_node *nodes = list->items;

	for (size_t i = 0; i < list->count; i++)
		if (str_equal(nodes[i].metadata.name, name))
			return &nodes[i];
	return NULL;
}

static void examine_node(struct examination *examination, struct str name)
{
	struct cli_doctor_facts *facts = examination->facts;
	const struct cli_doctor_view view = {
		.facts = facts, .node = name, .description = examine_description(facts, name)};
	struct cli_doctor_subject subject = {
		.name = arena_printf(facts->arena, "node/%.*s", STR_ARG(name)),
		.is_node = true,
		.is_wanted = examination->wish->has_nodes,
	};

	if (view.description != NULL)
		subject.strategy = view.description->status.strategies_offered;
	cli_doctor_look(&subject, cli_doctor_node_checks, &view, STR(""));
	(void)examine_add(examination, &subject);
}

static int examine_compare_texts(const void *left, const void *right)
{
	return str_compare(*(const struct str *)left, *(const struct str *)right);
}

/* Whether the Pod is one of those that were named, or of such a workload. */
static bool examine_is_meant(const struct cli_doctor_wish *wish, const struct api_pod *pod)
{
	struct cli_owner owner = cli_pod_owner(pod);

	for (size_t i = 0; i < wish->target_count; i++) {
		const struct cli_target *target = &wish->targets[i];
		bool is_itself = target->kind == &cli_pod_kind &&
			str_equal(target->name, pod->metadata.name);
		if (is_itself ||
			(str_is(owner.kind, target->kind->resource.kind) &&
				str_equal(owner.name, target->name)))
			return true;
	}
	return wish->target_count == 0 && wish->has_workloads;
}

/* Those that are asked for, and those of the Pods, each once and by name. */
static void examine_nodes(struct examination *examination)
{
	struct cli_doctor_facts *facts = examination->facts;
	const struct cli_doctor_list *lists = facts->lists;
	const struct api_checkpoint_node *described = lists[CLI_DOCTOR_DESCRIPTIONS].items;
	const struct api_node *nodes = lists[CLI_DOCTOR_NODES].items;
	const struct cli_pod *pods = lists[CLI_DOCTOR_PODS].items;
	size_t most = lists[CLI_DOCTOR_DESCRIPTIONS].count + lists[CLI_DOCTOR_NODES].count +
		lists[CLI_DOCTOR_PODS].count;
	struct str *names = arena_zeroed(facts->arena, most + 1, sizeof(*names));
	size_t first = examination->report.count;
	size_t count = 0;

	for (size_t i = 0; examination->wish->has_nodes && i < lists[CLI_DOCTOR_NODES].count; i++)
		names[count++] = nodes[i].metadata.name;
	for (size_t i = 0; examination->wish->has_nodes && i < lists[CLI_DOCTOR_DESCRIPTIONS].count;
		i++)
		names[count++] = described[i].metadata.name;
	for (size_t i = 0; i < lists[CLI_DOCTOR_PODS].count; i++)
		if (examine_is_meant(examination->wish, &pods[i].pod))
			names[count++] = pods[i].pod.spec.node_name;
	if (count > 1)
		qsort(names, count, sizeof(*names), examine_compare_texts);
	for (size_t i = 0; i < count; i++)
		if (names[i].size > 0 && (i == 0 || !str_equal(names[i], names[i - 1])))
			examine_node(examination, names[i]);
	facts->node_count = examination->report.count - first;
	facts->nodes = arena_zeroed(facts->arena, facts->node_count + 1, sizeof(*facts->nodes));
	if (facts->node_count > 0)
		memcpy(facts->nodes, examination->report.subjects + first,
			facts->node_count * sizeof(*facts->nodes));
}

/* ---- Workloads ---- */

/* Where a restore of the Pod's containers comes from: as the newest checkpoint was taken; without
 * one, what the node offers first. */
static struct str examine_strategy(const struct cli_doctor_view *view)
{
	size_t count;
	const struct api_checkpoint *all = cli_checkpoints(&view->facts->gathered, &count);
	const struct api_checkpoint *newest = NULL;

	for (size_t i = 0; i < count; i++)
		if (all[i].spec.pod != NULL &&
			str_equal(all[i].spec.pod->name, view->pod->pod.metadata.name) &&
			(newest == NULL || all[i].spec.timestamp.us > newest->spec.timestamp.us))
			newest = &all[i];
	if (newest != NULL)
		return api_strategy_text(api_checkpoint_strategy(newest));
	if (view->description == NULL)
		return (struct str){0};
	if (!api_checkpoint_node_refuses(view->description, API_STRATEGY_RUNTIME))
		return api_strategy_text(API_STRATEGY_RUNTIME);
	return api_checkpoint_node_refuses(view->description, API_STRATEGY_IMAGE)
		? (struct str){0}
		: api_strategy_text(API_STRATEGY_IMAGE);
}

static void examine_pod(struct cli_doctor_subject *subject, struct cli_doctor_view *view)
{
	const struct cli_container *containers = view->pod->spec.containers.items;
	struct arena *arena = view->facts->arena;
	struct str name = view->pod->pod.metadata.name;

	view->node = view->pod->pod.spec.node_name;
	view->description = examine_description(view->facts, view->node);
	if (subject->strategy.size == 0)
		subject->strategy = examine_strategy(view);
	cli_doctor_look(subject, cli_doctor_pod_checks, view,
		arena_printf(arena, "pod %.*s", STR_ARG(name)));
	for (size_t i = 0; i < view->pod->spec.containers.count; i++) {
		view->container = &containers[i];
		cli_doctor_look(subject, cli_doctor_container_checks, view,
			arena_printf(arena, "pod %.*s, container %.*s", STR_ARG(name),
				STR_ARG(containers[i].name)));
	}
}

/* Pods that have ended, and are kept for their logs, are nobody's concern any more. */
static bool examine_is_over(const struct api_pod *pod)
{
	return str_is(pod->status.phase, "Succeeded") || str_is(pod->status.phase, "Failed");
}

static bool examine_has_pod(const struct cli_doctor_view *view, const struct cli_pod *pod)
{
	struct cli_owner owner = cli_pod_owner(&pod->pod);

	return !examine_is_over(&pod->pod) && str_equal(owner.kind, view->owner.kind) &&
		str_equal(owner.name, view->owner.name);
}

/* `alone`: only this Pod. */
static void examine_workload(struct examination *examination, const struct cli_doctor_facts *facts,
	struct cli_doctor_view *view, const struct cli_pod *alone)
{
	const struct cli_pod *pods = facts->lists[CLI_DOCTOR_PODS].items;
	size_t count = facts->lists[CLI_DOCTOR_PODS].count;
	struct cli_doctor_subject subject = {.namespace = view->namespace, .name = view->workload};

	view->facts = facts;
	view->pod = alone;
	view->pod_count = alone != NULL ? 1 : 0;
	for (size_t i = 0; alone == NULL && i < count; i++)
		view->pod_count += examine_has_pod(view, &pods[i]) ? 1 : 0;
	subject.is_wanted = examination->wish->target_count > 0 || cli_doctor_is_scheduled(view);
	cli_doctor_look(&subject, cli_doctor_workload_checks, view, STR(""));
	for (size_t i = 0; i < count; i++) {
		if (alone != NULL ? &pods[i] != alone : !examine_has_pod(view, &pods[i]))
			continue;
		view->pod = &pods[i];
		examine_pod(&subject, view);
	}
	(void)examine_add(examination, &subject);
}

/* Whether the object is to be looked at; of those that were named it notes that it is there. */
static bool examine_wants(struct examination *examination, const struct cli_target *object)
{
	const struct cli_doctor_wish *wish = examination->wish;
	bool is_wanted = wish->target_count == 0;

	for (size_t i = 0; i < wish->target_count; i++) {
		const struct cli_target *target = &wish->targets[i];
		if (target->kind != object->kind || !str_equal(target->name, object->name))
			continue;
		examination->found[i] = true;
		is_wanted = true;
	}
	return is_wanted;
}

static const struct cli_kind *const examine_workload_kinds[CLI_DOCTOR_NAMESPACED] = {
	[CLI_DOCTOR_DEPLOYMENTS] = &cli_deployment_kind,
	[CLI_DOCTOR_STATEFULSETS] = &cli_statefulset_kind,
	[CLI_DOCTOR_DAEMONSETS] = &cli_daemonset_kind,
};

static void examine_workloads_of(struct examination *examination,
	const struct cli_doctor_facts *facts, enum cli_doctor_part part, struct str namespace)
{
	const struct cli_kind *kind = examine_workload_kinds[part];
	const struct api_workload *workloads = facts->lists[part].items;

	for (size_t i = 0; i < facts->lists[part].count; i++) {
		const struct cli_target target = {kind, workloads[i].metadata.name};
		struct cli_doctor_view view = {
			.namespace = namespace,
			.owner = {str_of(kind->resource.kind), target.name},
			.annotations = &workloads[i].metadata.annotations,
		};
		view.workload = cli_owner_text(facts->arena, view.owner, STR(""));
		if (examine_wants(examination, &target))
			examine_workload(examination, facts, &view, NULL);
	}
}

/* The kind of workload that the owner is; NULL: another one, such as a Job, or none. */
static const struct cli_kind *examine_kind(struct cli_owner owner, enum cli_doctor_part *ret_part)
{
	for (enum cli_doctor_part part = CLI_DOCTOR_DEPLOYMENTS; part < CLI_DOCTOR_NAMESPACED;
		part++)
		if (str_is(owner.kind, examine_workload_kinds[part]->resource.kind)) {
			*ret_part = part;
			return examine_workload_kinds[part];
		}
	return NULL;
}

/* Whether the owner of the Pod is in the list, or an earlier Pod has the same. */
static bool examine_is_known(
	const struct cli_doctor_facts *facts, enum cli_doctor_part part, size_t pod)
{
	const struct api_workload *workloads = facts->lists[part].items;
	const struct cli_pod *pods = facts->lists[CLI_DOCTOR_PODS].items;
	const struct cli_doctor_view view = {.owner = cli_pod_owner(&pods[pod].pod)};

	for (size_t i = 0; i < facts->lists[part].count; i++)
		if (str_equal(workloads[i].metadata.name, view.owner.name))
			return true;
	for (size_t i = 0; i < pod; i++)
		if (examine_has_pod(&view, &pods[i]))
			return true;
	return false;
}

/* Those of which there are only Pods to be seen: who may list Pods may list no Deployments. */
static void examine_hidden_workloads(
	struct examination *examination, const struct cli_doctor_facts *facts, struct str namespace)
{
	const struct cli_pod *pods = facts->lists[CLI_DOCTOR_PODS].items;

	for (size_t i = 0; i < facts->lists[CLI_DOCTOR_PODS].count; i++) {
		struct cli_doctor_view view = {
			.namespace = namespace, .owner = cli_pod_owner(&pods[i].pod)};
		struct cli_target target = {.name = view.owner.name};
		enum cli_doctor_part part = CLI_DOCTOR_NAMESPACED;
		target.kind = examine_kind(view.owner, &part);
		if (target.kind == NULL || examine_is_over(&pods[i].pod) ||
			examine_is_known(facts, part, i))
			continue;
		view.workload = cli_owner_text(facts->arena, view.owner, STR(""));
		if (examine_wants(examination, &target))
			examine_workload(examination, facts, &view, NULL);
	}
}

/* Pods that were named, and those that none of these workloads made. */
static void examine_lone_pods(
	struct examination *examination, const struct cli_doctor_facts *facts, struct str namespace)
{
	const struct cli_pod *pods = facts->lists[CLI_DOCTOR_PODS].items;

	for (size_t i = 0; i < facts->lists[CLI_DOCTOR_PODS].count; i++) {
		const struct cli_target target = {&cli_pod_kind, pods[i].pod.metadata.name};
		struct cli_doctor_view view = {
			.namespace = namespace, .owner = cli_pod_owner(&pods[i].pod)};
		enum cli_doctor_part part;
		bool is_for_all =
			examine_kind(view.owner, &part) == NULL && !examine_is_over(&pods[i].pod);
		view.workload = arena_printf(facts->arena, "pod/%.*s", STR_ARG(target.name));
		if (examine_wants(examination, &target) &&
			(examination->wish->target_count > 0 || is_for_all))
			examine_workload(examination, facts, &view, &pods[i]);
	}
}

/* ---- Namespaces ---- */

/* What all objects begin with, and how large they are. */
static const size_t examine_sizes[CLI_DOCTOR_NAMESPACED] = {
	[CLI_DOCTOR_CHECKPOINTS] = sizeof(struct api_checkpoint),
	[CLI_DOCTOR_SCHEDULES] = sizeof(struct api_schedule),
	[CLI_DOCTOR_REQUESTS] = sizeof(struct api_request),
	[CLI_DOCTOR_PODS] = sizeof(struct cli_pod),
	[CLI_DOCTOR_DEPLOYMENTS] = sizeof(struct api_workload),
	[CLI_DOCTOR_STATEFULSETS] = sizeof(struct api_workload),
	[CLI_DOCTOR_DAEMONSETS] = sizeof(struct api_workload),
};

static int examine_compare(const void *left, const void *right)
{
	const struct api_metadata *a = left;
	const struct api_metadata *b = right;
	int order = str_compare(a->namespace, b->namespace);

	return order != 0 ? order : str_compare(a->name, b->name);
}

static const struct api_metadata *examine_metadata(
	const struct cli_doctor_list *list, enum cli_doctor_part part, size_t index)
{
	return (const void *)((const char *)list->items + index * examine_sizes[part]);
}

/* The first namespace at or behind the positions; false when all are at their ends. */
static bool examine_next_namespace(const struct cli_doctor_facts *facts,
	const size_t positions[static CLI_DOCTOR_NAMESPACED], struct str *ret_namespace)
{
	bool found = false;

	for (enum cli_doctor_part part = 0; part < CLI_DOCTOR_NAMESPACED; part++) {
		const struct cli_doctor_list *list = &facts->lists[part];
		const struct api_metadata *next;
		if (positions[part] == list->count)
			continue;
		next = examine_metadata(list, part, positions[part]);
		if (!found || str_compare(next->namespace, *ret_namespace) < 0)
			*ret_namespace = next->namespace;
		found = true;
	}
	return found;
}

/* The facts of one namespace; the positions move behind it. */
static struct cli_doctor_facts examine_cut(const struct cli_doctor_facts *facts,
	size_t positions[static CLI_DOCTOR_NAMESPACED], struct str namespace)
{
	struct cli_doctor_facts cut = *facts;

	for (enum cli_doctor_part part = 0; part < CLI_DOCTOR_NAMESPACED; part++) {
		const struct cli_doctor_list *list = &facts->lists[part];
		size_t first = positions[part];
		size_t end = first;
		while (end < list->count &&
			str_equal(examine_metadata(list, part, end)->namespace, namespace))
			end++;
		if (end > first)
			cut.lists[part].items = (char *)list->items + first * examine_sizes[part];
		cut.lists[part].count = end - first;
		positions[part] = end;
	}
	return cut;
}

/* The same for those who find from one object to another. */
static void examine_gather(struct cli_doctor_facts *facts)
{
	static const enum cli_doctor_part parts[CLI_GATHER_PARTS] = {
		[CLI_GATHER_CHECKPOINTS] = CLI_DOCTOR_CHECKPOINTS,
		[CLI_GATHER_SCHEDULES] = CLI_DOCTOR_SCHEDULES,
		[CLI_GATHER_REQUESTS] = CLI_DOCTOR_REQUESTS,
	};
	const struct cli_doctor_list *list = &facts->lists[CLI_DOCTOR_PODS];
	const struct cli_pod *pods = list->items;
	struct api_pod *plain = arena_zeroed(facts->arena, list->count + 1, sizeof(*plain));

	for (size_t i = 0; i < CLI_GATHER_PODS; i++)
		facts->gathered.parts[i] = (struct cli_objects){
			.items = facts->lists[parts[i]].items,
			.count = facts->lists[parts[i]].count,
		};
	for (size_t i = 0; i < list->count; i++)
		plain[i] = pods[i].pod;
	facts->gathered.parts[CLI_GATHER_PODS] =
		(struct cli_objects){.items = plain, .count = list->count};
}

static void examine_namespaces(struct examination *examination)
{
	size_t positions[CLI_DOCTOR_NAMESPACED] = {0};
	struct str namespace = {0};

	while (examine_next_namespace(examination->facts, positions, &namespace)) {
		struct cli_doctor_facts facts =
			examine_cut(examination->facts, positions, namespace);
		struct cli_doctor_facts *kept =
			arena_zeroed(facts.arena, 1, sizeof(*kept)); /* views point to it */
		examine_gather(&facts);
		*kept = facts;
		for (enum cli_doctor_part part = CLI_DOCTOR_DEPLOYMENTS;
			part < CLI_DOCTOR_NAMESPACED; part++)
			examine_workloads_of(examination, kept, part, namespace);
		examine_hidden_workloads(examination, kept, namespace);
		examine_lone_pods(examination, kept, namespace);
	}
}

struct cli_doctor_report cli_doctor_examine(
	struct cli_doctor_facts *facts, const struct cli_doctor_wish *wish)
{
	struct examination examination = {
		.facts = facts,
		.wish = wish,
		.found = arena_zeroed(facts->arena, wish->target_count + 1, sizeof(bool)),
	};
	const struct cli_doctor_view view = {.facts = facts};
	struct cli_doctor_subject cluster = {.name = STR("cluster"), .is_wanted = true};

	for (enum cli_doctor_part part = 0; part < CLI_DOCTOR_NAMESPACED; part++)
		if (facts->lists[part].count > 1)
			qsort(facts->lists[part].items, facts->lists[part].count,
				examine_sizes[part], examine_compare);
	facts->is_about_nodes = wish->has_nodes;
	cli_doctor_look(&cluster, cli_doctor_cluster_checks, &view, STR(""));
	(void)examine_add(&examination, &cluster);
	examine_nodes(&examination);
	if (wish->has_workloads)
		examine_namespaces(&examination);
	for (size_t i = 0; i < wish->target_count; i++)
		if (!examination.found[i])
			examination.report.missing = &wish->targets[i];
	return examination.report;
}
