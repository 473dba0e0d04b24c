/*
 * What this process uses of the machine, as metrics under the names that Prometheus's client
 * libraries give them (prometheus.io/docs/instrumenting/writing_clientlibs, "Process metrics").
 */
#ifndef SYS_USAGE_H
#define SYS_USAGE_H

#include "base/metrics.h"

/* Brings the process_* series to what holds now. What the kernel does not tell stays as it was. */
void usage_update(struct metrics *metrics);

#endif
