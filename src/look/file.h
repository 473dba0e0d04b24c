/* The file of --to, which appears under its name when it is complete. For this room only. */
#ifndef LOOK_FILE_H
#define LOOK_FILE_H

#include "base/attributes.h"
#include "base/error.h"

struct look_file {
	int fd; /* -1: none; standard output for "-" */
	int directory_fd;
	const char *path; /* borrowed */
	const char *name; /* in the directory */
};
#define LOOK_FILE_NONE ((struct look_file){.fd = -1, .directory_fd = -1})

void look__file_done(struct look_file *file);
#define autofile clean_up(look__file_done) struct look_file

/*
 * A file without a name yet, that its owner alone can read, in the directory of `path`; "-" is
 * standard output. Fails with CONFLICT (the name is taken), ABSENT (no such directory), SYSTEM.
 */
must_check int look__file_open(const char *path, struct look_file *file, struct error *err);

/* Gives the file its name. Fails with CONFLICT, SYSTEM. */
must_check int look__file_publish(const struct look_file *file, struct error *err);

#endif
