/*
 * A plugin's run ends when the program has ended; what it printed until then is its answer (a
 * grandchild that keeps the pipe open does not hold us up). Its standard error is ours, so that it
 * can tell a person at a terminal what to do.
 */
#include "kube/exec.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "sys/fd.h"
#include "json/json.h"

/* A person may have to log in in a browser meanwhile. */
enum { EXEC_TIMEOUT_MS = 5 * 60 * 1000, EXEC_USUAL_BYTES = 64 * 1024 };

struct kube__exec_run {
	const struct kube_config *config;
	kube__exec_done_fn done;
	void *context;
	struct buf output;
	int output_fd;
	struct loop_source *reader;
	struct loop_source *child;
	struct loop_source *timer;
};

void kube__exec_result_done(struct kube__exec_result *result)
{
	kube_material_done(&result->token);
	kube_material_done(&result->certificate);
	kube_material_done(&result->key);
}

/* ---- The protocol ---- */

static void exec_write_cluster(struct json_writer *writer, const struct kube_config *config)
{
	struct str ca = kube_material_str(&config->ca);
	autobuf encoded = BUF_INIT(LIMIT_CONFIG_BYTES * (size_t)2);

	json_set_object(writer, "cluster");
	json_set_text(writer, "server", config->server);
	if (config->tls_server_name != NULL)
		json_set_text(writer, "tls-server-name", config->tls_server_name);
	if (config->insecure_skip_tls_verify)
		json_set_bool(writer, "insecure-skip-tls-verify", true);
	base64_encode(ca, &encoded);
	if (ca.size > 0)
		json_set_str(writer, "certificate-authority-data", buf_str(&encoded));
	if (config->exec->cluster_config_json != NULL) {
		autojson *doc = NULL;
		struct error ignored; /* the text was written by our own writer */
		if (json_parse(str_of(config->exec->cluster_config_json), &doc, &ignored) == 0)
			json_set_value(writer, "config", json_doc_root(doc));
	}
	json_end_object(writer);
}

void kube__exec_write_info(struct buf *out, const struct kube_config *config, bool is_interactive)
{
	struct json_writer writer = json_writer(out);

	json_begin_object(&writer);
	json_set_text(&writer, "kind", "ExecCredential");
	json_set_text(&writer, "apiVersion", config->exec->api_version);
	json_set_object(&writer, "spec");
	if (config->exec->wants_cluster_info)
		exec_write_cluster(&writer, config);
	json_set_bool(&writer, "interactive", is_interactive);
	json_end_object(&writer);
	json_end_object(&writer);
}

static int exec_parse_status(
	const struct json *status, struct kube__exec_result *result, struct error *err)
{
	struct str token = json_str(json_get(status, "token"));
	struct str certificate = json_str(json_get(status, "clientCertificateData"));
	struct str key = json_str(json_get(status, "clientKeyData"));
	struct str expires = json_str(json_get(status, "expirationTimestamp"));

	if ((certificate.size > 0) != (key.size > 0))
		return error_set(err, ERROR_INVALID,
			"the credential plugin gave a certificate or a key without the other");
	if (token.size == 0 && key.size == 0)
		return error_set(err, ERROR_INVALID,
			"the credential plugin gave neither a token nor a certificate");
	if (expires.size > 0 && !wall_time_parse(expires, &result->expires_at))
		return error_set(err, ERROR_INVALID,
			"the credential plugin gave an expirationTimestamp that is no time");
	if (token.size > 0)
		kube_material_set(&result->token, token);
	if (key.size > 0) {
		kube_material_set(&result->certificate, certificate);
		kube_material_set(&result->key, key);
	}
	return 0;
}

int kube__exec_parse(struct str output, const char *api_version,
	struct kube__exec_result *ret_result, struct error *err)
{
	struct kube__exec_result result = {.token.bytes = NULL};
	autojson *doc = NULL;
	const struct json *root;

	if (json_parse(output, &doc, err) < 0)
		return error_set(err, ERROR_CORRUPT,
			"the credential plugin did not print an ExecCredential");
	root = json_doc_root(doc);
	if (!str_is(json_str(json_get(root, "kind")), "ExecCredential") ||
		!str_is(json_str(json_get(root, "apiVersion")), api_version))
		return error_set(err, ERROR_INVALID,
			"the credential plugin did not print an ExecCredential of '%s'",
			api_version);
	if (exec_parse_status(json_get(root, "status"), &result, err) < 0)
		return -1;
	*ret_result = result;
	return 0;
}

/* ---- The process ---- */

/* Takes what is in the pipe now; the source goes at the end of the output. */
static void exec_read(struct kube__exec_run *run)
{
	char piece[4096];

	for (;;) {
		ssize_t size = read(run->output_fd, piece, sizeof(piece));
		if (size <= 0) {
			if (size == 0) {
				loop_source_free(run->reader);
				run->reader = NULL;
			}
			break;
		}
		buf_add(&run->output, (struct str){piece, (size_t)size});
	}
	explicit_bzero(piece, sizeof(piece));
}

static void exec_readable(void *context, unsigned events)
{
	(void)events;
	exec_read(context);
}

static void exec_fail(struct kube__exec_run *run, const struct error *err)
{
	run->done(run->context, NULL, err);
}

static int exec_check_status(const struct kube__exec_run *run, int status, struct error *err)
{
	char text[PROCESS_STATUS_TEXT];

	if (status == 0)
		return 0;
	process_format_status(status, text);
	return error_set(err, ERROR_DENIED, "the credential plugin '%s' ended with %s",
		run->config->exec->arguments[0], text);
}

static void exec_ended(void *context, int status)
{
	struct kube__exec_run *run = context;
	struct kube__exec_result result = {.token.bytes = NULL};
	struct error err;

	loop_timer_stop(run->timer);
	if (run->reader != NULL)
		exec_read(run);
	if (exec_check_status(run, status, &err) < 0 ||
		buf_check(&run->output, "the credential plugin's output", &err) < 0 ||
		kube__exec_parse(
			buf_str(&run->output), run->config->exec->api_version, &result, &err) < 0) {
		exec_fail(run, &err);
		return;
	}
	run->done(run->context, &result, NULL);
	kube__exec_result_done(&result);
}

static void exec_timed_out(void *context)
{
	struct kube__exec_run *run = context;
	struct error err;

	loop_source_free(run->child);
	run->child = NULL;
	(void)error_set(&err, ERROR_TIMEOUT, "the credential plugin '%s' did not end in %d s",
		run->config->exec->arguments[0], EXEC_TIMEOUT_MS / 1000);
	exec_fail(run, &err);
}

/* Whether `variables` sets the variable that `entry` ("NAME=value") sets. */
static bool exec_sets(const char *const *variables, size_t count, const char *entry)
{
	size_t name_size = strcspn(entry, "=") + 1;

	for (size_t i = 0; i < count; i++)
		if (strncmp(variables[i], entry, name_size) == 0)
			return true;
	return false;
}

/* KUBERNETES_EXEC_INFO, the plugin's variables, and what of our environment they do not replace. */
static const char **exec_environment(
	struct arena *arena, const struct kube_config *config, bool is_interactive)
{
	autobuf info = BUF_INIT(LIMIT_CONFIG_BYTES * (size_t)4);
	size_t own = 0;
	size_t added = 0;
	size_t count = 0;
	const char **all;

	while (environ[own] != NULL)
		own++;
	while (config->exec->variables[added] != NULL)
		added++;
	all = arena_zeroed(arena, own + added + 2, sizeof(*all));
	kube__exec_write_info(&info, config, is_interactive);
	all[count++] = arena_printf(arena, "KUBERNETES_EXEC_INFO=%s", info.data).data;
	for (size_t i = 0; i < added; i++)
		all[count++] = config->exec->variables[i];
	for (size_t i = 0; i < own; i++)
		if (!exec_sets(all, added + 1, environ[i]))
			all[count++] = environ[i];
	return all;
}

static int exec_stdin(
	const struct kube_config *config, bool *ret_is_interactive, int *ret_fd, struct error *err)
{
	bool has_terminal = isatty(STDIN_FILENO) == 1;
	bool wants_terminal = config->exec->interaction != KUBE_EXEC_NEVER;

	if (config->exec->interaction == KUBE_EXEC_ALWAYS && !has_terminal)
		return error_set(err, ERROR_DENIED,
			"the credential plugin '%s' needs a terminal on standard input",
			config->exec->arguments[0]);
	*ret_is_interactive = has_terminal && wants_terminal;
	*ret_fd = *ret_is_interactive ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				      : open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (*ret_fd < 0)
		return error_set_errno(err, "cannot open the credential plugin's input");
	return 0;
}

static int exec_explain_failed_start(const struct kube_config *config, struct error *err)
{
	const char *hint = config->exec->install_hint;

	if (err->kind == ERROR_ABSENT)
		err->kind = ERROR_DENIED; /* credentials are what is missing */
	if (hint != NULL)
		return error_wrap(err, "%s", hint);
	return -1;
}

static int exec_spawn(
	struct kube__exec_run *run, int output_fd, struct process *ret_process, struct error *err)
{
	autoarena *arena = arena_new(4096);
	bool is_interactive = false;
	autoclose int input_fd = -1;

	if (exec_stdin(run->config, &is_interactive, &input_fd, err) < 0)
		return -1;
	struct process_fd fds[] = {
		{input_fd, STDIN_FILENO},
		{output_fd, STDOUT_FILENO},
		{STDERR_FILENO, STDERR_FILENO},
	};
	struct process_spec spec = {
		.arguments = run->config->exec->arguments,
		.environment = exec_environment(arena, run->config, is_interactive),
		.fds = fds,
		.fd_count = array_size(fds),
		.search_path = true,
	};
	if (process_start(&spec, ret_process, err) < 0)
		return exec_explain_failed_start(run->config, err);
	return 0;
}

static int exec_watch(struct kube__exec_run *run, struct loop *loop, struct error *err)
{
	struct process process = PROCESS_NONE;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	run->output_fd = ends[0];
	autoclose int write_fd = ends[1];
	if (fd_set_nonblocking(run->output_fd, err) < 0 ||
		loop_watch_fd(loop, run->output_fd, LOOP_READ, exec_readable, run, &run->reader,
			err) < 0 ||
		exec_spawn(run, write_fd, &process, err) < 0)
		return -1;
	if (loop_watch_child(loop, &process, exec_ended, run, &run->child, err) < 0) {
		process_kill(&process);
		return -1;
	}
	return 0;
}

int kube__exec_start(struct loop *loop, const struct kube_config *config, kube__exec_done_fn done,
	void *context, struct kube__exec_run **ret_run, struct error *err)
{
	struct kube__exec_run *run = new_zeroed(struct kube__exec_run);

	run->config = config;
	run->done = done;
	run->context = context;
	run->output_fd = -1;
	run->output = BUF_INIT(LIMIT_PLUGIN_BYTES);
	(void)buf_room(&run->output, EXEC_USUAL_BYTES); /* else growing leaves copies behind */
	run->timer = loop_timer_new(loop, exec_timed_out, run);
	if (exec_watch(run, loop, err) < 0) {
		kube__exec_free(run);
		return -1;
	}
	loop_timer_set(run->timer, EXEC_TIMEOUT_MS);
	*ret_run = run;
	return 0;
}

void kube__exec_free(struct kube__exec_run *run)
{
	if (run == NULL)
		return;
	loop_source_free(run->timer);
	loop_source_free(run->reader);
	loop_source_free(run->child);
	fd_close(&run->output_fd);
	explicit_bzero(run->output.data, run->output.capacity);
	buf_done(&run->output);
	free(run);
}
