/* For the other files of this room only. */
#ifndef API_INTERNAL_H
#define API_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "json/json.h"

/* What the kinds of requests have in common; request.c. */
extern const struct json_object api__request_pod_object;
extern const struct json_object api__checkpoint_reference_object;

/* What the tickets have in common; export.c. */
extern const struct json_object api__relay_reference_object;

/* The index of `text` in `choices` (ends with NULL); 0, the default's, when it is not there. */
size_t api__choice(const char *const *choices, struct str text);

/* A size for people: "66.8Mi". */
struct str api__size_text(struct arena *arena, int64_t bytes);

#endif
