/* What the program needs of its surroundings. A mistake here must not keep a container down. */
#include "runtime/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "criu/log.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/process.h"

/* Where distributions and installers have a runtime. */
static const char *const host_runtimes[] = {
	"/usr/bin/runc",
	"/usr/sbin/runc",
	"/usr/local/bin/runc",
	"/usr/local/sbin/runc",
	"/usr/libexec/crio/runc",
	"/usr/bin/crun",
	"/usr/local/bin/crun",
	"/usr/libexec/crio/crun",
};

enum {
	HOST_STATE_DEADLINE_MS = 10000,
	HOST_CRIU_LOG_BYTES = 4 * 1024 * 1024,
	/* A record is read and written within a millisecond, on a disk that others use within some
	 * hundreds. */
	HOST_LOCK_MS = 2000,
};

static const char *host_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The directory that this very program lies in, whatever it was called by. */
static bool host_own_directory(char directory[static PATH_MAX])
{
	ssize_t size = readlink("/proc/self/exe", directory, PATH_MAX - 1);
	char *slash;

	if (size <= 0)
		return false;
	directory[size] = '\0';
	slash = strrchr(directory, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	return true;
}

static void host_read_config(struct runtime_host *host, const char *program)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	autobuf path = BUF_INIT(PATH_MAX);
	char directory[PATH_MAX];
	struct error ignored;

	if (host_own_directory(directory)) {
		buf_printf(&path, "%s/%s.json", directory, host_base_name(program));
		if (!path.is_overflown && file_read(AT_FDCWD, path.data, &text, &ignored) == 0 &&
			handover_config_read(
				buf_str(&text), host->arena, &host->config, &ignored) == 0)
			return;
	}
	if (handover_config_read(STR("{}"), host->arena, &host->config, &ignored) < 0)
		host->config = (struct handover_config){0}; /* it has no required member */
}

/* Ourselves under another name would be called, and call, for ever. */
static bool host_is_own(const char *path)
{
	struct stat own;
	struct stat other;

	return stat("/proc/self/exe", &own) == 0 && stat(path, &other) == 0 &&
		own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

static bool host_can_run(const char *path)
{
	return access(path, X_OK) == 0 && !host_is_own(path);
}

/* The first of the usual ones; only those of that `name` unless it is NULL. */
static struct str host_find_usual(const char *name)
{
	for (size_t i = 0; i < array_size(host_runtimes); i++)
		if ((name == NULL || strcmp(host_base_name(host_runtimes[i]), name) == 0) &&
			host_can_run(host_runtimes[i]))
			return str_of(host_runtimes[i]);
	return (struct str){NULL, 0};
}

/* Where the engine would look for it, too. */
static struct str host_find_in_path(const char *name, struct arena *arena)
{
	struct str places = str_of(getenv("PATH"));
	struct str place;

	while (places.size > 0) {
		struct str path;

		(void)str_cut(places, ':', &place, &places);
		path = arena_printf(arena, "%.*s/%s", STR_ARG(place), name);
		if (place.size > 0 && host_can_run(path.data))
			return path;
	}
	return (struct str){NULL, 0};
}

/*
 * A package or the next release of a distribution may have moved the runtime: then the one of the
 * same name is taken, and no other one, which would not know the containers of the first.
 */
static void host_find_runtime(struct runtime_host *host)
{
	struct str configured = host->config.runtime;
	struct str found;

	if (configured.size == 0) {
		host->config.runtime = host_find_usual(NULL);
		return;
	}
	if (host_can_run(configured.data))
		return;
	found = host_find_in_path(host_base_name(configured.data), host->arena);
	if (found.size == 0)
		found = host_find_usual(host_base_name(configured.data));
	if (found.size > 0 || host_is_own(configured.data))
		host->config.runtime = found; /* else it is named as missing */
}

void runtime__host_init(struct runtime_host *host, int count, char *const *arguments)
{
	*host = (struct runtime_host){
		.arena = arena_new(4096),
		.arguments = arguments,
		.argument_count = (size_t)count,
	};
	host_read_config(host, count > 0 ? arguments[0] : "kcr-runtime");
	host_find_runtime(host);
	host->deadline.us = clock_mono().us + host->config.create_deadline_ms * INT64_C(1000);
	if (host->argument_count <= RUNTIME_ARGUMENTS_MAX)
		host->call = runtime_call_read(host->argument_count, arguments);
}

void runtime__host_done(struct runtime_host *host)
{
	arena_free(host->arena);
}

int runtime__exec(const struct runtime_host *host)
{
	enum { NO_RUNTIME = 127 }; /* as a shell says it */
	const char **arguments =
		arena_zeroed(host->arena, host->argument_count + 1, sizeof(*arguments));

	if (host->config.runtime.size == 0) {
		(void)fprintf(stderr,
			"kcr-runtime: neither runc nor crun is installed where "
			"distributions have it; name it as \"runtime\" in %s.json\n",
			host_base_name(host->arguments[0]));
		return NO_RUNTIME;
	}
	/* under its own name, which it has in its help and looks at */
	for (size_t i = 1; i < host->argument_count; i++)
		arguments[i] = host->arguments[i];
	arguments[0] = host->config.runtime.data;
	(void)execv(host->config.runtime.data, (char *const *)(uintptr_t)arguments);
	(void)fprintf(stderr, "kcr-runtime: cannot run '%s': %s\n", host->config.runtime.data,
		strerror(errno));
	return NO_RUNTIME;
}

/* The program, the call's global options, and our own arguments. */
static int host_gather(const struct runtime_host *host, const char *const *arguments,
	const char *gathered[static 2 * RUNTIME_ARGUMENTS_MAX], struct error *err)
{
	size_t used = 0;

	gathered[used++] = host->config.runtime.data;
	for (size_t i = 1; i < host->call.verb_index; i++)
		gathered[used++] = host->arguments[i];
	for (; *arguments != NULL; arguments++) {
		if (used + 1 == 2 * RUNTIME_ARGUMENTS_MAX)
			return error_set(err, ERROR_TOO_BIG, "too many arguments");
		gathered[used++] = *arguments;
	}
	gathered[used] = NULL;
	return 0;
}

static int host_start(const struct runtime_host *host, const char *const *arguments,
	const struct process_fd fds[static 3], struct process *ret_process, struct error *err)
{
	const char *gathered[2 * RUNTIME_ARGUMENTS_MAX];
	/* CRIU, which the runtime starts, is to end with it */
	struct process_spec spec = {
		.arguments = gathered, .fds = fds, .fd_count = 3, .leads_group = true};

	if (host->config.runtime.size == 0)
		return error_set(err, ERROR_ABSENT, "there is no runtime");
	if (host_gather(host, arguments, gathered, err) < 0)
		return -1;
	return process_start(&spec, ret_process, err);
}

static int host_wait(struct process *process, int deadline_ms, int *ret_status, struct error *err)
{
	struct pollfd ended = {.fd = process->pidfd, .events = POLLIN};

	if (poll(&ended, 1, deadline_ms) != 1) {
		process_kill(process);
		return error_set(
			err, ERROR_TIMEOUT, "the runtime took more than %d ms", deadline_ms);
	}
	return process_wait(process, ret_status, err);
}

int runtime__run(const struct runtime_host *host, const char *const *arguments,
	enum runtime_stdio stdio, int deadline_ms, int *ret_status, struct error *err)
{
	autoclose int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct process_fd fds[3];
	struct process process = PROCESS_NONE;

	if (null_fd < 0)
		return error_set_errno(err, "cannot open /dev/null");
	for (int i = 0; i < 3; i++)
		fds[i] = (struct process_fd){stdio == RUNTIME_STDIO_INHERITED ? i : null_fd, i};
	if (host_start(host, arguments, fds, &process, err) < 0)
		return -1;
	return host_wait(&process, deadline_ms, ret_status, err);
}

int runtime__time_left(const struct runtime_host *host, int *ret_ms, struct error *err)
{
	int64_t left_ms = (host->deadline.us - clock_mono().us) / 1000;

	if (left_ms <= 0)
		return error_set(err, ERROR_TIMEOUT, "the restore took more than %lld ms",
			(long long)host->config.create_deadline_ms);
	*ret_ms = (int)left_ms; /* the configuration has a maximum */
	return 0;
}

int runtime__state(const struct runtime_host *host, struct buf *out, struct error *err)
{
	const char *const arguments[] = {"state", host->call.id, NULL};
	autoclose int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* no pipe: that ends with the last who holds it, a file with the runtime */
	autoclose int said_fd = memfd_create("state", MFD_CLOEXEC);
	struct process process = PROCESS_NONE;
	int status;

	if (null_fd < 0 || said_fd < 0)
		return error_set_errno(err, "cannot make a file in memory");
	const struct process_fd fds[3] = {{null_fd, 0}, {said_fd, 1}, {null_fd, 2}};
	if (host_start(host, arguments, fds, &process, err) < 0)
		return -1;
	if (host_wait(&process, HOST_STATE_DEADLINE_MS, &status, err) < 0)
		return -1;
	if (status != 0)
		return error_set(err, ERROR_ABSENT, "the runtime does not know container '%s'",
			host->call.id);
	if (lseek(said_fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, "cannot read the state of a container");
	return fd_read_all(said_fd, out, "the state of a container", err);
}

void runtime__criu_reasons(const char *path, struct buf *out)
{
	autobuf text = BUF_INIT(HOST_CRIU_LOG_BYTES);
	struct criu_log log = {0};
	struct error ignored; /* the beginning of a long one has the cause */

	if (file_read(AT_FDCWD, path, &text, &ignored) < 0 && text.size == 0)
		return;
	criu_log_add(&log, buf_str(&text));
	criu_log_end(&log);
	criu_log_excerpt(&log, out);
}

struct str runtime__path(const struct runtime_host *host, struct str directory, const char *name)
{
	return arena_printf(host->arena, "%.*s/%s", STR_ARG(directory), name);
}

static struct str host_state_path(const struct runtime_host *host, const char *suffix)
{
	return arena_printf(
		host->arena, "%s/%s.%s", host->config.state.data, host->call.id, suffix);
}

bool runtime__state_take(const struct runtime_host *host, const char *suffix)
{
	return unlink(host_state_path(host, suffix).data) == 0;
}

int runtime__write(int directory_fd, const char *path, struct str bytes, struct error *err)
{
	autobuf temporary = BUF_INIT(PATH_MAX);
	autoclose int fd = -1;

	buf_printf(&temporary, "%s.%d.tmp", path, (int)getpid());
	if (buf_check(&temporary, path, err) < 0)
		return -1;
	fd = openat(directory_fd, temporary.data,
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, "cannot create '%s'", temporary.data);
	if (fd_write_all(fd, bytes, path, err) == 0) {
		if (renameat(directory_fd, temporary.data, directory_fd, path) == 0)
			return 0;
		(void)error_set_errno(err, "cannot rename '%s'", temporary.data);
	}
	(void)unlinkat(directory_fd, temporary.data, 0); /* the failure is told already */
	return -1;
}

int runtime__state_write(
	const struct runtime_host *host, const char *suffix, struct str bytes, struct error *err)
{
	if (mkdir(host->config.state.data, 0700) < 0 && errno != EEXIST)
		return error_set_errno(err, "cannot make directory '%s'", host->config.state.data);
	return runtime__write(AT_FDCWD, host_state_path(host, suffix).data, bytes, err);
}

int runtime__state_read(
	const struct runtime_host *host, const char *suffix, struct buf *out, struct error *err)
{
	return file_read(AT_FDCWD, host_state_path(host, suffix).data, out, err);
}

static struct str host_records_directory(const struct runtime_host *host, struct str pod_uid)
{
	return arena_printf(host->arena, "%s/" HANDOVER_RECORDS "/%.*s", host->config.store.data,
		STR_ARG(pod_uid));
}

static struct str host_record_path(const struct runtime_host *host, struct str pod_uid,
	struct str container, const char *suffix)
{
	return arena_printf(host->arena, "%s/%.*s%s", host_records_directory(host, pod_uid).data,
		STR_ARG(container), suffix);
}

int runtime__record_make(const struct runtime_host *host, struct str pod_uid, struct error *err)
{
	struct str records = runtime__path(host, host->config.store, HANDOVER_RECORDS);
	struct str directory = host_records_directory(host, pod_uid);

	if ((mkdir(records.data, 0700) < 0 && errno != EEXIST) ||
		(mkdir(directory.data, 0700) < 0 && errno != EEXIST))
		return error_set_errno(err, "cannot make directory '%s'", directory.data);
	return 0;
}

int runtime__record_lock(const struct runtime_host *host, struct str pod_uid, struct str container,
	int *ret_fd, struct error *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct str path = host_record_path(host, pod_uid, container, HANDOVER_LOCK);
	autoclose int fd = open(path.data, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set_errno(err, "cannot open '%s'", path.data);
	for (int waited_ms = 0; waited_ms < HOST_LOCK_MS; waited_ms++) {
		if (fcntl(fd, F_OFD_SETLK, &lock) == 0 || (errno != EAGAIN && errno != EACCES))
			break;
		(void)poll(NULL, 0, 1);
	}
	*ret_fd = fd_take(&fd);
	return 0;
}

void runtime__record_load(const struct runtime_host *host, struct str pod_uid, struct str container,
	struct handover_record *ret_record)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct str path = host_record_path(host, pod_uid, container, ".json");
	struct error ignored;

	if (file_read(AT_FDCWD, path.data, &text, &ignored) == 0 &&
		handover_record_read(buf_str(&text), host->arena, ret_record, &ignored) == 0)
		return;
	/* none, or a damaged one: then it begins anew, and fills up anew if restores fail */
	*ret_record = (struct handover_record){.version = HANDOVER_FORMAT_VERSION};
}

int runtime__record_store(const struct runtime_host *host, struct str pod_uid, struct str container,
	const struct handover_record *record, struct error *err)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);

	handover_record_write(record, &text);
	if (buf_check(&text, "the record of a container", err) < 0)
		return -1;
	return runtime__write(AT_FDCWD, host_record_path(host, pod_uid, container, ".json").data,
		buf_str(&text), err);
}
