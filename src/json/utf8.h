/* UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef JSON_UTF8_H
#define JSON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * The bytes of the character that `text` begins with, and the character in *ret_character; 0 when
 * the bytes are none. `text` is not empty.
 */
size_t json__utf8_decode(struct str text, uint32_t *ret_character);

/*
 * Whether YAML allows the character in its text and takes it for itself: it does not so for control
 * characters (line feed and tab apart), byte order marks, and for what YAML 1.1 counts as further
 * line breaks: U+0085, U+2028, U+2029 (YAML 1.1, sections 4.1.1 and 4.1.4).
 */
bool json__utf8_is_printable(uint32_t character);

/* The number of characters in well-formed text. */
size_t json__utf8_count(struct str text);

#endif
