/*
 * YAML (kubeconfig, local manifests) to JSON text, and JSON to YAML for people. The only user of
 * libyaml. Scalars follow sigs.k8s.io/yaml: quoted stays a string; plain null, true, false and
 * numbers become what JSON calls so.
 */
#ifndef JSON_YAML_H
#define JSON_YAML_H

#include "json/json.h"

/*
 * Parses one document (a second one is INVALID). At most LIMIT_YAML_NODES nodes after aliases are
 * followed, at most LIMIT_JSON_DEPTH deep. The caller owns *ret_doc. Fails with CORRUPT (line and
 * column), TOO_BIG, INVALID.
 */
must_check int yaml_parse(struct str text, struct json_doc **ret_doc, struct error *err);

/* Appends block-style YAML of `value`, keys in their order, ending with a newline. */
void yaml_write(struct buf *out, const struct json *value);

#endif
