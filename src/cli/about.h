/* Which workload or Pod an object that somebody speaks of belongs to. Pure. */
#ifndef CLI_ABOUT_H
#define CLI_ABOUT_H

#include "cli/gather.h"

enum {
	/* What cli_is_about() looks at. */
	CLI_ABOUT_PARTS = CLI_GATHER_OURS | 1 << CLI_GATHER_RESTORES | 1 << CLI_GATHER_PODS
};

/*
 * Whether the object is the target, or belongs to it: a Pod, a request, a checkpoint or a schedule
 * of a workload; a request or checkpoint of a Pod. Of an object that is gone the name tells, which
 * is made from its Pod's (api/names.h), as long as that Pod or a checkpoint of it is among what was
 * gathered.
 */
bool cli_is_about(const struct cli_gathered *gathered, const struct api_reference *object,
	struct str namespace, const struct cli_target *target);

#endif
