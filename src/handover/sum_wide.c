/* Compiled for AVX2, with which xxhash.h chooses its own way through the bytes. */
#include "handover/sum_wide.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

void handover__sum_add_wide(void *state, struct str bytes)
{
	(void)XXH3_128bits_update(state, bytes.data, bytes.size);
}
