/*
 * The two JSON documents that make a checkpoint archive an OCI image (image spec 1.1: config.md,
 * manifest.md), and the reading of manifests and indexes that others wrote. The archive is the
 * image's only layer, byte for byte.
 */
#ifndef IMAGE_MANIFEST_H
#define IMAGE_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "image/reference.h"
#include "json/json.h"

#define IMAGE_TYPE_MANIFEST        "application/vnd.oci.image.manifest.v1+json"
#define IMAGE_TYPE_INDEX           "application/vnd.oci.image.index.v1+json"
#define IMAGE_TYPE_CONFIG          "application/vnd.oci.image.config.v1+json"
#define IMAGE_TYPE_LAYER_TAR       "application/vnd.oci.image.layer.v1.tar"
#define IMAGE_TYPE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define IMAGE_TYPE_DOCKER_LIST     "application/vnd.docker.distribution.manifest.list.v2+json"

/* ---- Writing ---- */

struct image_layer {
	struct str media_type; /* empty: IMAGE_TYPE_LAYER_TAR */
	struct str digest; /* of the bytes as they are stored */
	struct str diff_id; /* of the uncompressed tar; empty: the same as `digest` */
	int64_t size;
};

/* What is known about the checkpoint. Empty texts and unset times leave their annotation out. */
struct image_facts {
	struct str container_name; /* required: the runtimes know a checkpoint by it */
	struct str architecture; /* required, as Go names it: "amd64", "arm64" */
	struct wall_time created;
	struct str pod_name;
	struct str pod_namespace;
	struct str pod_uid;
	struct str engine_name; /* "containerd", "CRI-O" */
	struct str engine_version;
	struct str runtime_name; /* "runc", "crun" */
	struct str criu_version;
	struct str kernel_version;
	struct str base_image_name; /* config.dump: rootfsImageName */
	struct str base_image_id; /* config.dump: rootfsImageRef */
	struct json_string_map annotations; /* further ones; none of the above again */
};

struct image_documents {
	struct buf config;
	struct buf manifest;
	char config_digest[IMAGE_DIGEST_MAX + 1];
	char manifest_digest[IMAGE_DIGEST_MAX + 1];
};

#define IMAGE_DOCUMENTS_INIT                                                                       \
	((struct image_documents){.config = BUF_INIT(LIMIT_MANIFEST_BYTES),                        \
		.manifest = BUF_INIT(LIMIT_MANIFEST_BYTES)})

/* Releases the bytes; the documents are empty and usable again. */
void image_documents_done(struct image_documents *documents);
#define autodocuments clean_up(image_documents_done) struct image_documents

/*
 * Writes config and manifest into `ret_documents` (which comes initialised and empty). The same
 * layer and facts give the same bytes, annotations in the order of their keys.
 * The manifest's annotations hold the container's name twice: containerd 2.1 to 2.3 reads only
 * org.criu.checkpoint.container.name, CRI-O only io.kubernetes.cri-o.annotations.checkpoint.name.
 * The others are checkpointctl's keys (org.criu.checkpoint.*) and org.opencontainers.image.created.
 * Fails with INVALID (a required fact is missing, a digest is none, an annotation comes twice),
 * TOO_BIG.
 */
must_check int image_documents_write(const struct image_layer *layer,
	const struct image_facts *facts, struct image_documents *ret_documents, struct error *err);

/* ---- Reading ---- */

enum {
	/* Layers of one image and images of one index; honest ones have less than 130. */
	IMAGE_DESCRIPTORS_MAX = 1024,
};

struct image_platform {
	struct str architecture;
	struct str os;
	struct str variant;
};

struct image_descriptor {
	struct str media_type;
	struct str digest; /* valid by image_digest_is_valid() */
	int64_t size; /* not negative */
	struct image_platform platform; /* empty texts when not told */
	struct json_string_map annotations;
};

/* An image (config and layers) or an index (manifests); arrays and texts live in the arena. */
struct image_manifest {
	bool is_index;
	struct str media_type;
	struct image_descriptor config; /* of an image */
	const struct image_descriptor *layers; /* of an image */
	size_t layer_count;
	const struct image_descriptor *manifests; /* of an index */
	size_t manifest_count;
	struct json_string_map annotations;
};

/*
 * Reads an OCI or Docker (schema 2) manifest or index. `content_type` is how it was served; empty:
 * not known. It and the document's own mediaType must agree, and no document may be both image
 * and index (CVE-2021-41190). Fails with CORRUPT (no JSON), INVALID, UNSUPPORTED (a type that is
 * none of the four).
 */
must_check int image_manifest_parse(struct str bytes, struct str content_type, struct arena *arena,
	struct image_manifest *ret_manifest, struct error *err);

#endif
