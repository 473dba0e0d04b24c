/* Which options that CRIU needs a kernel was built without, as far as its /proc shows them. */
#ifndef NODE_KERNEL_H
#define NODE_KERNEL_H

#include "base/arena.h"
#include "json/json.h"

/* Names such as "CONFIG_CHECKPOINT_RESTORE"; static, the list is from `arena`. `proc_fd` is /proc.
 */
struct json_strings node_kernel_missing(int proc_fd, struct arena *arena);

#endif
