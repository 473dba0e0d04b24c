/* One line each way. The agent may be busy, stopped or gone: everything here has one deadline. */
#include "runtime/ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/clock.h"
#include "sys/fd.h"

static int ask_connect(const char *path, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autoclose int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, ERROR_INVALID, "'%s' is too long for a socket", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set_errno(err, "cannot make a socket");
	/* without waiting: a full queue of a busy agent is EAGAIN */
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set_errno(err, "cannot reach the agent");
	*ret_fd = fd_take(&fd);
	return 0;
}

static int ask_wait(int fd, struct mono_time deadline, struct error *err)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	int64_t left_ms = (deadline.us - clock_mono().us + 999) / 1000;

	if (left_ms > 0 && poll(&ready, 1, (int)left_ms) == 1)
		return 0;
	return error_set(err, ERROR_TIMEOUT, "the agent did not answer in time");
}

/* Reads to the end of the first line. */
static int ask_receive(int fd, struct mono_time deadline, struct buf *line, struct error *err)
{
	char step[4096];

	while (memchr(line->data, '\n', line->size) == NULL) {
		ssize_t got;

		if (ask_wait(fd, deadline, err) < 0)
			return -1;
		got = recv(fd, step, sizeof(step), 0);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return error_set_errno(err, "cannot hear the agent");
		if (got == 0)
			return error_set(err, ERROR_CORRUPT, "the agent hung up");
		buf_add(line, (struct str){step, (size_t)got});
		if (buf_check(line, "the agent's answer", err) < 0)
			return -1;
	}
	return 0;
}

int runtime__ask(const char *path, const struct handover_question *question, int64_t deadline_ms,
	struct arena *arena, struct handover_answer *ret_answer, struct error *err)
{
	struct mono_time deadline = {clock_mono().us + deadline_ms * 1000};
	autobuf line = BUF_INIT(HANDOVER_ANSWER_BYTES);
	autoclose int fd = -1;

	if (ask_connect(path, &fd, err) < 0)
		return -1;
	handover_question_write(question, &line);
	if (send(fd, line.data, line.size, MSG_NOSIGNAL) != (ssize_t)line.size)
		return error_set_errno(err, "cannot ask the agent"); /* a line fits its buffer */
	buf_clear(&line);
	if (ask_receive(fd, deadline, &line, err) < 0)
		return -1;
	return handover_answer_read(buf_str(&line), arena, ret_answer, err);
}
