/* Manifests and indexes from any bytes: what is read has valid digests and sizes. */
#include <assert.h>
#include <stdint.h>

#include "image/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	autoarena *arena = arena_new(1024);
	struct image_manifest manifest;
	struct error err;

	if (image_manifest_parse(text, (struct str){0}, arena, &manifest, &err) < 0)
		return 0;
	assert(manifest.is_index || image_digest_is_valid(manifest.config.digest));
	for (size_t i = 0; i < manifest.layer_count; i++)
		assert(image_digest_is_valid(manifest.layers[i].digest) &&
			manifest.layers[i].size >= 0);
	for (size_t i = 0; i < manifest.manifest_count; i++)
		assert(image_digest_is_valid(manifest.manifests[i].digest));
	return 0;
}
