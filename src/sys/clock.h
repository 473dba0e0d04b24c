/* The clocks and randomness of this machine. Pure rooms get times passed in instead. */
#ifndef SYS_CLOCK_H
#define SYS_CLOCK_H

#include <stdint.h>

#include "base/time.h"

struct wall_time clock_wall(void);
struct mono_time clock_mono(void);

/* When this machine was started, as the wall clock counts now. */
struct wall_time clock_boot(void);

/* A uniformly distributed number in [0, bound); bound > 0. For jitter and names, not for keys. */
uint64_t clock_random(uint64_t bound);

#endif
