/*
 * What is in a checkpoint, as plain values: read once from an archive or a directory, then written
 * as text or JSON, or compared with another one. The tables of report.c are the JSON's schema
 * (docs/formats/inspect.md); what a checkpoint does not tell is empty or zero.
 *
 * Of the memory only the command lines and the environment are ever read; values of the environment
 * are in a report only when they were asked for. All texts come from the checkpoint and may hold
 * any byte: the writers escape what a terminal would obey.
 */
#ifndef INSPECT_REPORT_H
#define INSPECT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "sys/reader.h"
#include "json/json.h"

enum {
	INSPECT_FORMAT_VERSION = 1,
	/* All that a report may take in memory; the largest real ones take some MiB. */
	INSPECT_REPORT_BYTES = 64 * 1024 * 1024,
	/* Of a process's command line, and of its environment; the rest is cut off. */
	INSPECT_ARGUMENT_BYTES = 128 * 1024,
	/* Of what a writer writes. */
	INSPECT_OUTPUT_BYTES = 256 * 1024 * 1024,
};

struct inspect_container {
	struct str name;
	struct str id;
	struct str image;
	struct str image_reference;
	struct str engine;
	struct str runtime;
	struct str pod_namespace;
	struct str pod_name;
	struct str pod_uid;
	struct str host_name;
	struct wall_time created;
	struct wall_time checkpointed;
};

struct inspect_dump {
	struct str criu_version;
	int64_t image_version;
	struct str architecture;
	struct str security_module;
	struct str error; /* of CRIU, when the dump failed */
	bool tcp_closed; /* connections were left out on purpose */
	bool has_plugins;
	bool has_parent; /* pages lie in an older dump, too */
	int64_t freezing_us;
	int64_t frozen_us;
	int64_t memory_dump_us;
	int64_t memory_write_us;
	int64_t pages_scanned;
	int64_t pages_written;
	int64_t pages_in_parent;
	int64_t shared_pages_scanned;
	int64_t shared_pages_written;
	int64_t seccomp_filters;
	int64_t monotonic_ns; /* the clocks of the time namespace */
	int64_t boot_ns;
	int64_t file_count;
	int64_t size_bytes; /* of all files together */
	int64_t pages_bytes; /* of the pages among them */
	int64_t changes_bytes; /* of the file system's changes among them, as they are packed */
};

struct inspect_thread {
	int64_t id;
	struct str name;
};

/* Mappings of one kind. */
struct inspect_memory {
	struct str kind; /* of criu_mapping_kind_name() */
	int64_t count;
	int64_t bytes;
	int64_t dumped_bytes;
	int64_t parent_bytes; /* in an older dump */
};

struct inspect_mapping {
	struct str start; /* hexadecimal */
	struct str end;
	struct str protection; /* "rw-" */
	struct str kind;
	struct str name; /* of the file */
	int64_t offset_bytes;
	int64_t dumped_bytes;
};

struct inspect_variable {
	struct str name;
	struct str value; /* empty: not asked for */
};

struct inspect_descriptor {
	int64_t number;
	struct str type; /* of criu_file_type_name() */
	struct str name; /* path, addresses, what else tells it from others */
	struct str access; /* "r", "w", "rw", with "a" (append), "n" (not blocking) */
	bool is_closed_on_exec;
	bool is_deleted;
	int64_t position;
	int64_t file; /* the same open file has the same number */
};

struct inspect_process {
	int64_t pid;
	int64_t parent_pid;
	int64_t group;
	int64_t session;
	struct str name;
	struct str state;
	int64_t exit_code;
	struct json_strings arguments;
	bool are_arguments_cut;
	struct str executable;
	struct str working_directory;
	struct str root;
	int64_t uid;
	int64_t gid;
	int64_t effective_uid;
	int64_t effective_gid;
	struct str capabilities; /* the effective ones, hexadecimal as in /proc/PID/status */
	bool no_new_privileges;
	struct str seccomp;
	struct str security_profile;
	int64_t nice;
	int64_t oom_score_adjustment;
	struct json_strings cgroups; /* "cpu:/path" */
	struct json_list environment; /* of struct inspect_variable */
	struct json_list threads; /* of struct inspect_thread, the first one included */
	int64_t memory_bytes; /* of all mappings */
	int64_t dumped_bytes;
	struct json_list memory; /* of struct inspect_memory */
	struct json_list mappings; /* of struct inspect_mapping; only when asked for */
	struct json_list descriptors; /* of struct inspect_descriptor */
};

struct inspect_socket {
	int64_t file; /* as a descriptor's */
	struct str family; /* "inet", "inet6", "unix", "netlink", "packet" */
	struct str type; /* "stream", "datagram" */
	struct str protocol; /* "tcp" */
	struct str state; /* "listen", "established" */
	struct str local; /* "127.0.0.1:80", "/run/a.sock", "@abstract" */
	struct str remote;
	int64_t backlog;
	int64_t inode;
	int64_t peer_inode;
};

struct inspect_shared_memory {
	struct str id;
	struct str name; /* of a memory file; "/dev/zero": anonymous */
	int64_t size_bytes;
	int64_t dumped_bytes;
};

struct inspect_mount {
	struct str target;
	struct str type;
	struct str source;
	struct str root;
	struct str options;
	bool is_read_only;
	bool is_external; /* the engine makes it again at a restore */
};

struct inspect_change {
	struct str path;
	struct str type; /* "file", "directory", "link", "device", "other", "deleted" */
	struct str target; /* of links */
	struct str mode; /* octal */
	int64_t size_bytes;
};

/* Something that a restore needs, or that is not as it was afterwards. */
struct inspect_obstacle {
	bool is_fatal; /* no restore comes about; else it does, with this loss */
	struct str reason; /* "EstablishedConnection": for programs */
	struct str subject; /* what it is about: a path, a socket */
	struct str text; /* a sentence, with what to do */
};

struct inspect_report {
	int64_t version;
	struct str source;
	struct inspect_container container;
	struct inspect_dump dump;
	struct json_list processes; /* of struct inspect_process, parents first */
	struct json_list sockets; /* of struct inspect_socket */
	struct json_list shared_memory; /* of struct inspect_shared_memory */
	struct json_list mounts; /* of struct inspect_mount */
	struct json_list changes; /* of struct inspect_change: the file system's */
	struct json_string_map annotations; /* of the container at its engine */
	struct json_list obstacles; /* of struct inspect_obstacle */
	struct json_strings problems; /* what could not be read, and why */
	struct json_strings unknown; /* images and types of files that this version does not know */
};

struct inspect_options {
	bool show_environment; /* with values */
	bool show_mappings;
};

/* The parts of a report, for who wants only some. What could not be read is told in any case. */
enum inspect_part {
	INSPECT_PART_CONTAINER = 1 << 0,
	INSPECT_PART_DUMP = 1 << 1,
	INSPECT_PART_PROCESSES = 1 << 2,
	INSPECT_PART_MEMORY = 1 << 3,
	INSPECT_PART_FILES = 1 << 4,
	INSPECT_PART_SOCKETS = 1 << 5,
	INSPECT_PART_MOUNTS = 1 << 6,
	INSPECT_PART_ENVIRONMENT = 1 << 7,
	INSPECT_PART_CHANGES = 1 << 8,
	INSPECT_PART_ANNOTATIONS = 1 << 9,
	INSPECT_PART_RESTORE = 1 << 10,
	INSPECT_PART_ALL = (1 << 11) - 1,
};

/* Where a checkpoint lies, opened and not yet read, so that who reads it can be confined before. */
struct inspect_place;

/*
 * Opens what lies at `path`: an archive of a checkpoint (a tar, also compressed by gzip or zstd),
 * or a directory with one in it: unpacked, CRIU's images alone, an entry of a node's store. The
 * caller owns *ret_place. Fails with ABSENT, INVALID (neither), SYSTEM.
 */
must_check int inspect_place_open(
	const char *path, struct inspect_place **ret_place, struct error *err);

/*
 * The paths of the archives in the directory `path`, sorted, from `arena`: files that are called
 * *.tar (also .tar.gz, .tgz, .tar.zst) or checkpoint-*. None when it is itself a checkpoint, or no
 * directory. Fails with SYSTEM.
 */
must_check int inspect_find_archives(
	const char *path, struct arena *arena, struct json_strings *ret_paths, struct error *err);

/*
 * A tar that is read where it is asked for: the layer of an image at a registry, by ranges.
 * `reader` is taken over; `name` is how reports call it. Never NULL.
 */
must_check struct inspect_place *inspect_place_of_reader(struct reader *reader, const char *name);

void inspect_place_free(struct inspect_place *place); /* may be NULL */
define_clean_up(struct inspect_place, inspect_place_free, inspect_place_free)
#define autoplace clean_up(inspect_place_free_clean) struct inspect_place

/* The directory in which files will be opened, borrowed; -1: none will. */
int inspect_place_directory(const struct inspect_place *place);

/* A report with all that it refers to. */
struct inspect;

/*
 * Reads what is there; the place must outlive *ret_inspect, which the caller owns, and is read
 * once. What is damaged is told as a problem of the report; fails with ABSENT, CORRUPT (no
 * checkpoint), TOO_BIG (INSPECT_REPORT_BYTES), SYSTEM.
 */
must_check int inspect_read(struct inspect_place *place, const struct inspect_options *options,
	struct inspect **ret_inspect, struct error *err);

void inspect_free(struct inspect *inspect); /* may be NULL */
define_clean_up(struct inspect, inspect_free, inspect_free)
#define autoinspect clean_up(inspect_free_clean) struct inspect

/* Lives as long as what it is of. */
const struct inspect_report *inspect_report(const struct inspect *inspect);

/*
 * Leaves in the report only the process `pid` and those below it, with their sockets. Fails with
 * ABSENT.
 */
must_check int inspect_keep_process(struct inspect *inspect, int64_t pid, struct error *err);

/*
 * The writers append; `out` has room for INSPECT_OUTPUT_BYTES, what does not fit tells buf_check().
 * `parts` is a set of enum inspect_part.
 */
void inspect_write_json(const struct inspect_report *report, unsigned parts, struct buf *out);
void inspect_write_tree(const struct inspect_report *report, struct buf *out);
void inspect_write_table(const struct inspect_report *report, unsigned parts, struct buf *out);

/* One of several checkpoints: what was read of it, of the container and the dump at least. */
struct inspect_overview {
	struct str source;
	const struct inspect_report *report; /* NULL: it could not be read */
	struct str failure; /* why; only then */
};

/* A table with a row each. */
void inspect_write_overview(const struct inspect_overview *items, size_t count, struct buf *out);

/*
 * Appends the text with what a terminal would obey (controls, also those of ISO 6429's upper half)
 * as \n, \t or \xNN, and a backslash doubled.
 */
void inspect_add_escaped(struct buf *out, struct str text);

/* What differs from `before` to `after`: nothing is written where nothing does. */
void inspect_write_difference(
	const struct inspect_report *before, const struct inspect_report *after, struct buf *out);
void inspect_write_difference_json(
	const struct inspect_report *before, const struct inspect_report *after, struct buf *out);

/* Tables of the JSON; the first is a report's. */
extern const struct json_object inspect_report_object;

#endif
