/*
 * The images of open files: fdinfo-N.img has an entry for each descriptor, files.img one for each
 * open file behind them, memfd.img one for each memory file, remap-fpath.img one for
 * each file without a name. Texts are copied into the arena and
 * may hold any byte. All fail with CORRUPT (no protobuf), TOO_BIG (CRIU_MESSAGE_BYTES of memory).
 */
#ifndef CRIU_FILES_H
#define CRIU_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct criu_descriptor {
	uint32_t number;
	uint32_t file; /* in files.img */
	bool is_closed_on_exec;
};

must_check int criu_descriptor_read(
	struct str payload, struct criu_descriptor *ret_descriptor, struct error *err);

/* CRIU's enum fd_types; larger numbers are of versions that we do not know. */
enum criu_file_type {
	CRIU_FILE_UNDEFINED,
	CRIU_FILE_REGULAR, /* directories and devices, too */
	CRIU_FILE_PIPE,
	CRIU_FILE_FIFO,
	CRIU_FILE_INET_SOCKET,
	CRIU_FILE_UNIX_SOCKET,
	CRIU_FILE_EVENTFD,
	CRIU_FILE_EVENTPOLL,
	CRIU_FILE_INOTIFY,
	CRIU_FILE_SIGNALFD,
	CRIU_FILE_PACKET_SOCKET,
	CRIU_FILE_TTY,
	CRIU_FILE_FANOTIFY,
	CRIU_FILE_NETLINK_SOCKET,
	CRIU_FILE_NAMESPACE,
	CRIU_FILE_TUN,
	CRIU_FILE_EXTERNAL, /* a plugin or the engine opens it */
	CRIU_FILE_TIMERFD,
	CRIU_FILE_MEMFD,
	CRIU_FILE_BPFMAP,
	CRIU_FILE_PIDFD,
	CRIU_FILE_TYPE_COUNT,
};

/* "regular", "inet-socket"; static; NULL: a type that we do not know. */
const char *criu_file_type_name(uint32_t type);

/* An end of a socket of the Internet's families. */
struct criu_address {
	unsigned char bytes[16]; /* in network order */
	size_t size; /* 4 or 16; 0: none */
	uint32_t port;
};

/* A socket; which fields count tells the file's type. */
struct criu_socket {
	uint32_t inode;
	uint32_t family; /* AF_INET, AF_INET6 */
	uint32_t type; /* SOCK_*: socket(2) */
	uint32_t protocol;
	uint32_t state; /* TCP_*, of Unix sockets, too: netinet/tcp.h */
	uint32_t backlog;
	uint32_t peer_inode; /* of a Unix socket */
	struct criu_address local;
	struct criu_address remote;
};

struct criu_file {
	uint32_t id;
	uint32_t type; /* enum criu_file_type, or a number that it does not have */
	uint32_t flags; /* O_*: open(2) */
	uint64_t position;
	struct str name; /* path; name of a Unix socket (with its NUL, if abstract), device */
	bool has_size;
	uint64_t size; /* that a regular file had */
	uint32_t mode; /* stat(2)'s st_mode of a regular file; 0: not told */
	bool is_external;
	/* What is behind it: a pipe's number, entry of tty-info.img or memfd.img, of a FIFO the
	 * regular file, a namespace, PID. */
	uint32_t object;
	uint64_t count; /* of an eventfd; files that an eventpoll or inotify watches */
	struct criu_socket socket;
};

must_check int criu_file_read(
	struct str payload, struct arena *arena, struct criu_file *ret_file, struct error *err);

struct criu_memfd {
	uint32_t id; /* what a file's `object` is */
	uint64_t shared_memory; /* what a mapping's `object` is */
	uint64_t size;
	struct str name;
};

must_check int criu_memfd_read(
	struct str payload, struct arena *arena, struct criu_memfd *ret_memfd, struct error *err);

/* An entry of remap-fpath.img: *ret_file, in files.img, had no name any more. */
must_check int criu_remap_read(struct str payload, uint32_t *ret_file, struct error *err);

#endif
