/* What both commands work on. Internal to the room. */
#ifndef INSTALL_STATE_H
#define INSTALL_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "handover/formats.h"
#include "install/engine.h"
#include "install/handler.h"
#include "install/host.h"
#include "install/record.h"

struct install_options {
	const char *host; /* path of the host's root */
	const char *directory; /* on the host: for the program, its configuration, the record */
	const char *handler;
	const char *store; /* on the host */
	const char *engine; /* "auto" or a name */
	const char *containerd_config; /* empty: as the running one has it, else the usual path */
	const char *from_handler; /* empty: the default one */
	const char *runtime; /* empty: what that handler calls */
	const char *program; /* kcr-runtime to install; empty: beside this program */
	bool is_default;
	bool restart_engine;
	bool best_effort;
	bool stay; /* until a signal; for a DaemonSet that uninstalls */
	const char *log_format;
};

struct install {
	const struct install_options *options;
	struct install_host host;
	struct install_engine engine;
	struct install_record record;
	struct handover_host facts; /* for host.json */
	struct str program; /* path of kcr-runtime on the host */
	struct str record_path;
	bool has_changed; /* the engine's configuration, in this run */
};

#define INSTALL_PROGRAM "kcr-runtime"

#define INSTALL_CRIU_RUNC "/etc/criu/runc.conf"
#define INSTALL_CRIU_CRUN "/etc/criu/crun.conf"

enum { INSTALL_CONFIG_BYTES = INSTALL_TOML_BYTES };

/* A path in the directory that everything of ours lies in; in the host's arena. */
struct str install__path(const struct install *install, const char *name);

/* Writes a file of the host and tells so in the log if that changed it. 1, 0, -1 as
 * install__host_write. */
must_check int install__put(
	struct install *install, const char *path, struct str text, mode_t mode, struct error *err);

/*
 * Stores the record. Before the engine's configuration is changed, so that a crash leaves something
 * to undo by, and after it, so that an engine that was started in between counts as too old.
 */
must_check int install__remember(struct install *install, struct error *err);

/* Whether the engine runs with a configuration that we have changed since it was started. */
bool install__needs_restart(struct install *install);

/* How many containers and sandboxes were made by kcr-runtime: it is called for their end, too. */
must_check int install__count_containers(
	const struct install *install, size_t *ret_count, struct error *err);

/* Does what was asked for; `install` has options and host. What it found is in install->facts. */
must_check int install__install(struct install *install, struct error *err);
must_check int install__remove(struct install *install, struct error *err);

/* What the engine's configuration says, all files merged where the engine can be asked. */
struct install_effective {
	struct buf text; /* owned */
	struct install_toml toml; /* owned */
};
#define INSTALL_EFFECTIVE_INIT                                                                     \
	((struct install_effective){BUF_INIT(INSTALL_CONFIG_BYTES), INSTALL_TOML_INIT})
void install__effective_done(struct install_effective *effective);
#define autoeffective clean_up(install__effective_done) struct install_effective

/*
 * Asks the engine for its configuration and finds out what ours will be like: the base handler, the
 * runtime behind it, why images cannot be restored.
 */
must_check int install__examine(
	struct install *install, struct install_effective *effective, struct error *err);

/* Writes the engine's configuration and asks the engine whether it took it; else takes it back. */
must_check int install__configure(
	struct install *install, const struct install_effective *effective, struct error *err);

/* Takes it out again; without a record it looks where it would have put it. */
must_check int install__unconfigure(struct install *install, struct error *err);

/*
 * What still names our program, whoever wrote that, for people: a file, or the configuration that
 * the engine shows. The empty text when nothing does.
 */
must_check int install__find_mention(
	struct install *install, struct str *ret_where, struct error *err);

#endif
