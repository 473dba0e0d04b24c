/*
 * Check, change the root, restore; and if that fails, everything back. Before the root is touched
 * it is known how to undo it: the overlay can be mounted again with an empty writable directory,
 * to which is applied what was in it before.
 */
#include "runtime/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "runtime/cgroup.h"
#include "runtime/layer.h"
#include "runtime/overlay.h"
#include "runtime/verify.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/process.h"

#define RESTORE_IMAGES  "checkpoint" /* CRIU's images, in the checkpoint's directory */
#define RESTORE_LAYER   "rootfs-diff.tar"
#define RESTORE_DELETED "deleted.files"

enum { RESTORE_DELETE_DEADLINE_MS = 10000 };

/* A restore on its way. */
struct restore {
	const struct runtime_host *host;
	const struct handover_candidate *candidate;
	struct handover_attempt *attempt;
	struct str directory; /* of the checkpoint; a path */
	int directory_fd; /* owned */
	const struct runtime_bundle *bundle;
	struct str work; /* CRIU's working directory, for the log; removed */
	bool has_layer;
	bool has_deleted;
	struct runtime_overlay overlay;
	int before_fd; /* owned; what was in the writable directory, a layer; -1: nothing */
};

static void restore_done(struct restore *restore)
{
	struct error ignored;

	fd_close(&restore->directory_fd);
	fd_close(&restore->before_fd);
	if (restore->work.size > 0 && file_remove_tree(AT_FDCWD, restore->work.data, &ignored) < 0)
		return; /* a log on a file system in memory */
}

/* What the node lacks for the moment, whichever checkpoint it is. */
static bool restore_is_trouble(const struct error *err)
{
	static const int numbers[] = {ENOSPC, EDQUOT, EROFS, ENOMEM, EMFILE, ENFILE, EAGAIN, EBUSY,
		EIO, EINTR, ETIMEDOUT};

	for (size_t i = 0; i < array_size(numbers); i++)
		if (err->system_errno == numbers[i])
			return true;
	return err->kind == ERROR_TIMEOUT;
}

/* `outcome` and `reason` unless it is the node's trouble. */
static void restore_fail(
	struct restore *restore, const char *outcome, const char *reason, const struct error *err)
{
	bool is_trouble = restore_is_trouble(err);

	restore->attempt->outcome = str_of(is_trouble ? HANDOVER_COLD : outcome);
	restore->attempt->reason = str_of(is_trouble ? HANDOVER_NODE_TROUBLE : reason);
	restore->attempt->message = arena_str(restore->host->arena, str_of(err->text));
}

static int64_t restore_lap(struct mono_time *since)
{
	struct mono_time now = clock_mono();
	int64_t us = now.us - since->us;

	*since = now;
	return us;
}

/* ---- what there is ---- */

static bool restore_names_file(const struct handover_candidate *candidate, const char *path)
{
	const struct handover_file *files = candidate->files.items;

	for (size_t i = 0; i < candidate->files.count; i++)
		if (str_is(files[i].path, path))
			return true;
	return false;
}

/* Opens the checkpoint's directory, which the plan names within the store. */
static int restore_open(struct restore *restore, struct error *err)
{
	const struct runtime_host *host = restore->host;
	autoclose int store_fd = -1;

	if (file_open_directory(host->config.store.data, &store_fd, err) < 0)
		return -1;
	restore->directory =
		runtime__path(host, host->config.store, restore->candidate->directory.data);
	return file_open_beneath(store_fd, restore->candidate->directory.data,
		O_RDONLY | O_DIRECTORY, 0, &restore->directory_fd, err);
}

/* Keeps what is in the writable directory already, in a file without a name. */
static int restore_keep_layer(struct restore *restore, struct error *err)
{
	const struct runtime_layer_limits limits = {
		.bytes = RUNTIME_FRESH_LAYER_BYTES, .deadline = restore->host->deadline};
	struct runtime_layer_size size;
	autoclose int upper_fd = -1;
	autoclose int fd = -1;

	if (file_open_directory(restore->overlay.upper.data, &upper_fd, err) < 0)
		return -1;
	fd = open(restore->host->config.state.data, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(
			err, "cannot make a file in '%s'", restore->host->config.state.data);
	if (runtime_layer_save(upper_fd, fd, &limits, &size, err) < 0)
		return error_wrap(err, "the new container's own layer");
	if (size.entries > 0)
		restore->before_fd = fd_take(&fd);
	return 0;
}

/* Everything that can be known before anything is changed. */
static int restore_prepare(struct restore *restore, struct error *err)
{
	const struct runtime_host *host = restore->host;
	int found;

	restore->work =
		arena_printf(host->arena, "%s/%s.work", host->config.state.data, host->call.id);
	if ((mkdir(host->config.state.data, 0700) < 0 && errno != EEXIST) ||
		(mkdir(restore->work.data, 0700) < 0 && errno != EEXIST))
		return error_set_errno(err, "cannot make directory '%s'", restore->work.data);
	restore->has_layer = restore_names_file(restore->candidate, RESTORE_LAYER);
	restore->has_deleted = restore_names_file(restore->candidate, RESTORE_DELETED);
	if (!restore->has_layer && !restore->has_deleted)
		return 0;
	found = runtime_overlay_find(restore->bundle->root, host->arena, &restore->overlay, err);
	if (found == 0)
		return error_set(err, ERROR_UNSUPPORTED,
			"the root is no overlay, so that a failed restore could not be undone");
	return found < 0 ? -1 : restore_keep_layer(restore, err);
}

/* ---- the root ---- */

static int restore_delete_files(struct restore *restore, int root_fd, struct error *err)
{
	autobuf text = BUF_INIT(LIMIT_ARCHIVE_METADATA);
	autoclose int fd = -1;

	if (file_open_beneath(restore->directory_fd, RESTORE_DELETED, O_RDONLY, 0, &fd, err) < 0 ||
		fd_read_all(fd, &text, RESTORE_DELETED, err) < 0)
		return -1;
	return runtime_layer_delete(buf_str(&text), root_fd, err);
}

static int restore_change_root(struct restore *restore, struct error *err)
{
	autoclose int root_fd = -1;
	autoclose int tar_fd = -1;

	if (!restore->has_layer && !restore->has_deleted)
		return 0;
	if (file_open_directory(restore->bundle->root.data, &root_fd, err) < 0)
		return -1;
	if (restore->has_layer &&
		(file_open_beneath(
			 restore->directory_fd, RESTORE_LAYER, O_RDONLY, 0, &tar_fd, err) < 0 ||
			runtime_layer_apply(tar_fd, root_fd, err) < 0))
		return -1;
	return restore->has_deleted ? restore_delete_files(restore, root_fd, err) : 0;
}

static int restore_undo_root(const struct restore *restore, struct error *err)
{
	autoclose int root_fd = -1;

	if (!restore->has_layer && !restore->has_deleted)
		return 0;
	if (runtime_overlay_empty(&restore->overlay, err) < 0)
		return -1;
	if (restore->before_fd < 0)
		return 0;
	if (file_open_directory(restore->bundle->root.data, &root_fd, err) < 0)
		return -1;
	return runtime_layer_apply(restore->before_fd, root_fd, err);
}

/* ---- the processes ---- */

/* CRIU's reasons from restore.log, or what the runtime ended with. */
static void restore_explain(const struct restore *restore, int status, struct error *err)
{
	char ended[PROCESS_STATUS_TEXT];
	autobuf reasons = BUF_INIT(LIMIT_ERROR_TEXT);

	runtime__criu_reasons(
		runtime__path(restore->host, restore->work, "restore.log").data, &reasons);
	process_format_status(status, ended);
	if (reasons.size > 0)
		(void)error_set(err, ERROR_SYSTEM, "%s", reasons.data);
	else
		(void)error_set(err, ERROR_SYSTEM, "the runtime ended with %s", ended);
}

/* The container's own streams are inherited: a log on them would become the container's. */
static int restore_run(const struct restore *restore, struct error *err)
{
	const struct runtime_host *host = restore->host;
	const struct runtime_call *call = &host->call;
	struct str images = runtime__path(host, restore->directory, RESTORE_IMAGES);
	const char *arguments[16] = {"restore", "--detach", "--bundle", call->bundle,
		"--image-path", images.data, "--work-path", restore->work.data};
	size_t used = 8;
	int left_ms;
	int status;

	if (call->pid_file != NULL) {
		arguments[used++] = "--pid-file";
		arguments[used++] = call->pid_file;
	}
	if (call->console_socket != NULL) {
		arguments[used++] = "--console-socket";
		arguments[used++] = call->console_socket;
	}
	if (call->no_pivot)
		arguments[used++] = "--no-pivot";
	arguments[used] = call->id;
	if (runtime__time_left(host, &left_ms, err) < 0 ||
		runtime__run(host, arguments, RUNTIME_STDIO_INHERITED, left_ms, &status, err) < 0)
		return -1;
	if (status == 0)
		return 0;
	restore_explain(restore, status, err);
	return -1;
}

/* crun leaves cgroups behind when CRIU fails, and then cannot create the container in them. */
static void restore_remove_container(const struct restore *restore)
{
	const char *const arguments[] = {"delete", "--force", restore->host->call.id, NULL};
	struct error ignored; /* what is left over, `create` will complain about */
	int status;

	if (runtime__run(restore->host, arguments, RUNTIME_STDIO_NONE, RESTORE_DELETE_DEADLINE_MS,
		    &status, &ignored) < 0 ||
		runtime__cgroup_remove(restore->bundle->cgroup, restore->host->arena, &ignored) < 0)
		return;
}

/* Puts everything back; what cannot be is added to the reason of the failure. Then -1. */
static int restore_undo(struct restore *restore, struct error *err)
{
	struct error undo_error;

	restore_remove_container(restore);
	if (restore_undo_root(restore, &undo_error) == 0)
		return 0;
	return error_wrap(err, "%s; and before", undo_error.text);
}

int runtime__restore(const struct runtime_host *host, const struct runtime_bundle *bundle,
	const struct handover_candidate *candidate, struct handover_attempt *attempt)
{
	clean_up(restore_done) struct restore restore = {
		.host = host,
		.candidate = candidate,
		.attempt = attempt,
		.bundle = bundle,
		.directory_fd = -1,
		.before_fd = -1,
	};
	struct mono_time since = clock_mono();
	struct error err;
	int undone;

	attempt->checkpoint = candidate->uid;
	if (restore_open(&restore, &err) < 0 ||
		runtime_verify(candidate, restore.directory_fd, host->deadline, &err) < 0) {
		restore_fail(&restore, HANDOVER_DAMAGED, "CheckpointDamaged", &err);
		return 0;
	}
	attempt->verify_us = restore_lap(&since);
	if (restore_prepare(&restore, &err) < 0) {
		restore_fail(&restore, HANDOVER_FAILED, "RestoreUnsupported", &err);
		return 0;
	}
	if (restore_change_root(&restore, &err) < 0) {
		undone = restore_undo(&restore, &err);
		restore_fail(&restore, HANDOVER_FAILED, "LayerFailed", &err);
		return undone;
	}
	attempt->layer_us = restore_lap(&since);
	if (restore_run(&restore, &err) < 0) {
		undone = restore_undo(&restore, &err);
		restore_fail(&restore, HANDOVER_FAILED, "RestoreFailed", &err);
		return undone;
	}
	attempt->restore_us = restore_lap(&since);
	attempt->outcome = STR(HANDOVER_RESTORED);
	return 0;
}
