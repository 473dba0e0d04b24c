/*
 * YAML nodes to JSON text. What is YAML's own disappears here: aliases are followed, merge keys
 * filled in, tags and plain scalars given a type, keys made strings. A small text can mean a huge
 * document ("billion laughs"); every node visited is therefore counted, and so is the depth.
 */
#include "base/map.h"
#include "json/tree.h"
#include "json/yaml_node.h"
#include "json/yaml_scalar.h"

struct convert_run {
	struct json_writer writer;
	size_t visited_count;
	size_t depth;
	struct error *err;
};

static int convert_visit(struct convert_run *run, const struct yaml_node *node)
{
	run->visited_count++;
	if (run->visited_count > LIMIT_YAML_NODES || run->writer.out->is_overflown)
		return error_set(run->err, ERROR_TOO_BIG,
			"the YAML text has too many nodes or is too large with its aliases "
			"followed, in line %zu",
			node->line);
	return 0;
}

static int convert_enter(struct convert_run *run, const struct yaml_node *node)
{
	run->depth++;
	if (run->depth > LIMIT_JSON_DEPTH)
		return error_set(run->err, ERROR_CORRUPT,
			"invalid YAML in line %zu: nested more than %d levels deep", node->line,
			LIMIT_JSON_DEPTH);
	return 0;
}

static const struct yaml_node *convert_follow(const struct yaml_node *node)
{
	return node->kind == NODE_ALIAS ? node->target : node;
}

/* The core schema's tags; all others, and "!", make a scalar a string, as go-yaml has it. */
static const struct {
	const char *tag;
	enum json_type type;
} convert_tags[] = {
	{"tag:yaml.org,2002:null", JSON_NULL}, {"tag:yaml.org,2002:bool", JSON_BOOL},
	{"tag:yaml.org,2002:int", JSON_NUMBER}, {"tag:yaml.org,2002:float", JSON_NUMBER},
	{"tag:yaml.org,2002:binary", JSON_ABSENT}, /* JSON has none */
};

static enum json_type convert_type_of_tag(struct str tag)
{
	for (size_t i = 0; i < array_size(convert_tags); i++)
		if (str_is(tag, convert_tags[i].tag))
			return convert_tags[i].type;
	return JSON_STRING;
}

static int convert_resolve(
	struct convert_run *run, const struct yaml_node *node, struct yaml_scalar *ret_scalar)
{
	enum json_type tagged = convert_type_of_tag(node->tag);
	struct yaml_scalar scalar = {.type = JSON_STRING};

	if (node->is_plain || tagged != JSON_STRING)
		scalar = yaml__resolve(node->text);
	if (scalar.type == JSON_NUMBER && scalar.number[0] == '\0')
		return error_set(run->err, ERROR_INVALID,
			"line %zu: JSON has no number '%.*s'; quote it if it is a text", node->line,
			STR_ARG(node->text));
	if (node->tag.size > 0 && tagged != JSON_STRING && scalar.type != tagged)
		return error_set(run->err, ERROR_INVALID, "line %zu: the value is no '%.*s'",
			node->line, STR_ARG(node->tag));
	*ret_scalar = scalar;
	return 0;
}

static int convert_scalar(struct convert_run *run, const struct yaml_node *node)
{
	struct yaml_scalar scalar;

	if (convert_resolve(run, node, &scalar) < 0)
		return -1;
	if (scalar.type == JSON_NULL)
		json_add_null(&run->writer);
	else if (scalar.type == JSON_BOOL)
		json_add_bool(&run->writer, scalar.is_true);
	else if (scalar.type == JSON_NUMBER)
		json__add_number(&run->writer, str_of(scalar.number));
	else
		json_add_str(&run->writer, node->text);
	return 0;
}

/* JSON's keys are strings: 010 becomes "8" and yes "true". *ret_key lives as long as *scalar. */
static int convert_key(struct convert_run *run, const struct yaml_node *node,
	struct yaml_scalar *scalar, struct str *ret_key)
{
	if (node->kind != NODE_SCALAR)
		return error_set(run->err, ERROR_INVALID,
			"line %zu: a key must be a scalar, not a list or mapping", node->line);
	if (convert_resolve(run, node, scalar) < 0)
		return -1;
	if (scalar->type == JSON_NULL)
		return error_set(
			run->err, ERROR_INVALID, "line %zu: a key must not be null", node->line);
	if (scalar->type == JSON_BOOL)
		*ret_key = str_of(scalar->is_true ? "true" : "false");
	else if (scalar->type == JSON_NUMBER)
		*ret_key = str_of(scalar->number);
	else
		*ret_key = node->text;
	return 0;
}

static bool convert_is_merge(const struct yaml_node *key)
{
	return key->kind == NODE_SCALAR && key->is_plain && str_is(key->text, "<<");
}

static int convert_node(struct convert_run *run, const struct yaml_node *node);

/* `seen` holds the keys that the object has; one that comes by a merge yields to it. */
static int convert_member(
	struct convert_run *run, const struct yaml_node *key_node, bool is_merged, struct map *seen)
{
	struct yaml_scalar scalar;
	struct str key;

	if (convert_visit(run, key_node) < 0 ||
		convert_key(run, convert_follow(key_node), &scalar, &key) < 0)
		return -1;
	if (map_get(seen, key) != NULL) {
		if (is_merged)
			return 0;
		return error_set(run->err, ERROR_INVALID, "line %zu: key '%.*s' stands twice",
			key_node->line, STR_ARG(key));
	}
	(void)map_set(seen, key, seen);
	json_key(&run->writer, key);
	return convert_node(run, key_node->next);
}

static int convert_merge(struct convert_run *run, const struct yaml_node *merged, struct map *seen);

static int convert_members(
	struct convert_run *run, const struct yaml_node *mapping, bool is_merged, struct map *seen)
{
	const struct yaml_node *key;

	for (key = mapping->first; key != NULL; key = key->next->next)
		if (!convert_is_merge(key) && convert_member(run, key, is_merged, seen) < 0)
			return -1;
	for (key = mapping->first; key != NULL; key = key->next->next)
		if (convert_is_merge(key) && convert_merge(run, key->next, seen) < 0)
			return -1;
	return 0;
}

static int convert_merge_list(
	struct convert_run *run, const struct yaml_node *list, struct map *seen)
{
	for (const struct yaml_node *item = list->first; item != NULL; item = item->next) {
		if (convert_follow(item)->kind != NODE_MAPPING)
			return error_set(run->err, ERROR_INVALID,
				"line %zu: only mappings can be merged", item->line);
		if (convert_merge(run, item, seen) < 0)
			return -1;
	}
	return 0;
}

/* `<<: *defaults` or `<<: [*these, *those]` (yaml.org/type/merge.html): the first one counts. */
static int convert_merge(struct convert_run *run, const struct yaml_node *merged, struct map *seen)
{
	const struct yaml_node *node = convert_follow(merged);
	int result = 0;

	if (convert_visit(run, merged) < 0 || convert_enter(run, merged) < 0)
		return -1;
	if (node->kind == NODE_MAPPING)
		result = convert_members(run, node, true, seen);
	else if (node->kind == NODE_SEQUENCE)
		result = convert_merge_list(run, node, seen);
	else
		result = error_set(run->err, ERROR_INVALID, "line %zu: only mappings can be merged",
			merged->line);
	run->depth--;
	return result;
}

static int convert_mapping(struct convert_run *run, const struct yaml_node *mapping)
{
	automap seen = MAP_INIT;

	json_begin_object(&run->writer);
	if (convert_members(run, mapping, false, &seen) < 0)
		return -1;
	json_end_object(&run->writer);
	return 0;
}

static int convert_sequence(struct convert_run *run, const struct yaml_node *sequence)
{
	json_begin_array(&run->writer);
	for (const struct yaml_node *item = sequence->first; item != NULL; item = item->next)
		if (convert_node(run, item) < 0)
			return -1;
	json_end_array(&run->writer);
	return 0;
}

static int convert_node(struct convert_run *run, const struct yaml_node *node)
{
	const struct yaml_node *target = convert_follow(node);
	int result;

	if (convert_visit(run, node) < 0)
		return -1;
	if (target->kind == NODE_SCALAR)
		return convert_scalar(run, target);
	if (convert_enter(run, node) < 0)
		return -1;
	result = target->kind == NODE_MAPPING ? convert_mapping(run, target)
					      : convert_sequence(run, target);
	run->depth--;
	return result;
}

int yaml__convert(const struct yaml_node *root, struct buf *out, struct error *err)
{
	struct convert_run run = {.writer = json_writer(out), .err = err};

	if (convert_node(&run, root) < 0)
		return -1;
	return buf_check(out, "the YAML text as JSON", err);
}
