/*
 * A clock of its own for one program, which preloads this: the machine's clock and all others stay
 * as they are. The file that KCR_CLOCK names tells it, while it runs too: microseconds that are
 * added to the wall clock, and how many times as fast the monotonic clock goes. With that a wait
 * for events is over so much sooner; time-outs, back-offs and leases keep their proportions.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)

enum { CLOCK_WAIT_MS = 100 }; /* who waits longer looks again, for the speed may be another one */

struct clock_setting {
	int64_t step_us;
	int64_t speed;
};

/* Libraries ask for the time before our constructor has run. */
static const struct clock_setting clock_unset = {.step_us = 0, .speed = 1};
static const volatile struct clock_setting *clock_setting = &clock_unset;

/* The monotonic clock went at this speed from `real_ns` on, where it showed `shown_ns`. */
static struct {
	atomic_flag is_used;
	int64_t real_ns;
	int64_t shown_ns;
	int64_t speed;
} clock_pace = {.is_used = ATOMIC_FLAG_INIT, .speed = 1};

__attribute__((constructor)) static void clock_begin(void)
{
	const char *path = getenv("KCR_CLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *page = mmap(NULL, sizeof(*clock_setting), PROT_READ, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED)
		abort(); /* the test would prove nothing */
	clock_setting = page;
	close(fd);
}

static int64_t clock_read_ns(clockid_t id)
{
	struct timespec now = {0};

	if (syscall(SYS_clock_gettime, id, &now) < 0)
		abort();
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static int64_t clock_monotonic_ns(void)
{
	int64_t now_ns;
	int64_t shown_ns;

	while (atomic_flag_test_and_set(&clock_pace.is_used))
		continue;
	now_ns = clock_read_ns(CLOCK_MONOTONIC);
	if (clock_pace.real_ns == 0)
		clock_pace.real_ns = clock_pace.shown_ns = now_ns;
	shown_ns = clock_pace.shown_ns + (now_ns - clock_pace.real_ns) * clock_pace.speed;
	if (clock_pace.speed != clock_setting->speed) {
		clock_pace.real_ns = now_ns;
		clock_pace.shown_ns = shown_ns;
		clock_pace.speed = clock_setting->speed;
	}
	atomic_flag_clear(&clock_pace.is_used);
	return shown_ns;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	int64_t ns;

	if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_MONOTONIC_RAW)
		ns = clock_monotonic_ns();
	else if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		ns = clock_read_ns(id) + clock_setting->step_us * 1000;
	else
		return (int)syscall(SYS_clock_gettime, id, now);
	now->tv_sec = ns / SECOND_NS;
	now->tv_nsec = ns % SECOND_NS;
	return 0;
}

/* Rounded up; a wait that ends too early makes its caller look again. */
int epoll_wait(int epoll_fd, struct epoll_event *events, int count, int timeout_ms)
{
	int64_t speed = clock_setting->speed;

	if (timeout_ms > 0)
		timeout_ms = (int)((timeout_ms + speed - 1) / speed);
	if (timeout_ms < 0 || timeout_ms > CLOCK_WAIT_MS)
		timeout_ms = CLOCK_WAIT_MS;
	return (int)syscall(SYS_epoll_pwait, epoll_fd, events, count, timeout_ms, NULL, 8);
}
