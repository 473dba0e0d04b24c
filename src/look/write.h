/* What the commands on memory print while they go on. For this room only. */
#ifndef LOOK_WRITE_H
#define LOOK_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"
#include "inspect/contents.h"

/* Output that is written as it grows. */
struct look_output {
	int fd; /* borrowed */
	const char *name; /* for errors */
	struct buf text;
};
#define LOOK_OUTPUT_INIT(fd, name) ((struct look_output){(fd), (name), BUF_INIT(64 * 1024 * 1024)})
void look__output_done(struct look_output *output);
#define autooutput clean_up(look__output_done) struct look_output

/* Writes what there is when it is worth a call, and all of it at the end. TOO_BIG, SYSTEM. */
must_check int look__output_flush(struct look_output *output, bool is_end, struct error *err);

/* Appends bytes as ASCII: others, and what a terminal would obey, as \xNN, a backslash doubled. */
void look__add_bytes(struct buf *out, struct str bytes);

/* Appends "31 redis-server" or "shared 17", padded; and "heap rw- /lib/libc.so.6". */
void look__add_space(struct buf *out, const struct inspect_space *space);
void look__add_area(struct buf *out, const struct inspect_area *area);

/* How far a long reading has come, on standard error where that is a terminal. */
struct look_progress {
	int64_t total_bytes;
	int64_t done_bytes;
	struct mono_time shown;
	bool is_shown;
	bool is_wanted;
};
void look__progress_begin(struct look_progress *progress, int64_t total_bytes);
void look__progress_add(struct look_progress *progress, size_t bytes);
void look__progress_end(struct look_progress *progress);

/* What is to be told when it is over: parts that were not there, and what was damaged. */
void look__tell_missing(const struct inspect *inspect, const struct inspect_visited *visited);

#endif
