/*
 * How the API server names things: kinds and their URL paths, and keys "namespace/name" for our own
 * tables. Everything here is pure text.
 */
#ifndef KUBE_RESOURCE_H
#define KUBE_RESOURCE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/* One kind of object; static constants of the caller. */
struct kube_resource {
	const char *group; /* "" for the core group */
	const char *version;
	const char *plural; /* as in URLs: "pods" */
	const char *kind; /* as in objects: "Pod" */
	bool namespaced;
};

/* Long enough for every key: a namespace has at most 63 bytes, a name 253. */
enum { KUBE_KEY_SIZE = 63 + 1 + 253 + 1 };

/*
 * Whether the API server takes `name` as one segment of a path: 1 to 253 bytes, not "." or "..",
 * without '/', '%' and control characters (k8s.io/apimachinery, validation/path). Everything that
 * another object says is a name must pass this before it gets into a URL.
 */
bool kube_name_is_valid(struct str name);

/* Appends "namespace/name", or "name" when the namespace is empty. */
void kube_key_write(struct buf *out, struct str namespace, struct str name);

/* The two parts of a key, borrowed from it; the namespace is empty for cluster-scoped objects. */
void kube_key_split(struct str key, struct str *ret_namespace, struct str *ret_name);

/*
 * Appends the absolute path of an object, or of the collection when `name` is empty, of one
 * namespace, or of all when `namespace` is empty; `subresource` ("status") may be empty. Each
 * segment is percent-encoded.
 */
void kube_resource_write_path(struct buf *out, const struct kube_resource *resource,
	struct str namespace, struct str name, struct str subresource);

/*
 * Appends a parameter to a URL: '?' or '&', `name` as it is, '=' and `value` percent-encoded.
 * Nothing is appended when the value is empty.
 */
void kube_query_add(struct buf *url, const char *name, struct str value);
void kube_query_add_number(struct buf *url, const char *name, long long value);

#endif
