/* CRI-O's configuration: what `crio config` prints, and our drop-in. */
#include "sample.h"

#define CONFIG                                                                                     \
	"[crio]\n[crio.runtime]\ndefault_runtime = \"crun\"\n"                                     \
	"# enable_criu_support = true\n"                                                           \
	"[crio.runtime.runtimes.crun]\nruntime_path = \"/usr/bin/crun\"\n"                         \
	"runtime_type = \"oci\"\nruntime_root = \"/run/crun\"\n"                                   \
	"inherit_default_runtime = false\nmonitor_path = \"/usr/bin/conmon\"\n"                    \
	"allowed_annotations = [\n\t\"io.a\",\n]\n"                                                \
	"platform_runtime_paths = {\"linux/arm64\" = \"/usr/bin/crun-arm64\"}\n"                   \
	"default_annotations = {\"io.b/c\" = \"d\"}\n"                                             \
	"[crio.runtime.runtimes.vm]\nruntime_type = \"vm\"\n"

static void test_the_handler_is_like_its_base_but_for_the_program(void **state)
{
	const struct install_handler handler = {
		STR("kcr"), STR("/opt/kcr/bin/kcr-runtime"), STR("crun"), true};
	autotoml effective = read_toml(CONFIG);
	autobuf out = BUF_INIT(65536);
	struct error err;

	(void)state;
	assert_int_equal(install_crio_drop_in(&effective, &handler, arena, &out, &err), 0);
	assert_string_equal(out.data,
		INSTALL_NOTE "# handler 'kcr' is as 'crun' but for its program\n"
			     "\n[crio.runtime]\ndefault_runtime = \"kcr\"\n"
			     "\n[crio.runtime.runtimes.kcr]\n"
			     "runtime_path = \"/opt/kcr/bin/kcr-runtime\"\n"
			     "runtime_type = \"oci\"\n"
			     "runtime_root = \"/run/crun\"\n"
			     "monitor_path = \"/usr/bin/conmon\"\n"
			     "allowed_annotations = [\n\t\"io.a\",\n]\n"
			     "default_annotations.\"io.b/c\" = \"d\"\n");
}

static void test_a_base_that_is_a_virtual_machine_is_refused(void **state)
{
	const struct install_handler handler = {STR("kcr"), STR("/p"), STR("vm"), false};
	autotoml effective = read_toml(CONFIG);
	autobuf out = BUF_INIT(65536);
	struct error err;

	(void)state;
	assert_int_equal(install_crio_drop_in(&effective, &handler, arena, &out, &err), -1);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
}

static void test_the_default_handler_and_its_program_are_found(void **state)
{
	autotoml config = read_toml(CONFIG);
	autotoml none = read_toml("");

	(void)state;
	assert_str(install_crio_default(&config, arena), "crun");
	assert_str(install_crio_program(&config, STR("crun"), arena), "/usr/bin/crun");
	assert_str(install_crio_default(&none, arena), "crun");
	assert_str(install_crio_program(&none, STR("crun"), arena), "");
}

static void test_why_images_cannot_be_restored(void **state)
{
	static const struct {
		const char *text;
		const char *problem; /* a part of it; NULL: none */
	} cases[] = {
		{"", NULL},
		{"[crio.runtime]\nenable_criu_support = false\n", "enable_criu_support"},
		{"[crio.runtime]\n# enable_criu_support = false\n", NULL},
		{"[crio.checkpoint_restore]\n# container_level_enabled = \"checkpoint_only\"\n",
			"\"checkpoint_only\""},
		{"[crio.checkpoint_restore]\ncontainer_level_enabled = \"none\"\n", "\"none\""},
		{"[crio.checkpoint_restore]\ncontainer_level_enabled = \"checkpoint_restore\"\n",
			NULL},
		{"[crio.checkpoint_restore]\n# container_level_enabled = \"checkpoint_restore\"\n",
			NULL},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autotoml effective = read_toml(cases[i].text);
		struct str problem =
			install_crio_image_problem(str_of(cases[i].text), &effective, arena);
		if (cases[i].problem == NULL)
			assert_str(problem, "");
		else
			assert_true(str_contains(problem, str_of(cases[i].problem)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		arena_test(test_the_handler_is_like_its_base_but_for_the_program),
		arena_test(test_a_base_that_is_a_virtual_machine_is_refused),
		arena_test(test_the_default_handler_and_its_program_are_found),
		arena_test(test_why_images_cannot_be_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
