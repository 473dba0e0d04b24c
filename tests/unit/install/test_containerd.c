/* containerd's configuration, before and after. */
#include "sample.h"

#define MAIN    "/etc/containerd/config.toml"
#define PATTERN "/etc/containerd/conf.d/50-kcr*.toml"
#define CONF_D  "/etc/containerd/conf.d/50-kcr.toml"
#define LINE    "imports = [\"" PATTERN "\"] # added by 'kcr install-runtime'\n"

/* Out of `containerd config dump` of 2.4.2. */
#define DUMP                                                                                       \
	"version = 4\n[plugins]\n  [plugins.'io.containerd.cri.v1.runtime']\n"                     \
	"    enable_criu = true\n"                                                                 \
	"    [plugins.'io.containerd.cri.v1.runtime'.containerd]\n"                                \
	"      default_runtime_name = 'runc'\n"                                                    \
	"      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes]\n"                     \
	"        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n"              \
	"          runtime_type = 'io.containerd.runc.v2'\n"                                       \
	"          runtime_path = ''\n"                                                            \
	"          pod_annotations = ['io.x', 'y']\n"                                              \
	"          cgroup_writable = false\n"                                                      \
	"          cni_max_conf_num = 0\n"                                                         \
	"          sandboxer = 'podsandbox'\n"                                                     \
	"          [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]\n"    \
	"            BinaryName = '/usr/sbin/runc'\n"                                              \
	"            Root = ''\n"                                                                  \
	"            SystemdCgroup = true\n"                                                       \
	"        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.vm]\n"                \
	"          runtime_type = 'io.containerd.kata.v2'\n"

static void test_the_drop_in_goes_where_it_is_imported(void **state)
{
	static const struct {
		const char *text;
		enum install_import import;
		const char *drop_in;
	} cases[] = {
		{"", INSTALL_IMPORT_LINE, CONF_D},
		{"version = 2\n", INSTALL_IMPORT_LINE, CONF_D},
		{"imports = ['/etc/containerd/conf.d/*.toml']\n", INSTALL_IMPORTED, CONF_D},
		{"imports = ['conf.d/*.toml']\n", INSTALL_IMPORTED, CONF_D},
		{"imports = ['/a/b.d/*.toml', '/etc/containerd/conf.d/*.toml']", INSTALL_IMPORTED,
			CONF_D},
		{"imports = ['/a/b.d/*.toml']\n", INSTALL_IMPORTED, "/a/b.d/50-kcr.toml"},
		{"imports = ['/a/b.toml']\n", INSTALL_IMPORT_ITEM, CONF_D},
		{"imports = []\n", INSTALL_IMPORT_ITEM, CONF_D},
		{LINE, INSTALL_IMPORTED, CONF_D},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct install_place place;
		struct error err;
		assert_int_equal(install_containerd_place(
					 str_of(cases[i].text), STR(MAIN), arena, &place, &err),
			0);
		assert_int_equal(place.import, cases[i].import);
		assert_str(place.drop_in, cases[i].drop_in);
	}
}

static void test_an_import_is_added_and_taken_out_to_the_byte(void **state)
{
	static const struct {
		const char *before;
		const char *after;
	} cases[] = {
		{"", LINE},
		{"version = 2\nroot = '/x'", LINE "version = 2\nroot = '/x'"},
		{"# c\n[plugins]\n", LINE "# c\n[plugins]\n"},
		{"version = 3\nimports = [\n  '/a.toml', # mine\n]\n",
			"version = 3\nimports = [\"" PATTERN "\", \n  '/a.toml', # mine\n]\n"},
		{"imports = []", "imports = [\"" PATTERN "\", ]"},
		{"imports = ['/etc/containerd/conf.d/*.toml']",
			"imports = ['/etc/containerd/conf.d/*.toml']"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autobuf with = BUF_INIT(4096);
		autobuf without = BUF_INIT(4096);
		struct install_place place;
		struct error err;
		assert_int_equal(install_containerd_place(
					 str_of(cases[i].before), STR(MAIN), arena, &place, &err),
			0);
		install_containerd_import(str_of(cases[i].before), &place, &with);
		assert_string_equal(with.data, cases[i].after);
		assert_int_equal(
			install_containerd_place(buf_str(&with), STR(MAIN), arena, &place, &err),
			0);
		assert_int_equal(place.import, INSTALL_IMPORTED);
		install_containerd_unimport(buf_str(&with), place.pattern, &without);
		assert_string_equal(without.data, cases[i].before);
	}
}

static void test_the_version_is_that_of_the_main_file(void **state)
{
	static const struct {
		const char *text;
		int version;
	} cases[] = {{"", 3}, {"version = 1", 3}, {"version = 2", 2}, {"version = 3", 3},
		{"version = 4", 4}, {"version = 'x'", 3}};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autotoml main = read_toml(cases[i].text);
		assert_int_equal(install_containerd_version(&main), cases[i].version);
	}
}

static void test_the_handler_is_like_its_base_but_for_the_program(void **state)
{
	const struct install_handler handler = {
		STR("kcr"), STR("/opt/kcr/bin/kcr-runtime"), STR("runc"), true};
	autotoml effective = read_toml(DUMP);
	autobuf out = BUF_INIT(65536);
	struct error err;

	(void)state;
	assert_int_equal(install_containerd_drop_in(&effective, &handler, 4, arena, &out, &err), 0);
	assert_string_equal(out.data,
		INSTALL_NOTE
		"# handler 'kcr' is as 'runc' but for its program\n"
		"version = 4\n"
		"\n[plugins.\"io.containerd.cri.v1.runtime\".containerd]\n"
		"  default_runtime_name = \"kcr\"\n"
		"\n[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.kcr]\n"
		"  runtime_type = 'io.containerd.runc.v2'\n"
		"  pod_annotations = ['io.x', 'y']\n"
		"  sandboxer = 'podsandbox'\n"
		"\n[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.kcr.options]\n"
		"  BinaryName = \"/opt/kcr/bin/kcr-runtime\"\n"
		"  SystemdCgroup = true\n");
}

static void test_a_drop_in_of_version_2_has_the_plugin_of_version_2(void **state)
{
	const struct install_handler handler = {STR("kcr"), STR("/p"), STR("runc"), false};
	autotoml effective = read_toml("version = 2\n");
	autobuf out = BUF_INIT(65536);
	struct error err;

	(void)state;
	assert_int_equal(install_containerd_drop_in(&effective, &handler, 2, arena, &out, &err), 0);
	assert_string_equal(out.data,
		INSTALL_NOTE "# handler 'kcr' is as 'runc' but for its program\n"
			     "version = 2\n"
			     "\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.kcr]\n"
			     "  runtime_type = \"io.containerd.runc.v2\"\n"
			     "\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.kcr."
			     "options]\n"
			     "  BinaryName = \"/p\"\n");
}

static void test_a_base_that_is_a_virtual_machine_is_refused(void **state)
{
	const struct install_handler handler = {STR("kcr"), STR("/p"), STR("vm"), false};
	autotoml effective = read_toml(DUMP);
	autobuf out = BUF_INIT(65536);
	struct error err;

	(void)state;
	assert_int_equal(
		install_containerd_drop_in(&effective, &handler, 4, arena, &out, &err), -1);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "--from-handler"));
}

static void test_the_default_handler_and_its_program_are_found(void **state)
{
	autotoml dump = read_toml(DUMP);
	autotoml old = read_toml("version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd]\n"
				 "default_runtime_name = 'crun'\n"
				 "runtimes.crun.options.BinaryName = '/usr/bin/crun'\n");
	autotoml none = read_toml("");

	(void)state;
	assert_str(install_containerd_default(&dump, arena), "runc");
	assert_str(install_containerd_program(&dump, STR("runc"), arena), "/usr/sbin/runc");
	assert_str(install_containerd_program(&dump, STR("other"), arena), "");
	assert_str(install_containerd_default(&old, arena), "crun");
	assert_str(install_containerd_program(&old, STR("crun"), arena), "/usr/bin/crun");
	assert_str(install_containerd_default(&none, arena), "runc");
}

static void test_why_images_cannot_be_restored(void **state)
{
#define RUNTIME_TABLE "[plugins.'io.containerd.cri.v1.runtime']\n"
	static const struct {
		const char *version;
		const char *text;
		const char *problem; /* a part of it; NULL: none */
	} cases[] = {
		{"2.4.2", "", "2.4 and later"},
		{"2.10.0", "", "2.4 and later"},
		{"3.0.0", "", "2.4 and later"},
		{"v2.4.0-rc.1", "", "2.4 and later"},
		{"2.0.7", "", "from 2.1"},
		{"", "", "not known"},
		{"2.1.5", "", NULL},
		{"2.3.7", RUNTIME_TABLE "enable_experimental_restore_via_create = false",
			"enable_experimental_restore_via_create"},
		{"2.3.7", RUNTIME_TABLE "enable_experimental_restore_via_create = true", NULL},
		{"2.3.7", RUNTIME_TABLE "enable_criu = false", "enable_criu"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autotoml effective = read_toml(cases[i].text);
		struct str problem = install_containerd_image_problem(
			&effective, str_of(cases[i].version), arena);
		if (cases[i].problem == NULL)
			assert_str(problem, "");
		else
			assert_true(str_contains(problem, str_of(cases[i].problem)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		arena_test(test_the_drop_in_goes_where_it_is_imported),
		arena_test(test_an_import_is_added_and_taken_out_to_the_byte),
		arena_test(test_the_version_is_that_of_the_main_file),
		arena_test(test_the_handler_is_like_its_base_but_for_the_program),
		arena_test(test_a_drop_in_of_version_2_has_the_plugin_of_version_2),
		arena_test(test_a_base_that_is_a_virtual_machine_is_refused),
		arena_test(test_the_default_handler_and_its_program_are_found),
		arena_test(test_why_images_cannot_be_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
