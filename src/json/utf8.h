/* UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef JSON_UTF8_H
#define JSON_UTF8_H

#include <stddef.h>

#include "base/str.h"

/* The bytes of the character that `text` begins with; 0 when that is none. `text` is not empty. */
size_t json__utf8_size(struct str text);

/* The number of characters in well-formed text. */
size_t json__utf8_count(struct str text);

#endif
