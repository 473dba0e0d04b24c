/*
 * A report while it is made: the source that it is read from, the images' entries, lists that grow.
 * What cannot be read becomes a problem of the report and the rest goes on. Internal to the room.
 */
#ifndef INSPECT_BUILD_H
#define INSPECT_BUILD_H

#include "criu/files.h"
#include "criu/image.h"
#include "criu/memory.h"
#include "criu/process.h"
#include "criu/system.h"
#include "inspect/source.h"

/* What stands against images whose parts are many times many: no node has more of them. */
enum {
	INSPECT_DESCRIPTORS_MAX = 2000000, /* of all processes together, shared ones counted anew */
	INSPECT_OBJECTS_MAX =
		4096, /* terminals, memory files, paths of cgroups; the rest is left out */
};

/* An array in the arena that doubles; what is outgrown stays there. */
struct inspect_list {
	void *items;
	size_t count;
	size_t capacity;
};

/* The place of one more zeroed item. */
void *inspect__list_add(struct arena *arena, struct inspect_list *list, size_t item_bytes);

/* The descriptors of fdinfo-N.img, which processes may share. */
struct inspect_table {
	uint32_t id;
	struct json_list descriptors;
};

/* A process whose command line is yet to be read. */
struct inspect_text {
	size_t process; /* its place among the processes */
	char *arguments;
	size_t argument_bytes;
	char *environment;
	size_t environment_bytes;
	bool is_cut; /* there is more of the arguments than is read */
};

struct inspect_build {
	struct arena *arena;
	struct inspect_source *source;
	const struct inspect_options *options;
	struct inspect_report *report;
	struct inspect_list problems; /* of struct str */
	struct inspect_list unknown; /* of struct str */
	struct inspect_list obstacles; /* of struct inspect_obstacle */
	struct inspect_list processes; /* of struct inspect_process */
	struct inspect_list tables; /* of struct inspect_table */
	struct inspect_list texts; /* of struct inspect_text */
	struct inspect_list ranges; /* of struct inspect_range */
	struct inspect_list ttys; /* of struct criu_tty */
	struct inspect_list memfds; /* of struct criu_memfd */
	struct inspect_list deleted; /* of uint32_t, ascending: files without a name */
	size_t descriptor_count; /* of all processes so far */
	struct criu_cgroup *cgroups;
	size_t cgroup_count;
	struct criu_file *files; /* by id */
	size_t file_count;
	bool is_too_big; /* INSPECT_REPORT_BYTES were reached: reading ends */
};

/* All that is read of one checkpoint. */
struct inspect {
	struct arena *arena;
	struct inspect_options options;
	struct inspect_source source;
	struct inspect_build build;
	struct inspect_report report;
};

/* Remembers that `what` could not be read. */
void inspect__problem(struct inspect_build *build, struct str what, const struct error *err);

/* Remembers something without a name here, once. */
void inspect__unknown(struct inspect_build *build, struct str what);

/* Lets the report have what is remembered so far. */
void inspect__tell_problems(struct inspect_build *build);

/* The file of this id in files.img; NULL when there is none. */
const struct criu_file *inspect__file(const struct inspect_build *build, uint32_t id);

/* ---- The entries of an image ---- */

struct inspect_image {
	struct inspect_build *build;
	const struct inspect_file *file;
	struct buf window; /* what was read and is not yet consumed */
	size_t consumed; /* of the window */
	int64_t position; /* of the window's end in the file */
};

#define INSPECT_IMAGE_INIT ((struct inspect_image){.window = BUF_INIT(0)})
void inspect__image_done(struct inspect_image *image);
#define autoimage clean_up(inspect__image_done) struct inspect_image

/*
 * Opens the image of this name, without what stands in front of it in the source. True when it is
 * there, was not opened before and begins as it should; what is wrong else is a problem.
 */
must_check bool inspect__image_open(struct inspect_build *build, struct inspect_image *image,
	enum criu_image_type type, const char *format, ...) format_printf(4, 5);

/* The next entry's payload, borrowed until the next call; false at the end, or at a problem. */
must_check bool inspect__image_next(struct inspect_image *image, struct str *ret_payload);

/* Tells that a payload could not be decoded. */
void inspect__image_problem(struct inspect_image *image, const struct error *err);

/* ---- The parts of a report, in the order in which they are read ---- */

/* mountpoints, host name, terminals, clocks, cgroups, memory files. */
void inspect__read_system(struct inspect_build *build);

/* files.img: the open files, and the sockets among them. */
void inspect__read_files(struct inspect_build *build);

/* pstree.img and all that each process has. */
void inspect__read_processes(struct inspect_build *build);

/* The mounts, host name and clocks of the namespaces of a process, once for each namespace. */
void inspect__read_mounts(struct inspect_build *build, const struct criu_ids *ids);
void inspect__read_host_name(struct inspect_build *build, const struct criu_ids *ids);

/* mm-PID.img and pagemap-PID.img. */
void inspect__read_memory(struct inspect_build *build, struct inspect_process *process);

/* The mappings of mm-PID.img in the order of addresses; false: there are none, or a problem. */
must_check bool inspect__read_mappings(struct inspect_build *build, int64_t pid,
	struct arena *arena, struct criu_memory *ret_memory);

/* "rw-"; the file that is mapped, empty when there is none. */
struct str inspect__protection(struct arena *arena, uint32_t protection);
struct str inspect__mapping_name(
	const struct inspect_build *build, const struct criu_mapping *mapping);

/* The descriptors of fdinfo-ID.img. */
struct json_list inspect__read_descriptors(struct inspect_build *build, uint32_t id);

/* Command lines and environments, when all processes are known. */
void inspect__read_texts(struct inspect_build *build);

/* What a restore would fail at, or lose. */
void inspect__find_obstacles(struct inspect_build *build);

/* ---- Names ---- */

/* What tells the file from others: its path, its addresses. */
struct str inspect__file_name(const struct inspect_build *build, const struct criu_file *file);

/* The socket as a report has it. */
struct inspect_socket inspect__socket(struct inspect_build *build, const struct criu_file *file);

#endif
