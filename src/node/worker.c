/*
 * The program `kcr-work`. It is one of its own and not a part of `kcr`, so that the libraries which
 * read archives are loaded where untrusted bytes are read, and only there.
 */
#include "node/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/number.h"
#include "checkpoint/describe.h"
#include "sys/confine.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/process.h"
#include "json/json.h"

/* {"error":{"kind":4,"text":"..."}}: the kind is of the same program, so its number will do. */
static void node_worker_write_error(const struct error *err, struct buf *out)
{
	struct json_writer writer = json_writer(out);

	json_begin_object(&writer);
	json_set_object(&writer, "error");
	json_set_i64(&writer, "kind", err->kind);
	json_set_text(&writer, "text", err->text);
	json_end_object(&writer);
	json_end_object(&writer);
}

/* ---- To the disk ---- */

/* Its exit code is the errno. */
static int node_worker_flush_file(int fd)
{
	return fsync(fd) < 0 ? errno : 0;
}

static int node_worker_visit_flush(
	void *context, const char *name, bool is_directory, struct error *err)
{
	autoclose int fd = openat(*(const int *)context, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_set_errno(err, "cannot open '%s'", name);
	if (is_directory && file_for_each(fd, node_worker_visit_flush, &fd, err) < 0)
		return -1;
	return file_sync(fd, name, err);
}

/*
 * What is taken in goes to the disk while it is read: fsync(2) takes half as long as hashing, most
 * of it in handing the pages over, so a process beside us does it.
 */
static int node_worker_flush(void)
{
	struct stat input;
	struct error err;
	int fd = STDIN_FILENO;

	if (fstat(fd, &input) < 0)
		return errno;
	if (!S_ISDIR(input.st_mode))
		return node_worker_flush_file(fd);
	if (file_for_each(fd, node_worker_visit_flush, &fd, &err) < 0) {
		log_warning(&err, "Failed to flush a checkpoint");
		return EIO;
	}
	return node_worker_flush_file(fd);
}

static int node_worker_start_flush(int fd, struct process *ret_flush, struct error *err)
{
	static const char *const arguments[] = {"/proc/self/exe", "flush", NULL};
	const struct process_fd fds[] = {{fd, STDIN_FILENO}, {STDERR_FILENO, STDERR_FILENO}};

	return process_start(
		&(struct process_spec){
			.arguments = arguments, .fds = fds, .fd_count = array_size(fds)},
		ret_flush, err);
}

static int node_worker_join_flush(struct process *flush, struct error *err)
{
	char how[PROCESS_STATUS_TEXT];
	int status;

	if (process_wait(flush, &status, err) < 0)
		return -1;
	if (WIFEXITED(status)) {
		errno = WEXITSTATUS(status);
		return errno == 0 ? 0 : error_set_errno(err, "cannot flush the checkpoint");
	}
	process_format_status(status, how);
	return error_set(err, ERROR_SYSTEM, "flushing the checkpoint ended with %s", how);
}

/* ---- Reading ---- */

static int node_worker_confine(int directory_fd, struct error *err)
{
	const struct confine_directory directory = {directory_fd, true};
	bool is_complete;

	if (confine_self(&directory, directory_fd >= 0 ? 1 : 0, &is_complete, err) < 0)
		return -1;
	if (!is_complete)
		log_debug("This kernel has no Landlock; the worker could open files");
	return 0;
}

static int node_worker_describe_archive(int64_t unpacked_max, struct arena *arena,
	struct checkpoint_description *ret_description, struct error *err)
{
	struct process flush;

	if (node_worker_start_flush(STDIN_FILENO, &flush, err) < 0 ||
		node_worker_confine(-1, err) < 0 || /* `flush` dies with us */
		checkpoint_describe(STDIN_FILENO, unpacked_max, arena, ret_description, err) < 0)
		return -1;
	return node_worker_join_flush(&flush, err);
}

/* The metadata is written by ourselves, flushed file by file: it is small. */
static int node_worker_describe_directory(int64_t unpacked_max, struct arena *arena,
	struct checkpoint_description *ret_description, struct error *err)
{
	struct process flush;

	(void)unpacked_max; /* the engine's archive is plain */
	if (node_worker_start_flush(NODE_WORKER_DIRECTORY, &flush, err) < 0 ||
		node_worker_confine(NODE_WORKER_DIRECTORY, err) < 0 ||
		checkpoint_absorb(STDIN_FILENO, NODE_WORKER_DIRECTORY, err) < 0 ||
		checkpoint_describe_directory(NODE_WORKER_DIRECTORY, arena, ret_description, err) <
			0 ||
		file_sync(NODE_WORKER_DIRECTORY, "the checkpoint's directory", err) < 0)
		return -1;
	return node_worker_join_flush(&flush, err);
}

/* What is brought becomes files, each flushed when it is whole. */
static int node_worker_unpack(int64_t unpacked_max, struct arena *arena,
	struct checkpoint_description *ret_description, struct error *err)
{
	if (node_worker_confine(NODE_WORKER_DIRECTORY, err) < 0 ||
		checkpoint_unpack(STDIN_FILENO, unpacked_max, NODE_WORKER_DIRECTORY, arena,
			ret_description, err) < 0)
		return -1;
	return file_sync(NODE_WORKER_DIRECTORY, "the checkpoint's directory", err);
}

static const struct {
	const char *verb;
	int (*describe)(int64_t unpacked_max, struct arena *arena,
		struct checkpoint_description *ret_description, struct error *err);
} node_worker_verbs[] = {
	{"describe", node_worker_describe_archive},
	{"absorb", node_worker_describe_directory},
	{"unpack", node_worker_unpack},
};

static int node_worker_run(size_t verb, int64_t unpacked_max, struct buf *out, struct error *err)
{
	autoarena *arena = arena_new(16 * 1024);
	struct checkpoint_description description;

	if (node_worker_verbs[verb].describe(unpacked_max, arena, &description, err) < 0)
		return -1;
	checkpoint_description_encode(&description, out);
	return buf_check(out, "description", err);
}

int node_worker_main(int count, char *const *arguments)
{
	autobuf out = BUF_INIT(LIMIT_ARCHIVE_METADATA);
	const char *verb = count >= 1 ? arguments[0] : "";
	int64_t unpacked_max = 0;
	struct error err;
	size_t place = 0;
	int result;

	if (strcmp(verb, "flush") == 0)
		return node_worker_flush();
	while (place < array_size(node_worker_verbs) &&
		strcmp(verb, node_worker_verbs[place].verb) != 0)
		place++;
	if (place == array_size(node_worker_verbs) || count > 2 ||
		(count == 2 && !number_parse_i64(str_of(arguments[1]), &unpacked_max))) {
		fprintf(stderr,
			"Usage: kcr-work describe [UNPACKED-MAX] <ARCHIVE\n"
			"       kcr-work absorb <ARCHIVE 3<DIRECTORY\n"
			"       kcr-work unpack [UNPACKED-MAX] <ARCHIVE 3<DIRECTORY\n"
			"       kcr-work flush <ARCHIVE-OR-DIRECTORY\n\n"
			"Describes a checkpoint as JSON, or writes it to the disk. The agent "
			"runs it. An archive may\nbe compressed when it is said how many bytes "
			"may come of it.\n");
		return 2;
	}
	result = node_worker_run(place, unpacked_max, &out, &err);
	if (result < 0) {
		buf_clear(&out);
		node_worker_write_error(&err, &out);
	}
	if (fd_write_all(STDOUT_FILENO, buf_str(&out), "standard output", &err) < 0)
		result = -1;
	/* Exit handlers (the leak checker's) would open files, which this process has given up. */
	_exit(result < 0 ? 1 : 0);
}
