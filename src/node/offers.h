/*
 * Whether a node restores containers by each strategy, from what is known of it, and in words what
 * to change where it does not. Pure: no file, clock or log.
 *
 * Facts: containerd restores images from 2.1 on; 2.2.7 and 2.3.4 made it an option
 * (enable_experimental_restore_via_create, off), 2.4 has removed it. CRI-O restores them from 1.25
 * on; since September 2026 only where crio.checkpoint_restore.container_level_enabled says so, also
 * in patch releases of 1.30 to 1.34. kcr-runtime needs only the kubelet's checkpoints, which
 * containerd has had since 2.0.
 */
#ifndef NODE_OFFERS_H
#define NODE_OFFERS_H

#include <stdbool.h>

#include "api/checkpoint_node.h"
#include "base/arena.h"
#include "handover/formats.h"

/* All borrowed. */
struct node_facts {
	struct str engine; /* as the Node says it: "containerd://2.4.2" */
	const struct handover_host *host; /* NULL: nothing was installed by `kcr` */
	bool runs_containers; /* kcr-runtime has containers here, however it came here */
};

/* Fills an offer for each strategy, the preferred one first; texts are from `arena` or borrowed. */
void node_offers(const struct node_facts *facts, struct arena *arena,
	struct api_offer ret_offers[API_STRATEGIES]);

#endif
