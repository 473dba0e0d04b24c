/* For the other files of this room only. */
#ifndef API_INTERNAL_H
#define API_INTERNAL_H

#include <stddef.h>

#include "base/str.h"

/* The index of `text` in `choices` (ends with NULL); 0, the default's, when it is not there. */
size_t api__choice(const char *const *choices, struct str text);

#endif
