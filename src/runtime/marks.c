/* No mark is flushed or waited for, and what cannot be made is left out. */
#include "runtime/marks.h"

#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/fd.h"

static struct str marks_directory(const struct runtime_host *host)
{
	return runtime__path(host, host->config.store, HANDOVER_CONTAINERS);
}

static struct str marks_path(const struct runtime_host *host, const char *suffix)
{
	return arena_printf(
		host->arena, "%s/%s%s", marks_directory(host).data, host->call.id, suffix);
}

static bool marks_make(const struct runtime_host *host, const char *suffix)
{
	autoclose int fd = open(
		marks_path(host, suffix).data, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd >= 0;
}

void runtime__mark_created(const struct runtime_host *host)
{
	(void)mkdir(marks_directory(host).data, 0700); /* mostly it is there; else see above */
	/* without the store, or on a full disk: the agent does it the kubelet's way */
	(void)marks_make(host, "");
}

/*
 * Whether an engine that sends this signal wants an end: 0 only asks, and 9 also comes after an
 * end. As runc and crun read it: a number or a name, with or without SIG; absent: SIGTERM.
 */
static bool marks_is_end_wanted(const char *signal)
{
	static const char *const silent[] = {"0", "9", "KILL", "SIGKILL"};

	for (size_t i = 0; signal != NULL && i < array_size(silent); i++)
		if (strcasecmp(signal, silent[i]) == 0)
			return false;
	return true;
}

void runtime__mark_killed(const struct runtime_host *host)
{
	if (marks_is_end_wanted(host->call.signal) && access(marks_path(host, "").data, F_OK) == 0)
		(void)marks_make(host, HANDOVER_KILLED);
}

int runtime__mark_replaced(const struct runtime_host *host, struct error *err)
{
	if (!marks_make(host, HANDOVER_REPLACED))
		return error_set_errno(err, "cannot mark the container");
	return 0;
}

bool runtime__is_replaced(const struct runtime_host *host, struct str container_id)
{
	struct str path = arena_printf(host->arena, "%s/%.*s" HANDOVER_REPLACED,
		marks_directory(host).data, STR_ARG(container_id));

	return handover_is_file_name(container_id) && access(path.data, F_OK) == 0;
}

void runtime__unmark(const struct runtime_host *host)
{
	(void)unlink(marks_path(host, "").data); /* absent: it was made before kcr-runtime came */
}
