/* What of a report is shown, and how. For this room only. */
#ifndef LOOK_REPORT_H
#define LOOK_REPORT_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "command/command.h"
#include "inspect/report.h"

/* Whether -o says this. */
bool look__is_output(const struct cli_flags *flags, const char *name);

/* Whether a checkpoint as a whole is asked for, not a difference or what memory holds. */
bool look__is_report(const struct cli_flags *flags);

/* The set of enum inspect_part that --part names; all without it. Fails with INVALID. */
must_check int look__parts(const struct cli_flags *flags, unsigned *ret_parts, struct error *err);

/* Reads what is at the place, without --pid's choice. As inspect_read(). */
must_check int look__read(const struct cli_call *call, struct inspect_place *place,
	struct inspect **ret_inspect, struct error *err);

/* Reads it, and appends it to `out` as the flags want it. Fails as that does, ABSENT (--pid). */
must_check int look__show(const struct cli_call *call, struct inspect_place *place, struct buf *out,
	struct error *err);

#endif
