/*
 * One poll(2) for the socket, the signals and all that is held; one event of each in a turn. After
 * SIGTERM it goes on until nothing is held: the Pod's grace period is its bound.
 */
#include "hold/program.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "hold/keep.h"
#include "hold/message.h"
#include "options/log.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/signals.h"

struct hold_options {
	const char *socket;
	int64_t limit_ms;
	struct log_options log;
};

static const struct option_row hold_rows[] = {
	{.name = "socket",
		.type = OPTION_TEXT,
		.offset = offsetof(struct hold_options, socket),
		.argument = "PATH",
		.help = "Where connections are handed over (kcr agent --hold-socket)."},
	{.name = "limit",
		.type = OPTION_DURATION,
		.offset = offsetof(struct hold_options, limit_ms),
		.argument = "DURATION",
		.help = "How long one is held that does not end; the agent waits for an hour."},
	LOG_OPTION_ROWS(hold_options, log),
};

static const struct hold_options hold_defaults = {
	.socket = "/run/kcr/hold.sock",
	.limit_ms = INT64_C(2) * 60 * 60 * 1000,
	.log = LOG_OPTIONS_INIT,
};

const struct option_table hold_option_table = {
	.program = "kcr-hold",
	.usage = "[OPTION ...]",
	.purpose = "Keeps the agent's connections to the kubelet open should the agent die.",
	.rows = hold_rows,
	.count = array_size(hold_rows),
	.defaults = &hold_defaults,
	.size = sizeof(hold_defaults),
};

struct hold_program {
	struct hold_options options;
	struct hold_keep keep;
	int socket;
	int signals;
	bool is_stopping;
};

static int hold_start(struct hold_program *program, struct error *err)
{
	if (signals_open_stop(&program->signals, err) < 0)
		return -1;
	return hold_listen(program->options.socket, &program->socket, err);
}

static void hold_take(struct hold_program *program)
{
	struct mono_time until = {clock_mono().us + program->options.limit_ms * 1000};
	autopair pair = HOLD_PAIR_NONE;
	struct error err;
	int received = hold_receive(program->socket, &pair, &err);

	if (received < 0 || (received > 0 && hold_keep_add(&program->keep, &pair, until, &err) < 0))
		log_warning(&err, "Refused what was handed over");
	else if (received > 0)
		log_debug("Holds a connection");
}

static void hold_drop(struct hold_program *program, const struct pollfd *polled)
{
	struct hold_dropped dropped = hold_keep_drop(&program->keep, polled, clock_mono());

	if (dropped.ended > 0)
		log_debug("Connections have ended");
	if (dropped.late > 0)
		log_warning(NULL, "Gave up a connection that did not end in time");
}

static void hold_stop(struct hold_program *program)
{
	struct signalfd_siginfo info;

	if (read(program->signals, &info, sizeof(info)) < 0 || program->is_stopping)
		return;
	program->is_stopping = true;
	log_info(program->keep.count > 0 ? "Stopping after what is held" : "Stopping");
}

/* Returns 1 when all is over. */
static int hold_turn(struct hold_program *program, struct error *err)
{
	struct pollfd polled[2 + HOLD_MAX] = {
		{.fd = program->socket, .events = POLLIN},
		{.fd = program->signals, .events = POLLIN},
	};
	nfds_t count = (nfds_t)(2 + program->keep.count);
	/* what was handed over before the signal is taken before the end */
	bool is_empty = program->is_stopping && program->keep.count == 0;

	hold_keep_watch(&program->keep, polled + 2);
	if (poll(polled, count, is_empty ? 0 : hold_keep_wait_ms(&program->keep, clock_mono())) <
		0) {
		if (errno == EINTR)
			return 0;
		return error_set_errno(err, "cannot wait");
	}
	hold_drop(program, polled + 2);
	if (polled[0].revents != 0)
		hold_take(program);
	else if (is_empty)
		return 1;
	if (polled[1].revents != 0)
		hold_stop(program);
	return 0;
}

static int hold_run(struct hold_program *program, struct error *err)
{
	int result;

	if (hold_start(program, err) < 0)
		return -1;
	log_info("Started", "socket", program->options.socket, "version", KCR_VERSION);
	do
		result = hold_turn(program, err);
	while (result == 0);
	return result < 0 ? -1 : 0;
}

int hold_main(int count, char *const *arguments)
{
	struct hold_program program = {.socket = -1, .signals = -1};
	struct options sources;
	struct error err;
	int result;

	if (!options_start(
		    &sources, &hold_option_table, count, arguments, &program.options, &result))
		return result;
	options_done(&sources); /* flags only: nothing is borrowed from it */
	log_configure_by_names(program.options.log.format, program.options.log.level);
	result = hold_run(&program, &err);
	if (result < 0)
		log_error(&err, "Cannot hold connections");
	hold_keep_done(&program.keep);
	fd_close(&program.socket);
	fd_close(&program.signals);
	return result < 0 ? 1 : 0;
}
