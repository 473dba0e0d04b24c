/*
 * YAML (kubeconfig, local manifests) to the tree of json.h, and the tree to YAML for people. The
 * only user of libyaml. Scalars mean what they mean to kubectl (sigs.k8s.io/yaml, YAML 1.1): a
 * quoted one is a string; a plain yes, no, on, off, y or n is a boolean, 0644 is 420, and 1.10 as a
 * value or key is 1.1. The rules in full stand in yaml_scalar.h.
 */
#ifndef JSON_YAML_H
#define JSON_YAML_H

#include "json/json.h"

/*
 * Parses one document of at most LIMIT_CONFIG_BYTES; no document at all is null. Anchors, aliases
 * and merge keys ("<<") are followed. The caller owns *ret_doc. Fails with
 * CORRUPT: not YAML, or deeper than LIMIT_JSON_DEPTH with aliases followed;
 * TOO_BIG: more than LIMIT_YAML_NODES nodes, every alias followed each time;
 * INVALID: a second document, a key twice (kubectl takes the last; strict readers refuse as we do),
 * a key that is no scalar, a value unlike its tag, and what JSON lacks: .inf, .nan, !!binary.
 * Errors name the line.
 */
must_check int yaml_parse(struct str text, struct json_doc **ret_doc, struct error *err);

/*
 * The line, from 1, of the key of a mapping that is the whole document: to name the place of what
 * is wrong with its value. 0 when the text cannot be parsed or has no such key.
 */
size_t yaml_find_line(struct str text, struct str key);

/*
 * Appends block-style YAML of `value`, keys in their order, ending with a line feed. Every YAML
 * reader gets the same value back from it.
 */
void yaml_write(struct buf *out, const struct json *value);

#endif
