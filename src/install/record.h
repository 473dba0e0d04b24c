/* What the installation did, kept beside kcr-runtime, so that exactly that is undone. */
#ifndef INSTALL_RECORD_H
#define INSTALL_RECORD_H

#include <stdint.h>

#include "base/time.h"
#include "install/host.h"

struct install_record {
	int64_t version;
	struct str engine; /* "containerd", "cri-o" */
	struct str config; /* containerd's main configuration */
	struct str drop_in;
	struct str pattern; /* what the main configuration imports on our behalf */
	struct str base; /* the handler that the drop-in's is like */
	struct wall_time changed; /* when the engine's configuration was last changed by us */
};

/* 1, or 0 when there is none or it is damaged: *ret_record is then empty. -1 if unreadable. */
must_check int install__record_load(const struct install_host *host, const char *path,
	struct install_record *ret_record, struct error *err);
must_check int install__record_store(const struct install_host *host, const char *path,
	const struct install_record *record, struct error *err);

#endif
