/* The container engine of the host: which, where, since when it runs. Internal to the room. */
#ifndef INSTALL_ENGINE_H
#define INSTALL_ENGINE_H

#include "base/time.h"
#include "install/host.h"

#define INSTALL_CONTAINERD "containerd"
#define INSTALL_CRIO       "cri-o"

enum { INSTALL_RUN_MS = 20000 };

struct install_engine {
	struct str name; /* one of the above; empty when the host has none */
	struct str program; /* path on the host; empty when not found */
	struct str version; /* "2.4.2"; empty when it cannot be run */
	struct str config; /* containerd's main configuration */
	int pid; /* as the host's /proc numbers it; 0 when it is not seen to run */
	struct wall_time started; /* set when pid is */
};

/*
 * Finds the engine: the process of the host that is one, else by its socket, else by its program.
 * `wanted` is a name or "auto", `config` overrides the path of containerd's configuration when it
 * is not empty. Fails with ABSENT when there is none, SYSTEM.
 */
must_check int install__engine_find(const struct install_host *host, const char *wanted,
	const char *config, struct install_engine *ret_engine, struct error *err);

/* Looks only whether it runs and since when. */
void install__engine_look(const struct install_host *host, struct install_engine *engine);

/* Where the version is: "Version: 4.2.1" of CRIU, "runc version 1.3.6" of all others. */
enum install_word { INSTALL_SECOND_WORD = 1, INSTALL_THIRD_WORD };

/* That word of the first line that a program of the host prints for --version. */
struct str install__engine_version(
	const struct install_host *host, struct str program, enum install_word word_at);

/* Restarts its systemd unit, then the kubelet's. Fails with UNSUPPORTED (no systemd), TIMEOUT,
 * SYSTEM. */
must_check int install__engine_restart(
	const struct install_host *host, const struct install_engine *engine, struct error *err);

#endif
