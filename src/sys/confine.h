/*
 * Giving up, for the rest of a process's life, what reading hostile bytes does not need: opening
 * files (Landlock, Linux 5.13), starting programs and reaching others (seccomp), gaining
 * privileges, having many descriptors, dumping core.
 */
#ifndef SYS_CONFINE_H
#define SYS_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/error.h"

/* A directory beneath which regular files may be read, or written and made, too. */
struct confine_directory {
	int fd; /* borrowed */
	bool is_writable;
};

/*
 * Confines this process to the descriptors that it has, and to regular files beneath the
 * directories. *ret_is_complete is false when the kernel has no Landlock, so that files could still
 * be opened. Fails with SYSTEM.
 */
must_check int confine_self(const struct confine_directory *directories, size_t count,
	bool *ret_is_complete, struct error *err);

/*
 * Refuses (EPERM) the system calls that start programs, reach other processes or a network, and
 * without `may_open` those that open files. Of a socket that is there already only read(2) and
 * write(2) are left. After confine_self(). *ret_is_complete is false when
 * the kernel has no seccomp filters, or this processor's calls are not known here. Fails with
 * SYSTEM.
 */
must_check int confine_calls(bool may_open, bool *ret_is_complete, struct error *err);

#endif
