/* What is read in which order, so that each part finds what it refers to. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "checkpoint/metadata.h"
#include "criu/inventory.h"
#include "criu/log.h"
#include "criu/stats.h"
#include "inspect/build.h"
#include "inspect/changes.h"
#include "sys/fd.h"
#include "sys/file.h"

struct inspect_place {
	char *name;
	struct reader *reader; /* NULL: a directory */
	int directory_fd;
};

void inspect_free(struct inspect *inspect)
{
	if (inspect == NULL)
		return;
	inspect__source_done(&inspect->source);
	arena_free(inspect->arena);
	free(inspect);
}

const struct inspect_report *inspect_report(const struct inspect *inspect)
{
	return &inspect->report;
}

/* The whole file of this name, if it is there; what is wrong else is a problem. */
static bool open_read(struct inspect_build *build, const char *name, struct buf *out)
{
	const struct inspect_file *file = inspect__source_find(build->source, str_of(name));
	struct error err;

	if (file == NULL)
		return false;
	if (inspect__source_read_all(build->source, file, out, &err) == 0)
		return true;
	inspect__problem(build, file->name, &err);
	return false;
}

/* config.dump and spec.dump. */
static void open_read_metadata(struct inspect_build *build)
{
	struct checkpoint_description description = {0};
	autobuf config = BUF_INIT(LIMIT_ARCHIVE_METADATA);
	autobuf spec = BUF_INIT(LIMIT_ARCHIVE_METADATA);
	struct error err;

	if (open_read(build, "config.dump", &config) &&
		checkpoint_read_config(buf_str(&config), build->arena, &description, &err) < 0)
		inspect__problem(build, STR("config.dump"), &err);
	if (open_read(build, "spec.dump", &spec) &&
		checkpoint_read_spec(buf_str(&spec), build->arena, &description, &err) < 0)
		inspect__problem(build, STR("spec.dump"), &err);
	build->report->container = (struct inspect_container){
		.name = description.container_name,
		.id = description.container_id,
		.image = description.image_name,
		.image_reference = description.image_ref,
		.engine = description.engine,
		.runtime = description.runtime,
		.pod_namespace = description.pod_namespace,
		.pod_name = description.pod_name,
		.pod_uid = description.pod_uid,
		.created = description.created,
		.checkpointed = description.checkpointed,
	};
	build->report->annotations = description.annotations;
}

static void open_read_inventory(struct inspect_build *build)
{
	struct inspect_dump *dump = &build->report->dump;
	autobuf content = BUF_INIT(LIMIT_ARCHIVE_METADATA);
	struct criu_inventory inventory;
	struct error err;
	struct str name =
		arena_printf(build->arena, "%.*sinventory.img", STR_ARG(build->source->prefix));

	if (!open_read(build, name.data, &content))
		return;
	if (criu_inventory_read(buf_str(&content), &inventory, &err) < 0) {
		inspect__problem(build, name, &err);
		return;
	}
	dump->image_version = inventory.image_version;
	dump->security_module = str_of(inventory.lsm);
	dump->tcp_closed = inventory.tcp_close;
	dump->has_plugins = inventory.has_plugins;
}

static void open_read_stats(struct inspect_build *build, const char *name)
{
	struct inspect_dump *dump = &build->report->dump;
	autobuf content = BUF_INIT(LIMIT_ARCHIVE_METADATA);
	struct criu_dump_stats stats;
	struct error err;

	if (!open_read(build, name, &content))
		return;
	if (criu_dump_stats_read(buf_str(&content), &stats, &err) < 0) {
		inspect__problem(build, str_of(name), &err);
		return;
	}
	dump->freezing_us = stats.freezing_us;
	dump->frozen_us = stats.frozen_us;
	dump->memory_dump_us = stats.memdump_us;
	dump->memory_write_us = stats.memwrite_us;
	dump->pages_scanned = (int64_t)stats.pages_scanned;
	dump->pages_written = (int64_t)stats.pages_written;
	dump->pages_in_parent = (int64_t)stats.pages_skipped_parent;
	dump->shared_pages_scanned = (int64_t)stats.shared_pages_scanned;
	dump->shared_pages_written = (int64_t)stats.shared_pages_written;
}

static void open_read_log(struct inspect_build *build, const char *name)
{
	const struct inspect_file *file = inspect__source_find(build->source, str_of(name));
	struct inspect_dump *dump = &build->report->dump;
	autobuf excerpt = BUF_INIT(LIMIT_ERROR_TEXT);
	struct criu_log log = {0};
	char piece[16 * 1024];
	struct error err;
	size_t size = 0;

	if (file == NULL || file->size_bytes > INSPECT_FILE_BYTES)
		return;
	for (int64_t at = 0; at < file->size_bytes; at += (int64_t)size) {
		if (inspect__source_read(
			    build->source, file, at, piece, sizeof(piece), &size, &err) < 0) {
			inspect__problem(build, file->name, &err);
			return;
		}
		if (size == 0)
			break;
		criu_log_add(&log, (struct str){piece, size});
	}
	criu_log_end(&log);
	dump->criu_version = arena_str(build->arena, str_of(log.version));
	if (!log.has_failed)
		return;
	criu_log_excerpt(&log, &excerpt);
	dump->error = arena_str(build->arena, buf_str(&excerpt));
}

/* Files of a checkpoint that are understood, by how their names begin; others are named. */
static bool open_is_known_image(struct str name)
{
	static const char *const known[] = {"inventory.", "pstree.", "core-", "ids-", "fs-", "mm-",
		"pagemap-", "pages-", "fdinfo-", "files.", "memfd.", "remap-fpath.", "mountpoints-",
		"utsns-", "tty-info.", "tty.", "timens-", "cgroup.", "seccomp.",
		/* Raw contents, and what a report leaves out. */
		"tmpfs-", "ghost-file-", "pipes-data.", "fifo-data.", "sk-queues.", "tcp-stream-",
		"netns-", "netdev-", "ifaddr-", "route-", "route6-", "rule-", "iptables-",
		"ip6tables-", "nftables-", "netns-ct-", "netns-exp-", "ipcns-", "userns-", "pidns-",
		"filelocks", "rlimit-", "sigacts-", "itimers-", "creds-", "posix-timers-",
		"signal-", "tty-data.", "cpuinfo.", "binfmt-misc-", "autofs-", "bpfmap-",
		"apparmor.", "ip-", "unix-sk-", "irmap-cache", "parent", "descriptors.json"};

	for (size_t i = 0; i < array_size(known); i++)
		if (str_starts_with(name, str_of(known[i])))
			return true;
	return false;
}

static void open_count_files(struct inspect_build *build)
{
	struct inspect_dump *dump = &build->report->dump;
	const struct inspect_file *file;
	struct str prefix = build->source->prefix;
	struct str name;
	size_t at = 0;

	dump->file_count = (int64_t)build->source->files.count;
	dump->size_bytes = build->source->size_bytes;
	file = inspect__source_find(build->source, STR(INSPECT_CHANGES));
	if (file != NULL)
		dump->changes_bytes = file->size_bytes;
	while ((file = map_next(&build->source->files, &at, &name)) != NULL) {
		if (!str_starts_with(name, prefix))
			continue;
		name = str_from(name, prefix.size);
		if (str_starts_with(name, STR("pages-")) &&
			__builtin_add_overflow(
				dump->pages_bytes, file->size_bytes, &dump->pages_bytes))
			dump->pages_bytes = INT64_MAX;
		if (str_ends_with(name, STR(".img")) && !open_is_known_image(name))
			inspect__unknown(build, name);
	}
}

static void open_read_changes(struct inspect_build *build)
{
	struct json_list changes = {0};
	autobuf deleted = BUF_INIT(LIMIT_ARCHIVE_METADATA);
	struct error err;

	if (inspect__source_changes(build->source, &changes, &err) < 0)
		inspect__problem(build, STR(INSPECT_CHANGES), &err);
	if (open_read(build, "deleted.files", &deleted) &&
		inspect__changes_add_deleted(buf_str(&deleted), build->arena, &changes, &err) < 0)
		inspect__problem(build, STR("deleted.files"), &err);
	build->report->changes = changes;
}

const char *const inspect__marks[] = {"checkpoint/inventory.img", "checkpoint/pstree.img",
	"inventory.img", "pstree.img", "config.dump", "spec.dump", NULL};

/* Whether there is anything that makes it a checkpoint. */
static bool open_is_checkpoint(const struct inspect_source *source)
{
	for (const char *const *mark = inspect__marks; *mark != NULL; mark++)
		if (inspect__source_find(source, str_of(*mark)) != NULL)
			return true;
	return false;
}

static int open_build(struct inspect_build *build, struct error *err)
{
	struct inspect_report *report = build->report;

	if (!open_is_checkpoint(build->source))
		return error_set(err, ERROR_CORRUPT,
			"it holds no checkpoint: neither CRIU's inventory.img nor an engine's "
			"config.dump");
	open_count_files(build);
	open_read_metadata(build);
	open_read_inventory(build);
	open_read_stats(build, "stats-dump");
	if (report->dump.pages_scanned == 0)
		open_read_stats(build, "checkpoint/stats-dump");
	open_read_log(build, "dump.log");
	inspect__read_system(build);
	inspect__read_files(build);
	inspect__read_processes(build);
	if (!build->is_too_big)
		inspect__read_texts(build);
	open_read_changes(build);
	inspect__find_obstacles(build);
	if (build->is_too_big)
		return error_set(err, ERROR_TOO_BIG, "a report of it takes more than %d bytes",
			INSPECT_REPORT_BYTES);
	inspect__tell_problems(build);
	return 0;
}

static struct inspect *open_new(const char *name, const struct inspect_options *options)
{
	struct inspect *inspect = new_zeroed(struct inspect);

	inspect->arena = arena_new(64 * 1024);
	inspect->options = *options;
	inspect->source = INSPECT_SOURCE_INIT;
	inspect->report.version = INSPECT_FORMAT_VERSION;
	inspect->report.source = arena_str(inspect->arena, str_of(name));
	inspect->build = (struct inspect_build){
		.arena = inspect->arena,
		.source = &inspect->source,
		.options = &inspect->options,
		.report = &inspect->report,
	};
	return inspect;
}

int inspect_read(struct inspect_place *place, const struct inspect_options *options,
	struct inspect **ret_inspect, struct error *err)
{
	autoinspect *inspect = open_new(place->name, options);
	struct inspect_source *source = &inspect->source;
	int result = place->reader != NULL
		? inspect__source_open_tar(place->reader, inspect->arena, source, err)
		: inspect__source_open_directory(place->directory_fd, inspect->arena, source, err);

	if (result < 0 || open_build(&inspect->build, err) < 0)
		return error_wrap(err, "cannot inspect '%s'", place->name);
	*ret_inspect = take_ptr(&inspect);
	return 0;
}

/* ---- Where it lies ---- */

static struct inspect_place *place_new(const char *name)
{
	struct inspect_place *place = new_zeroed(struct inspect_place);

	place->name = str_dup(str_of(name));
	place->directory_fd = -1;
	return place;
}

void inspect_place_free(struct inspect_place *place)
{
	if (place == NULL)
		return;
	reader_free(place->reader);
	fd_close(&place->directory_fd);
	free(place->name);
	free(place);
}

struct inspect_place *inspect_place_of_reader(struct reader *reader, const char *name)
{
	struct inspect_place *place = place_new(name);

	place->reader = reader;
	return place;
}

int inspect_place_directory(const struct inspect_place *place)
{
	return place->directory_fd;
}

static int place_open_file(int *fd, int64_t size, const char *path,
	struct inspect_place **ret_place, struct error *err)
{
	struct reader *reader;

	if (reader_of_file(fd, 0, size, &reader, err) < 0)
		return error_wrap(err, "cannot inspect '%s'", path);
	*ret_place = inspect_place_of_reader(reader, path);
	return 0;
}

/* The archive in an entry of a node's store, if there is one. */
static int place_open_layer(
	int directory_fd, int *ret_fd, struct stat *ret_status, struct error *err)
{
	autoclose int fd = -1;

	if (file_open_beneath(directory_fd, INSPECT_LAYER, O_RDONLY | O_NONBLOCK, 0, &fd, err) < 0)
		return err->kind == ERROR_ABSENT ? 0 : -1;
	if (fstat(fd, ret_status) < 0)
		return error_set_errno(err, "cannot look at layer.tar");
	*ret_fd = fd_take(&fd);
	return S_ISREG(ret_status->st_mode) ? 1 : 0;
}

int inspect_place_open(const char *path, struct inspect_place **ret_place, struct error *err)
{
	autoclose int fd = -1;
	autoclose int layer = -1;
	struct stat status;
	int found;

	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* the user's own name for it */
	if (fd < 0)
		return error_set_errno(err, "cannot open '%s'", path);
	if (fstat(fd, &status) < 0)
		return error_set_errno(err, "cannot look at '%s'", path);
	if (S_ISREG(status.st_mode))
		return place_open_file(&fd, status.st_size, path, ret_place, err);
	if (!S_ISDIR(status.st_mode))
		return error_set(err, ERROR_INVALID,
			"cannot inspect '%s': it is neither a file nor a directory", path);
	found = place_open_layer(fd, &layer, &status, err);
	if (found < 0)
		return error_wrap(err, "cannot inspect '%s'", path);
	if (found > 0)
		return place_open_file(&layer, status.st_size, path, ret_place, err);
	*ret_place = place_new(path);
	(*ret_place)->directory_fd = fd_take(&fd);
	return 0;
}
