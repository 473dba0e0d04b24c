/*
 * The child has a process group of its own: a Ctrl-C at the terminal is ours to act on, for the
 * ticket is still to be given back through it. What it says is read all the time, so that it never
 * waits for us, and its last words on standard error explain a failure.
 */
#include "cli/forward.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/number.h"
#include "cli/table.h"
#include "sys/fd.h"
#include "sys/process.h"

enum {
	FORWARD_START_MS = 30 * 1000,
	FORWARD_WORDS_BYTES = 16 * 1024,
	FORWARD_ARGUMENTS = 20,
};

struct forward_pipe {
	struct cli_forward *forward;
	int fd;
	struct loop_source *source;
	struct buf text; /* what is not yet looked at, or the last words */
};

struct cli_forward {
	struct cli_wait *wait; /* borrowed */
	struct forward_pipe output;
	struct forward_pipe words;
	struct loop_source *child;
	uint16_t port; /* 0: not known yet */
};

uint16_t cli_forward_parse(struct str line)
{
	struct str prefix = STR("Forwarding from 127.0.0.1:");
	struct str digits;
	struct str rest;
	uint64_t port;

	if (!str_starts_with(line, prefix) ||
		!str_cut(str_from(line, prefix.size), ' ', &digits, &rest) ||
		!number_parse_u64(digits, &port) || port > UINT16_MAX)
		return 0;
	return (uint16_t)port;
}

uint16_t cli_forward_port(const struct cli_forward *forward)
{
	return forward->port;
}

/* ---- What the child says ---- */

static void forward_read_lines(struct cli_forward *forward)
{
	struct buf *text = &forward->output.text;
	struct str line;
	struct str rest;

	while (str_cut(buf_str(text), '\n', &line, &rest)) {
		uint16_t port = cli_forward_parse(str_trim(line));
		if (port != 0 && forward->port == 0) {
			forward->port = port;
			cli_wait_end(forward->wait);
		}
		buf_drop_front(text, text->size - rest.size);
	}
}

/* Takes what is in the pipe now; returns at its end or when it is empty. */
static void forward_read(struct forward_pipe *pipe)
{
	char piece[4096];

	for (;;) {
		ssize_t size = read(pipe->fd, piece, sizeof(piece));
		if (size <= 0) {
			if (size == 0) {
				loop_source_free(pipe->source);
				pipe->source = NULL;
			}
			return;
		}
		if (pipe->text.size + (size_t)size > pipe->text.max_size)
			buf_clear(&pipe->text);
		buf_add(&pipe->text, (struct str){piece, (size_t)size});
	}
}

static void forward_readable(void *context, unsigned events)
{
	struct forward_pipe *pipe = context;

	(void)events;
	forward_read(pipe);
	if (pipe == &pipe->forward->output)
		forward_read_lines(pipe->forward);
}

static void forward_ended(void *context, int status)
{
	struct cli_forward *forward = context;

	(void)status; /* its words say more */
	if (forward->words.source != NULL)
		forward_read(&forward->words);
	if (forward->port == 0)
		cli_wait_end(forward->wait);
}

/* The last line on standard error, without what kubectl puts in front of errors. */
static struct str forward_last_words(const struct cli_forward *forward)
{
	struct str text = str_trim(buf_str(&forward->words.text));
	struct str before;

	(void)str_cut_last(text, '\n', &before, &text);
	if (str_starts_with(text, STR("error: ")))
		return str_from(text, STR("error: ").size);
	return text;
}

static int forward_fail(const struct cli_forward *forward, struct error *err)
{
	struct str words = forward_last_words(forward);
	autobuf shown = BUF_INIT(LIMIT_CONFIG_BYTES);

	if (words.size == 0)
		words = STR("it said nothing");
	cli_write_styled(&shown, words, CLI_PLAIN, false);
	if (!str_contains(words, STR("(Forbidden)")))
		return error_set(err, ERROR_BUSY, "kubectl port-forward failed: %s", shown.data);
	return error_set(err, ERROR_UNSUPPORTED,
		"you may not forward a port of the Pod that the bytes come through; ask an "
		"administrator to bind you to the Role kcr-relay in its namespace: %s",
		shown.data);
}

/* ---- The child ---- */

static void forward_add_flag(
	const char **arguments, size_t *count, const char *name, const char *value)
{
	if (value == NULL)
		return;
	arguments[(*count)++] = name;
	arguments[(*count)++] = value;
}

static const char **forward_arguments(
	struct cli_session *session, const struct cli_forward_target *target)
{
	const struct cli_flags *flags = &session->call->flags;
	struct arena *arena = session->call->arena;
	const char **arguments = arena_zeroed(arena, FORWARD_ARGUMENTS, sizeof(*arguments));
	size_t count = 0;

	arguments[count++] = "kubectl";
	arguments[count++] = "port-forward";
	forward_add_flag(arguments, &count, "--kubeconfig", flags->kubeconfig);
	forward_add_flag(arguments, &count, "--context", flags->context);
	forward_add_flag(arguments, &count, "--cluster", flags->cluster);
	forward_add_flag(arguments, &count, "--user", flags->user);
	forward_add_flag(arguments, &count, "--as", flags->as);
	forward_add_flag(
		arguments, &count, "--namespace", arena_str(arena, target->namespace).data);
	forward_add_flag(arguments, &count, "--address", "127.0.0.1");
	arguments[count++] = arena_printf(arena, "pod/%.*s", STR_ARG(target->pod)).data;
	arguments[count++] = arena_printf(arena, ":%" PRIi64, target->port).data;
	return arguments;
}

static int forward_open_pipe(struct forward_pipe *pipe, int *ret_write_fd, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	pipe->fd = ends[0];
	*ret_write_fd = ends[1];
	if (fd_set_nonblocking(pipe->fd, err) < 0)
		return -1;
	return loop_watch_fd(pipe->forward->wait->loop, pipe->fd, LOOP_READ, forward_readable, pipe,
		&pipe->source, err);
}

static int forward_spawn(const char *const *arguments, int output_fd, int words_fd,
	struct process *ret_process, struct error *err)
{
	autoclose int input_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const struct process_fd fds[] = {
		{input_fd, STDIN_FILENO},
		{output_fd, STDOUT_FILENO},
		{words_fd, STDERR_FILENO},
	};
	const struct process_spec spec = {
		.arguments = arguments,
		.fds = fds,
		.fd_count = array_size(fds),
		.search_path = true,
		.leads_group = true,
	};

	if (input_fd < 0)
		return error_set_errno(err, "cannot open /dev/null");
	if (process_start(&spec, ret_process, err) == 0)
		return 0;
	if (err->kind == ERROR_ABSENT)
		return error_wrap(err,
			"the bytes of a checkpoint come through 'kubectl port-forward', and there "
			"is no kubectl in $PATH");
	return -1;
}

static int forward_start(
	struct cli_forward *forward, const char *const *arguments, struct error *err)
{
	struct process process = PROCESS_NONE;
	autoclose int output_fd = -1;
	autoclose int words_fd = -1;

	if (forward_open_pipe(&forward->output, &output_fd, err) < 0 ||
		forward_open_pipe(&forward->words, &words_fd, err) < 0 ||
		forward_spawn(arguments, output_fd, words_fd, &process, err) < 0)
		return -1;
	if (loop_watch_child(forward->wait->loop, &process, forward_ended, forward, &forward->child,
		    err) == 0)
		return 0;
	process_kill(&process);
	return -1;
}

static struct cli_forward *forward_new(struct cli_wait *wait)
{
	struct cli_forward *forward = new_zeroed(struct cli_forward);

	forward->wait = wait;
	forward->output = (struct forward_pipe){
		.forward = forward, .fd = -1, .text = BUF_INIT(FORWARD_WORDS_BYTES)};
	forward->words = forward->output;
	return forward;
}

static int forward_wait(struct cli_forward *forward, struct error *err)
{
	if (cli_wait_run(forward->wait, FORWARD_START_MS, "kubectl port-forward", err) < 0)
		return -1;
	return forward->port != 0 ? 0 : forward_fail(forward, err);
}

int cli_forward_open(struct cli_session *session, struct cli_wait *wait,
	const struct cli_forward_target *target, struct cli_forward **ret_forward,
	struct error *err)
{
	const char *const *arguments = forward_arguments(session, target);
	struct cli_forward *forward = forward_new(wait);

	if (forward_start(forward, arguments, err) < 0 || forward_wait(forward, err) < 0) {
		cli_forward_close(forward);
		return -1;
	}
	*ret_forward = forward;
	return 0;
}

static void forward_close_pipe(struct forward_pipe *pipe)
{
	loop_source_free(pipe->source);
	fd_close(&pipe->fd);
	buf_done(&pipe->text);
}

void cli_forward_close(struct cli_forward *forward)
{
	if (forward == NULL)
		return;
	loop_source_free(forward->child);
	forward_close_pipe(&forward->output);
	forward_close_pipe(&forward->words);
	free(forward);
}
