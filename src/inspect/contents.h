/*
 * The memory that was dumped, byte by byte: for forensics. Unlike a report it is what the processes
 * held, keys and passwords included; whoever shows any of it was asked to.
 */
#ifndef INSPECT_CONTENTS_H
#define INSPECT_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "inspect/report.h"

enum { INSPECT_PIECE_BYTES = 256 * 1024 };

/* A mapping. */
struct inspect_area {
	uint64_t start;
	uint64_t end;
	struct str protection; /* "rw-" */
	struct str kind; /* of criu_mapping_kind_name() */
	struct str name; /* of the file */
};

/* Whose memory it is: of a process, or shared memory, which is told once and begins at 0. */
struct inspect_space {
	int64_t pid; /* 0: shared */
	struct str name; /* of the process; of shared memory its number */
	const struct inspect_area *areas; /* in the order of addresses */
	size_t area_count;
};

/* The mapping that an address lies in; NULL: none. */
const struct inspect_area *inspect_area_at(const struct inspect_space *space, uint64_t address);

/* Borrowed for the call. */
struct inspect_piece {
	const struct inspect_space *space;
	uint64_t address;
	struct str bytes; /* 1 to INSPECT_PIECE_BYTES */
	bool is_continued; /* it begins where the piece before ended */
};

/* Returning -1, with *err set, ends the visit. */
typedef int (*inspect_piece_fn)(
	void *context, const struct inspect_piece *piece, struct error *err);

struct inspect_visited {
	int64_t bytes;
	int64_t parent_bytes; /* what an older dump has, and this one not */
	int64_t space_count;
};

/*
 * Calls `visit` for all dumped memory of the process `pid`, or of all and of shared memory (0),
 * each space by address. Pages that no image rightly names are left out and told as problems of the
 * report. Once for each `inspect`, whose place must still be there. Fails with ABSENT (no such
 * process), CORRUPT, SYSTEM, and as `visit`.
 */
must_check int inspect_visit_memory(struct inspect *inspect, int64_t pid, inspect_piece_fn visit,
	void *context, struct inspect_visited *ret_visited, struct error *err);

#endif
