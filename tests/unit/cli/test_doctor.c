/* A small cluster examined as a whole, and how it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "doctor_world.h"

#define OWNER "\"ownerReferences\":[{\"kind\":\"DaemonSet\",\"name\":\"web\",\"controller\":true}]"
#define POD(name, node)                                                                            \
	"{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"shop\"," OWNER "},\"spec\":"         \
	"{\"nodeName\":\"" node "\",\"containers\":[{\"name\":\"c\"}]},\"status\":"                \
	"{\"containerStatuses\":[{\"name\":\"c\",\"ready\":true,\"state\":{\"running\":{}}}]}}"

struct small_cluster {
	struct doctor_world world;
	struct api_checkpoint_node *nodes;
};

static const char node_text[] =
	"{\"metadata\":{\"name\":\"good\"},\"status\":{\"agentVersion\":\"" KCR_VERSION "\","
	"\"engine\":\"containerd://2.4.2\",\"criuVersion\":\"4.2.1\",\"strategies\":["
	"{\"name\":\"Runtime\",\"offered\":\"True\",\"message\":\"all Pods\"},"
	"{\"name\":\"Image\",\"offered\":\"False\",\"message\":\"removed\"}],"
	"\"strategiesOffered\":\"Runtime\",\"kcrRuntime\":{\"isDefault\":true}}}";

static const char own_text[] =
	"{\"items\":[{\"metadata\":{\"name\":\"a\",\"labels\":{\"app.kubernetes.io/component\":"
	"\"agent\"}},\"spec\":{\"nodeName\":\"good\",\"containers\":[{\"name\":\"agent\"}]},"
	"\"status\":{\"containerStatuses\":[{\"name\":\"agent\",\"ready\":true}]}},"
	"{\"metadata\":{\"name\":\"c\",\"labels\":{\"app.kubernetes.io/component\":"
	"\"controller\"}},\"spec\":{\"containers\":[{\"name\":\"controller\"}]},"
	"\"status\":{\"containerStatuses\":[{\"name\":\"controller\",\"ready\":true}]}}]}";

/* A DaemonSet with Pods on a node that has an agent, and on one that has none. */
static int make_cluster(void **state)
{
	static struct doctor_world world;
	struct arena *arena = arena_new(4096);

	world = (struct doctor_world){
		.arena = arena, .facts = {.arena = arena, .now = wall_time_of_seconds(DOCTOR_NOW)}};
	doctor_add(&world, CLI_DOCTOR_DESCRIPTIONS, node_text, api_checkpoint_node_kind.object);
	doctor_add(&world, CLI_DOCTOR_DAEMONSETS,
		"{\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\"}}", &api_workload_object);
	doctor_add_pods(&world, CLI_DOCTOR_PODS,
		"{\"items\":[" POD("p", "good") "," POD("q", "bad") "," POD("r", "good") "]}");
	doctor_add_pods(&world, CLI_DOCTOR_OWN_PODS, own_text);
	*state = &world;
	return 0;
}

static int drop_cluster(void **state)
{
	arena_free(((struct doctor_world *)*state)->arena);
	return 0;
}

static const struct cli_target web = {&cli_daemonset_kind, STR_INIT("web")};

static struct cli_doctor_report examine(struct doctor_world *world, const struct cli_target *target)
{
	const struct cli_doctor_wish wish = {
		.targets = target, .target_count = target != NULL ? 1 : 0, .has_workloads = true};

	return cli_doctor_examine(&world->facts, &wish);
}

static void a_workload_is_told_with_its_nodes(void **state)
{
	struct cli_doctor_report report = examine(*state, &web);
	autobuf out = BUF_INIT(100000);

	cli_doctor_write_text(&report, false, false, &out);
	assert_string_equal(out.data,
		"cluster\n"
		"node/bad  checkpoint: no  restore: no\n"
		"  ✗ agent: no agent has told of the node\n"
		"      $ kubectl apply -f install.yaml\n"
		"      $ kubectl -n kcr-agent get pods -o wide\n"
		"      $ kubectl -n kcr-agent logs daemonset/kcr-agent --tail=20\n"
		"node/good  checkpoint: yes  restore: yes, Runtime\n"
		"shop/daemonset/web  checkpoint: no  restore: no\n"
		"  ! schedule: no schedule: it is checkpointed only when somebody asks for it\n"
		"      $ kubectl kcr schedule daemonset/web '*/10 * * * *' -n shop\n"
		"  ! checkpoints: pod p, container c and 2 more: it has no checkpoint yet: it "
		"would start cold now\n"
		"      $ kubectl kcr checkpoint pod/p -n shop -c c --wait\n"
		"  ✗ node: pod q: node bad: no agent has told of the node\n"
		"\nNodes: 2, workloads: 1; not all can be done (2 cannot, 0 not known, 0 with "
		"notes).\n");
}

static void what_nobody_asked_for_counts_for_nothing(void **state)
{
	struct cli_doctor_report report = examine(*state, NULL);
	autobuf out = BUF_INIT(100000);

	assert_int_equal(report.count, 4);
	assert_int_equal(cli_doctor_worst(&report.subjects[3], CLI_DOCTOR_BOTH), CLI_DOCTOR_CANNOT);
	assert_int_equal(cli_doctor_conclude(&report), CLI_DOCTOR_WELL);
	cli_doctor_write_text(&report, false, false, &out);
	assert_true(str_contains(buf_str(&out), STR("restore: no  (no schedule)\n")));
	assert_false(str_contains(buf_str(&out), STR("! ")));
	assert_true(str_contains(buf_str(&out), STR("✗ node: pod q")));
	report = examine(*state, &web);
	assert_int_equal(cli_doctor_conclude(&report), CLI_DOCTOR_CANNOT);
}

static void what_is_not_there_is_missing(void **state)
{
	static const struct cli_target none = {&cli_deployment_kind, STR_INIT("web")};
	struct cli_doctor_report report = examine(*state, &none);

	assert_ptr_equal(report.missing, &none);
	report = examine(*state, &web);
	assert_null(report.missing);
}

static void who_sees_only_pods_sees_their_workload(void **state)
{
	struct doctor_world *world = *state;
	struct cli_doctor_report report;

	world->facts.lists[CLI_DOCTOR_DAEMONSETS].count = 0;
	report = examine(world, &web);
	assert_null(report.missing);
	assert_int_equal(report.count, 4);
	assert_true(str_is(report.subjects[3].name, "daemonset/web"));
}

static void a_pod_alone_is_looked_at_alone(void **state)
{
	static const struct cli_target pod = {&cli_pod_kind, STR_INIT("p")};
	struct cli_doctor_report report = examine(*state, &pod);
	const struct cli_doctor_subject *last = &report.subjects[report.count - 1];

	assert_int_equal(report.count, 3); /* with the cluster and its own node */
	assert_true(str_is(last->name, "pod/p"));
	assert_int_equal(cli_doctor_worst(last, CLI_DOCTOR_BOTH), CLI_DOCTOR_NOTE);
	assert_true(str_is(last->strategy, "Runtime"));
}

static void only_comments_and_commands_are_fixes(void **state)
{
	struct cli_doctor_report report = examine(*state, &web);
	autobuf out = BUF_INIT(100000);
	struct str rest;
	struct str line;

	cli_doctor_write_fixes(&report, &out);
	for (rest = buf_str(&out); rest.size > 0;) {
		(void)str_cut(rest, '\n', &line, &rest);
		if (line.size > 0 && !str_starts_with(line, STR("#")) &&
			!str_starts_with(line, STR("kubectl ")))
			fail_msg("%.*s", STR_ARG(line));
	}
	assert_true(str_contains(buf_str(&out), STR("\nkubectl kcr schedule daemonset/web ")));
}

static void programs_read_the_same(void **state)
{
	struct cli_doctor_report report = examine(*state, &web);
	autobuf out = BUF_INIT(100000);
	autojson *doc = NULL;
	struct json_iter subject;
	struct error err;

	cli_doctor_write_json(&report, &out);
	assert_int_equal(json_parse_buf(&out, &doc, &err), 0);
	assert_true(str_is(json_str(json_get(json_doc_root(doc), "verdict")), "Cannot"));
	subject = json_iter(json_get(json_doc_root(doc), "subjects"));
	for (size_t i = 0; i < 4; i++)
		assert_true(json_next(&subject));
	assert_true(str_is(json_str(json_get(subject.value, "name")), "daemonset/web"));
	assert_true(str_is(json_str(json_get(subject.value, "checkpoint")), "no"));
	assert_true(json_bool(json_get(subject.value, "counts"), false));
	assert_false(json_next(&subject));
}

#define in_cluster(test) cmocka_unit_test_setup_teardown(test, make_cluster, drop_cluster)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_cluster(a_workload_is_told_with_its_nodes),
		in_cluster(what_nobody_asked_for_counts_for_nothing),
		in_cluster(what_is_not_there_is_missing),
		in_cluster(who_sees_only_pods_sees_their_workload),
		in_cluster(a_pod_alone_is_looked_at_alone),
		in_cluster(only_comments_and_commands_are_fixes),
		in_cluster(programs_read_the_same),
	};

	return cmocka_run_group_tests_name("cli/doctor", tests, NULL, NULL);
}
