/* From protobuf-c's structs to ours: absent numbers are zero there already. */
#include "criu/system.h"

#include "criu/message.h"
#include "images.pb-c.h"

/* CRIU's enum fstype; AUTO has its name in the entry. */
static const char *const system_types[] = {NULL, "proc", "sysfs", "devtmpfs", "binfmt_misc",
	"tmpfs", "devpts", "simfs", "pstore", "securityfs", "fusectl", "debugfs", "cgroup", "aufs",
	"mqueue", "fuse", NULL, "overlay", "autofs", "tracefs", "rpc_pipefs", "nfs", "nfs4",
	"cgroup2"};

/* CRIU's enum TtyType. */
static const char *const system_ttys[] = {
	NULL, "pty", "console", "vt", "ctty", "external", "serial"};

int criu_mount_read(
	struct str payload, struct arena *arena, struct criu_mount *ret_mount, struct error *err)
{
	automessage memory = {0};
	const Criu__Mount *message =
		criu__message_read(&memory, &criu__mount__descriptor, payload, err);
	const char *type;

	if (message == NULL)
		return -1;
	type = message->fstype < array_size(system_types) ? system_types[message->fstype] : NULL;
	*ret_mount = (struct criu_mount){
		.id = message->mnt_id,
		.parent_id = message->parent_mnt_id,
		.flags = message->flags,
		.type = message->fsname.len > 0 ? criu__text(arena, message->fsname) : str_of(type),
		.target = criu__text(arena, message->mountpoint),
		.source = criu__text(arena, message->source),
		.root = criu__text(arena, message->root),
		.options = criu__text(arena, message->options),
		.is_external = message->ext_mount || message->ext_key.len > 0,
		.external_name = criu__text(arena, message->ext_key),
	};
	return 0;
}

int criu_host_name_read(
	struct str payload, struct arena *arena, struct str *ret_name, struct error *err)
{
	automessage memory = {0};
	const Criu__HostName *message =
		criu__message_read(&memory, &criu__host_name__descriptor, payload, err);

	if (message == NULL)
		return -1;
	*ret_name = criu__text(arena, message->nodename);
	return 0;
}

int criu_tty_read(struct str payload, struct criu_tty *ret_tty, struct error *err)
{
	automessage memory = {0};
	const Criu__Tty *message =
		criu__message_read(&memory, &criu__tty__descriptor, payload, err);

	if (message == NULL)
		return -1;
	*ret_tty = (struct criu_tty){
		.id = message->id,
		.type = message->type < array_size(system_ttys) ? system_ttys[message->type] : NULL,
		.session = message->sid,
		.index = message->pty != NULL ? message->pty->index : 0,
	};
	return 0;
}

/* What does not fit is no time of a machine; it becomes 0. */
static int64_t system_nanoseconds(const Criu__TimeOfClock *clock)
{
	int64_t seconds = clock == NULL ? 0 : (int64_t)clock->seconds;
	int64_t total;

	if (clock == NULL || __builtin_mul_overflow(seconds, INT64_C(1000000000), &total) ||
		__builtin_add_overflow(total, (int64_t)clock->nanoseconds, &total))
		return 0;
	return total;
}

int criu_time_read(struct str payload, struct criu_time *ret_time, struct error *err)
{
	automessage memory = {0};
	const Criu__TimeOffsets *message =
		criu__message_read(&memory, &criu__time_offsets__descriptor, payload, err);

	if (message == NULL)
		return -1;
	ret_time->monotonic_ns = system_nanoseconds(message->monotonic);
	ret_time->boot_ns = system_nanoseconds(message->boottime);
	return 0;
}

int criu_cgroups_read(struct str payload, struct arena *arena, struct criu_cgroup **ret_cgroups,
	size_t *ret_count, struct error *err)
{
	automessage memory = {0};
	const Criu__Cgroup *message =
		criu__message_read(&memory, &criu__cgroup__descriptor, payload, err);
	struct criu_cgroup *cgroups;
	size_t count = 0;

	if (message == NULL)
		return -1;
	for (size_t i = 0; i < message->n_sets; i++)
		count += message->sets[i]->n_members;
	cgroups = arena_zeroed(arena, count, sizeof(*cgroups));
	*ret_cgroups = cgroups;
	*ret_count = count;
	for (size_t i = 0; i < message->n_sets; i++)
		for (size_t k = 0; k < message->sets[i]->n_members; k++)
			*cgroups++ = (struct criu_cgroup){
				message->sets[i]->id,
				criu__text(arena, message->sets[i]->members[k]->name),
				criu__text(arena, message->sets[i]->members[k]->path),
			};
	return 0;
}

int criu_seccomp_read(struct str payload, size_t *ret_filters, struct error *err)
{
	automessage memory = {0};
	const Criu__Seccomp *message =
		criu__message_read(&memory, &criu__seccomp__descriptor, payload, err);

	if (message == NULL)
		return -1;
	*ret_filters = message->n_filters;
	return 0;
}
