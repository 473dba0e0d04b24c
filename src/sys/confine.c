/* no_new_privs, resource limits, and a Landlock ruleset that handles everything and allows some
 * directories at most. */
#include "sys/confine.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/fd.h"

enum { CONFINE_DESCRIPTORS = 64 };

static int confine_limit(__rlimit_resource_t resource, rlim_t value, struct error *err)
{
	struct rlimit limit = {value, value};

	if (setrlimit(resource, &limit) < 0)
		return error_set_errno(err, "cannot lower a resource limit");
	return 0;
}

static int confine_allow(int ruleset, const struct confine_directory *directory, struct error *err)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
		.parent_fd = directory->fd,
	};

	if (directory->is_writable)
		rule.allowed_access |= LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return error_set_errno(err, "cannot allow a directory to the process");
	return 0;
}

/* Every right of the first version of Landlock's file-system rules; later ones only add to them. */
static int confine_files(const struct confine_directory *directories, size_t count,
	bool *ret_is_complete, struct error *err)
{
	struct landlock_ruleset_attr rules = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	autoclose int ruleset =
		(int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(uint64_t), 0);

	*ret_is_complete = ruleset >= 0;
	if (ruleset < 0 && (errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM))
		return 0;
	for (size_t i = 0; ruleset >= 0 && i < count; i++)
		if (confine_allow(ruleset, &directories[i], err) < 0)
			return -1;
	if (ruleset < 0 || syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return error_set_errno(err, "cannot confine the process");
	return 0;
}

int confine_self(const struct confine_directory *directories, size_t count, bool *ret_is_complete,
	struct error *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set_errno(err, "cannot give up gaining privileges");
	if (confine_limit(RLIMIT_CORE, 0, err) < 0 ||
		confine_limit(RLIMIT_NOFILE, CONFINE_DESCRIPTORS, err) < 0)
		return -1;
	return confine_files(directories, count, ret_is_complete, err);
}
