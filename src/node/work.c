/* Both ends of the pipe between the agent and its worker. */
#include "node/work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sys/confine.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/process.h"
#include "json/json.h"

enum {
	NODE_WORK_MS = 900000, /* for one archive; at 20 MB/s that is 18 GB */
	NODE_WORK_STEP = 16 * 1024,
};

/* ---- The worker's side ---- */

/* {"error":{"kind":4,"text":"..."}}: the kind is of the same program, so its number will do. */
static void node_work_write_error(const struct error *err, struct buf *out)
{
	struct json_writer writer = json_writer(out);

	json_begin_object(&writer);
	json_set_object(&writer, "error");
	json_set_i64(&writer, "kind", err->kind);
	json_set_text(&writer, "text", err->text);
	json_end_object(&writer);
	json_end_object(&writer);
}

static int node_work_spawn(
	const char *what, int archive, int output, struct process *ret_process, struct error *err)
{
	static const char *const environment[] = {NULL};
	const char *const arguments[] = {"/proc/self/exe", "work", what, NULL};
	const struct process_fd fds[] = {
		{archive, STDIN_FILENO}, {output, STDOUT_FILENO}, {STDERR_FILENO, STDERR_FILENO}};

	return process_start(&(struct process_spec){.arguments = arguments,
				     .environment = environment,
				     .fds = fds,
				     .fd_count = array_size(fds)},
		ret_process, err);
}

/*
 * The archive goes to the disk while it is read: fsync(2) takes half as long as hashing, most of it
 * in handing the pages over, so a process beside us does it. Its exit code is the errno.
 */
static int node_work_flush(void)
{
	return fsync(STDIN_FILENO) < 0 ? errno : 0;
}

static int node_work_join_flush(struct process *flush, struct error *err)
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

static int node_work_describe(struct buf *out, struct error *err)
{
	autoarena *arena = arena_new(16 * 1024);
	struct process flush;
	struct checkpoint_description description;
	bool is_complete;

	if (node_work_spawn("flush", STDIN_FILENO, STDERR_FILENO, &flush, err) < 0)
		return -1;
	if (confine_self(&is_complete, err) < 0) /* `flush` dies with us */
		return -1;
	if (!is_complete)
		log_debug("This kernel has no Landlock; the worker could open files");
	if (checkpoint_describe(STDIN_FILENO, arena, &description, err) < 0 ||
		node_work_join_flush(&flush, err) < 0)
		return -1;
	checkpoint_description_encode(&description, out);
	return buf_check(out, "description", err);
}

int node_work_main(int count, char *const *arguments)
{
	autobuf out = BUF_INIT(LIMIT_ARCHIVE_METADATA);
	struct error err;
	int result;

	if (count == 1 && strcmp(arguments[0], "flush") == 0)
		return node_work_flush();
	if (count != 1 || strcmp(arguments[0], "describe") != 0) {
		fprintf(stderr,
			"Usage: kcr work describe|flush <ARCHIVE\n\nDescribes a checkpoint "
			"archive as JSON, or writes it to the disk. The agent runs it.\n");
		return 2;
	}
	result = node_work_describe(&out, &err);
	if (result < 0) {
		buf_clear(&out);
		node_work_write_error(&err, &out);
	}
	if (fd_write_all(STDOUT_FILENO, buf_str(&out), "standard output", &err) < 0)
		result = -1;
	/* Exit handlers (the leak checker's) would open files, which this process has given up. */
	_exit(result < 0 ? 1 : 0);
}

/* ---- The agent's side ---- */

struct node_work {
	struct loop *loop;
	node_work_fn done;
	void *context;
	int pipe;
	struct buf text;
	struct loop_source *readable;
	struct loop_source *child;
	struct loop_source *deadline;
};

void node_work_free(struct node_work *work)
{
	if (work == NULL)
		return;
	loop_source_free(work->readable);
	loop_source_free(work->child);
	loop_source_free(work->deadline);
	fd_close(&work->pipe);
	buf_done(&work->text);
	free(work);
}

static void node_work_readable(void *context, unsigned events)
{
	struct node_work *work = context;
	char step[NODE_WORK_STEP];
	ssize_t size = read(work->pipe, step, sizeof(step));

	(void)events;
	if (size > 0) {
		buf_add(&work->text, (struct str){step, (size_t)size});
		return;
	}
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	loop_source_free(work->readable); /* the end; the child's tells how it went */
	work->readable = NULL;
}

/* What the worker said went wrong; a worker that said nothing has died. */
static int node_work_read_error(
	const struct node_work *work, const struct json *root, int status, struct error *err)
{
	const struct json *said = json_get(root, "error");
	int64_t kind = json_i64(json_get(said, "kind"), 0);
	char how[PROCESS_STATUS_TEXT];

	if (said != NULL && kind > ERROR_NONE && kind < ERROR_KIND_COUNT)
		return error_set(err, (enum error_kind)kind, "%.*s",
			STR_ARG(json_str(json_get(said, "text"))));
	process_format_status(status, how);
	return error_set(err, ERROR_SYSTEM, "the worker ended with %s after %zu bytes", how,
		work->text.size);
}

static int node_work_read(const struct node_work *work, int status, struct arena *arena,
	struct checkpoint_description *ret_description, struct error *err)
{
	autojson *doc = NULL;

	if (json_parse(buf_str(&work->text), &doc, err) < 0 || status != 0)
		return node_work_read_error(
			work, doc != NULL ? json_doc_root(doc) : NULL, status, err);
	return checkpoint_description_decode(buf_str(&work->text), arena, ret_description, err);
}

static void node_work_ended(void *context, int status)
{
	struct node_work *work = context;
	autoarena *arena = arena_new(4096);
	struct checkpoint_description description;
	struct error err;

	while (work->readable != NULL)
		node_work_readable(work, LOOP_READ);
	loop_timer_stop(work->deadline);
	if (node_work_read(work, status, arena, &description, &err) < 0)
		work->done(work->context, NULL, &err);
	else
		work->done(work->context, &description, NULL);
}

static void node_work_late(void *context)
{
	struct node_work *work = context;
	struct error err;

	loop_source_free(work->child);
	work->child = NULL;
	(void)error_set(&err, ERROR_TIMEOUT, "the archive could not be read within %d s",
		NODE_WORK_MS / 1000);
	work->done(work->context, NULL, &err);
}

int node_work_start(struct loop *loop, int fd, node_work_fn done, void *context,
	struct node_work **ret_work, struct error *err)
{
	struct process process = PROCESS_NONE;
	struct node_work *work;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	autoclose int write_end = ends[1];
	work = new_zeroed(struct node_work);
	work->loop = loop;
	work->done = done;
	work->context = context;
	work->pipe = ends[0];
	work->text = BUF_INIT(LIMIT_ARCHIVE_METADATA);
	work->deadline = loop_timer_new(loop, node_work_late, work);
	if (fd_set_nonblocking(work->pipe, err) < 0 ||
		node_work_spawn("describe", fd, write_end, &process, err) < 0 ||
		loop_watch_fd(loop, work->pipe, LOOP_READ, node_work_readable, work,
			&work->readable, err) < 0 ||
		loop_watch_child(loop, &process, node_work_ended, work, &work->child, err) < 0) {
		process_kill(&process);
		node_work_free(work);
		return -1;
	}
	loop_timer_set(work->deadline, NODE_WORK_MS);
	*ret_work = work;
	return 0;
}
