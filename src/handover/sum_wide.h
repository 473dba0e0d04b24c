/* A step of XXH3 for processors that have AVX2. Internal to the room. */
#ifndef HANDOVER_SUM_WIDE_H
#define HANDOVER_SUM_WIDE_H

#include "base/str.h"

/* XXH3_128bits_update(); `state` is an XXH3_state_t. Not to be called where AVX2 is missing. */
void handover__sum_add_wide(void *state, struct str bytes);

#endif
