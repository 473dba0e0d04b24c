/*
 * Giving up, for the rest of a process's life, what reading hostile bytes does not need: opening
 * files (Landlock, Linux 5.13), gaining privileges, having many descriptors, dumping core.
 */
#ifndef SYS_CONFINE_H
#define SYS_CONFINE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/error.h"

/*
 * Confines this process to the descriptors that it has, and to reading and writing regular files
 * beneath `directory_fd` (borrowed; -1: nowhere). *ret_is_complete is false when the kernel has no
 * Landlock, so that files could still be opened. Fails with SYSTEM.
 */
must_check int confine_self(int directory_fd, bool *ret_is_complete, struct error *err);

#endif
