/*
 * The loop: epoll for descriptors, a binary heap of timers, signalfds and pidfds as descriptors.
 * A source released while its turn is dispatched is only marked; it is freed when the turn is over,
 * so that no event of the turn can reach freed memory.
 */
#include "loop/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/list.h"
#include "sys/clock.h"
#include "sys/fd.h"

enum { LOOP_EVENTS_PER_TURN = 64 };

enum loop_kind {
	LOOP_KIND_FD,
	LOOP_KIND_TIMER,
	LOOP_KIND_DEFER,
	LOOP_KIND_SIGNAL,
	LOOP_KIND_CHILD
};

struct loop_source {
	struct loop *loop;
	enum loop_kind kind;
	bool is_dead; /* released by its owner; freed at the end of the turn */
	void *context;
	int fd; /* watched: the caller's, or our signalfd or pidfd; -1: none */
	struct list link; /* in loop.deferred or loop.dead, or in none */
	union {
		loop_fd_fn fd_ready;
		loop_fn plain;
		loop_signal_fn signal;
		loop_child_fn child;
	} callback;
	struct process process; /* LOOP_KIND_CHILD */
	struct mono_time deadline; /* LOOP_KIND_TIMER */
	size_t heap_index; /* LOOP_KIND_TIMER: 1-based place in the heap; 0: not set */
};

struct loop {
	int epoll_fd;
	bool is_stopping;
	struct mono_time now;
	struct loop_source **heap; /* heap[0] is due first */
	size_t heap_count;
	size_t heap_capacity;
	struct list deferred;
	struct list dead;
};

int loop_new(struct loop **ret_loop, struct error *err)
{
	struct loop *loop;
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return error_set_errno(err, "cannot make an event loop");
	loop = new_zeroed(struct loop);
	loop->epoll_fd = fd;
	loop->now = clock_mono();
	list_init(&loop->deferred);
	list_init(&loop->dead);
	*ret_loop = loop;
	return 0;
}

static void loop_free_dead(struct loop *loop)
{
	list_for_each (link, &loop->dead) {
		list_remove(link);
		free(list_item(link, struct loop_source, link));
	}
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	assert(loop->heap_count == 0 && list_is_empty(&loop->deferred));
	loop_free_dead(loop);
	fd_close(&loop->epoll_fd);
	free(loop->heap);
	free(loop);
}

void loop_stop(struct loop *loop)
{
	loop->is_stopping = true;
}

struct mono_time loop_now(const struct loop *loop)
{
	return loop->now;
}

/* ---- Sources ---- */

static struct loop_source *loop_source_new(struct loop *loop, enum loop_kind kind, void *context)
{
	struct loop_source *source = new_zeroed(struct loop_source);

	source->loop = loop;
	source->kind = kind;
	source->context = context;
	source->fd = -1;
	source->process = PROCESS_NONE;
	list_init(&source->link);
	return source;
}

static uint32_t loop_epoll_events(unsigned events)
{
	return ((events & LOOP_READ) != 0 ? EPOLLIN : 0u) |
		((events & LOOP_WRITE) != 0 ? EPOLLOUT : 0u);
}

static int loop_control(
	struct loop_source *source, int operation, unsigned events, struct error *err)
{
	struct epoll_event event = {
		.events = loop_epoll_events(events),
		.data.ptr = source,
	};

	if (epoll_ctl(source->loop->epoll_fd, operation, source->fd, &event) < 0)
		return error_set_errno(err, "cannot watch descriptor %d", source->fd);
	return 0;
}

/* Registers a new source's descriptor; the source is released when that fails. */
static int loop_add(struct loop_source *source, unsigned events, struct loop_source **ret_source,
	struct error *err)
{
	if (loop_control(source, EPOLL_CTL_ADD, events, err) < 0) {
		if (source->kind == LOOP_KIND_SIGNAL)
			fd_close(&source->fd);
		free(source);
		return -1;
	}
	*ret_source = source;
	return 0;
}

int loop_watch_fd(struct loop *loop, int fd, unsigned events, loop_fd_fn callback, void *context,
	struct loop_source **ret_source, struct error *err)
{
	struct loop_source *source = loop_source_new(loop, LOOP_KIND_FD, context);

	source->fd = fd;
	source->callback.fd_ready = callback;
	return loop_add(source, events, ret_source, err);
}

int loop_change_fd(struct loop_source *source, unsigned events, struct error *err)
{
	assert(source->kind == LOOP_KIND_FD);
	return loop_control(source, EPOLL_CTL_MOD, events, err);
}

struct loop_source *loop_defer(struct loop *loop, loop_fn callback, void *context)
{
	struct loop_source *source = loop_source_new(loop, LOOP_KIND_DEFER, context);

	source->callback.plain = callback;
	list_append(&loop->deferred, &source->link);
	return source;
}

int loop_watch_signal(struct loop *loop, int number, loop_signal_fn callback, void *context,
	struct loop_source **ret_source, struct error *err)
{
	struct loop_source *source;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, number);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return error_set_errno(err, "cannot block signal %d", number);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return error_set_errno(err, "cannot watch signal %d", number);
	source = loop_source_new(loop, LOOP_KIND_SIGNAL, context);
	source->fd = fd;
	source->callback.signal = callback;
	return loop_add(source, LOOP_READ, ret_source, err);
}

int loop_watch_child(struct loop *loop, struct process *process, loop_child_fn callback,
	void *context, struct loop_source **ret_source, struct error *err)
{
	struct loop_source *source = loop_source_new(loop, LOOP_KIND_CHILD, context);

	source->fd = process->pidfd;
	source->callback.child = callback;
	if (loop_add(source, LOOP_READ, ret_source, err) < 0)
		return -1;
	source->process = *process;
	*process = PROCESS_NONE;
	return 0;
}

/* ---- Timers: a binary heap ordered by deadline ---- */

static void loop_heap_put(struct loop *loop, size_t index, struct loop_source *timer)
{
	loop->heap[index] = timer;
	timer->heap_index = index + 1;
}

static bool loop_is_earlier(const struct loop_source *a, const struct loop_source *b)
{
	return a->deadline.us < b->deadline.us;
}

static void loop_heap_rise(struct loop *loop, size_t index)
{
	struct loop_source *timer = loop->heap[index];

	while (index > 0 && loop_is_earlier(timer, loop->heap[(index - 1) / 2])) {
		loop_heap_put(loop, index, loop->heap[(index - 1) / 2]);
		index = (index - 1) / 2;
	}
	loop_heap_put(loop, index, timer);
}

static void loop_heap_sink(struct loop *loop, size_t index)
{
	struct loop_source *timer = loop->heap[index];

	for (;;) {
		size_t child = index * 2 + 1;
		if (child >= loop->heap_count)
			break;
		if (child + 1 < loop->heap_count &&
			loop_is_earlier(loop->heap[child + 1], loop->heap[child]))
			child++;
		if (!loop_is_earlier(loop->heap[child], timer))
			break;
		loop_heap_put(loop, index, loop->heap[child]);
		index = child;
	}
	loop_heap_put(loop, index, timer);
}

struct loop_source *loop_timer_new(struct loop *loop, loop_fn callback, void *context)
{
	struct loop_source *timer = loop_source_new(loop, LOOP_KIND_TIMER, context);

	timer->callback.plain = callback;
	return timer;
}

void loop_timer_stop(struct loop_source *timer)
{
	struct loop *loop = timer->loop;
	struct loop_source *last;
	size_t index = timer->heap_index - 1;

	if (timer->heap_index == 0)
		return;
	timer->heap_index = 0;
	last = loop->heap[--loop->heap_count];
	if (last == timer)
		return;
	loop_heap_put(loop, index, last);
	loop_heap_rise(loop, index);
	loop_heap_sink(loop, last->heap_index - 1);
}

void loop_timer_set(struct loop_source *timer, int64_t delay_ms)
{
	struct loop *loop = timer->loop;

	assert(timer->kind == LOOP_KIND_TIMER && !timer->is_dead);
	loop_timer_stop(timer);
	timer->deadline.us = clock_mono().us + (delay_ms > 0 ? delay_ms : 0) * 1000;
	loop->heap = alloc_room_for_one(
		loop->heap, loop->heap_count, &loop->heap_capacity, sizeof(struct loop_source *));
	loop_heap_put(loop, loop->heap_count, timer);
	loop_heap_rise(loop, loop->heap_count++);
}

bool loop_timer_is_set(const struct loop_source *timer)
{
	return timer->heap_index != 0;
}

void loop_source_free(struct loop_source *source)
{
	struct error ignored;

	if (source == NULL || source->is_dead)
		return;
	source->is_dead = true;
	if (source->kind == LOOP_KIND_TIMER)
		loop_timer_stop(source);
	/* It fails when the owner has closed the descriptor first; then epoll has dropped it too.
	 */
	if (source->fd >= 0 && loop_control(source, EPOLL_CTL_DEL, 0, &ignored) < 0)
		source->fd = source->kind == LOOP_KIND_FD ? -1 : source->fd;
	if (source->kind == LOOP_KIND_SIGNAL)
		fd_close(&source->fd);
	if (source->kind == LOOP_KIND_CHILD)
		process_kill(&source->process);
	list_remove(&source->link);
	list_append(&source->loop->dead, &source->link);
}

/* ---- One turn ---- */

static void loop_read_signals(struct loop_source *source)
{
	struct signalfd_siginfo info;

	while (!source->is_dead && read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		source->callback.signal(source->context, (int)info.ssi_signo);
}

static void loop_end_child(struct loop_source *source)
{
	struct error ignored;
	int status = 0;

	if (loop_control(source, EPOLL_CTL_DEL, 0, &ignored) == 0)
		source->fd = -1;
	/* Waiting for our own ended child fails only if somebody else reaped it: status 0 then. */
	if (process_wait(&source->process, &status, &ignored) < 0)
		status = 0;
	source->callback.child(source->context, status);
}

static void loop_dispatch(struct loop_source *source, uint32_t epoll_events)
{
	unsigned events = 0;

	if (source->is_dead)
		return;
	switch (source->kind) {
	case LOOP_KIND_FD:
		if ((epoll_events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
			events |= LOOP_READ;
		if ((epoll_events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0)
			events |= LOOP_WRITE;
		source->callback.fd_ready(source->context, events);
		return;
	case LOOP_KIND_SIGNAL:
		loop_read_signals(source);
		return;
	case LOOP_KIND_CHILD:
		loop_end_child(source);
		return;
	case LOOP_KIND_TIMER:
	case LOOP_KIND_DEFER:
		assert(false && "timers and deferred calls have no descriptor");
	}
}

/* How long epoll may wait: -1 without end, rounded up so that a timer is due when it wakes. */
static int loop_wait_ms(const struct loop *loop)
{
	int64_t us;

	if (!list_is_empty(&loop->deferred))
		return 0;
	if (loop->heap_count == 0)
		return -1;
	us = loop->heap[0]->deadline.us - clock_mono().us;
	if (us <= 0)
		return 0;
	return us > INT64_C(3600000000) ? 3600000 : (int)((us + 999) / 1000);
}

static void loop_fire_timers(struct loop *loop)
{
	while (loop->heap_count > 0 && loop->heap[0]->deadline.us <= loop->now.us) {
		struct loop_source *timer = loop->heap[0];
		loop_timer_stop(timer);
		timer->callback.plain(timer->context);
	}
}

/* Those that were deferred before this point; what they defer waits for the next turn. */
static void loop_call_deferred(struct loop *loop)
{
	struct list batch;

	list_init(&batch);
	list_for_each (link, &loop->deferred) {
		list_remove(link);
		list_append(&batch, link);
	}
	while (!list_is_empty(&batch)) {
		struct loop_source *source = list_item(batch.next, struct loop_source, link);
		list_remove(&source->link);
		source->callback.plain(source->context);
	}
}

int loop_run(struct loop *loop, struct error *err)
{
	struct epoll_event events[LOOP_EVENTS_PER_TURN];

	loop->is_stopping = false;
	while (!loop->is_stopping) {
		int count = epoll_wait(
			loop->epoll_fd, events, LOOP_EVENTS_PER_TURN, loop_wait_ms(loop));
		if (count < 0 && errno != EINTR)
			return error_set_errno(err, "cannot wait for events");
		loop->now = clock_mono();
		for (int i = 0; i < count; i++)
			loop_dispatch(events[i].data.ptr, events[i].events);
		loop_fire_timers(loop);
		loop_call_deferred(loop);
		loop_free_dead(loop);
	}
	return 0;
}
