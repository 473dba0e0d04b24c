/* Keeping credentials fresh: files that change, plugins, what a refusal leads to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "kube/credential.h"
#include "sys/fd.h"
#include "sys/file.h"

struct world {
	struct loop *loop;
	struct http_client *http;
	struct kube_config config;
	struct kube_exec exec;
	const char *arguments[2];
	struct kube__credential *credential;
	struct kube__waiter waiter;
	struct loop_source *deadline;
	char directory[64];
	char path[128];
	int fd;
	int told;
	struct error error; /* NONE on success */
};

static void be_told(void *context, const struct error *err)
{
	struct world *world = context;

	world->told++;
	world->error = err != NULL ? *err : (struct error){.kind = ERROR_NONE};
	loop_stop(world->loop);
}

static void stop_loop(void *context)
{
	loop_stop(context);
}

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);
	struct error err;

	*state = world;
	assert_int_equal(loop_new(&world->loop, &err), 0);
	assert_int_equal(http_client_new(world->loop, "test", &world->http, &err), 0);
	world->deadline = loop_timer_new(world->loop, stop_loop, world->loop);
	world->waiter = (struct kube__waiter){.ready = be_told, .context = world};
	list_init(&world->waiter.link);
	world->config.server = "https://k";
	(void)snprintf(world->directory, sizeof(world->directory), "/tmp/kcr-credential-XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	assert_int_equal(file_open_directory(world->directory, &world->fd, &err), 0);
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;
	struct error err;

	list_remove(&world->waiter.link);
	kube__credential_free(world->credential);
	http_client_free(world->http);
	loop_source_free(world->deadline);
	loop_free(world->loop);
	kube_material_done(&world->config.token);
	kube_material_done(&world->config.ca);
	fd_close(&world->fd);
	assert_int_equal(file_remove_tree(AT_FDCWD, world->directory, &err), 0);
	free(world);
	return 0;
}

/* Writes a file; its path is world->path afterwards. */
static void write_file(struct world *world, const char *name, const char *text)
{
	struct error err;

	(void)snprintf(world->path, sizeof(world->path), "%s/%s", world->directory, name);
	assert_int_equal(file_write_atomically(world->fd, name, str_of(text), 0700, &err), 0);
}

static void begin(struct world *world)
{
	world->credential = kube__credential_new(world->loop, &world->config, world->http);
}

static struct kube__identity get_ready(struct world *world)
{
	struct kube__identity identity = {.token = NULL};
	struct error err;

	assert_int_equal(
		kube__credential_get(world->credential, &world->waiter, &identity, &err), 1);
	return identity;
}

static void run_plugin(struct world *world)
{
	struct kube__identity identity;
	struct error err;

	assert_int_equal(
		kube__credential_get(world->credential, &world->waiter, &identity, &err), 0);
	world->told = 0;
	loop_timer_set(world->deadline, 10000);
	assert_int_equal(loop_run(world->loop, &err), 0);
	assert_int_equal(world->told, 1);
}

static void an_inline_token_stays_refused(void **state)
{
	struct world *world = *state;

	kube_material_set(&world->config.token, STR("t"));
	begin(world);
	assert_string_equal(get_ready(world).token, "t");
	assert_false(kube__credential_refuse(world->credential, get_ready(world).generation));
}

static void a_refused_token_in_a_file_is_read_again(void **state)
{
	struct world *world = *state;
	unsigned first;

	write_file(world, "token", "one");
	world->config.token.path = str_dup(str_of(world->path));
	kube_material_set(&world->config.token, STR("one"));
	begin(world);
	first = get_ready(world).generation;
	assert_false(kube__credential_refuse(world->credential, first));
	write_file(world, "token", "two");
	assert_string_equal(get_ready(world).token, "one"); /* it was read a moment ago */
	assert_true(kube__credential_refuse(world->credential, first));
	assert_string_equal(get_ready(world).token, "two");
	assert_true(kube__credential_refuse(world->credential, first)); /* by a slower request */
}

static void a_token_that_cannot_be_read_stays_in_use(void **state)
{
	struct world *world = *state;
	unsigned first;

	world->config.token.path = str_dup(STR("/nonexistent"));
	kube_material_set(&world->config.token, STR("one"));
	begin(world);
	first = get_ready(world).generation;
	assert_false(kube__credential_refuse(world->credential, first));
	assert_string_equal(get_ready(world).token, "one");
}

static void a_changed_certificate_authority_is_used(void **state)
{
	struct world *world = *state;
	struct kube__identity first;

	write_file(world, "ca.crt", "old");
	world->config.ca.path = str_dup(str_of(world->path));
	kube_material_set(&world->config.ca, STR("old"));
	begin(world);
	first = get_ready(world);
	assert_false(kube__credential_refuse(world->credential, first.generation));
	write_file(world, "ca.crt", "new");
	assert_true(kube__credential_refuse(world->credential, first.generation));
	assert_int_not_equal(get_ready(world).generation, first.generation);
}

static void use_plugin(struct world *world, const char *script)
{
	static const char *const variables[] = {NULL};

	write_file(world, "plugin", script);
	world->arguments[0] = world->path;
	world->exec = (struct kube_exec){
		.api_version = "client.authentication.k8s.io/v1beta1",
		.arguments = world->arguments,
		.variables = variables,
		.interaction = KUBE_EXEC_NEVER,
	};
	world->config.exec = &world->exec;
	begin(world);
}

#define ANSWER(status)                                                                             \
	"#!/bin/sh\necho '{\"kind\":\"ExecCredential\",\"apiVersion\":"                            \
	"\"client.authentication.k8s.io/v1beta1\",\"status\":{" status "}}'\n"

static void a_plugins_answer_is_kept_until_it_is_refused(void **state)
{
	struct world *world = *state;

	use_plugin(world, ANSWER("\"token\":\"t\""));
	assert_null(kube__credential_token(world->credential));
	run_plugin(world);
	assert_int_equal(world->error.kind, ERROR_NONE);
	assert_string_equal(get_ready(world).token, "t");
	assert_true(kube__credential_refuse(world->credential, get_ready(world).generation));
	run_plugin(world);
	assert_string_equal(get_ready(world).token, "t");
}

static void credentials_that_come_expired_are_tried_once(void **state)
{
	struct world *world = *state;

	use_plugin(
		world, ANSWER("\"token\":\"t\",\"expirationTimestamp\":\"2001-01-01T00:00:00Z\""));
	run_plugin(world);
	assert_string_equal(get_ready(world).token, "t");
}

static void a_plugins_certificate_is_used(void **state)
{
	struct world *world = *state;
	struct kube__identity identity;

	use_plugin(world, ANSWER("\"clientCertificateData\":\"c\",\"clientKeyData\":\"k\""));
	run_plugin(world);
	identity = get_ready(world);
	assert_null(identity.token);
	assert_int_equal(identity.generation, 2);
}

static void a_plugin_that_fails_runs_again_for_the_next_one(void **state)
{
	struct world *world = *state;

	use_plugin(world, "#!/bin/sh\nexit 1\n");
	run_plugin(world);
	assert_int_equal(world->error.kind, ERROR_DENIED);
	run_plugin(world);
	assert_int_equal(world->error.kind, ERROR_DENIED);
}

static void a_plugin_that_prints_too_much_is_refused(void **state)
{
	struct world *world = *state;

	use_plugin(world, "#!/bin/sh\nhead -c 2000000 /dev/zero\n");
	run_plugin(world);
	assert_int_equal(world->error.kind, ERROR_TOO_BIG);
}

static void a_plugins_grandchild_does_not_hold_us_up(void **state)
{
	struct world *world = *state;

	use_plugin(world, ANSWER("\"token\":\"t\"") "sleep 3 2>/dev/null &\n");
	run_plugin(world);
	assert_string_equal(get_ready(world).token, "t");
}

static void a_plugin_that_needs_a_terminal_says_so(void **state)
{
	struct world *world = *state;
	struct kube__identity identity;
	struct error err;

	if (isatty(STDIN_FILENO) == 1)
		skip();
	use_plugin(world, ANSWER("\"token\":\"t\""));
	world->exec.interaction = KUBE_EXEC_ALWAYS;
	assert_int_equal(
		kube__credential_get(world->credential, &world->waiter, &identity, &err), -1);
	assert_int_equal(err.kind, ERROR_DENIED);
}

#define credential_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		credential_test(an_inline_token_stays_refused),
		credential_test(a_refused_token_in_a_file_is_read_again),
		credential_test(a_token_that_cannot_be_read_stays_in_use),
		credential_test(a_changed_certificate_authority_is_used),
		credential_test(a_plugins_answer_is_kept_until_it_is_refused),
		credential_test(credentials_that_come_expired_are_tried_once),
		credential_test(a_plugins_certificate_is_used),
		credential_test(a_plugin_that_fails_runs_again_for_the_next_one),
		credential_test(a_plugin_that_prints_too_much_is_refused),
		credential_test(a_plugins_grandchild_does_not_hold_us_up),
		credential_test(a_plugin_that_needs_a_terminal_says_so),
	};

	return cmocka_run_group_tests_name("credential", tests, NULL, NULL);
}
