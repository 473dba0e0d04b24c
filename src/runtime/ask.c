/* One line each way. The agent may be busy, stopped or gone: everything here has one deadline. */
#include "runtime/ask.h"

#include <string.h>

#include "base/buf.h"
#include "runtime/peer.h"
#include "sys/clock.h"
#include "sys/fd.h"

static const char ask_whom[] = "the agent";

int runtime__ask(const char *path, const struct handover_question *question, int64_t deadline_ms,
	struct arena *arena, struct handover_answer *ret_answer, struct error *err)
{
	struct mono_time deadline = {clock_mono().us + deadline_ms * 1000};
	autobuf line = BUF_INIT(HANDOVER_ANSWER_BYTES);
	autoclose int fd = -1;

	if (runtime__peer_connect(path, ask_whom, &fd, err) < 0)
		return -1;
	handover_question_write(question, &line);
	if (runtime__peer_send(fd, buf_str(&line), ask_whom, err) < 0)
		return -1;
	buf_clear(&line);
	while (memchr(line.data, '\n', line.size) == NULL)
		if (runtime__peer_receive(fd, deadline, &line, ask_whom, err) < 0)
			return -1;
	return handover_answer_read(buf_str(&line), arena, ret_answer, err);
}
