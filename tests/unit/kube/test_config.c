/* Kubeconfigs by tables, and where they are looked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kube/config.h"
#include "sys/fd.h"
#include "sys/file.h"

struct world {
	char directory[64];
	int fd;
};

static void clear_environment(void)
{
	(void)unsetenv("KUBECONFIG");
	(void)unsetenv("KUBERNETES_SERVICE_HOST");
	(void)unsetenv("KUBERNETES_SERVICE_PORT");
	(void)setenv("HOME", "/nonexistent", 1);
}

static int make_world(void **state)
{
	static struct world world;
	struct error err;

	*state = &world;
	clear_environment();
	(void)snprintf(world.directory, sizeof(world.directory), "/tmp/kcr-config-XXXXXX");
	assert_non_null(mkdtemp(world.directory));
	assert_int_equal(file_open_directory(world.directory, &world.fd, &err), 0);
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;
	struct error err;

	clear_environment();
	fd_close(&world->fd);
	return file_remove_tree(AT_FDCWD, world->directory, &err);
}

static void write_file(const struct world *world, const char *name, const char *text)
{
	struct error err;

	assert_int_equal(file_write_atomically(world->fd, name, str_of(text), 0600, &err), 0);
}

static const char *path_of(const struct world *world, const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", world->directory, name);
	return path;
}

static int parse(
	const char *text, const char *context, struct kube_config **ret_config, struct error *err)
{
	const struct kube_config_file file = {str_of(text), "/etc/k"};

	return kube_config_parse(
		&file, 1, &(struct kube_config_options){.context = context}, ret_config, err);
}

/* A kubeconfig of one context with these cluster and user. */
#define CONFIG(cluster, user)                                                                      \
	"{\"current-context\":\"c\",\"contexts\":[{\"name\":\"c\",\"context\":{\"cluster\":\"k\"," \
	"\"user\":\"u\"}}],\"clusters\":[{\"name\":\"k\",\"cluster\":{" cluster                    \
	"}}],\"users\":[{\"name\":\"u\",\"user\":{" user "}}]}"
#define SERVER "\"server\":\"https://k:6443\""

static const char usual[] =
	"apiVersion: v1\n"
	"kind: Config\n"
	"current-context: one\n"
	"contexts:\n"
	"- name: one\n"
	"  context: {cluster: a, user: alice, namespace: work}\n"
	"- name: two\n"
	"  context: {cluster: b, user: bob}\n"
	"clusters:\n"
	"- name: a\n"
	"  cluster:\n"
	"    server: https://a.example:6443/\n"
	"    certificate-authority-data: Y2E=\n"
	"    tls-server-name: a.internal\n"
	"- name: b\n"
	"  cluster: {server: 'https://[::1]:6443/k8s/b', insecure-skip-tls-verify: true}\n"
	"users:\n"
	"- name: alice\n"
	"  user: {token: s3cret}\n"
	"- name: bob\n"
	"  user:\n"
	"    client-certificate: bob.crt\n"
	"    client-key: /keys/bob.key\n"
	"    as: jane\n"
	"    as-groups: [g1, g2]\n";

static void the_current_context_is_used(void **state)
{
	autokubeconfig *config = NULL;
	struct error err;

	(void)state;
	assert_int_equal(parse(usual, NULL, &config, &err), 0);
	assert_string_equal(config->context, "one");
	assert_string_equal(config->server, "https://a.example:6443");
	assert_string_equal(config->namespace, "work");
	assert_string_equal(config->tls_server_name, "a.internal");
	assert_false(config->insecure_skip_tls_verify);
	assert_string_equal(config->ca.bytes, "ca");
	assert_string_equal(config->token.bytes, "s3cret");
	assert_null(config->key.path);
	assert_null(config->exec);
	assert_null(config->impersonate_user);
}

static void another_context_can_be_chosen(void **state)
{
	autokubeconfig *config = NULL;
	struct error err;

	(void)state;
	assert_int_equal(parse(usual, "two", &config, &err), 0);
	assert_string_equal(config->server, "https://[::1]:6443/k8s/b");
	assert_string_equal(config->namespace, "default");
	assert_true(config->insecure_skip_tls_verify);
	assert_string_equal(config->certificate.path, "/etc/k/bob.crt");
	assert_string_equal(config->key.path, "/keys/bob.key");
	assert_string_equal(config->impersonate_user, "jane");
	assert_string_equal(config->impersonate_groups[1], "g2");
	assert_null(config->impersonate_groups[2]);
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *text;
		enum error_kind kind;
		const char *says;
	} cases[] = {
		{"", ERROR_INVALID, "no current-context"},
		{"{}", ERROR_INVALID, "no current-context"},
		{"[]", ERROR_INVALID, "no current-context"},
		{"{", ERROR_CORRUPT, "cannot read the kubeconfig"},
		{"current-context: x", ERROR_INVALID, "has no context 'x'"},
		{"{\"current-context\":\"c\",\"contexts\":[{\"name\":\"c\",\"context\":{"
		 "\"cluster\":\"k\"}}]}",
			ERROR_INVALID, "has no cluster 'k'"},
		{"{\"current-context\":\"c\",\"contexts\":[{\"name\":\"c\",\"context\":{"
		 "\"cluster\":\"k\",\"user\":\"u\"}}],\"clusters\":[{\"name\":\"k\",\"cluster\":"
		 "{" SERVER "}}]}",
			ERROR_INVALID, "has no user 'u'"},
		{CONFIG("", ""), ERROR_INVALID, "cannot use context 'c': the cluster's server ''"},
		{CONFIG("\"server\":\"k:6443\"", ""), ERROR_INVALID, "'k:6443' is not a URL"},
		{CONFIG("\"server\":\"https://\"", ""), ERROR_INVALID, "is not a URL"},
		{CONFIG("\"server\":\"https:///x\"", ""), ERROR_INVALID, "is not a URL"},
		{CONFIG("\"server\":\"https://k/?x\"", ""), ERROR_INVALID, "is not a URL"},
		{CONFIG("\"server\":\"https://u:p@k\"", ""), ERROR_INVALID, "is not a URL"},
		{CONFIG("\"server\":7", ""), ERROR_INVALID, "is not a URL"},
		{CONFIG(SERVER ",\"proxy-url\":\"http://p\"", ""), ERROR_UNSUPPORTED, "proxy-url"},
		{CONFIG(SERVER ",\"certificate-authority\":\"x\",\"insecure-skip-tls-verify\":true",
			 ""),
			ERROR_INVALID, "exclude each other"},
		{CONFIG(SERVER ",\"certificate-authority-data\":\"%\"", ""), ERROR_INVALID,
			"'certificate-authority-data' in the kubeconfig: the text is not base64"},
		{CONFIG(SERVER, "\"client-key\":\"x\""), ERROR_INVALID, "given together"},
		{CONFIG(SERVER, "\"username\":\"x\""), ERROR_UNSUPPORTED, "'username'"},
		{CONFIG(SERVER, "\"auth-provider\":{\"name\":\"gcp\"}"), ERROR_UNSUPPORTED,
			"'auth-provider'"},
		{CONFIG(SERVER,
			 "\"exec\":{\"apiVersion\":\"client.authentication.k8s.io/v1alpha1\","
			 "\"command\":\"x\"}"),
			ERROR_UNSUPPORTED, "v1alpha1"},
		{CONFIG(SERVER,
			 "\"exec\":{\"apiVersion\":\"client.authentication.k8s.io/v1\","
			 "\"command\":\"x\"}"),
			ERROR_INVALID, "interactiveMode"},
		{CONFIG(SERVER,
			 "\"exec\":{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\"}"),
			ERROR_INVALID, "no command"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct kube_config *config = NULL;
		struct error err = {.kind = ERROR_NONE};
		int result = parse(cases[i].text, NULL, &config, &err);
		if (result == 0)
			fail_msg("accepted: %s", cases[i].text);
		assert_int_equal(err.kind, cases[i].kind);
		if (strstr(err.text, cases[i].says) == NULL)
			fail_msg("'%s' is not in '%s'", cases[i].says, err.text);
	}
}

static void a_plugin_is_read(void **state)
{
	static const char text[] = CONFIG(SERVER
		",\"extensions\":[{\"name\":\"client.authentication.k8s.io/exec\",\"extension\":{"
		"\"a\":1}}]",
		"\"exec\":{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"command\":"
		"\"./bin/login\",\"args\":[\"a b\",\"c\"],\"env\":[{\"name\":\"N\",\"value\":\"v "
		"w\"}],\"installHint\":\"apt\",\"provideClusterInfo\":true}");
	autokubeconfig *config = NULL;
	struct error err;

	(void)state;
	assert_int_equal(parse(text, NULL, &config, &err), 0);
	assert_string_equal(config->exec->arguments[0], "/etc/k/./bin/login");
	assert_string_equal(config->exec->arguments[1], "a b");
	assert_string_equal(config->exec->arguments[2], "c");
	assert_null(config->exec->arguments[3]);
	assert_string_equal(config->exec->variables[0], "N=v w");
	assert_null(config->exec->variables[1]);
	assert_string_equal(config->exec->install_hint, "apt");
	assert_string_equal(config->exec->cluster_config_json, "{\"a\":1}");
	assert_true(config->exec->wants_cluster_info);
	assert_int_equal(config->exec->interaction, KUBE_EXEC_IF_AVAILABLE);
}

static void the_first_file_wins(void **state)
{
	const struct kube_config_file files[] = {
		{STR("users: [{name: alice, user: {tokenFile: t}}]"), "/first"},
		{STR(""), "/empty"},
		{str_of(usual), "/second"},
		{STR("{current-context: two, clusters: [{name: a, cluster: {server: "
		     "'http://z'}}]}"),
			"/third"},
	};
	autokubeconfig *config = NULL;
	struct error err;

	(void)state;
	assert_int_equal(kube_config_parse(files, array_size(files),
				 &(struct kube_config_options){0}, &config, &err),
		0);
	assert_string_equal(config->context, "one");
	assert_string_equal(config->server, "https://a.example:6443");
	assert_string_equal(config->token.path, "/first/t");
}

static void the_given_path_is_used_before_all_others(void **state)
{
	struct world *world = *state;
	autokubeconfig *config = NULL;
	struct kube_config_options options = {.path = NULL};
	struct error err;

	write_file(world, "mine", CONFIG("\"server\":\"http://mine\"", "\"tokenFile\":\"t\""));
	write_file(world, "t", " tok \n");
	(void)setenv("KUBECONFIG", "/nonexistent", 1);
	options.path = path_of(world, "mine");
	assert_int_equal(kube_config_load(&options, &config, &err), 0);
	assert_string_equal(config->server, "http://mine");
	assert_string_equal(config->token.bytes, "tok");
}

static void a_given_path_must_exist(void **state)
{
	const struct kube_config_options options = {.path = "/nonexistent"};
	struct kube_config *config;
	struct error err;

	(void)state;
	assert_int_equal(kube_config_load(&options, &config, &err), -1);
	assert_int_equal(err.kind, ERROR_ABSENT);
}

static void missing_files_of_a_list_are_skipped(void **state)
{
	struct world *world = *state;
	autokubeconfig *config = NULL;
	const struct kube_config_options options = {.path = NULL};
	struct error err;
	char list[300];

	write_file(world, "one", CONFIG("\"server\":\"http://one\"", ""));
	(void)snprintf(list, sizeof(list), "/nonexistent::%s", path_of(world, "one"));
	(void)setenv("KUBECONFIG", list, 1);
	(void)setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1);
	(void)setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	assert_int_equal(kube_config_load(&options, &config, &err), 0);
	assert_string_equal(config->server, "http://one");
}

static void a_list_of_missing_files_is_an_error(void **state)
{
	const struct kube_config_options options = {.path = NULL};
	struct kube_config *config;
	struct error err;

	(void)state;
	(void)setenv("KUBECONFIG", "/nonexistent:/neither", 1);
	assert_int_equal(kube_config_load(&options, &config, &err), -1);
	assert_int_equal(err.kind, ERROR_ABSENT);
}

static void a_pod_uses_its_service_account(void **state)
{
	struct world *world = *state;
	const struct kube_config_options options = {.service_account_directory = world->directory};
	autokubeconfig *config = NULL;
	struct error err;

	write_file(world, "token", "tok");
	write_file(world, "ca.crt", "PEM");
	write_file(world, "namespace", "kcr-system\n");
	(void)setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
	(void)setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	assert_int_equal(kube_config_load(&options, &config, &err), 0);
	assert_string_equal(config->server, "https://[fd00::1]:443");
	assert_string_equal(config->namespace, "kcr-system");
	assert_string_equal(config->token.bytes, "tok");
	assert_string_equal(config->ca.bytes, "PEM");
	assert_null(config->context);
}

static void the_home_directory_comes_last(void **state)
{
	struct world *world = *state;
	autokubeconfig *config = NULL;
	const struct kube_config_options options = {.path = NULL};
	struct error err;
	int fd;

	assert_int_equal(kube_config_load(&options, &config, &err), -1);
	assert_int_equal(err.kind, ERROR_ABSENT);
	assert_int_equal(file_make_directory(world->fd, ".kube", 0700, &fd, &err), 0);
	assert_int_equal(file_write_atomically(fd, "config",
				 STR(CONFIG("\"server\":\"http://home\"", "")), 0600, &err),
		0);
	fd_close(&fd);
	(void)setenv("HOME", world->directory, 1);
	assert_int_equal(kube_config_load(&options, &config, &err), 0);
	assert_string_equal(config->server, "http://home");
}

static void for_people_the_home_directory_comes_before_the_pod(void **state)
{
	struct world *world = *state;
	const struct kube_config_options options = {
		.service_account_directory = world->directory, .home_before_pod = true};
	autokubeconfig *config = NULL;
	struct error err;
	int fd;

	assert_int_equal(file_make_directory(world->fd, ".kube", 0700, &fd, &err), 0);
	assert_int_equal(file_write_atomically(fd, "config",
				 STR(CONFIG("\"server\":\"http://home\"", "")), 0600, &err),
		0);
	fd_close(&fd);
	(void)setenv("HOME", world->directory, 1);
	(void)setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1);
	(void)setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	assert_int_equal(kube_config_load(&options, &config, &err), 0);
	assert_string_equal(config->server, "http://home");
}

static void cluster_and_user_can_be_chosen_apart(void **state)
{
	const struct kube_config_file files[] = {
		{str_of(usual), ""},
		{STR("{clusters: [{name: other, cluster: {server: 'http://o'}}], "
		     "users: [{name: eve, user: {tokenFile: e}}]}"),
			"/two"},
	};
	const struct kube_config_options options = {.cluster = "other", .user = "eve"};
	autokubeconfig *config = NULL;
	struct error err;

	(void)state;
	assert_int_equal(kube_config_parse(files, array_size(files), &options, &config, &err), 0);
	assert_string_equal(config->context, "one");
	assert_string_equal(config->server, "http://o");
	assert_string_equal(config->token.path, "/two/e");
}

#define config_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_current_context_is_used),
		cmocka_unit_test(another_context_can_be_chosen),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(a_plugin_is_read),
		cmocka_unit_test(the_first_file_wins),
		config_test(the_given_path_is_used_before_all_others),
		config_test(a_given_path_must_exist),
		config_test(missing_files_of_a_list_are_skipped),
		config_test(a_list_of_missing_files_is_an_error),
		config_test(a_pod_uses_its_service_account),
		config_test(the_home_directory_comes_last),
		config_test(for_people_the_home_directory_comes_before_the_pod),
		cmocka_unit_test(cluster_and_user_can_be_chosen_apart),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
