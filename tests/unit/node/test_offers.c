/* What a node offers: a table of engines and versions, and what the installation found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "node/offers.h"

#define CONTAINERD_OPTION "enable_experimental_restore_via_create = true"
#define CRIO_OPTION       "container_level_enabled = \"checkpoint_restore\""

/* kcr-runtime works, and nothing is said about images of this version. */
static const struct handover_host healthy = {
	.engine = STR_INIT("containerd"),
	.engine_version = STR_INIT("2.3.7"),
	.criu_version = STR_INIT("4.2.1"),
	.handler = STR_INIT("kcr"),
	.is_default = true,
};

struct expected {
	const char *offered;
	const char *reason;
	const char *words; /* within the message */
};

static void check(const struct api_offer *offer, struct expected expected, const char *what)
{
	if (!str_is(offer->offered, expected.offered) || !str_is(offer->reason, expected.reason) ||
		!str_contains(offer->message, str_of(expected.words)))
		fail_msg("%s: %.*s is %.*s, %.*s: %.*s; expected %s, %s: ...%s...", what,
			STR_ARG(offer->strategy), STR_ARG(offer->offered), STR_ARG(offer->reason),
			STR_ARG(offer->message), expected.offered, expected.reason, expected.words);
}

static void check_runtime(const struct node_facts *facts, struct expected expected)
{
	autoarena *arena = arena_new(512);
	struct api_offer offers[API_STRATEGIES];

	node_offers(facts, arena, offers);
	assert_true(str_is(offers[0].strategy, "Runtime"));
	check(&offers[0], expected, "the runtime");
}

static void check_image(const struct node_facts *facts, struct expected expected)
{
	autoarena *arena = arena_new(512);
	struct api_offer offers[API_STRATEGIES];
	autofree char *engine = str_dup(facts->engine);

	node_offers(facts, arena, offers);
	assert_true(str_is(offers[1].strategy, "Image"));
	check(&offers[1], expected, engine);
}

static void the_engine_and_its_version_tell_whether_images_are_restored(void **state)
{
	static const struct {
		const char *engine;
		struct expected expected;
	} cases[] = {
		{"containerd://1.7.27", {"False", "EngineTooOld", "upgrade to 2.0 or later"}},
		{"containerd://1.99.9", {"False", "EngineTooOld", "containerd 1.99.9"}},
		{"containerd://2.0.0", {"False", "EngineTooOld", "only 2.1 to 2.3 can"}},
		{"containerd://2.0.10", {"False", "EngineTooOld", "kcr-runtime needs no image"}},
		{"containerd://2.1.0", {"True", "Offered", "restores images"}},
		{"containerd://v2.1.5", {"True", "Offered", ""}},
		{"containerd://2.1.99", {"True", "Offered", ""}},
		{"containerd://2.2.0", {"True", "Offered", ""}},
		{"containerd://2.2.6", {"True", "Offered", ""}},
		{"containerd://2.2.7", {"Unknown", "DependsOnConfiguration", CONTAINERD_OPTION}},
		{"containerd://2.2.10", {"Unknown", "DependsOnConfiguration", CONTAINERD_OPTION}},
		{"containerd://2.2.7-k3s1", {"Unknown", "DependsOnConfiguration", "2.2.7-k3s1"}},
		{"containerd://2.3.0", {"True", "Offered", ""}},
		{"containerd://2.3.3", {"True", "Offered", ""}},
		{"containerd://2.3.4", {"Unknown", "DependsOnConfiguration", CONTAINERD_OPTION}},
		{"containerd://2.3.7+unknown", {"Unknown", "DependsOnConfiguration", "2.3.7+"}},
		{"containerd://2.4.0-rc.1", {"False", "RemovedFromEngine", "2.4.0-rc.1"}},
		{"containerd://2.4.2",
			{"False", "RemovedFromEngine", "kcr-runtime needs no image"}},
		{"containerd://2.10", {"False", "RemovedFromEngine", "containerd 2.10 cannot"}},
		{"containerd://3.0.0", {"False", "RemovedFromEngine", "containerd 3.0.0 cannot"}},
		{"cri-o://1.24.6", {"False", "EngineTooOld", "upgrade to 1.25 or later"}},
		{"cri-o://1.25.0", {"Unknown", "DependsOnConfiguration", CRIO_OPTION}},
		{"cri-o://1.33.4", {"Unknown", "DependsOnConfiguration", CRIO_OPTION}},
		{"cri-o://1.37.0", {"Unknown", "DependsOnConfiguration", "cri-o 1.37.0"}},
		{"docker://27.1.0", {"False", "EngineUnsupported", "docker cannot take"}},
		{"", {"Unknown", "EngineNotKnown", "does not say"}},
		{"containerd", {"Unknown", "EngineNotKnown", ""}},
		{"containerd://", {"Unknown", "EngineNotKnown", ""}},
		{"containerd://Unknown", {"Unknown", "EngineNotKnown", ""}},
		{"containerd://2", {"Unknown", "EngineNotKnown", ""}},
		{"containerd://99999999999999999999.1", {"Unknown", "EngineNotKnown", ""}},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		check_image(
			&(struct node_facts){.engine = str_of(cases[i].engine)}, cases[i].expected);
}

static void what_was_read_in_the_configuration_decides_where_the_version_does_not(void **state)
{
	static const struct {
		const char *engine; /* that runs */
		const char *examined; /* when kcr-runtime was installed */
		const char *problem;
		struct expected expected;
	} cases[] = {
		{"containerd://2.3.7", "2.3.7", "", {"True", "Offered", ""}},
		{"containerd://v2.3.7", "2.3.7", "", {"True", "Offered", ""}},
		{"containerd://2.3.7", "2.3.7", "the option is off",
			{"False", "SwitchedOff", "the option is off"}},
		{"containerd://2.2.1", "2.2.1", "enable_criu is false",
			{"False", "SwitchedOff", "enable_criu is false"}},
		/* upgraded since: what was read is of another release */
		{"containerd://2.3.8", "2.3.7", "the option is off",
			{"Unknown", "DependsOnConfiguration", CONTAINERD_OPTION}},
		{"containerd://2.3.6", "2.3.7", "",
			{"Unknown", "DependsOnConfiguration", CONTAINERD_OPTION}},
		{"containerd://2.4.2", "2.3.7", "", {"False", "RemovedFromEngine", ""}},
		{"containerd://2.4.2", "2.4.2", "", {"False", "RemovedFromEngine", ""}},
		{"containerd://2.2.1", "", "not known", {"True", "Offered", ""}},
		/* another engine altogether */
		{"cri-o://1.37.0", "1.37.0", "",
			{"Unknown", "DependsOnConfiguration", CRIO_OPTION}},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct handover_host host = healthy;

		host.engine_version = str_of(cases[i].examined);
		host.image_problem = str_of(cases[i].problem);
		check_image(&(struct node_facts){.engine = str_of(cases[i].engine), .host = &host},
			cases[i].expected);
	}
}

static void cri_o_is_believed_as_containerd_is(void **state)
{
	struct handover_host host = {.engine = STR("cri-o"),
		.engine_version = STR("1.37.0"),
		.criu_version = STR("4.2")};
	struct node_facts facts = {.engine = STR("cri-o://1.37.0"), .host = &host};

	(void)state;
	check_image(&facts, (struct expected){"True", "Offered", ""});
	host.image_problem = STR("container_level_enabled is \"checkpoint_only\"");
	check_image(&facts, (struct expected){"False", "SwitchedOff", "checkpoint_only"});
}

static void without_an_installation_there_is_no_kcr_runtime(void **state)
{
	struct node_facts facts = {.engine = STR("containerd://2.4.2")};

	(void)state;
	check_runtime(&facts, (struct expected){"False", "NotInstalled", "is not installed"});
	facts.runs_containers = true;
	check_runtime(&facts,
		(struct expected){"Unknown", "InstallationNotKnown", "runs containers here"});
}

static void an_installation_tells_what_it_came_to(void **state)
{
	struct handover_host host = healthy;
	struct node_facts facts = {.engine = STR("containerd://2.4.2"), .host = &host};

	(void)state;
	check_runtime(&facts, (struct expected){"True", "Offered", "all Pods"});
	host.is_default = false;
	check_runtime(&facts, (struct expected){"True", "Offered", "RuntimeClass of handler kcr"});
	host.needs_restart = true;
	check_runtime(&facts,
		(struct expected){"False", "EngineNotRestarted", "restart containerd on the node"});
	facts.runs_containers = true; /* it was, then */
	check_runtime(&facts, (struct expected){"True", "Offered", ""});
	host.problem = STR("/opt is read-only");
	check_runtime(&facts, (struct expected){"Unknown", "NotInstalled", "/opt is read-only"});
	facts.runs_containers = false;
	check_runtime(&facts, (struct expected){"False", "NotInstalled", "/opt is read-only"});
}

static void without_criu_nothing_is_offered(void **state)
{
	struct handover_host host = healthy;
	struct node_facts facts = {.engine = STR("containerd://2.3.7"), .host = &host};
	struct expected missing = {"False", "CRIUMissing", "not installed; install CRIU"};
	struct expected complains = {"Unknown", "CRIUComplains", "Dirty tracking is OFF"};

	(void)state;
	host.criu_problem = STR("Dirty tracking is OFF");
	check_runtime(&facts, complains);
	check_image(&facts, complains);
	host.criu_version = (struct str){0};
	host.criu_problem = STR("CRIU is not installed");
	check_runtime(&facts, missing);
	check_image(&facts, missing);
}

static void engines_without_checkpoints_have_no_use_for_kcr_runtime(void **state)
{
	static const char *const engines[] = {
		"containerd://1.7.27", "cri-o://1.24.0", "docker://27.1.0"};

	(void)state;
	for (size_t i = 0; i < array_size(engines); i++) {
		autoarena *arena = arena_new(512);
		struct api_offer offers[API_STRATEGIES];

		node_offers(&(struct node_facts){.engine = str_of(engines[i]), .host = &healthy},
			arena, offers);
		assert_true(str_is(offers[0].offered, "False"));
		assert_true(str_equal(offers[0].reason, offers[1].reason));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_engine_and_its_version_tell_whether_images_are_restored),
		cmocka_unit_test(
			what_was_read_in_the_configuration_decides_where_the_version_does_not),
		cmocka_unit_test(cri_o_is_believed_as_containerd_is),
		cmocka_unit_test(without_an_installation_there_is_no_kcr_runtime),
		cmocka_unit_test(an_installation_tells_what_it_came_to),
		cmocka_unit_test(without_criu_nothing_is_offered),
		cmocka_unit_test(engines_without_checkpoints_have_no_use_for_kcr_runtime),
	};

	return cmocka_run_group_tests_name("offers", tests, NULL, NULL);
}
