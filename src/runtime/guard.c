/*
 * What an honest engine needs is the measure of patience. containerd copies what was dumped and
 * compares the container's files while the container stands still; it opens the dump at once and
 * removes it in between. One whose caller has gone does neither, but often leaves the dump there,
 * for it cannot remove a directory that CRIU still fills. A dump of ours (direct.c) leaves an
 * engine nothing to do. Only `resume`, `pause`, `checkpoint` and `delete` change the mark by which
 * the guard knows that it is still needed (pause.h).
 */
#include "runtime/guard.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "runtime/direct.h"
#include "runtime/pause.h"
#include "runtime/peer.h"
#include "runtime/shim.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "json/json.h"

enum {
	GUARD_CALL_MS = 3600000, /* for the call itself: a dump by the engine's way has no limit */
	GUARD_LOOK_MS = 200,
	/* While the dump is being copied, and while files are compared: this many times as long. */
	GUARD_COPY_FACTOR = 30,
	GUARD_COMPARE_FACTOR = 6,
	/* For CRIU, which goes on for a while when the runtime is killed. */
	GUARD_TRACED_MS = 300000,
	GUARD_RESUME_MS = 30000,
	GUARD_STATUS_BYTES = 64 * 1024,
};

/* The descriptors that the guard keeps: it holds the dump's directory, and watches by pidfds. */
enum guard_fd { GUARD_CALL, GUARD_ENGINE, GUARD_IMAGES, GUARD_FD_COUNT };

struct guard {
	const struct runtime_host *host;
	struct str claim; /* of the mark */
	int fds[GUARD_FD_COUNT]; /* owned; -1: none */
	pid_t engine; /* containerd's; 0: not known, or another one */
	/* what the runtime says in the end: */
	bool is_paused;
	int64_t pid;
	struct str bundle; /* in the arena */
};

/* A look through the descriptors of a process. */
struct guard_search {
	int fds_fd; /* its /proc/PID/fd */
	struct str images; /* path of what was dumped, with a slash */
};

/* ---- waiting ---- */

static bool guard_is_needed(const struct guard *guard)
{
	return runtime__pause_holds(guard->host, guard->claim);
}

/* Whether a process ends within so many milliseconds; one that is not known has not. */
static bool guard_ends(const struct guard *guard, enum guard_fd which, int within_ms)
{
	struct pollfd ended = {.fd = guard->fds[which], .events = POLLIN};

	return poll(&ended, 1, within_ms) == 1;
}

static int guard_count(void *context, const char *name, bool is_directory, struct error *err)
{
	(void)name;
	(void)is_directory;
	(void)err;
	++*(int *)context;
	return 0;
}

/* Nobody else resumes then; containerd takes what is paused when it starts for lost. */
static bool guard_engine_has_ended(const struct guard *guard)
{
	return guard_ends(guard, GUARD_ENGINE, 0);
}

/* Whether nothing that was dumped is left for it; a directory that is removed is empty. */
static bool guard_engine_is_idle(const struct guard *guard)
{
	struct error ignored; /* there is none */
	int count = 0;

	return guard_engine_has_ended(guard) || runtime__is_resumed(guard->host) ||
		file_for_each(guard->fds[GUARD_IMAGES], guard_count, &count, &ignored) < 0 ||
		count == 0;
}

/* Fails, as a visit, when the descriptor is of the dump. */
static int guard_compare_fd(void *context, const char *name, bool is_directory, struct error *err)
{
	const struct guard_search *search = context;
	char target[PATH_MAX];
	ssize_t size = readlinkat(search->fds_fd, name, target, sizeof(target));

	(void)is_directory;
	if (size > 0 && str_starts_with((struct str){target, (size_t)size}, search->images))
		return error_set(err, ERROR_CONFLICT, "this one");
	return 0;
}

/* Whether containerd has opened what was dumped, or something has changed already. */
static bool guard_engine_has_begun(const struct guard *guard)
{
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	autoclose int fds_fd = -1;
	char images[PATH_MAX];
	ssize_t size;
	struct guard_search search;
	struct error err;

	if (guard->engine == 0 || guard_engine_is_idle(guard))
		return true;
	buf_printf(&path, "/proc/self/fd/%d", guard->fds[GUARD_IMAGES]);
	size = readlink(path.data, images, sizeof(images) - 1);
	buf_clear(&path);
	buf_printf(&path, "/proc/%d/fd", (int)guard->engine);
	if (size <= 0 || file_open_directory(path.data, &fds_fd, &err) < 0)
		return true;
	images[size] = '/';
	search = (struct guard_search){fds_fd, {images, (size_t)size + 1}};
	return file_for_each(fds_fd, guard_compare_fd, &search, &err) < 0;
}

static bool guard_is_untraced(const struct guard *guard)
{
	autobuf status = BUF_INIT(GUARD_STATUS_BYTES);
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	struct error ignored; /* it has ended */

	buf_printf(&path, "/proc/%lld/status", (long long)guard->pid);
	return file_read(AT_FDCWD, path.data, &status, &ignored) < 0 ||
		str_contains(buf_str(&status), STR("\nTracerPid:\t0\n"));
}

enum guard_end { GUARD_NOT_NEEDED, GUARD_TIME_IS_OVER, GUARD_HAPPENED };

/* Waits for `most_ms` or until something has happened; the engine may take over meanwhile. */
static enum guard_end guard_wait(
	const struct guard *guard, int64_t most_ms, bool (*has_happened)(const struct guard *guard))
{
	const struct mono_time end = {clock_mono().us + most_ms * 1000};

	while (guard_is_needed(guard)) {
		if (has_happened(guard))
			return GUARD_HAPPENED;
		if (clock_mono().us >= end.us)
			return GUARD_TIME_IS_OVER;
		(void)poll(NULL, 0, GUARD_LOOK_MS);
	}
	return GUARD_NOT_NEEDED;
}

/* False: it has resumed the container. */
static bool guard_wait_engine(const struct guard *guard)
{
	const int64_t patience_ms = guard->host->config.resume_patience_ms;
	enum guard_end end;

	if (guard_engine_is_idle(guard))
		return guard_wait(guard, patience_ms, guard_engine_has_ended) != GUARD_NOT_NEEDED;
	end = guard_wait(guard, patience_ms, guard_engine_has_begun);
	if (end == GUARD_HAPPENED)
		end = guard_wait(guard, patience_ms * GUARD_COPY_FACTOR, guard_engine_is_idle);
	if (end == GUARD_HAPPENED)
		end = guard_wait(guard, patience_ms * GUARD_COMPARE_FACTOR, guard_engine_has_ended);
	return end != GUARD_NOT_NEEDED;
}

/* ---- resuming ---- */

/* What the runtime says; false when there is nothing to resume. */
static bool guard_look(struct guard *guard)
{
	const struct runtime_host *host = guard->host;
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	autojson *doc = NULL;
	const struct json *root;
	struct str status;
	struct error ignored; /* it was deleted */

	if (runtime__state(host, &text, &ignored) < 0 ||
		json_parse(buf_str(&text), &doc, &ignored) < 0)
		return false;
	root = json_doc_root(doc);
	status = json_str(json_get(root, "status"));
	guard->is_paused = str_is(status, "paused");
	guard->pid = json_i64(json_get(root, "pid"), 0);
	guard->bundle = arena_str(host->arena, json_str(json_get(root, "bundle")));
	return guard->is_paused || str_is(status, "running");
}

/* The shim is asked even where the container runs: by its own word it would refuse `exec`. */
static void guard_resume(struct guard *guard)
{
	const struct runtime_host *host = guard->host;
	const char *const arguments[] = {"resume", host->call.id, NULL};
	struct error ignored; /* there is nobody to tell */
	int status;

	if (!guard_look(guard) ||
		guard_wait(guard, GUARD_TRACED_MS, guard_is_untraced) == GUARD_NOT_NEEDED)
		return;
	if (runtime__shim_resume(guard->bundle, str_of(host->call.id), GUARD_RESUME_MS, host->arena,
		    &ignored) == 0 ||
		!guard_is_needed(guard))
		return;
	if (guard->is_paused &&
		runtime__run(host, arguments, RUNTIME_STDIO_NONE, GUARD_RESUME_MS, &status,
			&ignored) < 0)
		return;
	runtime__pause_forget(host);
}

/* ---- being left behind ---- */

/*
 * The process that has paused the container: containerd listens where its shims, whose environment
 * the runtime has, tell it of events; CRI-O calls by itself.
 */
static void guard_find_engine(struct guard *guard)
{
	const char *address = getenv("TTRPC_ADDRESS");
	autoclose int fd = -1;
	struct ucred peer = {.pid = getppid()};
	socklen_t size = sizeof(peer);
	struct error ignored;

	if (address != NULL) {
		if (runtime__peer_connect(address, "containerd", &fd, &ignored) < 0 ||
			getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
			return;
		guard->engine = peer.pid;
	}
	guard->fds[GUARD_ENGINE] = (int)syscall(SYS_pidfd_open, peer.pid, 0);
}

static int guard_open_images(const struct runtime_host *host)
{
	const char *path = host->call.image_path;

	return path != NULL ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
}

/* Nothing else of the caller's is held, which may wait for the end of its streams. */
static bool guard_let_go(struct guard *guard)
{
	const int first = 3; /* of those that are kept */
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0 || setsid() < 0 || chdir("/") < 0)
		return false;
	for (int i = 0; i < GUARD_FD_COUNT; i++)
		guard->fds[i] = fcntl(guard->fds[i], F_DUPFD_CLOEXEC, first + GUARD_FD_COUNT);
	for (int fd = 0; fd < first; fd++)
		if (dup2(null_fd, fd) < 0)
			return false;
	for (int i = 0; i < GUARD_FD_COUNT; i++) {
		(void)close(first + i);
		guard->fds[i] = dup3(guard->fds[i], first + i, O_CLOEXEC);
	}
	return close_range(first + GUARD_FD_COUNT, ~0u, 0) == 0;
}

static _Noreturn void guard_run(struct guard *guard)
{
	(void)prctl(PR_SET_NAME, "kcr-guard"); /* for `ps` */
	if (guard_ends(guard, GUARD_CALL, GUARD_CALL_MS)) {
		if (guard->fds[GUARD_IMAGES] < 0)
			guard->fds[GUARD_IMAGES] = guard_open_images(guard->host);
		if (guard_wait_engine(guard))
			guard_resume(guard);
	}
	_exit(0);
}

static void guard_done(struct guard *guard)
{
	for (int i = 0; i < GUARD_FD_COUNT; i++)
		fd_close(&guard->fds[i]);
}

/* Twice, so that the guard is nobody's child: what this process becomes waits for its own only. */
static void guard_leave(const struct runtime_host *host)
{
	clean_up(guard_done) struct guard guard = {
		.host = host,
		.claim = runtime__pause_claim(host),
		.fds = {[GUARD_CALL] = (int)syscall(SYS_pidfd_open, getpid(), 0),
			[GUARD_ENGINE] = -1,
			[GUARD_IMAGES] = guard_open_images(host)},
	};
	pid_t pid;

	if (guard.fds[GUARD_CALL] < 0 || guard.claim.size == 0)
		return; /* the checkpoint counts more */
	guard_find_engine(&guard);
	pid = fork();
	if (pid == 0) {
		if (guard_let_go(&guard) && fork() == 0)
			guard_run(&guard);
		_exit(0);
	}
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
}

void runtime__guard_pause(const struct runtime_host *host)
{
	struct str order = arena_printf(host->arena, "%s/" HANDOVER_ORDERS "/%s.json",
		host->config.store.data, host->call.id);

	runtime__pause_note(host);
	/* for a checkpoint of the agent's: the engine's caller may go before it begins */
	if (access(order.data, F_OK) == 0)
		guard_leave(host);
}

void runtime__guard_checkpoint(const struct runtime_host *host)
{
	if (host->call.leave_running && runtime__pause_is_engines(host))
		guard_leave(host);
}
