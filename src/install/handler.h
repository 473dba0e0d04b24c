/*
 * What is written into the configurations of containerd and CRI-O so that they call kcr-runtime,
 * and what they say about themselves. Pure: texts in, texts out. The new handler takes over all
 * that the handler has which ran the node's containers until now, but for the program.
 *
 * Facts: containerd 2.0.7 to 2.4.2, cmd/containerd/server/config/config.go and
 * internal/cri/config; CRI-O's crio.conf(5) and `crio config`.
 */
#ifndef INSTALL_HANDLER_H
#define INSTALL_HANDLER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "install/toml.h"

struct install_handler {
	struct str name; /* "kcr" */
	struct str program; /* path of kcr-runtime on the host */
	struct str base; /* the handler that it takes its options from */
	bool is_default; /* for Pods without a RuntimeClass */
};

/* The first line of what we write; a file without it is somebody else's. */
#define INSTALL_NOTE "# written by 'kcr install-runtime', removed by 'kcr uninstall-runtime'\n"

/* ---- containerd ---- */

enum install_import {
	INSTALL_IMPORTED, /* it reads the file already */
	INSTALL_IMPORT_LINE, /* a line more */
	INSTALL_IMPORT_ITEM, /* one more item of its list */
};

struct install_place {
	struct str drop_in; /* path on the host */
	struct str pattern; /* what to import, so that an absent file is no error */
	enum install_import import;
};

/*
 * Where the drop-in goes for this main configuration (empty text: there is none) at `main_path`:
 * the directory that it imports, else /etc/containerd/conf.d. Fails with CORRUPT.
 */
must_check int install_containerd_place(struct str main_text, struct str main_path,
	struct arena *arena, struct install_place *ret_place, struct error *err);

/* The main configuration with our import, or without: then byte for byte what it was before. */
void install_containerd_import(
	struct str main_text, const struct install_place *place, struct buf *out);
void install_containerd_unimport(struct str main_text, struct str pattern, struct buf *out);

/*
 * The version for a drop-in beside this main configuration. Up to containerd 2.2 all files are
 * merged before they are migrated, so they have to have one version.
 */
int install_containerd_version(const struct install_toml *main);

/*
 * Writes the drop-in. `effective` is what `containerd config dump` prints, or the main file where
 * that cannot be run. Fails with UNSUPPORTED when the base handler is not of runc's kind.
 */
must_check int install_containerd_drop_in(const struct install_toml *effective,
	const struct install_handler *handler, int version, struct arena *arena, struct buf *out,
	struct error *err);

/* The handler for Pods without a RuntimeClass; "runc" if nothing else is said. */
struct str install_containerd_default(const struct install_toml *effective, struct arena *arena);

/* The program that a handler calls; empty when there is none of that name, or it names none. */
struct str install_containerd_program(
	const struct install_toml *effective, struct str handler, struct arena *arena);

/* Why images cannot be restored; the empty text if they can. `version` as "2.3.7". */
struct str install_containerd_image_problem(
	const struct install_toml *effective, struct str version, struct arena *arena);

/* ---- CRI-O ---- */

must_check int install_crio_drop_in(const struct install_toml *effective,
	const struct install_handler *handler, struct arena *arena, struct buf *out,
	struct error *err);
struct str install_crio_default(const struct install_toml *effective, struct arena *arena);
struct str install_crio_program(
	const struct install_toml *effective, struct str handler, struct arena *arena);

/* `text` is what `crio config` prints: it tells defaults in comments. */
struct str install_crio_image_problem(
	struct str text, const struct install_toml *effective, struct arena *arena);

/* ---- CRIU's options: /etc/criu/runc.conf and crun.conf, a line each ---- */

/*
 * The file with what it lacks of our options, before all that was in it; the same text when it
 * lacks nothing. `is_new`: there was no file. Options that a user has set otherwise are left alone,
 * and what closes connections is left out where somebody wants them kept.
 */
void install_criu_add(struct str text, bool is_new, bool is_crun_below_containerd, struct buf *out);

/* Takes them out again. False when nothing is left of a file that we made. */
bool install_criu_remove(struct str text, struct buf *out);

#endif
