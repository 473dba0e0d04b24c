/*
 * Which container of which Pod a bundle is for, read from the annotations that the engine wrote
 * into config.json (OCI runtime specification, "Annotations"). Facts: containerd,
 * internal/cri/annotations; CRI-O, cri-o/pkg/annotations and kubelet's labels.
 */
#ifndef RUNTIME_CONTAINER_H
#define RUNTIME_CONTAINER_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/str.h"
#include "json/json.h"

/* Borrowed from the document. Uid and name have been found fit to be names of files. */
struct runtime_container {
	struct str pod_uid;
	struct str namespace;
	struct str pod;
	struct str name;
	struct str image; /* as the engine names it; may be empty */
};

/*
 * `annotations` is the object of config.json, or of the state that a runtime prints. False when
 * this is no container of a Pod: a sandbox, or nothing of Kubernetes at all.
 */
must_check bool runtime_container_read(
	const struct json *annotations, struct runtime_container *ret_container);

#endif
