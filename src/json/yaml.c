/*
 * YAML text to a document: libyaml's events are gathered to nodes here, yaml_convert.c makes JSON
 * text of them, and that is parsed like any other. The way over text costs one pass and gives YAML
 * the same tree, limits and checks as JSON.
 *
 * Only the events of libyaml are used: its own document API follows no limits.
 */
#include "json/yaml.h"

#include <yaml.h>

#include "base/map.h"
#include "json/yaml_node.h"

/* JSON text may be longer than YAML: quotes, escapes, aliases. */
enum { YAML_JSON_BYTES = 4 * LIMIT_CONFIG_BYTES };

struct yaml_load {
	yaml_parser_t parser;
	struct arena *arena;
	struct map anchors; /* name -> struct yaml_node */
	struct yaml_node *open[LIMIT_JSON_DEPTH];
	size_t depth;
	size_t node_count;
	size_t document_count;
	struct yaml_node *root;
	struct error *err;
};

static void yaml_load_done(struct yaml_load *load)
{
	yaml_parser_delete(&load->parser);
	map_done(&load->anchors);
	arena_free(load->arena);
}
#define autoload clean_up(yaml_load_done) struct yaml_load

static int load_fail_to_parse(struct yaml_load *load)
{
	const yaml_parser_t *parser = &load->parser;

	if (parser->error == YAML_MEMORY_ERROR)
		return error_set(load->err, ERROR_TOO_BIG, "no memory for the YAML text");
	if (parser->error == YAML_READER_ERROR)
		return error_set(load->err, ERROR_CORRUPT, "invalid YAML at byte %zu: %s",
			parser->problem_offset, parser->problem);
	return error_set(load->err, ERROR_CORRUPT, "invalid YAML in line %zu, column %zu: %s",
		parser->problem_mark.line + 1, parser->problem_mark.column + 1, parser->problem);
}

static void load_place(struct yaml_load *load, struct yaml_node *node)
{
	struct yaml_node *container = load->depth > 0 ? load->open[load->depth - 1] : NULL;

	if (container == NULL)
		load->root = node;
	else if (container->first == NULL)
		container->first = node;
	else
		container->last->next = node;
	if (container != NULL)
		container->last = node;
}

/* A node in its place, known by its anchor (may be NULL). */
static int load_add(struct yaml_load *load, const yaml_event_t *event, enum yaml_node_kind kind,
	const yaml_char_t *anchor, struct yaml_node **ret_node)
{
	struct yaml_node *node = arena_zeroed(load->arena, 1, sizeof(*node));

	load->node_count++;
	if (load->node_count > LIMIT_YAML_NODES)
		return error_set(load->err, ERROR_TOO_BIG, "the YAML text has more than %d nodes",
			LIMIT_YAML_NODES);
	node->kind = kind;
	node->line = event->start_mark.line + 1;
	load_place(load, node);
	if (anchor != NULL)
		(void)map_set(
			&load->anchors, str_of((const char *)anchor), node); /* the last counts */
	*ret_node = node;
	return 0;
}

static int load_scalar(struct yaml_load *load, const yaml_event_t *event)
{
	struct str text = {(const char *)event->data.scalar.value, event->data.scalar.length};
	struct str tag = str_of((const char *)event->data.scalar.tag);
	struct yaml_node *node = NULL;

	if (load_add(load, event, NODE_SCALAR, event->data.scalar.anchor, &node) < 0)
		return -1;
	node->text = arena_str(load->arena, text);
	node->tag = arena_str(load->arena, tag);
	node->is_plain = event->data.scalar.plain_implicit != 0 &&
		event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

static int load_alias(struct yaml_load *load, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct yaml_node *target = map_get(&load->anchors, str_of(name));
	struct yaml_node *node = NULL;

	if (load_add(load, event, NODE_ALIAS, NULL, &node) < 0)
		return -1;
	if (target == NULL)
		return error_set(load->err, ERROR_CORRUPT,
			"invalid YAML in line %zu: no anchor '%s' before its alias", node->line,
			name);
	if (target->is_open)
		return error_set(load->err, ERROR_CORRUPT,
			"invalid YAML in line %zu: anchor '%s' contains itself", node->line, name);
	node->target = target;
	return 0;
}

static int load_open(struct yaml_load *load, const yaml_event_t *event, enum yaml_node_kind kind,
	const yaml_char_t *anchor)
{
	struct yaml_node *node = NULL;

	if (load_add(load, event, kind, anchor, &node) < 0)
		return -1;
	if (load->depth == LIMIT_JSON_DEPTH)
		return error_set(load->err, ERROR_CORRUPT,
			"invalid YAML in line %zu: nested more than %d levels deep", node->line,
			LIMIT_JSON_DEPTH);
	node->is_open = true;
	load->open[load->depth++] = node;
	return 0;
}

static int load_document(struct yaml_load *load, const yaml_event_t *event)
{
	load->document_count++;
	if (load->document_count == 1)
		return 0;
	return error_set(load->err, ERROR_INVALID,
		"one YAML document is expected, a second one begins in line %zu",
		event->start_mark.line + 1);
}

static int load_event(struct yaml_load *load, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return load_document(load, event);
	case YAML_ALIAS_EVENT:
		return load_alias(load, event);
	case YAML_SCALAR_EVENT:
		return load_scalar(load, event);
	case YAML_SEQUENCE_START_EVENT:
		return load_open(load, event, NODE_SEQUENCE, event->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return load_open(load, event, NODE_MAPPING, event->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		load->open[--load->depth]->is_open = false;
		return 0;
	default:
		return 0;
	}
}

/* The whole stream; load->root stays NULL when it holds no document. */
static int load_stream(struct yaml_load *load)
{
	bool is_at_end = false;

	while (!is_at_end) {
		yaml_event_t event;
		int result;
		if (!yaml_parser_parse(&load->parser, &event))
			return load_fail_to_parse(load);
		is_at_end = event.type == YAML_STREAM_END_EVENT;
		result = load_event(load, &event);
		yaml_event_delete(&event);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int load_text(struct yaml_load *load, struct str text)
{
	if (text.size > LIMIT_CONFIG_BYTES)
		return error_set(load->err, ERROR_TOO_BIG, "the YAML text is larger than %d bytes",
			LIMIT_CONFIG_BYTES);
	if (!yaml_parser_initialize(&load->parser))
		return error_set(load->err, ERROR_TOO_BIG, "no memory for the YAML text");
	yaml_parser_set_encoding(&load->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&load->parser,
		(const unsigned char *)(text.data != NULL ? text.data : ""), text.size);
	return load_stream(load);
}

size_t yaml_find_line(struct str text, struct str key)
{
	struct error err;
	autoload load = {.arena = arena_new(16 * 1024), .anchors = MAP_INIT, .err = &err};

	if (load_text(&load, text) < 0 || load.root == NULL || load.root->kind != NODE_MAPPING)
		return 0;
	for (const struct yaml_node *node = load.root->first; node != NULL; node = node->next->next)
		if (node->kind == NODE_SCALAR && str_equal(node->text, key))
			return node->line;
	return 0;
}

int yaml_parse(struct str text, struct json_doc **ret_doc, struct error *err)
{
	autobuf converted = BUF_INIT(YAML_JSON_BYTES);
	autoload load = {.arena = arena_new(16 * 1024), .anchors = MAP_INIT, .err = err};

	if (load_text(&load, text) < 0)
		return -1;
	if (load.root == NULL)
		buf_add_text(&converted, "null");
	else if (yaml__convert(load.root, &converted, err) < 0)
		return -1;
	return json_parse_buf(&converted, ret_doc, err);
}
