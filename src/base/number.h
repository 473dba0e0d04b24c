/* Numbers from text: the whole slice must be the number, and overflow is an error. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Decimal digits only. False when `text` is anything else or the value does not fit. */
must_check bool number_parse_u64(struct str text, uint64_t *ret_value);

/* Decimal digits with an optional leading '-'. */
must_check bool number_parse_i64(struct str text, int64_t *ret_value);

/*
 * A Kubernetes quantity of bytes: digits with an optional suffix k M G T P E or Ki Mi Gi Ti Pi Ei
 * (k8s.io/apimachinery, resource.Quantity; fractions and exponents are not accepted).
 */
must_check bool number_parse_quantity(struct str text, uint64_t *ret_bytes);

#endif
