/* What a plain (unquoted) YAML scalar means. */
#ifndef JSON_YAML_SCALAR_H
#define JSON_YAML_SCALAR_H

#include "json/json.h"

struct yaml_scalar {
	enum json_type type; /* JSON_NULL, JSON_BOOL, JSON_NUMBER or JSON_STRING */
	bool is_true; /* of a JSON_BOOL */
	char number[40]; /* of a JSON_NUMBER: as JSON text; empty: infinite or not a number */
};

/*
 * As sigs.k8s.io/yaml (go-yaml v2, YAML 1.1), which every Kubernetes tool reads with:
 * - null: nothing, ~, null; true: true, yes, on, y; false: false, no, off, n; each in lower case,
 *   capitalised or, all of them, in upper case.
 * - integers: decimal, 0x, 0b, 0o, and a leading 0 means octal (0644 is 420); what does not fit
 *   into 64 bits, and digits that are not octal (08), become a floating number.
 * - numbers may have a sign and underscores; .inf and .nan are numbers that JSON does not have.
 * - everything else is a string: dates, times, 1e999.
 */
struct yaml_scalar yaml__resolve(struct str text);

#endif
