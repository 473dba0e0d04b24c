/*
 * A clock of its own for one program, which preloads this: the machine's clock and all others stay
 * as they are. KCR_CLOCK_SPEED: the monotonic clock goes so many times as fast, and a wait for
 * events is over so much sooner; time-outs, back-offs and leases keep their proportions. A file
 * that KCR_CLOCK_STEP names holds microseconds (int64_t) that are added to the wall clock; writing
 * to it steps the clock of a program that runs.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)

static int64_t clock_speed = 1;
static int64_t clock_began_ns;
static const volatile int64_t *clock_step_us;

static int64_t clock_ns(const struct timespec *time)
{
	return time->tv_sec * SECOND_NS + time->tv_nsec;
}

static void clock_set_ns(struct timespec *time, int64_t ns)
{
	time->tv_sec = ns / SECOND_NS;
	time->tv_nsec = ns % SECOND_NS;
}

__attribute__((constructor)) static void clock_begin(void)
{
	const char *speed = getenv("KCR_CLOCK_SPEED");
	const char *path = getenv("KCR_CLOCK_STEP");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	struct timespec now;

	if (speed != NULL)
		clock_speed = strtol(speed, NULL, 10);
	if (fd >= 0) {
		void *page = mmap(NULL, sizeof(*clock_step_us), PROT_READ, MAP_SHARED, fd, 0);
		if (page != MAP_FAILED)
			clock_step_us = page;
		close(fd);
	}
	if (path != NULL && clock_step_us == NULL)
		abort(); /* the test would prove nothing */
	if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0)
		clock_began_ns = clock_ns(&now);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	if (syscall(SYS_clock_gettime, id, now) < 0)
		return -1;
	if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_MONOTONIC_RAW)
		clock_set_ns(now, clock_began_ns + (clock_ns(now) - clock_began_ns) * clock_speed);
	else if ((id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) && clock_step_us != NULL)
		clock_set_ns(now, clock_ns(now) + *clock_step_us * 1000);
	return 0;
}

int epoll_wait(int epoll_fd, struct epoll_event *events, int count, int timeout_ms)
{
	if (timeout_ms > 0) /* rounded up: who wakes too early only looks again */
		timeout_ms = (int)((timeout_ms + clock_speed - 1) / clock_speed);
	return (int)syscall(SYS_epoll_pwait, epoll_fd, events, count, timeout_ms, NULL, 8);
}
