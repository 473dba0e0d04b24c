/* A bundle's config.json, as far as it matters here. Internal to the room. */
#ifndef RUNTIME_BUNDLE_H
#define RUNTIME_BUNDLE_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "runtime/container.h"
#include "json/json.h"

struct runtime_bundle {
	struct json_doc *config; /* owned */
	struct runtime_container container; /* borrowed from `config` */
	struct str cgroup; /* linux.cgroupsPath; borrowed from `config` */
	struct str root; /* path of the root without links, in the arena; terminated */
};

#define RUNTIME_BUNDLE_INIT ((struct runtime_bundle){0})

void runtime__bundle_done(struct runtime_bundle *bundle);
#define autobundle clean_up(runtime__bundle_done) struct runtime_bundle

/*
 * Reads the bundle in the directory `path`. Returns 1, or 0 when it is for no container of a Pod.
 * Fails with ABSENT, CORRUPT, TOO_BIG, SYSTEM.
 */
must_check int runtime__bundle_read(const char *path, struct arena *arena,
	struct runtime_bundle *ret_bundle, struct error *err);

#endif
