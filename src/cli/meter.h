/* How far a transfer is, in words: a line that a terminal shows again and again. Pure. */
#ifndef CLI_METER_H
#define CLI_METER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/time.h"

struct cli_meter {
	int64_t size_bytes; /* of all */
	int64_t done_bytes;
	int64_t found_bytes; /* of them, what was there at the begin */
	struct mono_time begun;
};

/* Appends "1.2Gi of 4Gi, 30%, 210Mi/s, 13s left"; without what is not known yet. */
void cli_meter_write(const struct cli_meter *meter, struct mono_time now, struct buf *out);

#endif
