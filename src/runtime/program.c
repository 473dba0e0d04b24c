/* One look at the verb, then it is either ours or the runtime's. */
#include "runtime/program.h"

#include "runtime/create.h"
#include "runtime/direct.h"
#include "runtime/guard.h"
#include "runtime/host.h"
#include "runtime/marks.h"
#include "runtime/pause.h"

static bool program_handle(const struct runtime_host *host, int *ret_exit_status)
{
	*ret_exit_status = 0;
	switch (host->call.verb) {
	case RUNTIME_CREATE:
		return runtime__create(host, ret_exit_status);
	case RUNTIME_START:
		return runtime__start(host);
	case RUNTIME_STATE:
		return runtime__tell_state(host);
	case RUNTIME_DELETE:
		runtime__forget_resumed(host);
		runtime__pause_forget(host);
		runtime__delete(host);
		return false;
	case RUNTIME_KILL:
		runtime__mark_killed(host);
		return false;
	case RUNTIME_CHECKPOINT:
		runtime__guard_checkpoint(host);
		return runtime__checkpoint(host, ret_exit_status);
	case RUNTIME_PAUSE:
		runtime__forget_resumed(host);
		runtime__guard_pause(host);
		return false;
	case RUNTIME_RESUME:
		runtime__pause_forget(host);
		return runtime__resume(host);
	case RUNTIME_OTHER:
		return false;
	}
	return false;
}

int runtime_program(int count, char **arguments)
{
	clean_up(runtime__host_done) struct runtime_host host;
	int exit_status;

	runtime__host_init(&host, count, arguments);
	if (program_handle(&host, &exit_status))
		return exit_status;
	return runtime__exec(&host);
}
