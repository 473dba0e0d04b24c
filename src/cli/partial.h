/*
 * A file whose bytes come one after another, perhaps in several runs: until all of them are there
 * and have the digest that was told, they lie beside it in FILE.DIGITS.partial, DIGITS being the
 * digest's first ones, so that a later run knows whose they are. Only the user may read it.
 */
#ifndef CLI_PARTIAL_H
#define CLI_PARTIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/digest.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct cli_partial {
	char *path; /* of the whole file; NULL: it goes to standard output */
	char *partial_path;
	int fd;
	struct archive_hasher *hasher;
	struct archive_digest digest; /* that it has to have */
	int64_t size_bytes; /* likewise */
	int64_t written_bytes; /* of them, hashed, those of earlier runs included */
	int64_t found_bytes; /* those of earlier runs */
	bool overwrites;
};

#define CLI_PARTIAL_INIT ((struct cli_partial){.fd = -1})

/*
 * Whether a file may be written at `path` ("-": standard output). Fails with CONFLICT (there is one
 * and it may not be overwritten), INVALID (something else than a file, or a terminal).
 */
must_check int cli_partial_check(const char *path, bool overwrites, struct error *err);

/*
 * Begins, or finds what an earlier run has left. Fails as cli_partial_check(), with CONFLICT also
 * when another run writes it, INVALID when the partial file is not the user's alone, TOO_BIG (the
 * disk has no room for the rest), SYSTEM.
 */
must_check int cli_partial_open(struct cli_partial *partial, const char *path, bool overwrites,
	int64_t size_bytes, const struct archive_digest *digest, struct error *err);

/*
 * Reads and hashes a part of what was found: 1 while there is more of it, 0 when bytes can be
 * added. Fails with CORRUPT, SYSTEM.
 */
must_check int cli_partial_take_up(struct cli_partial *partial, struct error *err);

/* Adds the next bytes. Fails with CORRUPT (more than there should be), SYSTEM. */
must_check int cli_partial_add(struct cli_partial *partial, struct str bytes, struct error *err);

/*
 * Verifies what came, flushes it and gives it its name. Fails with CORRUPT (it is not what it
 * should be; the partial file is removed), CONFLICT (a file of that name has come up), SYSTEM.
 */
must_check int cli_partial_finish(struct cli_partial *partial, struct error *err);

/* Releases; what is not finished stays for a later run, except when nothing came yet. */
void cli_partial_done(struct cli_partial *partial);
#define autopartial clean_up(cli_partial_done) struct cli_partial

#endif
