/* Bytes as hexadecimal digits, two for each. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* 0 to 15; -1 when it is no hexadecimal digit of either case. */
int hex_value(char digit);

/* Writes 2 * `size` lower-case digits and a terminator. */
void hex_format(const uint8_t *bytes, size_t size, char *text);

#endif
