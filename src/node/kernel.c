/*
 * An option is there when what it adds to /proc is there (CRIU's criu.org/Linux_kernel and Linux's
 * fs/proc). What shows only by trying, `criu check` tries: the installation has its answer.
 */
#include "node/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static const struct {
	const char *path;
	const char *option;
} kernel_signs[] = {
	{"sys/kernel/ns_last_pid", "CONFIG_CHECKPOINT_RESTORE"},
	{"thread-self/children", "CONFIG_PROC_CHILDREN"},
	{"self/pagemap", "CONFIG_PROC_PAGE_MONITOR"},
	{"self/ns/pid", "CONFIG_PID_NS"},
	{"self/ns/net", "CONFIG_NET_NS"},
};

struct json_strings node_kernel_missing(int proc_fd, struct arena *arena)
{
	struct json_strings missing = {
		.items = arena_zeroed(arena, array_size(kernel_signs), sizeof(struct str))};
	struct stat status;

	for (size_t i = 0; i < array_size(kernel_signs); i++)
		if (fstatat(proc_fd, kernel_signs[i].path, &status, AT_SYMLINK_NOFOLLOW) < 0 &&
			errno == ENOENT)
			missing.items[missing.count++] = str_of(kernel_signs[i].option);
	return missing;
}
