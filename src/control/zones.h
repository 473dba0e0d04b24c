/* Time zones by name, read once from the system's zone database and kept. */
#ifndef CONTROL_ZONES_H
#define CONTROL_ZONES_H

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "schedule/zone.h"

struct control_zones;

must_check struct control_zones *control_zones_new(const char *directory); /* never NULL */
void control_zones_free(struct control_zones *zones); /* may be NULL */

/*
 * The zone `name`; empty means UTC. Borrowed from `zones`. Fails with INVALID (not a zone's name,
 * no such zone), CORRUPT, SYSTEM.
 */
must_check int control_zones_get(struct control_zones *zones, struct str name,
	const struct schedule_zone **ret_zone, struct error *err);

#endif
