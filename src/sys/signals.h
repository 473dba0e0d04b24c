/* Signals as something to wait for, in programs without a loop. */
#ifndef SYS_SIGNALS_H
#define SYS_SIGNALS_H

#include "base/attributes.h"
#include "base/error.h"

/*
 * SIGTERM and SIGINT are blocked and make *ret_fd readable instead (signalfd(2)), which the caller
 * owns: process 1 of a container is not ended by them otherwise. Fails with SYSTEM.
 */
must_check int signals_open_stop(int *ret_fd, struct error *err);

#endif
