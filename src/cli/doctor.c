/* `doctor`: fetches what the checks look at, all at once, and tells what they find. */
#include "cli/doctor.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/rows.h"
#include "sys/clock.h"

/* Of the Nodes only the names matter. */
static const struct cli_kind doctor_core_node_kind = {
	.resource = {"", "v1", "nodes", "Node", false},
	.label = "node",
	.object = &api_node_object,
};

static const struct cli_kind *const doctor_kinds[CLI_DOCTOR_PARTS] = {
	[CLI_DOCTOR_CHECKPOINTS] = &cli_checkpoint_kind,
	[CLI_DOCTOR_SCHEDULES] = &cli_schedule_kind,
	[CLI_DOCTOR_REQUESTS] = &cli_request_kind,
	[CLI_DOCTOR_PODS] = &cli_pod_kind,
	[CLI_DOCTOR_DEPLOYMENTS] = &cli_deployment_kind,
	[CLI_DOCTOR_STATEFULSETS] = &cli_statefulset_kind,
	[CLI_DOCTOR_DAEMONSETS] = &cli_daemonset_kind,
	[CLI_DOCTOR_DESCRIPTIONS] = &cli_node_kind,
	[CLI_DOCTOR_NODES] = &doctor_core_node_kind,
	[CLI_DOCTOR_OWN_PODS] = &cli_pod_kind,
	[CLI_DOCTOR_RESTORE_REQUESTS] = &cli_restore_request_kind,
	[CLI_DOCTOR_EXPORTS] = &cli_export_kind,
};

struct doctor {
	struct cli_call *call;
	struct cli_target *targets;
	struct cli_session *session;
	struct cli_fetch fetches[CLI_DOCTOR_PARTS];
	struct cli_doctor_facts facts;
};

static bool doctor_is_plain_pod(enum cli_doctor_part part)
{
	return part == CLI_DOCTOR_PODS || part == CLI_DOCTOR_OWN_PODS;
}

static int doctor_decode_pods(struct doctor *doctor, const struct cli_objects *objects,
	struct cli_doctor_list *list, struct error *err)
{
	struct arena *arena = doctor->call->arena;
	struct cli_pod *pods = arena_zeroed(arena, objects->count + 1, sizeof(*pods));

	for (size_t i = 0; i < objects->count; i++)
		if (cli_pod_decode(objects->raw[i], arena, &pods[i], err) < 0)
			return -1;
	list->items = pods;
	return 0;
}

static int doctor_take(struct doctor *doctor, enum cli_doctor_part part, struct error *err)
{
	const struct cli_fetch *fetch = &doctor->fetches[part];
	struct cli_doctor_list *list = &doctor->facts.lists[part];
	struct cli_objects objects;

	if (fetch->error.status == 401) {
		*err = fetch->error;
		return -1;
	}
	list->is_denied = fetch->error.kind == ERROR_DENIED;
	list->is_absent = fetch->error.kind == ERROR_ABSENT;
	if (cli_fetch_decode(fetch, doctor_kinds[part], doctor->call->arena, &objects, err) < 0)
		return -1;
	list->items = objects.items;
	list->count = objects.count;
	return doctor_is_plain_pod(part) ? doctor_decode_pods(doctor, &objects, list, err) : 0;
}

static int doctor_fetch(struct doctor *doctor, struct error *err)
{
	struct cli_fetch *fetches = doctor->fetches;

	for (enum cli_doctor_part part = 0; part < CLI_DOCTOR_PARTS; part++) {
		fetches[part] = cli_fetch_list(doctor->session, doctor_kinds[part]);
		fetches[part].is_optional = true;
	}
	fetches[CLI_DOCTOR_OWN_PODS].request.namespace = STR("");
	fetches[CLI_DOCTOR_OWN_PODS].request.label_selector = STR("app.kubernetes.io/name=kcr");
	if (cli_fetch_all(doctor->session, fetches, CLI_DOCTOR_PARTS, err) < 0)
		return -1;
	for (enum cli_doctor_part part = 0; part < CLI_DOCTOR_PARTS; part++)
		if (doctor_take(doctor, part, err) < 0)
			return -1;
	return 0;
}

static int doctor_read_words(struct doctor *doctor, struct error *err)
{
	const struct cli_call *call = doctor->call;

	doctor->targets = arena_zeroed(call->arena, call->word_count + 1, sizeof(*doctor->targets));
	for (size_t i = 0; i < call->word_count; i++) {
		struct cli_target *target = &doctor->targets[i];
		if (cli_target_parse(call->words[i], NULL, target, err) < 0)
			return -1;
		if (!target->kind->is_workload && target->kind != &cli_pod_kind)
			return error_set(err, ERROR_INVALID,
				"'%s' is no workload: write deploy/NAME, sts/NAME, ds/NAME or "
				"pod/NAME",
				call->words[i]);
	}
	if (call->word_count > 0 && (call->flags.nodes || call->flags.all_namespaces))
		return error_set(err, ERROR_INVALID,
			"name workloads, or say --nodes or --all-namespaces, not both");
	return 0;
}

static int doctor_tell(
	const struct doctor *doctor, const struct cli_doctor_report *report, struct error *err)
{
	const struct cli_flags *flags = &doctor->call->flags;
	autobuf out = BUF_INIT(CLI_OUTPUT_BYTES);
	enum cli_doctor_verdict verdict = cli_doctor_conclude(report);

	if (flags->fix)
		cli_doctor_write_fixes(report, &out);
	else if (str_is(str_of(flags->output), "json"))
		cli_doctor_write_json(report, &out);
	else
		cli_doctor_write_text(report, str_is(str_of(flags->output), "wide"),
			cli_has_colours(STDOUT_FILENO), &out);
	if (cli_print(&out, err) < 0)
		return -1;
	if (verdict == CLI_DOCTOR_CANNOT)
		return CLI_UNWELL;
	return verdict == CLI_DOCTOR_UNKNOWN ? CLI_NOT_KNOWN : CLI_DONE;
}

static int doctor_examine(struct doctor *doctor, struct error *err)
{
	const struct cli_flags *flags = &doctor->call->flags;
	const struct cli_doctor_wish wish = {
		.targets = doctor->targets,
		.target_count = doctor->call->word_count,
		.has_nodes = flags->nodes || flags->all_namespaces,
		.has_workloads = !flags->nodes || flags->all_namespaces,
	};
	struct cli_doctor_report report;

	if (doctor_fetch(doctor, err) < 0)
		return -1;
	report = cli_doctor_examine(&doctor->facts, &wish);
	if (report.missing != NULL)
		return error_set(err, ERROR_ABSENT,
			"there is no %s '%.*s' in namespace '%.*s' that you may see",
			report.missing->kind->label, STR_ARG(report.missing->name),
			STR_ARG(doctor->session->namespace));
	return doctor_tell(doctor, &report, err);
}

static int doctor_run(struct cli_call *call, struct error *err)
{
	struct doctor doctor = {.call = call, .facts = {.arena = call->arena, .now = clock_wall()}};
	autosession *session = NULL;
	int result;

	if (doctor_read_words(&doctor, err) < 0 || cli_session_open(call, &session, err) < 0)
		return -1;
	doctor.session = session;
	result = doctor_examine(&doctor, err);
	for (size_t i = 0; i < CLI_DOCTOR_PARTS; i++)
		cli_fetch_done(&doctor.fetches[i]);
	return result;
}

static const char *const doctor_outputs[] = {"wide", "json", NULL};

static const struct option_row doctor_flags[] = {
	CLI_FLAG_ALL_NAMESPACES,
	{.name = "nodes",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, nodes),
		.help = "Looks at all nodes; without -A at no workloads."},
	{.name = "fix",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, fix),
		.help = "Prints only the commands that would put it right. It runs none of them."},
	{.name = "output",
		.letter = 'o',
		.type = OPTION_CHOICE,
		.offset = offsetof(struct cli_flags, output),
		.argument = "FORMAT",
		.help = "wide: also what is well. json: all, for programs.",
		.choices = doctor_outputs},
};

const struct cli_command cli_doctor_command = {
	.name = "doctor",
	.arguments = "[WORKLOAD ...]",
	.summary = "Tells what stands against checkpoints and restores, and what to change",
	.description =
		"Looks at the cluster, at the workloads of the namespace or those that are named, "
		"and at the nodes that their Pods are on: could each be checkpointed, could it be "
		"restored, by which strategy, and what is to be changed if not. What you may not "
		"read is told as unknown, with the right that lacks.\n"
		"A check is well, a note (it works, but one should know), unknown, or says that it "
		"cannot be done. Nothing is changed; --fix prints commands to be read and run.\n"
		"For scripts, the exit status: 0 nothing stands against it, 1 something cannot be "
		"done, 4 it is not known, because a right lacks or the cluster was not reached. "
		"Workloads count that are named or have a schedule; of the others only what cannot "
		"be done is told.",
	.examples = "# why does it not come back?\n"
		    "kubectl kcr doctor deploy/web\n"
		    "# is every node ready for it?\n"
		    "kubectl kcr doctor --nodes -o wide\n"
		    "# everything, and the commands that put it right\n"
		    "kubectl kcr doctor -A --fix",
	.flags = doctor_flags,
	.flag_count = array_size(doctor_flags),
	.words = CLI_WORDS_WORKLOADS,
	.most_words = SIZE_MAX,
	.failure = CLI_NOT_KNOWN,
	.run = doctor_run,
};
