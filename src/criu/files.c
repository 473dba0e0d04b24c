/*
 * An entry of files.img has a part of its type beside the type's number. It is read if it is there,
 * whatever the number says: the parts of types that we do not know are skipped by protobuf.
 */
#include "criu/files.h"

#include <sys/socket.h>

#include "criu/message.h"
#include "images.pb-c.h"

enum { FILES_CLOSE_ON_EXEC = 1 }; /* FD_CLOEXEC */

static const char *const files_type_names[CRIU_FILE_TYPE_COUNT] = {
	[CRIU_FILE_REGULAR] = "regular",
	[CRIU_FILE_PIPE] = "pipe",
	[CRIU_FILE_FIFO] = "fifo",
	[CRIU_FILE_INET_SOCKET] = "inet-socket",
	[CRIU_FILE_UNIX_SOCKET] = "unix-socket",
	[CRIU_FILE_EVENTFD] = "eventfd",
	[CRIU_FILE_EVENTPOLL] = "eventpoll",
	[CRIU_FILE_INOTIFY] = "inotify",
	[CRIU_FILE_SIGNALFD] = "signalfd",
	[CRIU_FILE_PACKET_SOCKET] = "packet-socket",
	[CRIU_FILE_TTY] = "tty",
	[CRIU_FILE_FANOTIFY] = "fanotify",
	[CRIU_FILE_NETLINK_SOCKET] = "netlink-socket",
	[CRIU_FILE_NAMESPACE] = "namespace",
	[CRIU_FILE_TUN] = "tun",
	[CRIU_FILE_EXTERNAL] = "external",
	[CRIU_FILE_TIMERFD] = "timerfd",
	[CRIU_FILE_MEMFD] = "memfd",
	[CRIU_FILE_BPFMAP] = "bpfmap",
	[CRIU_FILE_PIDFD] = "pidfd",
};

const char *criu_file_type_name(uint32_t type)
{
	return type < CRIU_FILE_TYPE_COUNT ? files_type_names[type] : NULL;
}

int criu_descriptor_read(
	struct str payload, struct criu_descriptor *ret_descriptor, struct error *err)
{
	automessage memory = {0};
	const Criu__Descriptor *message =
		criu__message_read(&memory, &criu__descriptor__descriptor, payload, err);

	if (message == NULL)
		return -1;
	*ret_descriptor = (struct criu_descriptor){
		.number = message->fd,
		.file = message->id,
		.is_closed_on_exec = (message->flags & FILES_CLOSE_ON_EXEC) != 0,
	};
	return 0;
}

/* CRIU keeps the words of an address as the kernel has them: their bytes are in network order. */
static struct criu_address files_address(
	uint32_t family, const uint32_t *words, size_t count, uint32_t port)
{
	struct criu_address address = {.port = port};
	size_t wanted = family == AF_INET6 ? 4 : 1;

	if (count < wanted)
		return address;
	for (size_t i = 0; i < wanted; i++)
		for (size_t k = 0; k < 4; k++)
			address.bytes[4 * i + k] = (unsigned char)(words[i] >> 8 * k);
	address.size = 4 * wanted;
	return address;
}

static void files_read_inet(const Criu__InetSocket *part, struct criu_file *file)
{
	file->flags = part->flags;
	file->socket = (struct criu_socket){
		.inode = part->ino,
		.family = part->family,
		.type = part->type,
		.protocol = part->proto,
		.state = part->state,
		.backlog = part->backlog,
		.local = files_address(
			part->family, part->src_addr, part->n_src_addr, part->src_port),
		.remote = files_address(
			part->family, part->dst_addr, part->n_dst_addr, part->dst_port),
	};
}

/* A relative name is told with the directory that it was bound in. */
static struct str files_unix_name(const Criu__UnixSocket *part, struct arena *arena)
{
	struct str name = criu__text(arena, part->name);

	if (name.size > 0 && name.data[name.size - 1] == '\0' && name.data[0] != '\0')
		name.size--;
	if (part->name_dir.len == 0 || name.size == 0 || name.data[0] == '\0' ||
		name.data[0] == '/')
		return name;
	return arena_printf(arena, "%.*s/%.*s", (int)part->name_dir.len,
		(const char *)part->name_dir.data, STR_ARG(name));
}

static void files_read_unix(
	const Criu__UnixSocket *part, struct arena *arena, struct criu_file *file)
{
	file->flags = part->flags;
	file->name = files_unix_name(part, arena);
	file->socket = (struct criu_socket){
		.inode = part->ino,
		.family = AF_UNIX,
		.type = part->type,
		.state = part->state,
		.backlog = part->backlog,
		.peer_inode = part->peer,
	};
}

static void files_read_other_socket(const Criu__File *message, struct criu_file *file)
{
	if (message->nlsk != NULL) {
		file->flags = message->nlsk->flags;
		file->socket = (struct criu_socket){
			.inode = message->nlsk->ino,
			.family = AF_NETLINK,
			.protocol = message->nlsk->protocol,
			.state = message->nlsk->state,
		};
	}
	if (message->psk != NULL) {
		file->flags = message->psk->flags;
		file->socket = (struct criu_socket){
			.family = AF_PACKET,
			.type = message->psk->type,
			.protocol = message->psk->protocol,
		};
	}
}

static void files_read_regular(
	const Criu__RegularFile *part, struct arena *arena, struct criu_file *file)
{
	file->flags = part->flags;
	file->position = part->pos;
	file->name = criu__text(arena, part->name);
	file->has_size = part->has_size;
	file->size = part->size;
	file->mode = part->mode;
	file->is_external = part->ext;
}

/* What the kernel makes and what has no address. */
static void files_read_events(const Criu__File *message, struct criu_file *file)
{
	if (message->efd != NULL) {
		file->flags = message->efd->flags;
		file->count = message->efd->counter;
	}
	if (message->epfd != NULL) {
		file->flags = message->epfd->flags;
		file->count = message->epfd->n_targets;
	}
	if (message->ify != NULL) {
		file->flags = message->ify->flags;
		file->count = message->ify->n_watches;
	}
	if (message->sgfd != NULL)
		file->flags = message->sgfd->flags;
	if (message->tfd != NULL)
		file->flags = message->tfd->flags;
	if (message->ffy != NULL)
		file->flags = message->ffy->flags;
}

static void files_read_ends(const Criu__File *message, struct criu_file *file)
{
	if (message->pipe != NULL) {
		file->flags = message->pipe->flags;
		file->object = message->pipe->pipe_id;
	}
	if (message->fifo != NULL)
		file->object = message->fifo->regf_id;
	if (message->tty != NULL) {
		file->flags = message->tty->flags;
		file->object = message->tty->tty_info_id;
	}
}

static void files_read_objects(
	const Criu__File *message, struct arena *arena, struct criu_file *file)
{
	if (message->memfd != NULL) {
		file->flags = message->memfd->flags;
		file->position = message->memfd->pos;
		file->object = message->memfd->inode_id;
	}
	if (message->nsf != NULL) {
		file->flags = message->nsf->flags;
		file->object = message->nsf->ns_id;
	}
	if (message->pidfd != NULL) {
		file->flags = message->pidfd->flags;
		file->object = (uint32_t)message->pidfd->nspid;
	}
	if (message->bpf != NULL) {
		file->flags = message->bpf->flags;
		file->name = criu__text(arena, message->bpf->map_name);
	}
	if (message->tunf != NULL)
		file->name = criu__text(arena, message->tunf->netdev);
}

int criu_file_read(
	struct str payload, struct arena *arena, struct criu_file *ret_file, struct error *err)
{
	automessage memory = {0};
	const Criu__File *message =
		criu__message_read(&memory, &criu__file__descriptor, payload, err);

	if (message == NULL)
		return -1;
	*ret_file = (struct criu_file){.id = message->id, .type = message->type};
	if (message->reg != NULL)
		files_read_regular(message->reg, arena, ret_file);
	if (message->isk != NULL)
		files_read_inet(message->isk, ret_file);
	if (message->usk != NULL)
		files_read_unix(message->usk, arena, ret_file);
	files_read_other_socket(message, ret_file);
	files_read_events(message, ret_file);
	files_read_ends(message, ret_file);
	files_read_objects(message, arena, ret_file);
	return 0;
}

int criu_memfd_read(
	struct str payload, struct arena *arena, struct criu_memfd *ret_memfd, struct error *err)
{
	automessage memory = {0};
	const Criu__MemoryInode *message =
		criu__message_read(&memory, &criu__memory_inode__descriptor, payload, err);

	if (message == NULL)
		return -1;
	*ret_memfd = (struct criu_memfd){
		.id = (uint32_t)message->inode_id,
		.shared_memory = message->shmid,
		.size = message->size,
		.name = criu__text(arena, message->name),
	};
	return 0;
}

int criu_remap_read(struct str payload, uint32_t *ret_file, struct error *err)
{
	automessage memory = {0};
	const Criu__Remap *message =
		criu__message_read(&memory, &criu__remap__descriptor, payload, err);

	if (message == NULL)
		return -1;
	*ret_file = message->orig_id;
	return 0;
}
