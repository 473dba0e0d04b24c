/*
 * Where kcr-runtime is: its configuration, the runtime behind it, its files, and running that
 * runtime. Internal to the room.
 */
#ifndef RUNTIME_HOST_H
#define RUNTIME_HOST_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "handover/formats.h"
#include "runtime/call.h"

enum {
	/* More arguments than any engine gives; a call with more is passed on. */
	RUNTIME_ARGUMENTS_MAX = 64,
};

struct runtime_host {
	struct arena *arena; /* owned; for everything that lives as long as the program */
	struct handover_config config;
	char *const *arguments; /* of the call; ended by NULL */
	size_t argument_count;
	struct runtime_call call;
	struct mono_time deadline; /* of a `create` that restores */
};

/*
 * Reads the configuration beside the program: NAME.json in its directory, NAME being how it was
 * called. Without one everything has defaults and the runtime is looked for where distributions
 * have it; so does a configuration that cannot be read, because containers have to start. One that
 * names a runtime that is not there any more: one of the same name, in PATH or where distributions
 * have it.
 */
void runtime__host_init(struct runtime_host *host, int count, char *const *arguments);
void runtime__host_done(struct runtime_host *host);

/* Becomes the runtime, with the call as it is. Returns only on failure, with an exit status. */
must_check int runtime__exec(const struct runtime_host *host);

/* How a call that we make ourselves talks. */
enum runtime_stdio {
	RUNTIME_STDIO_INHERITED, /* ours: for the container's own streams */
	RUNTIME_STDIO_NONE, /* /dev/null */
};

/*
 * Runs the runtime with the global options of the call and `arguments` (ended by NULL) behind
 * them; waits at most `deadline_ms`, then kills it and what it has started. *ret_status as
 * waitpid(2). Fails with TIMEOUT, SYSTEM.
 */
must_check int runtime__run(const struct runtime_host *host, const char *const *arguments,
	enum runtime_stdio stdio, int deadline_ms, int *ret_status, struct error *err);

/* What is left until the deadline of `create`; fails with TIMEOUT when that is nothing. */
must_check int runtime__time_left(const struct runtime_host *host, int *ret_ms, struct error *err);

/* Runs `state ID` and appends what it prints. Fails with ABSENT (no such container), SYSTEM. */
must_check int runtime__state(const struct runtime_host *host, struct buf *out, struct error *err);

/*
 * Files in our state directory that live as long as a container: "ID.suffix". Taking one removes it
 * and tells whether it was there.
 */
bool runtime__state_take(const struct runtime_host *host, const char *suffix);
must_check int runtime__state_write(
	const struct runtime_host *host, const char *suffix, struct str bytes, struct error *err);
must_check int runtime__state_read(
	const struct runtime_host *host, const char *suffix, struct buf *out, struct error *err);

/* Appends CRIU's reasons from its log at `path`; nothing when there are none. */
void runtime__criu_reasons(const char *path, struct buf *out);

/* A path in the store or beside it, in the host's arena. */
struct str runtime__path(const struct runtime_host *host, struct str directory, const char *name);

/*
 * The record of a container. Several kcr-runtimes may write it at the same time: one creates the
 * next container while the engine deletes the last but one. So a read and the write behind it are
 * done with its lock, which lasts as long as *ret_fd (the caller's) is open. Who holds it for long
 * hangs, and a container waits: then it is done without. Fails with SYSTEM; locking also where the
 * directory of the Pod's records was not made.
 */
must_check int runtime__record_make(
	const struct runtime_host *host, struct str pod_uid, struct error *err);
must_check int runtime__record_lock(const struct runtime_host *host, struct str pod_uid,
	struct str container, int *ret_fd, struct error *err);
void runtime__record_load(const struct runtime_host *host, struct str pod_uid, struct str container,
	struct handover_record *ret_record);
must_check int runtime__record_store(const struct runtime_host *host, struct str pod_uid,
	struct str container, const struct handover_record *record, struct error *err);

/*
 * Writes a file (`path` relative to the directory) whole or not at all, by rename, but does not
 * wait for the disk: that may be busy with the gigabytes of a checkpoint, and a container is
 * waiting. Fails with SYSTEM.
 */
must_check int runtime__write(
	int directory_fd, const char *path, struct str bytes, struct error *err);

#endif
