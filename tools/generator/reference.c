/* The kinds' tables become a page for people: every field with its type, bounds and default. */
#include <inttypes.h>

#include "generate.h"

/* Objects that several kinds contain: described once, in a section of their own. */
struct reference_shared {
	const struct json_object *object;
	const char *title;
	const char *anchor;
};

static const struct reference_shared reference_shared_objects[] = {
	{&api_selector_object, "LabelSelector", "labelselector"},
	{&api_reference_object, "ObjectReference", "objectreference"},
	{&api_condition_object, "Condition", "condition"},
};

static const struct reference_shared *reference_find_shared(const struct json_object *object)
{
	for (size_t i = 0; i < array_size(reference_shared_objects); i++)
		if (object != NULL && reference_shared_objects[i].object == object)
			return &reference_shared_objects[i];
	return NULL;
}

/* A bar would end the table's cell. */
static void reference_add_cell(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			buf_add_byte(out, '\\');
		buf_add_byte(out, *text);
	}
}

static void reference_add_type(struct buf *out, const struct json_field *field)
{
	static const char *const names[] = {
		[JSON_FIELD_STRING] = "string",
		[JSON_FIELD_BOOL] = "boolean",
		[JSON_FIELD_I64] = "integer",
		[JSON_FIELD_TIME] = "time",
		[JSON_FIELD_MICROTIME] = "time",
		[JSON_FIELD_OBJECT] = "object",
		[JSON_FIELD_POINTER] = "object",
		[JSON_FIELD_STRINGS] = "list of strings",
		[JSON_FIELD_STRING_MAP] = "map of strings",
		[JSON_FIELD_LIST] = "list of objects",
	};
	const struct reference_shared *shared = reference_find_shared(field->object);

	if (shared == NULL)
		buf_add_text(out, names[field->type]);
	else
		buf_printf(out, "%s[%s](#%s)", field->type == JSON_FIELD_LIST ? "list of " : "",
			shared->title, shared->anchor);
}

static void reference_add_default(struct buf *out, const struct json_field *field)
{
	bool has_default = (field->flags & JSON_HAS_DEFAULT) != 0;

	if ((field->flags & JSON_REQUIRED) != 0)
		buf_add_text(out, "*required*");
	else if (field->type == JSON_FIELD_STRING && field->default_text != NULL)
		buf_printf(out, "`%s`", field->default_text);
	else if (field->type == JSON_FIELD_I64 && has_default)
		buf_printf(out, "`%" PRIi64 "`", field->default_i64);
	else if (field->type == JSON_FIELD_BOOL && has_default)
		buf_printf(out, "`%s`", field->default_bool ? "true" : "false");
}

/* What the API server refuses, in the words of the table. */
static void reference_add_bounds(struct buf *out, const struct json_field *field)
{
	bool is_text = field->type == JSON_FIELD_STRING;

	if (field->choices != NULL) {
		buf_add_text(out, " One of:");
		for (const char *const *choice = field->choices; *choice != NULL; choice++)
			buf_printf(out, "%s `%s`", choice == field->choices ? "" : ",", *choice);
		buf_add_byte(out, '.');
	}
	if (field->minimum < field->maximum && field->maximum < INT32_MAX)
		buf_printf(
			out, " From %" PRIi64 " to %" PRIi64 ".", field->minimum, field->maximum);
	if (field->max_length > 0)
		buf_printf(out, " At most %zu %s.", field->max_length,
			is_text ? "characters" : "entries");
	if ((field->flags & JSON_IMMUTABLE) != 0)
		buf_add_text(out, " Stays as it is once set.");
}

static void reference_add_fields(
	struct buf *out, const struct json_object *object, struct str prefix)
{
	for (size_t i = 0; i < object->field_count; i++) {
		const struct json_field *field = &object->fields[i];
		autobuf path = BUF_INIT(1024);

		if (field->object == &api_metadata_object)
			continue;
		buf_printf(&path, "%.*s%s", STR_ARG(prefix), field->name);
		buf_printf(out, "| `%s` | ", path.data);
		reference_add_type(out, field);
		buf_add_text(out, " | ");
		reference_add_default(out, field);
		buf_add_text(out, " | ");
		reference_add_cell(out, field->description);
		reference_add_bounds(out, field);
		buf_add_text(out, " |\n");
		if (field->object == NULL || reference_find_shared(field->object) != NULL)
			continue;
		buf_add_text(&path, field->type == JSON_FIELD_LIST ? "[]." : ".");
		reference_add_fields(out, field->object, buf_str(&path));
	}
}

static void reference_add_table(struct buf *out, const struct json_object *object)
{
	buf_add_text(out, "| Field | Type | Default | Meaning |\n|---|---|---|---|\n");
	reference_add_fields(out, object, STR(""));
	buf_add_byte(out, '\n');
}

static void reference_add_columns(struct buf *out, const struct api_kind *kind)
{
	buf_printf(out, "`kubectl get %s` shows:\n\n| Column | Meaning |\n|---|---|\n",
		kind->short_name);
	for (size_t i = 0; i < kind->column_count; i++) {
		buf_printf(out, "| %s%s | ", kind->columns[i].name,
			kind->columns[i].is_wide ? " (`-o wide`)" : "");
		reference_add_cell(out, kind->columns[i].description);
		buf_add_text(out, " |\n");
	}
	buf_add_byte(out, '\n');
}

static void reference_add_kind(struct buf *out, const struct api_kind *kind)
{
	buf_printf(out, "## %s\n\n%s\n\n", kind->name, kind->description);
	buf_printf(out, "Resource `%s`, short name `%s`, %s.", kind->plural, kind->short_name,
		kind->is_cluster_scoped ? "of the whole cluster" : "namespaced");
	for (const char *const *path = kind->selectable_fields; *path != NULL; path++)
		buf_printf(out, " `--field-selector %s=...` selects.", *path + 1);
	buf_add_text(out, "\n\n");
	reference_add_table(out, kind->object);
	reference_add_columns(out, kind);
}

void generate_reference(struct buf *out)
{
	const struct json_object *annotations = &api_annotations_object;

	buf_add_text(out,
		"# Reference\n\n"
		"<!-- Written by tools/generate from the tables in src/api; do not edit. -->\n\n"
		"All kinds are of `" API_GROUP_VERSION "`. `kubectl get kcr` lists the objects of "
		"all of them, `kubectl explain` says what stands here.\n\n");
	for (const struct api_kind *const *kind = api_kinds; *kind != NULL; kind++)
		reference_add_kind(out, *kind);
	for (size_t i = 0; i < array_size(reference_shared_objects); i++) {
		buf_printf(out, "## %s\n\n", reference_shared_objects[i].title);
		reference_add_table(out, reference_shared_objects[i].object);
	}
	buf_add_text(out, "## Annotations\n\n| Annotation | Meaning |\n|---|---|\n");
	for (size_t i = 0; i < annotations->field_count; i++) {
		buf_printf(out, "| `%s` | ", annotations->fields[i].name);
		reference_add_cell(out, annotations->fields[i].description);
		buf_add_text(out, " |\n");
	}
}
