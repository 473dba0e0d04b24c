/* CRIU's options beside those that a user has. */
#include "sample.h"

#define BEGIN "# begin: added by 'kcr install-runtime'\n"
#define MADE  "# begin: added by 'kcr install-runtime', which made this file\n"
#define END   "# end: added by 'kcr install-runtime'\n"
#define MOUNT                                                                                      \
	"external mnt[/run/crun/.empty-directory]:"                                                \
	"/run/containerd/runc/k8s.io/.empty-directory\n"

static void test_only_missing_options_are_added_before_the_users(void **state)
{
	static const struct {
		const char *before;
		bool is_new;
		bool is_crun;
		const char *after;
	} cases[] = {
		{"", true, false, MADE "tcp-close\nskip-in-flight\nnetwork-lock skip\n" END},
		{"", false, true, BEGIN "tcp-close\nskip-in-flight\nnetwork-lock skip\n" MOUNT END},
		{"tcp-close\nlog-level 4", false, false,
			BEGIN "skip-in-flight\nnetwork-lock skip\n" END "tcp-close\nlog-level 4"},
		{"network-lock nftables\n", false, false,
			BEGIN "tcp-close\nskip-in-flight\n" END "network-lock nftables\n"},
		{"tcp-established\n", false, false,
			BEGIN "skip-in-flight\n" END "tcp-established\n"},
		{"# tcp-close\n", false, false,
			BEGIN "tcp-close\nskip-in-flight\nnetwork-lock skip\n" END "# tcp-close\n"},
		{"external mnt[a]:b\ntcp-close\nskip-in-flight\nnetwork-lock skip", false, true,
			BEGIN MOUNT END "external mnt[a]:b\ntcp-close\nskip-in-flight\n"
					"network-lock skip"},
		{"tcp-close\nskip-in-flight\nnetwork-lock skip\n", false, false,
			"tcp-close\nskip-in-flight\nnetwork-lock skip\n"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autobuf with = BUF_INIT(4096);
		autobuf without = BUF_INIT(4096);
		install_criu_add(str_of(cases[i].before), cases[i].is_new, cases[i].is_crun, &with);
		assert_string_equal(with.data, cases[i].after);
		assert_int_equal(install_criu_remove(buf_str(&with), &without), !cases[i].is_new);
		assert_string_equal(without.data, cases[i].before);
	}
}

static void test_what_is_not_ours_whole_is_left(void **state)
{
	static const char *const texts[] = {"", "tcp-close\n", BEGIN "tcp-close\n", END BEGIN};

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++) {
		autobuf without = BUF_INIT(4096);
		assert_true(install_criu_remove(str_of(texts[i]), &without));
		assert_string_equal(without.data, texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_missing_options_are_added_before_the_users),
		cmocka_unit_test(test_what_is_not_ours_whole_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
