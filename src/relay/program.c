/* One poll(2) for the listening socket, the signals and all pairs. */
#include "relay/program.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "options/log.h"
#include "relay/pair.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/signals.h"

enum {
	/* Those beyond wait in the kernel's queue. The door takes as many or fewer. */
	RELAY_MAX = 32,
	RELAY_BACKLOG = 64,
};

struct relay_options {
	int64_t port;
	const char *socket;
	int64_t idle_ms;
	struct log_options log;
};

static const struct option_row relay_rows[] = {
	{.name = "port",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct relay_options, port),
		.argument = "PORT",
		.minimum = 1,
		.maximum = 65535,
		.help = "The port of 127.0.0.1 to listen at."},
	{.name = "socket",
		.type = OPTION_TEXT,
		.offset = offsetof(struct relay_options, socket),
		.argument = "PATH",
		.help = "The door (kcr agent --door-socket)."},
	{.name = "idle-limit",
		.type = OPTION_DURATION,
		.offset = offsetof(struct relay_options, idle_ms),
		.argument = "DURATION",
		.help = "A connection on which nothing moves for so long is closed."},
	LOG_OPTION_ROWS(relay_options, log),
};

static const struct relay_options relay_defaults = {
	.port = 7471,
	.socket = "/run/kcr-door/door.sock",
	.idle_ms = INT64_C(2) * 60 * 1000,
	.log = LOG_OPTIONS_INIT,
};

static void relay_check(const void *values, struct option_mistakes *mistakes)
{
	const struct relay_options *options = values;

	if (strlen(options->socket) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		option_mistakes_add(mistakes, "socket: the path is too long for a socket");
}

const struct option_table relay_option_table = {
	.program = "kcr-relay",
	.usage = "[OPTION ...]",
	.purpose = "Leads from its Pod's loopback address to the agent's door on the node.",
	.rows = relay_rows,
	.count = array_size(relay_rows),
	.defaults = &relay_defaults,
	.size = sizeof(relay_defaults),
	.check = relay_check,
};

struct relay_program {
	struct relay_options options;
	int listening;
	int signals;
	struct relay_pair *pairs[RELAY_MAX];
	size_t count;
};

static int relay_listen(uint16_t port, int *ret_fd, struct error *err)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	const int yes = 1;
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
		bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, RELAY_BACKLOG) < 0)
		return error_set_errno(err, "cannot listen on 127.0.0.1, port %u", port);
	*ret_fd = fd_take(&fd);
	return 0;
}

static int relay_connect(const char *path, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, path, strlen(path) + 1); /* relay_check() */
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set_errno(err, "'%s'", path);
	*ret_fd = fd_take(&fd);
	return 0;
}

/* Who comes while the agent is away finds the connection closed, and comes again. */
static void relay_accept(struct relay_program *program)
{
	autoclose int outer = accept4(program->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	autoclose int inner = -1;
	struct error err;

	if (outer < 0)
		return;
	if (relay_connect(program->options.socket, &inner, &err) < 0) {
		log_warning(&err, "Cannot reach the agent");
		return;
	}
	program->pairs[program->count++] = relay_pair_new(&outer, &inner, clock_mono());
	log_debug("Connected");
}

static struct mono_time relay_end(
	const struct relay_program *program, const struct relay_pair *pair)
{
	return (struct mono_time){relay_pair_moved(pair).us + program->options.idle_ms * 1000};
}

/* From the back, so that the last one, which takes the place of one that goes, was looked at. */
static void relay_move(struct relay_program *program, const struct pollfd *polled)
{
	struct mono_time now = clock_mono();

	for (size_t i = program->count; i-- > 0;) {
		struct relay_pair *pair = program->pairs[i];

		if (relay_pair_move(pair, polled + 2 * i, now) &&
			now.us < relay_end(program, pair).us)
			continue;
		relay_pair_free(pair);
		program->pairs[i] = program->pairs[--program->count];
		log_debug("Disconnected");
	}
}

/* Until the first pair has been idle for too long; -1: there is none. */
static int relay_wait_ms(const struct relay_program *program)
{
	int64_t now_us = clock_mono().us;
	int64_t least_ms = program->count > 0 ? INT32_MAX : -1;

	for (size_t i = 0; i < program->count; i++) {
		int64_t ms = (relay_end(program, program->pairs[i]).us - now_us + 999) / 1000;

		if (ms < least_ms)
			least_ms = ms > 0 ? ms : 0;
	}
	return (int)least_ms;
}

/* Returns 1 when it is to end: who fetches something comes again, by another relay. */
static int relay_turn(struct relay_program *program, struct error *err)
{
	struct pollfd polled[2 + 2 * RELAY_MAX] = {
		{.fd = program->count < RELAY_MAX ? program->listening : -1, .events = POLLIN},
		{.fd = program->signals, .events = POLLIN},
	};
	nfds_t count = (nfds_t)(2 + 2 * program->count);

	for (size_t i = 0; i < program->count; i++)
		relay_pair_watch(program->pairs[i], polled + 2 + 2 * i);
	if (poll(polled, count, relay_wait_ms(program)) < 0) {
		if (errno == EINTR)
			return 0;
		return error_set_errno(err, "cannot wait");
	}
	relay_move(program, polled + 2);
	if (polled[0].revents != 0)
		relay_accept(program);
	return polled[1].revents != 0 ? 1 : 0;
}

static int relay_run(struct relay_program *program, struct error *err)
{
	int result;

	if (signals_open_stop(&program->signals, err) < 0 ||
		relay_listen((uint16_t)program->options.port, &program->listening, err) < 0)
		return -1;
	log_info("Started", "socket", program->options.socket, "version", KCR_VERSION);
	do
		result = relay_turn(program, err);
	while (result == 0);
	return result < 0 ? -1 : 0;
}

int relay_main(int count, char *const *arguments)
{
	struct relay_program program = {.listening = -1, .signals = -1};
	struct options sources;
	struct error err;
	int result;

	if (!options_start(
		    &sources, &relay_option_table, count, arguments, &program.options, &result))
		return result;
	options_done(&sources); /* flags only: nothing is borrowed from it */
	log_configure_by_names(program.options.log.format, program.options.log.level);
	result = relay_run(&program, &err);
	if (result < 0)
		log_error(&err, "Cannot relay connections");
	while (program.count > 0)
		relay_pair_free(program.pairs[--program.count]);
	fd_close(&program.listening);
	fd_close(&program.signals);
	return result < 0 ? 1 : 0;
}
