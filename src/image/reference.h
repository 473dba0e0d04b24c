/*
 * The name of an image: registry, repository, and a tag or a digest or both. Grammar: OCI
 * distribution spec 1.1 ("Pulling manifests") for repository and tag, OCI image spec 1.1
 * (descriptor.md) for digests, and the shorthand of the docker command line, which everybody
 * writes into Pods: "redis" is "docker.io/library/redis".
 */
#ifndef IMAGE_REFERENCE_H
#define IMAGE_REFERENCE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum {
	/* Registry, '/' and repository together: the limit that clients have in common. */
	IMAGE_NAME_MAX = 255,
	IMAGE_TAG_MAX = 128,
	/* "sha512:" and 128 hexadecimal digits. */
	IMAGE_DIGEST_MAX = 7 + 128,
};

/* A value without pointers; absent parts are empty texts. */
struct image_reference {
	char registry[IMAGE_NAME_MAX + 1]; /* host, host:port, [IPv6] or [IPv6]:port */
	char repository[IMAGE_NAME_MAX + 1];
	char tag[IMAGE_TAG_MAX + 1];
	char digest[IMAGE_DIGEST_MAX + 1]; /* "sha256:..." or "sha512:..." */
};

/*
 * Reads "[registry/]repository[:tag][@digest]". The first component is a registry when it has a
 * '.', a ':' or an upper-case letter, or is "localhost"; without one the registry is docker.io.
 * A missing tag stays missing. Fails with INVALID, saying which part is wrong.
 */
must_check int image_reference_parse(
	struct str text, struct image_reference *ret_reference, struct error *err);

/* Appends the full form: "docker.io/library/redis:7@sha256:...". */
void image_reference_format(const struct image_reference *reference, struct buf *out);

/* [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*, such components divided by '/', at most IMAGE_NAME_MAX. */
bool image_repository_is_valid(struct str repository);

/* [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127} */
bool image_tag_is_valid(struct str tag);

/* sha256 or sha512, a colon, and as many lower-case hexadecimal digits as it has. */
bool image_digest_is_valid(struct str digest);

/* Whether a registry ("host:port") is this machine: localhost, 127.0.0.0/8 or [::1]. */
bool image_registry_is_loopback(struct str registry);

enum {
	/* Leaves room for a registry's host and port in front within IMAGE_NAME_MAX. */
	IMAGE_REPOSITORY_MADE_MAX = 180,
};

/*
 * The repository of a checkpoint: "namespace/name" whenever that is valid and short enough, which
 * names of Kubernetes objects nearly always are. Otherwise other bytes become '-', the ends are cut
 * and '_' with a hash of both names is added; as '_' never stands in the name of an object, no two
 * objects get the same repository but by a collision of 64 bits within one namespace.
 */
void image_repository_make(
	struct str namespace, struct str name, char ret_text[static IMAGE_REPOSITORY_MADE_MAX + 1]);

#endif
