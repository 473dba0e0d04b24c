/* What of a report is shown, and how. For this room only. */
#ifndef LOOK_REPORT_H
#define LOOK_REPORT_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "command/inspect.h"
#include "inspect/report.h"

/* Reads what is at the place, without --pid's choice. As inspect_read(). */
must_check int look__read(const struct cli_call *call, struct inspect_place *place,
	struct inspect **ret_inspect, struct error *err);

/* Reads it, and appends it to `out` as the flags want it. Fails as that does, ABSENT (--pid). */
must_check int look__show(const struct cli_call *call, struct inspect_place *place, struct buf *out,
	struct error *err);

#endif
