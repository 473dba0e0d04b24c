/*
 * What the images tell of a restore: what it cannot do without, and what is not as it was
 * afterwards (docs/runtime.md, "What cannot be restored"). What only the node knows, its CRIU, its
 * kernel, its files, is for those who ask the node.
 */
#include <sys/stat.h>

#include "inspect/build.h"

enum {
	OBSTACLES_IMAGE_VERSION = 2, /* of CRIU 2.0 to 4.2 */
	OBSTACLES_FILES_MAX = 20000, /* files that are compared with each other, and with mounts */
};

static void obstacles_add(struct inspect_build *build, bool is_fatal, const char *reason,
	struct str subject, const char *text)
{
	*(struct inspect_obstacle *)inspect__list_add(
		build->arena, &build->obstacles, sizeof(struct inspect_obstacle)) =
		(struct inspect_obstacle){is_fatal, str_of(reason), subject, str_of(text)};
}

static bool obstacles_has(const struct inspect_build *build, const char *name)
{
	return inspect__source_find(build->source,
		       arena_printf(build->arena, "%.*s%s", STR_ARG(build->source->prefix),
			       name)) != NULL;
}

static void obstacles_of_dump(struct inspect_build *build)
{
	static const char *const needed[] = {"inventory.img", "pstree.img", "files.img"};
	const struct inspect_dump *dump = &build->report->dump;

	for (size_t i = 0; i < array_size(needed); i++)
		if (!obstacles_has(build, needed[i]))
			obstacles_add(build, true, "MissingImage", str_of(needed[i]),
				"this image is missing; take the checkpoint again");
	if (dump->error.size > 0)
		obstacles_add(build, true, "DumpFailed", dump->error,
			"CRIU did not finish the dump; mend what it names and take it again");
	if (dump->image_version > OBSTACLES_IMAGE_VERSION)
		obstacles_add(build, false, "NewerImages",
			arena_printf(build->arena, "%lld", (long long)dump->image_version),
			"the images are of a newer version than this program knows");
	if (dump->has_plugins)
		obstacles_add(build, false, "Plugins", (struct str){0},
			"plugins of CRIU had a part in the dump; a restore needs the same ones");
	if (dump->security_module.size > 0)
		obstacles_add(build, false, "SecurityModule", dump->security_module,
			"it ran under this module, which must be active where it is restored");
	if (dump->has_parent && !obstacles_has(build, "parent"))
		obstacles_add(build, true, "MissingParent", (struct str){0},
			"pages lie in an older dump that is not here; restore it beside that one");
}

static bool obstacles_is_gpu(struct str path)
{
	return str_starts_with(path, STR("/dev/nvidia")) ||
		str_starts_with(path, STR("/dev/dri/")) || str_is(path, "/dev/kfd");
}

static bool obstacles_is_harmless_device(struct str path)
{
	static const char *const names[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
		"/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts/ptmx"};

	for (size_t i = 0; i < array_size(names); i++)
		if (str_is(path, names[i]))
			return true;
	return !str_starts_with(path, STR("/dev/")) || str_starts_with(path, STR("/dev/shm/")) ||
		str_starts_with(path, STR("/dev/pts/"));
}

static void obstacles_of_file(struct inspect_build *build, const struct criu_file *file)
{
	struct str name = inspect__file_name(build, file);

	if (file->type == CRIU_FILE_REGULAR && obstacles_is_gpu(name))
		obstacles_add(build, true, "Gpu", name,
			"a GPU is open: only CRIU's plugin of its maker restores it, on the same "
			"model");
	else if (file->type == CRIU_FILE_REGULAR && !obstacles_is_harmless_device(name))
		obstacles_add(build, false, "Device", name,
			"a device is open: it must be there, and its state is lost");
	if (file->type == CRIU_FILE_TUN || file->type == CRIU_FILE_BPFMAP ||
		file->type == CRIU_FILE_PACKET_SOCKET)
		obstacles_add(build, false, "NetworkObject", name,
			"it is restored only with the container's own network");
	if (file->type == CRIU_FILE_EXTERNAL)
		obstacles_add(build, true, "ExternalFile", name,
			"a file from outside is open, which only a plugin of CRIU restores");
	if (criu_file_type_name(file->type) == NULL)
		obstacles_add(build, false, "NewerImages", name,
			"a file of a type that this program does not know is open; CRIU may");
}

static void obstacles_of_connection(struct inspect_build *build, const struct criu_file *file)
{
	static const uint32_t established = 1; /* TCP_ESTABLISHED */
	static const uint32_t tcp = 6; /* IPPROTO_TCP */

	if (file->type != CRIU_FILE_INET_SOCKET || file->socket.protocol != tcp ||
		file->socket.state != established)
		return;
	if (build->report->dump.tcp_closed)
		obstacles_add(build, false, "ClosedConnection", inspect__file_name(build, file),
			"this connection is closed after a restore; the program has to make it "
			"anew");
	else
		obstacles_add(build, true, "EstablishedConnection", inspect__file_name(build, file),
			"this connection can be restored only at once and with its address; take "
			"checkpoints with tcp-close");
}

/* The inode of a Unix socket's peer is another socket of the dump, or nobody's any more. */
static bool obstacles_has_peer(const struct inspect_build *build, uint32_t inode)
{
	for (size_t i = 0; i < build->file_count; i++)
		if (build->files[i].type == CRIU_FILE_UNIX_SOCKET &&
			build->files[i].socket.inode == inode)
			return true;
	return false;
}

static void obstacles_of_unix(struct inspect_build *build, const struct criu_file *file)
{
	if (file->type == CRIU_FILE_UNIX_SOCKET && file->socket.peer_inode != 0 &&
		build->file_count < OBSTACLES_FILES_MAX &&
		!obstacles_has_peer(build, file->socket.peer_inode))
		obstacles_add(build, false, "ExternalPeer", inspect__file_name(build, file),
			"the peer of this socket is outside the container; the connection is lost");
}

static void obstacles_of_process(struct inspect_build *build, const struct inspect_process *process)
{
	struct str pid = arena_printf(build->arena, "%lld", (long long)process->pid);
	const char *const images[] = {"core", "mm"};

	if (str_is(process->state, "zombie"))
		return;
	for (size_t i = 0; i < array_size(images); i++) {
		struct str name =
			arena_printf(build->arena, "%s-%.*s.img", images[i], STR_ARG(pid));
		if (!obstacles_has(build, name.data))
			obstacles_add(build, true, "MissingImage", name,
				"this image is missing; take the checkpoint again");
	}
	if (process->parent_pid == 0 && process->session == 0)
		obstacles_add(build, false, "OutsideSession", pid,
			"it belongs to a session of outside; a restore needs --shell-job");
}

/* Whether the path lies on a mount of the engine that is not the root: a volume. */
static bool obstacles_is_on_volume(const struct inspect_build *build, struct str path)
{
	const struct inspect_mount *mounts = build->report->mounts.items;

	for (size_t i = 0; i < build->report->mounts.count; i++) {
		struct str target = mounts[i].target;
		if (mounts[i].is_external && !mounts[i].is_read_only && target.size > 1 &&
			str_starts_with(path, target) && path.size > target.size &&
			path.data[target.size] == '/')
			return true;
	}
	return false;
}

static void obstacles_of_volume(struct inspect_build *build, const struct criu_file *file)
{
	if (file->type == CRIU_FILE_REGULAR && file->has_size && S_ISREG(file->mode) &&
		build->file_count < OBSTACLES_FILES_MAX &&
		build->report->mounts.count < INSPECT_OBJECTS_MAX &&
		obstacles_is_on_volume(build, file->name))
		obstacles_add(build, false, "VolumeFile", file->name,
			"this file on a volume is open: a restore fails if its size has changed");
}

void inspect__find_obstacles(struct inspect_build *build)
{
	const struct inspect_process *processes = build->processes.items;

	obstacles_of_dump(build);
	for (size_t i = 0; i < build->processes.count && !build->is_too_big; i++)
		obstacles_of_process(build, &processes[i]);
	for (size_t i = 0; i < build->file_count && !build->is_too_big; i++) {
		obstacles_of_file(build, &build->files[i]);
		obstacles_of_connection(build, &build->files[i]);
		obstacles_of_unix(build, &build->files[i]);
		obstacles_of_volume(build, &build->files[i]);
	}
	build->report->obstacles =
		(struct json_list){build->obstacles.items, build->obstacles.count};
}
