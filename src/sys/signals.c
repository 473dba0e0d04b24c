/* Blocked first, so that none is lost between. */
#include "sys/signals.h"

#include <signal.h>
#include <sys/signalfd.h>

int signals_open_stop(int *ret_fd, struct error *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return error_set_errno(err, "cannot block signals");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return error_set_errno(err, "cannot watch signals");
	*ret_fd = fd;
	return 0;
}
