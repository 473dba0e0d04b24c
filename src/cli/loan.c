/*
 * The loop only tells what is ready: a reader may run a loop of its own, and is asked outside of
 * this one's callbacks.
 */
#include "cli/loan.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "cli/wait.h"
#include "command/inspect.h"
#include "lend/lender.h"
#include "sys/fd.h"
#include "sys/process.h"

enum { LOAN_PAUSE_MS = 60 * 1000 /* waiting has no end of its own */ };

struct loan_line {
	struct loan_child *child;
	struct lend_lender *lender;
	struct loop_source *source;
	bool is_ready;
};

struct loan_child {
	struct loop *loop;
	struct cli_wait wait;
	struct loan_line lines[CLI_LENT_MAX];
	size_t line_count;
	struct loop_source *process;
	bool has_ended;
	int status; /* as waitpid(2) */
};

static void loan_ready(void *context, unsigned events)
{
	struct loan_line *line = context;

	(void)events;
	line->is_ready = true;
	cli_wait_end(&line->child->wait);
}

static void loan_ended(void *context, int status)
{
	struct loan_child *child = context;

	child->has_ended = true;
	child->status = status;
	cli_wait_end(&child->wait);
}

/* The child goes first: it would tell that it has nobody to ask any more. */
static void loan_done(struct loan_child *child)
{
	loop_source_free(child->process);
	for (size_t i = 0; i < child->line_count; i++) {
		loop_source_free(child->lines[i].source);
		lend_lender_free(child->lines[i].lender);
	}
	cli_wait_done(&child->wait);
	loop_free(child->loop);
}
#define autoloanchild clean_up(loan_done) struct loan_child

/* ---- The start ---- */

static const char *const *loan_arguments(const struct cli_call *call, const char *path,
	const struct cli_loan *loans, size_t loan_count)
{
	size_t most = 2 + loan_count * CLI_LENT_ARGUMENTS + (size_t)call->argument_count;
	const char **arguments = arena_zeroed(call->arena, most, sizeof(*arguments));
	size_t count = 0;

	arguments[count++] = path;
	for (size_t i = 0; i < loan_count; i++) {
		arguments[count++] = CLI_LENT;
		arguments[count++] = loans[i].word;
		arguments[count++] =
			arena_printf(call->arena, "%" PRIi64, loans[i].reader->size_bytes).data;
		arguments[count++] = loans[i].name;
	}
	for (int i = 0; i < call->argument_count; i++)
		arguments[count++] = call->arguments[i];
	return arguments;
}

/* A socket between the child, which gets *ret_fd, and a lender of ours. */
static int loan_open_line(
	struct loan_child *child, struct reader *reader, int *ret_fd, struct error *err)
{
	struct loan_line *line = &child->lines[child->line_count];
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return error_set_errno(err, "cannot make a socket");
	*ret_fd = ends[1];
	*line = (struct loan_line){.child = child, .lender = lend_lender_new(&ends[0], reader)};
	child->line_count++;
	return loop_watch_fd(child->loop, lend_lender_fd(line->lender), LOOP_READ, loan_ready, line,
		&line->source, err);
}

static int loan_start(struct loan_child *child, const char *const *arguments,
	const struct cli_loan *loans, size_t count, struct error *err)
{
	struct process_fd fds[CLI_LENT_MAX];
	struct process_spec spec = {.arguments = arguments, .fds = fds, .fd_count = count};
	struct process process = PROCESS_NONE;
	int result = 0;

	for (size_t i = 0; i < count; i++)
		fds[i] = (struct process_fd){-1, CLI_LENT_FD + (int)i};
	for (size_t i = 0; i < count && result == 0; i++)
		result = loan_open_line(child, loans[i].reader, &fds[i].from, err);
	if (result == 0)
		result = process_start(&spec, &process, err);
	for (size_t i = 0; i < count; i++)
		fd_close(&fds[i].from);
	if (result == 0)
		result = loop_watch_child(
			child->loop, &process, loan_ended, child, &child->process, err);
	process_kill(&process);
	return result;
}

/* ---- While it reads ---- */

static int loan_move(struct loan_line *line, struct error *err)
{
	int result = lend_lender_move(line->lender, err);

	line->is_ready = false;
	if (result < 0)
		return -1;
	if (result > 0)
		return loop_change_fd(line->source,
			lend_lender_is_answering(line->lender) ? LOOP_WRITE : LOOP_READ, err);
	loop_source_free(line->source); /* its end is still to come */
	line->source = NULL;
	return 0;
}

static int loan_serve(struct loan_child *child, const char *word, struct error *err)
{
	while (!child->has_ended) {
		if (cli_wait_pause(&child->wait, LOAN_PAUSE_MS, err) < 0)
			return -1;
		for (size_t i = 0; i < child->line_count; i++) {
			if (!child->lines[i].is_ready || loan_move(&child->lines[i], err) == 0)
				continue;
			return err->kind == ERROR_CORRUPT
				? error_wrap(err,
					  CLI_INSPECT_PROGRAM
					  ", which reads '%s', misbehaved and was ended",
					  word)
				: -1;
		}
	}
	return 0;
}

/* Ctrl-C is for both programs, and the child may end first. */
static int loan_end(const struct loan_child *child, const char *word, struct error *err)
{
	char text[PROCESS_STATUS_TEXT];

	if (WIFEXITED(child->status))
		return WEXITSTATUS(child->status);
	process_format_status(child->status, text);
	(void)error_set(err, ERROR_SYSTEM, CLI_INSPECT_PROGRAM ", which reads '%s', has died: %s",
		word, text);
	if (WTERMSIG(child->status) == SIGINT)
		err->system_errno = EINTR;
	return -1;
}

int cli_lend(const struct cli_call *call, const char *path, const struct cli_loan *loans,
	size_t count, struct error *err)
{
	const char *const *arguments = loan_arguments(call, path, loans, count);
	autoloanchild child = {0};

	if (loop_new(&child.loop, err) < 0 || cli_wait_init(&child.wait, child.loop, err) < 0 ||
		loan_start(&child, arguments, loans, count, err) < 0 ||
		loan_serve(&child, call->words[0], err) < 0)
		return -1;
	return loan_end(&child, call->words[0], err);
}
