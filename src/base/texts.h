/*
 * Texts that many objects have in common (images, names of labels, nodes), each kept once and named
 * by a small number for as long as somebody refers to it.
 */
#ifndef BASE_TEXTS_H
#define BASE_TEXTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"

struct texts;

must_check struct texts *texts_new(void); /* never NULL */
void texts_free(struct texts *texts); /* whatever is still referred to; may be NULL */

/* The number of `text`, which is copied when it is new. The caller has a reference now. */
must_check uint32_t texts_take(struct texts *texts, struct str text);

/* Gives a reference back; with the last one the text goes, and its number is used again. */
void texts_drop(struct texts *texts, uint32_t number);

/* Terminated; borrowed for as long as the caller has a reference. */
must_check struct str texts_get(const struct texts *texts, uint32_t number);

/* How many different ones there are. */
must_check size_t texts_count(const struct texts *texts);

#endif
