/* Starting the worker, reading what it says, and telling how it ended. */
#include "node/work.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "node/worker.h"
#include "sys/fd.h"
#include "sys/process.h"
#include "json/json.h"

enum {
	NODE_WORK_MS = 900000, /* for one archive; at 20 MB/s that is 18 GB */
	NODE_WORK_STEP = 16 * 1024,
};

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

/* The worker's program, beside ours. */
static int node_work_program(struct buf *path, struct error *err)
{
	char own[PATH_MAX];
	struct str directory;
	struct str name;
	ssize_t size = readlink("/proc/self/exe", own, sizeof(own));

	if (size < 0)
		return error_set_errno(err, "cannot tell where the agent's program lies");
	(void)str_cut_last((struct str){own, (size_t)size}, '/', &directory, &name);
	buf_printf(path, "%.*s/" NODE_WORKER_PROGRAM, STR_ARG(directory));
	return buf_check(path, "path of " NODE_WORKER_PROGRAM, err);
}

static const char *node_work_verb(const struct node_work_input *input)
{
	if (input->directory < 0)
		return "describe";
	return input->is_unpacked ? "unpack" : "absorb";
}

static int node_work_spawn(const struct node_work_input *input, int output,
	struct process *ret_process, struct error *err)
{
	static const char *const environment[] = {NULL};
	const char *verb = node_work_verb(input);
	char unpacked_max[24];
	autobuf program = BUF_INIT(PATH_MAX);
	const struct process_fd fds[] = {{input->archive, STDIN_FILENO}, {output, STDOUT_FILENO},
		{STDERR_FILENO, STDERR_FILENO}, {input->directory, NODE_WORKER_DIRECTORY}};

	if (node_work_program(&program, err) < 0)
		return -1;
	(void)snprintf(unpacked_max, sizeof(unpacked_max), "%" PRId64, input->unpacked_max);
	return process_start(
		&(struct process_spec){
			.arguments = (const char *const[]){program.data, verb, unpacked_max, NULL},
			.environment = environment,
			.fds = fds,
			.fd_count = input->directory < 0 ? array_size(fds) - 1 : array_size(fds)},
		ret_process, err);
}

int node_work_start(struct loop *loop, const struct node_work_input *input, node_work_fn done,
	void *context, struct node_work **ret_work, struct error *err)
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
		node_work_spawn(input, write_end, &process, err) < 0 ||
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
