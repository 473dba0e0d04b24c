/*
 * Memory for objects of a size that we chose ourselves. These functions abort when memory is gone:
 * reconciling is level-based and the kubelet restarts us. Sizes that come from outside pass a cap
 * of base/limits.h before they get here.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

#include "base/attributes.h"

/* `count` zeroed items of `size` bytes each; owned by the caller, released by free(). Never NULL.
 */
must_check void *alloc_zeroed(size_t count, size_t size);

/* As realloc for `count` items of `size` bytes each. Never NULL. */
must_check void *alloc_resize(void *pointer, size_t count, size_t size);

/* A terminated copy of the `size` bytes at `text`; owned by the caller. Never NULL. */
must_check char *alloc_text(const char *text, size_t size);

/*
 * Room for one more item in the array `items` of which `count` are in use: returns the array,
 * enlarged when `*capacity` was reached. For arrays that grow one by one.
 */
must_check void *alloc_room_for_one(void *items, size_t count, size_t *capacity, size_t size);

#define new_zeroed(type) ((type *)alloc_zeroed(1, sizeof(type)))

/* Moves ownership out of a variable: yields its pointer and leaves NULL behind. */
#define take_ptr(variable) ((__typeof__(*(variable)))alloc_take_pointer((void *)(variable)))
void *alloc_take_pointer(void *variable);

/* For clean_up(): frees what a `char *` (or other object pointer) variable holds. */
void alloc_free_clean(void *variable);
#define autofree clean_up(alloc_free_clean)

#endif
