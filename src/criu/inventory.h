/*
 * inventory.img: the file that CRIU opens first when it restores; it tells the version of the other
 * images. Fields that we do not know are skipped.
 */
#ifndef CRIU_INVENTORY_H
#define CRIU_INVENTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct criu_inventory {
	uint32_t image_version; /* 1: CRIU 1.x, 2: since 2.0 */
	const char *lsm; /* "selinux", "apparmor", NULL: none or unknown; must match at restore */
	bool tcp_close; /* dumped with tcp-close: TCP connections were dropped from the images */
	bool has_plugins; /* CRIU's plugins (of GPUs) had a part in it: a restore needs them */
};

/* Reads inventory.img. Fails with CORRUPT (no such file, cut short, no version in it). */
must_check int criu_inventory_read(
	struct str file, struct criu_inventory *ret_inventory, struct error *err);

#endif
