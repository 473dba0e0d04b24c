/* Reading clocks and the kernel's randomness; neither can fail on the kernels we run on. */
#include "sys/clock.h"

#include <assert.h>
#include <sys/random.h>
#include <time.h>

static int64_t clock_read_us(clockid_t id)
{
	struct timespec now;
	int result = clock_gettime(id, &now);

	assert(result == 0); /* it knows these clocks, and the address is ours */
	return (int64_t)now.tv_sec * TIME_SECOND_US + now.tv_nsec / 1000;
}

struct wall_time clock_wall(void)
{
	return (struct wall_time){clock_read_us(CLOCK_REALTIME)};
}

struct mono_time clock_mono(void)
{
	return (struct mono_time){clock_read_us(CLOCK_MONOTONIC)};
}

struct wall_time clock_boot(void)
{
	return (struct wall_time){clock_wall().us - clock_read_us(CLOCK_BOOTTIME)};
}

uint64_t clock_random(uint64_t bound)
{
	uint64_t value = 0;

	assert(bound > 0);
	if (getrandom(&value, sizeof(value), 0) != sizeof(value))
		value = (uint64_t)clock_mono().us;
	return value % bound;
}
