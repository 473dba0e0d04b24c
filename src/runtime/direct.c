/*
 * The engine has its own way with what a runtime dumps: containerd copies it three times while the
 * container stands still (client.Task.Checkpoint pauses it first, and resumes it after the file
 * system's changes were compared and packed). So it is dumped straight into the store, the changes
 * are taken from the overlay while the container is still paused, it is resumed, and the engine
 * finds a note of a few bytes where it looks for the dump.
 */
#include "runtime/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "runtime/bundle.h"
#include "runtime/layer.h"
#include "runtime/marks.h"
#include "runtime/overlay.h"
#include "runtime/pause.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"

#define DIRECT_RESUMED "resumed" /* suffix of the state file: the engine's `resume` is to come */
#define DIRECT_IMAGES  "checkpoint"
#define DIRECT_LAYER   "rootfs-diff.tar"
#define DIRECT_NOTE    "kcr.json"

enum { DIRECT_STEP_DEADLINE_MS = 10000 };

struct direct {
	const struct runtime_host *host;
	struct str directory; /* where the order wants it; a path */
	int directory_fd; /* owned */
	struct handover_order order;
	struct runtime_bundle bundle; /* owned */
	struct runtime_overlay overlay;
	bool was_paused; /* before us */
	struct handover_direct result;
};

static void direct_done(struct direct *direct)
{
	fd_close(&direct->directory_fd);
	runtime__bundle_done(&direct->bundle);
}

/* Takes the order: returns 1, or 0 when there is none. It counts once. */
static int direct_take_order(struct direct *direct, struct error *err)
{
	const struct runtime_host *host = direct->host;
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	autoclose int store_fd = -1;
	struct str path = arena_printf(
		host->arena, "%s/orders/%s.json", host->config.store.data, host->call.id);

	if (file_read(AT_FDCWD, path.data, &text, err) < 0)
		return err->kind == ERROR_ABSENT ? 0 : -1;
	(void)unlink(path.data);
	if (handover_order_read(buf_str(&text), host->arena, &direct->order, err) < 0)
		return -1;
	if (direct->order.directory.size == 0)
		return clock_wall().us < direct->order.until.us ? 1 : 0;
	if (file_open_directory(host->config.store.data, &store_fd, err) < 0 ||
		file_open_beneath(store_fd, direct->order.directory.data, O_RDONLY | O_DIRECTORY, 0,
			&direct->directory_fd, err) < 0)
		return -1;
	direct->directory = runtime__path(host, host->config.store, direct->order.directory.data);
	return 1;
}

/* What the runtime says of the container: its bundle, and whether it is paused. */
static int direct_look(struct direct *direct, struct error *err)
{
	const struct runtime_host *host = direct->host;
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	autojson *doc = NULL;
	struct str bundle;
	int found;

	if (runtime__state(host, &text, err) < 0 || json_parse(buf_str(&text), &doc, err) < 0)
		return -1;
	direct->was_paused = str_is(json_str(json_get(json_doc_root(doc), "status")), "paused");
	bundle = arena_str(host->arena, json_str(json_get(json_doc_root(doc), "bundle")));
	found = runtime__bundle_read(bundle.data, host->arena, &direct->bundle, err);
	if (found == 0)
		return error_set(err, ERROR_UNSUPPORTED, "this is no container of a Pod");
	if (found < 0)
		return -1;
	found = runtime_overlay_find(direct->bundle.root, host->arena, &direct->overlay, err);
	if (found == 0)
		return error_set(err, ERROR_UNSUPPORTED, "the root '%s' is no overlay",
			direct->bundle.root.data);
	return found < 0 ? -1 : 0;
}

/* `pause` or `resume`. */
static int direct_step(const struct direct *direct, const char *verb, struct error *err)
{
	const char *const arguments[] = {verb, direct->host->call.id, NULL};
	int status;

	if (runtime__run(direct->host, arguments, RUNTIME_STDIO_NONE, DIRECT_STEP_DEADLINE_MS,
		    &status, err) < 0)
		return -1;
	if (status != 0)
		return error_set(err, ERROR_SYSTEM, "the runtime could not %s the container", verb);
	return 0;
}

/* The call as the engine made it, but for the path of the images. */
static int direct_dump(struct direct *direct, int *ret_status, struct error *err)
{
	const struct runtime_host *host = direct->host;
	const struct runtime_call *call = &host->call;
	const char *arguments[RUNTIME_ARGUMENTS_MAX + 1];
	size_t used = 0;

	/* runc would make it without the right to enter it, and the agent has no capability */
	if (mkdirat(direct->directory_fd, DIRECT_IMAGES, 0700) < 0)
		return error_set_errno(
			err, "cannot make '%s/%s'", direct->directory.data, DIRECT_IMAGES);
	for (size_t i = call->verb_index; i < host->argument_count; i++)
		arguments[used++] = host->arguments[i];
	arguments[call->image_path_index - call->verb_index] =
		arena_printf(host->arena, "%.*s%s/" DIRECT_IMAGES, (int)call->image_path_skip,
			host->arguments[call->image_path_index], direct->directory.data)
			.data;
	arguments[used] = NULL;
	return runtime__run(
		host, arguments, RUNTIME_STDIO_NONE, RUNTIME_DUMP_DEADLINE_MS, ret_status, err);
}

/*
 * The engine passes on the first line that a runtime writes, which is "type DUMP errno 0" of each
 * of them. So CRIU's own reasons are that line. False when there are none.
 */
static bool direct_explain(const struct direct *direct)
{
	const struct runtime_host *host = direct->host;
	autobuf reasons = BUF_INIT(LIMIT_ERROR_TEXT);
	struct str work =
		str_of(host->call.work_path != NULL ? host->call.work_path : host->call.image_path);

	runtime__criu_reasons(runtime__path(host, work, "dump.log").data, &reasons);
	if (reasons.size > 0)
		(void)fprintf(stderr, "criu failed: %s\n", reasons.data);
	return reasons.size > 0;
}

static int direct_save_layer(struct direct *direct, struct error *err)
{
	const int64_t most = direct->order.max_bytes;
	const struct runtime_layer_limits limits = {
		.bytes = most > 0 ? most : INT64_MAX,
		.deadline = {clock_mono().us + RUNTIME_LAYER_DEADLINE_MS * INT64_C(1000)},
	};
	struct runtime_layer_size size;
	autoclose int upper_fd = -1;
	autoclose int tar_fd = -1;

	if (file_open_directory(direct->overlay.upper.data, &upper_fd, err) < 0 ||
		file_open_beneath(direct->directory_fd, DIRECT_LAYER, O_WRONLY | O_CREAT | O_EXCL,
			0600, &tar_fd, err) < 0)
		return -1;
	if (runtime_layer_save(upper_fd, tar_fd, &limits, &size, err) < 0)
		return -1;
	direct->result.layer_bytes = size.bytes;
	return 0;
}

/*
 * The container goes on; the engine, if it paused it, will resume it once more. What somebody else
 * has paused stays so.
 */
static int direct_thaw(struct direct *direct, struct error *err)
{
	if (direct->was_paused && !runtime__pause_is_engines(direct->host))
		return 0;
	if (direct->was_paused &&
		runtime__state_write(direct->host, DIRECT_RESUMED, STR(""), err) < 0)
		return -1; /* the engine will resume it */
	return direct_step(direct, "resume", err);
}

/* What the engine finds where it looks for the dump. */
static int direct_write_note(const struct direct *direct, struct error *err)
{
	const char *path = direct->host->call.image_path;
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);

	handover_order_write(&direct->order, &text);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_set_errno(err, "cannot make directory '%s'", path);
	return runtime__write(AT_FDCWD, runtime__path(direct->host, str_of(path), DIRECT_NOTE).data,
		buf_str(&text), err);
}

static int direct_write_result(struct direct *direct, struct error *err)
{
	const struct runtime_container *container = &direct->bundle.container;
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);

	direct->result.version = HANDOVER_FORMAT_VERSION;
	direct->result.container_id = str_of(direct->host->call.id);
	direct->result.pod_uid = container->pod_uid;
	direct->result.namespace = container->namespace;
	direct->result.pod = container->pod;
	direct->result.container = container->name;
	direct->result.image = container->image;
	direct->result.layers = direct->overlay.lower;
	handover_direct_write(&direct->result, &text);
	/* not by its path, where an agent begun anew may have made another one */
	return runtime__write(direct->directory_fd, HANDOVER_RESULT, buf_str(&text), err);
}

/*
 * Takes the checkpoint up to the point where the container goes on; with -1 nothing of ours stays
 * and it is as the engine left it. *ret_status is the runtime's, when it could not dump.
 */
static int direct_take(struct direct *direct, int *ret_status, struct error *err)
{
	struct mono_time began = clock_mono();
	struct mono_time dumped;
	struct mono_time saved;

	direct->result.taken = clock_wall();
	if (!direct->was_paused && direct_step(direct, "pause", err) < 0)
		return -1;
	if (direct_dump(direct, ret_status, err) < 0)
		return -1;
	if (*ret_status != 0)
		return error_set(err, ERROR_SYSTEM, "the runtime could not dump the container");
	dumped = clock_mono();
	if (direct_save_layer(direct, err) < 0)
		return -1;
	saved = clock_mono();
	if (direct_thaw(direct, err) < 0)
		return -1;
	direct->result.dump_us = dumped.us - began.us;
	direct->result.layer_us = saved.us - dumped.us;
	direct->result.frozen_us = clock_mono().us - began.us;
	return 0;
}

static void direct_give_up(struct direct *direct)
{
	struct error ignored; /* the agent removes what its order left over */

	(void)runtime__state_take(direct->host, DIRECT_RESUMED);
	if (!direct->was_paused && direct_step(direct, "resume", &ignored) < 0)
		(void)fprintf(stderr, "kcr-runtime: %s\n", ignored.text);
	if (file_remove_tree(direct->directory_fd, DIRECT_IMAGES, &ignored) < 0 ||
		file_remove_tree(direct->directory_fd, DIRECT_LAYER, &ignored) < 0)
		return;
}

/*
 * The container is killed while it is paused, by the runtime, whose right that is; then nothing
 * more comes of its memory. It is let go on, or a process that is frozen (cgroup v1) would not end.
 */
static int direct_end(const struct direct *direct, struct error *err)
{
	const char *const arguments[] = {"kill", direct->host->call.id, "KILL", NULL};
	struct error ignored; /* there is nothing any more that could go on */
	int status;

	if (runtime__mark_replaced(direct->host, err) < 0 ||
		runtime__run(direct->host, arguments, RUNTIME_STDIO_NONE, DIRECT_STEP_DEADLINE_MS,
			&status, err) < 0)
		return -1;
	if (status != 0)
		return error_set(err, ERROR_SYSTEM, "the runtime could not kill the container");
	(void)!direct_step(direct, "resume", &ignored);
	return 0;
}

/* The engine is told that there is no checkpoint, which is so. */
static int direct_end_as_ordered(const struct direct *direct)
{
	struct error err;

	if (direct_end(direct, &err) < 0)
		(void)fprintf(stderr, "kcr-runtime: %s\n", err.text);
	else
		(void)fprintf(stderr, "kcr-runtime: the container was ended to be restored\n");
	return 1;
}

bool runtime__checkpoint(const struct runtime_host *host, int *ret_exit_status)
{
	clean_up(direct_done) struct direct direct = {
		.host = host, .directory_fd = -1, .bundle = RUNTIME_BUNDLE_INIT};
	struct error err;
	int status = 0;

	if (!host->call.leave_running || host->call.image_path == NULL ||
		direct_take_order(&direct, &err) != 1)
		return false;
	if (direct.order.directory.size == 0) {
		*ret_exit_status = direct_end_as_ordered(&direct);
		return true;
	}
	if (direct_look(&direct, &err) < 0)
		return false;
	if (direct_take(&direct, &status, &err) < 0) {
		direct_give_up(&direct);
		*ret_exit_status = status != 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
		/* it would take as long, or as much, once more */
		if (err.kind == ERROR_TIMEOUT || err.kind == ERROR_TOO_BIG) {
			(void)fprintf(stderr, "kcr-runtime: %s\n", err.text);
			return true;
		}
		/* what failed on our side may work the engine's way, or the runtime says why not */
		return status != 0 && direct_explain(&direct);
	}
	if (direct_write_note(&direct, &err) == 0 && direct_write_result(&direct, &err) == 0) {
		*ret_exit_status = 0;
		return true;
	}
	(void)fprintf(stderr, "kcr-runtime: %s\n", err.text);
	*ret_exit_status = 1;
	return true;
}

bool runtime__is_resumed(const struct runtime_host *host)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct error ignored; /* absent */

	return runtime__state_read(host, DIRECT_RESUMED, &text, &ignored) == 0;
}

void runtime__forget_resumed(const struct runtime_host *host)
{
	(void)runtime__state_take(host, DIRECT_RESUMED);
}

bool runtime__resume(const struct runtime_host *host)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	autojson *doc = NULL;
	struct error ignored;

	if (!runtime__state_take(host, DIRECT_RESUMED))
		return false;
	return runtime__state(host, &text, &ignored) == 0 &&
		json_parse(buf_str(&text), &doc, &ignored) == 0 &&
		str_is(json_str(json_get(json_doc_root(doc), "status")), "running");
}
