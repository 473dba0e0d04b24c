/*
 * Certificates, keys and tokens: bytes that were given inline, or a file that holds them and may
 * change while we run. They are wiped when they are replaced or released and appear in no text.
 */
#ifndef KUBE_MATERIAL_H
#define KUBE_MATERIAL_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct kube_material {
	char *path; /* where the bytes are read from; NULL: they were given inline, or are absent */
	char *bytes; /* terminated; NULL: absent, or not read yet */
	size_t size;
};

/* Wipes and releases; the material is absent afterwards. */
void kube_material_done(struct kube_material *material);

/* Replaces the bytes by a copy of `bytes`. */
void kube_material_set(struct kube_material *material, struct str bytes);

/* Replaces the bytes by what the base64 text says. Fails with INVALID. */
must_check int kube_material_set_base64(
	struct kube_material *material, struct str text, struct error *err);

/*
 * Reads the file at `path`, if there is one, without the white space at both ends. On failure the
 * bytes stay as they were. Fails with ABSENT, TOO_BIG, SYSTEM; INVALID when the file is empty.
 */
must_check int kube_material_read(struct kube_material *material, struct error *err);

/* Makes the absent `copy` what `material` is. */
void kube_material_copy(struct kube_material *copy, const struct kube_material *material);

/* The bytes, borrowed; empty when absent. */
struct str kube_material_str(const struct kube_material *material);

#endif
