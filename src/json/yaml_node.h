/* A YAML document as it was written, between reading it and making JSON of it. */
#ifndef JSON_YAML_NODE_H
#define JSON_YAML_NODE_H

#include "json/json.h"

enum yaml_node_kind { NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING, NODE_ALIAS };

struct yaml_node {
	enum yaml_node_kind kind;
	bool is_plain; /* a scalar without quotes and tag */
	bool is_open; /* a container of which the end was not yet seen */
	size_t line; /* from 1 */
	struct str text; /* of a scalar */
	struct str tag; /* of a scalar; empty: none */
	struct yaml_node *first; /* items; in a mapping key, value, key, value, ... */
	struct yaml_node *last;
	struct yaml_node *next; /* in the container that it lies in */
	const struct yaml_node *target; /* of an alias; not an alias itself and not around it */
};

/*
 * Appends the JSON text of the document. At most LIMIT_YAML_NODES nodes are visited, every alias
 * followed each time. Fails with INVALID, CORRUPT (too deep), TOO_BIG.
 */
must_check int yaml__convert(const struct yaml_node *root, struct buf *out, struct error *err);

#endif
