/* Files and sockets by names that people know from ss(8), lsof(8) and /proc. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "inspect/build.h"

/* A number that has a name. */
struct names_number {
	uint32_t number;
	const char *name;
};

static const struct names_number names_families[] = {{AF_INET, "inet"}, {AF_INET6, "inet6"},
	{AF_UNIX, "unix"}, {AF_NETLINK, "netlink"}, {AF_PACKET, "packet"}, {0, NULL}};

static const struct names_number names_types[] = {{SOCK_STREAM, "stream"}, {SOCK_DGRAM, "datagram"},
	{SOCK_SEQPACKET, "seqpacket"}, {SOCK_RAW, "raw"}, {0, NULL}};

static const struct names_number names_protocols[] = {{IPPROTO_TCP, "tcp"}, {IPPROTO_UDP, "udp"},
	{IPPROTO_UDPLITE, "udplite"}, {IPPROTO_ICMP, "icmp"}, {IPPROTO_ICMPV6, "icmp6"},
	{IPPROTO_SCTP, "sctp"}, {0, NULL}};

static const struct names_number names_states[] = {{TCP_ESTABLISHED, "established"},
	{TCP_SYN_SENT, "syn-sent"}, {TCP_SYN_RECV, "syn-recv"}, {TCP_FIN_WAIT1, "fin-wait-1"},
	{TCP_FIN_WAIT2, "fin-wait-2"}, {TCP_TIME_WAIT, "time-wait"}, {TCP_CLOSE, "closed"},
	{TCP_CLOSE_WAIT, "close-wait"}, {TCP_LAST_ACK, "last-ack"}, {TCP_LISTEN, "listen"},
	{TCP_CLOSING, "closing"}, {0, NULL}};

static struct str names_of(struct arena *arena, const struct names_number *names, uint32_t number)
{
	for (; names->name != NULL; names++)
		if (names->number == number)
			return str_of(names->name);
	return arena_printf(arena, "%u", (unsigned)number);
}

static struct str names_address(struct arena *arena, const struct criu_address *address)
{
	char text[INET6_ADDRSTRLEN];

	if (address->size == 4 && inet_ntop(AF_INET, address->bytes, text, sizeof(text)) != NULL)
		return arena_printf(arena, "%s:%u", text, (unsigned)address->port);
	if (address->size == 16 && inet_ntop(AF_INET6, address->bytes, text, sizeof(text)) != NULL)
		return arena_printf(arena, "[%s]:%u", text, (unsigned)address->port);
	return (struct str){0};
}

/* A name of the abstract kind begins with NUL and is shown with '@'. */
static struct str names_unix(struct arena *arena, struct str name)
{
	if (name.size > 0 && name.data[0] == '\0')
		return arena_printf(arena, "@%.*s", STR_ARG(str_from(name, 1)));
	return name;
}

/* The far end counts where there is one. */
static bool names_has_peer(const struct criu_socket *socket)
{
	static const unsigned char nothing[16];

	return socket->remote.port != 0 ||
		memcmp(socket->remote.bytes, nothing, sizeof(nothing)) != 0;
}

struct inspect_socket inspect__socket(struct inspect_build *build, const struct criu_file *file)
{
	const struct criu_socket *socket = &file->socket;
	bool is_inet = file->type == CRIU_FILE_INET_SOCKET;
	bool is_unix = file->type == CRIU_FILE_UNIX_SOCKET;
	struct inspect_socket named = {
		.file = file->id,
		.family = names_of(build->arena, names_families, socket->family),
		.backlog = socket->backlog,
		.inode = socket->inode,
		.peer_inode = socket->peer_inode,
	};

	if (socket->type != 0)
		named.type = names_of(build->arena, names_types, socket->type);
	if (is_inet) {
		named.protocol = names_of(build->arena, names_protocols, socket->protocol);
		named.local = names_address(build->arena, &socket->local);
		if (names_has_peer(socket))
			named.remote = names_address(build->arena, &socket->remote);
	}
	if (is_unix)
		named.local = names_unix(build->arena, file->name);
	if (socket->state != 0)
		named.state = names_of(build->arena, names_states, socket->state);
	return named;
}

static struct str names_inet(const struct inspect_build *build, const struct criu_file *file)
{
	const struct criu_socket *socket = &file->socket;
	struct str protocol = names_of(build->arena, names_protocols, socket->protocol);
	struct str local = names_address(build->arena, &socket->local);

	if (names_has_peer(socket))
		return arena_printf(build->arena, "%.*s %.*s -> %.*s", STR_ARG(protocol),
			STR_ARG(local), STR_ARG(names_address(build->arena, &socket->remote)));
	return arena_printf(build->arena, "%.*s %.*s %.*s", STR_ARG(protocol), STR_ARG(local),
		STR_ARG(names_of(build->arena, names_states, socket->state)));
}

static struct str names_unix_socket(const struct inspect_build *build, const struct criu_file *file)
{
	if (file->name.size > 0)
		return names_unix(build->arena, file->name);
	return arena_printf(build->arena, "unix:[%u] -> [%u]", (unsigned)file->socket.inode,
		(unsigned)file->socket.peer_inode);
}

static struct str names_tty(const struct inspect_build *build, uint32_t id)
{
	const struct criu_tty *ttys = build->ttys.items;

	for (size_t i = 0; i < build->ttys.count; i++)
		if (ttys[i].id == id && ttys[i].type != NULL && str_is(str_of(ttys[i].type), "pty"))
			return arena_printf(build->arena, "/dev/pts/%u", (unsigned)ttys[i].index);
		else if (ttys[i].id == id && ttys[i].type != NULL)
			return str_of(ttys[i].type);
	return arena_printf(build->arena, "tty:[%u]", (unsigned)id);
}

static struct str names_memfd(const struct inspect_build *build, uint32_t id)
{
	const struct criu_memfd *memfds = build->memfds.items;

	for (size_t i = 0; i < build->memfds.count; i++)
		if (memfds[i].id == id)
			return arena_printf(build->arena, "memfd:%.*s", STR_ARG(memfds[i].name));
	return arena_printf(build->arena, "memfd:[%u]", (unsigned)id);
}

/* A FIFO's name is that of the regular file behind it. */
static struct str names_fifo(const struct inspect_build *build, const struct criu_file *file)
{
	const struct criu_file *behind = inspect__file(build, file->object);

	return behind != NULL && behind->type == CRIU_FILE_REGULAR
		? behind->name
		: arena_printf(build->arena, "fifo:[%u]", (unsigned)file->object);
}

static struct str names_other(const struct inspect_build *build, const struct criu_file *file)
{
	const char *type = criu_file_type_name(file->type);

	if (file->name.size > 0)
		return file->name;
	if (type == NULL)
		return (struct str){0};
	if (file->object != 0)
		return arena_printf(build->arena, "%s:[%u]", type, (unsigned)file->object);
	if (file->type == CRIU_FILE_EVENTFD || file->type == CRIU_FILE_EVENTPOLL ||
		file->type == CRIU_FILE_INOTIFY)
		return arena_printf(build->arena, "%s:%llu", type, (unsigned long long)file->count);
	return str_of(type);
}

struct str inspect__file_name(const struct inspect_build *build, const struct criu_file *file)
{
	switch (file->type) {
	case CRIU_FILE_INET_SOCKET:
		return names_inet(build, file);
	case CRIU_FILE_UNIX_SOCKET:
		return names_unix_socket(build, file);
	case CRIU_FILE_TTY:
		return names_tty(build, file->object);
	case CRIU_FILE_MEMFD:
		return names_memfd(build, file->object);
	case CRIU_FILE_FIFO:
		return names_fifo(build, file);
	default:
		return names_other(build, file);
	}
}
