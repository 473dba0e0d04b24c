/*
 * The program `kcr-work`. It is one of its own and not a part of `kcr`, so that the libraries which
 * read archives are loaded where untrusted bytes are read, and only there.
 */
#include "node/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "checkpoint/describe.h"
#include "sys/confine.h"
#include "sys/fd.h"
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

/*
 * The archive goes to the disk while it is read: fsync(2) takes half as long as hashing, most of it
 * in handing the pages over, so a process beside us does it. Its exit code is the errno.
 */
static int node_worker_flush(void)
{
	return fsync(STDIN_FILENO) < 0 ? errno : 0;
}

static int node_worker_start_flush(struct process *ret_flush, struct error *err)
{
	static const char *const arguments[] = {"/proc/self/exe", "flush", NULL};
	static const struct process_fd fds[] = {
		{STDIN_FILENO, STDIN_FILENO}, {STDERR_FILENO, STDERR_FILENO}};

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
		return errno == 0 ? 0 : error_set_errno(err, "cannot flush the archive");
	}
	process_format_status(status, how);
	return error_set(err, ERROR_SYSTEM, "flushing the archive ended with %s", how);
}

static int node_worker_describe(struct buf *out, struct error *err)
{
	autoarena *arena = arena_new(16 * 1024);
	struct process flush;
	struct checkpoint_description description;
	bool is_complete;

	if (node_worker_start_flush(&flush, err) < 0)
		return -1;
	if (confine_self(&is_complete, err) < 0) /* `flush` dies with us */
		return -1;
	if (!is_complete)
		log_debug("This kernel has no Landlock; the worker could open files");
	if (checkpoint_describe(STDIN_FILENO, arena, &description, err) < 0 ||
		node_worker_join_flush(&flush, err) < 0)
		return -1;
	checkpoint_description_encode(&description, out);
	return buf_check(out, "description", err);
}

int node_worker_main(int count, char *const *arguments)
{
	autobuf out = BUF_INIT(LIMIT_ARCHIVE_METADATA);
	struct error err;
	int result;

	if (count == 1 && strcmp(arguments[0], "flush") == 0)
		return node_worker_flush();
	if (count != 1 || strcmp(arguments[0], "describe") != 0) {
		fprintf(stderr,
			"Usage: kcr-work describe|flush <ARCHIVE\n\nDescribes a checkpoint "
			"archive as JSON, or writes it to the disk. The agent runs it.\n");
		return 2;
	}
	result = node_worker_describe(&out, &err);
	if (result < 0) {
		buf_clear(&out);
		node_worker_write_error(&err, &out);
	}
	if (fd_write_all(STDOUT_FILENO, buf_str(&out), "standard output", &err) < 0)
		result = -1;
	/* Exit handlers (the leak checker's) would open files, which this process has given up. */
	_exit(result < 0 ? 1 : 0);
}
