/* Secrets in memory of their own, so that all of it can be wiped. */
#include "kube/material.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/buf.h"
#include "sys/file.h"

enum { MATERIAL_USUAL_BYTES = 64 * 1024 }; /* a file below this is read without moving it */

static void material_replace(struct kube_material *material, char *bytes, size_t size)
{
	if (material->bytes != NULL)
		explicit_bzero(material->bytes, material->size);
	free(material->bytes);
	material->bytes = bytes;
	material->size = size;
}

void kube_material_done(struct kube_material *material)
{
	material_replace(material, NULL, 0);
	free(take_ptr(&material->path));
}

void kube_material_set(struct kube_material *material, struct str bytes)
{
	material_replace(material, str_dup(bytes), bytes.size);
}

int kube_material_set_base64(struct kube_material *material, struct str text, struct error *err)
{
	autobuf bytes = BUF_INIT(LIMIT_CONFIG_BYTES);
	size_t size;

	if (!base64_decode(text, &bytes))
		return error_set(err, ERROR_INVALID, "the text is not base64");
	size = bytes.size;
	material_replace(material, buf_take(&bytes), size);
	return 0;
}

static void material_wipe_buf(struct buf *buf)
{
	explicit_bzero(buf->data, buf->capacity);
	buf_done(buf);
}

int kube_material_read(struct kube_material *material, struct error *err)
{
	clean_up(material_wipe_buf) struct buf content = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct str trimmed;

	if (material->path == NULL)
		return 0;
	(void)buf_room(&content, MATERIAL_USUAL_BYTES); /* else growing leaves copies behind */
	if (file_read(AT_FDCWD, material->path, &content, err) < 0)
		return -1;
	trimmed = str_trim(buf_str(&content));
	if (trimmed.size == 0)
		return error_set(err, ERROR_INVALID, "file '%s' is empty", material->path);
	kube_material_set(material, trimmed);
	return 0;
}

struct str kube_material_str(const struct kube_material *material)
{
	return (struct str){material->bytes, material->size};
}

void kube_material_copy(struct kube_material *copy, const struct kube_material *material)
{
	copy->path = material->path != NULL ? str_dup(str_of(material->path)) : NULL;
	if (material->bytes != NULL)
		kube_material_set(copy, kube_material_str(material));
}
