/*
 * A kind's table becomes a CustomResourceDefinition: every field a structural schema with its
 * bounds, defaults and CEL rules. What the API server understands of it:
 * kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions.
 */
#include "generate.h"

/* Where the walk through a kind's tables is. */
struct crd_place {
	const struct api_kind *kind;
	struct str path; /* of the field: "spec.schedule"; empty at the root */
};

static void crd_add_strings(
	struct json_writer *writer, const char *name, const char *const *texts, size_t count)
{
	json_set_array(writer, name);
	for (size_t i = 0; i < count; i++)
		json_add_str(writer, str_of(texts[i]));
	json_end_array(writer);
}

static size_t crd_count_texts(const char *const *texts)
{
	size_t count = 0;

	while (texts != NULL && texts[count] != NULL)
		count++;
	return count;
}

static void crd_add_rule(struct json_writer *writer, struct str expression, struct str message)
{
	json_begin_object(writer);
	json_set_str(writer, "rule", expression);
	json_set_str(writer, "message", message);
	json_end_object(writer);
}

static bool crd_can_vanish(const struct json_field *field)
{
	return (field->flags & JSON_IMMUTABLE) != 0 && (field->flags & JSON_REQUIRED) == 0;
}

/*
 * `self == oldSelf` at a field is only asked when it is there before and after, so an optional
 * field could be removed and set anew. The object around it says that it stays. Returns how many
 * such rules there are; `writer` may be NULL to count only.
 */
static size_t crd_add_stay_rules(struct json_writer *writer, const struct json_object *object)
{
	size_t count = 0;

	for (size_t i = 0; object != NULL && i < object->field_count; i++) {
		const char *name = object->fields[i].name;
		autobuf expression = BUF_INIT(1024);
		autobuf message = BUF_INIT(1024);

		if (!crd_can_vanish(&object->fields[i]))
			continue;
		count++;
		buf_printf(&expression, "!has(oldSelf.%s) || has(self.%s)", name, name);
		buf_printf(&message, "%s cannot be removed once it is set", name);
		if (writer != NULL)
			crd_add_rule(writer, buf_str(&expression), buf_str(&message));
	}
	return count;
}

static void crd_add_rules(
	struct json_writer *writer, const struct crd_place *place, const struct json_field *field)
{
	autobuf message = BUF_INIT(1024);
	const struct api_kind *kind = place->kind;
	bool is_immutable = (field->flags & JSON_IMMUTABLE) != 0;
	size_t count = crd_add_stay_rules(NULL, field->object) + (is_immutable ? 1 : 0);

	for (size_t i = 0; i < kind->rule_count; i++)
		count += str_is(place->path, kind->rules[i].path) ? 1 : 0;
	if (count == 0)
		return;
	json_set_array(writer, "x-kubernetes-validations");
	buf_printf(&message, "%s cannot be changed once it is set", field->name);
	if (is_immutable)
		crd_add_rule(writer, STR("self == oldSelf"), buf_str(&message));
	(void)crd_add_stay_rules(writer, field->object); /* counted above */
	for (size_t i = 0; i < kind->rule_count; i++)
		if (str_is(place->path, kind->rules[i].path))
			crd_add_rule(writer, str_of(kind->rules[i].expression),
				str_of(kind->rules[i].message));
	json_end_array(writer);
}

static void crd_add_string(struct json_writer *writer, const struct json_field *field)
{
	json_set_text(writer, "type", "string");
	if (field->choices != NULL)
		crd_add_strings(writer, "enum", field->choices, crd_count_texts(field->choices));
	else if ((field->flags & JSON_REQUIRED) != 0)
		json_set_i64(writer, "minLength", 1);
	if (field->max_length > 0)
		json_set_i64(writer, "maxLength", (int64_t)field->max_length);
	if (field->pattern != NULL)
		json_set_text(writer, "pattern", field->pattern);
	if (field->default_text != NULL)
		json_set_text(writer, "default", field->default_text);
}

static void crd_add_integer(struct json_writer *writer, const struct json_field *field)
{
	json_set_text(writer, "type", "integer");
	json_set_text(writer, "format", "int64");
	if (field->minimum < field->maximum)
		json_set_i64(writer, "minimum", field->minimum);
	if (field->minimum < field->maximum && field->maximum < INT64_MAX)
		json_set_i64(writer, "maximum", field->maximum);
	if ((field->flags & JSON_HAS_DEFAULT) != 0)
		json_set_i64(writer, "default", field->default_i64);
}

static void crd_add_field(
	struct json_writer *writer, const struct crd_place *around, const struct json_field *field);

static void crd_add_required(struct json_writer *writer, const struct json_object *object)
{
	bool has_required = false;

	for (size_t i = 0; i < object->field_count; i++) {
		if ((object->fields[i].flags & JSON_REQUIRED) == 0)
			continue;
		if (!has_required)
			json_set_array(writer, "required");
		has_required = true;
		json_add_str(writer, str_of(object->fields[i].name));
	}
	if (has_required)
		json_end_array(writer);
}

/* type, required and properties of an object. */
static void crd_add_object(
	struct json_writer *writer, const struct crd_place *place, const struct json_object *object)
{
	json_set_text(writer, "type", "object");
	crd_add_required(writer, object);
	json_set_object(writer, "properties");
	for (size_t i = 0; i < object->field_count; i++)
		crd_add_field(writer, place, &object->fields[i]);
	json_end_object(writer);
}

static void crd_add_array(
	struct json_writer *writer, const struct crd_place *place, const struct json_field *field)
{
	static const char *const keys[] = {"type"};
	bool is_map = (field->flags & JSON_LIST_BY_TYPE) != 0;

	json_set_text(writer, "type", "array");
	if (field->max_length > 0)
		json_set_i64(writer, "maxItems", (int64_t)field->max_length);
	json_set_text(writer, "x-kubernetes-list-type", is_map ? "map" : "atomic");
	if (is_map)
		crd_add_strings(writer, "x-kubernetes-list-map-keys", keys, array_size(keys));
	json_set_object(writer, "items");
	if (field->object != NULL)
		crd_add_object(writer, place, field->object);
	else
		json_set_text(writer, "type", "string");
	json_end_object(writer);
}

static void crd_add_string_map(struct json_writer *writer, const struct json_field *field)
{
	json_set_text(writer, "type", "object");
	if (field->max_length > 0)
		json_set_i64(writer, "maxProperties", (int64_t)field->max_length);
	json_set_object(writer, "additionalProperties");
	json_set_text(writer, "type", "string");
	json_end_object(writer);
}

static void crd_add_type(
	struct json_writer *writer, const struct crd_place *place, const struct json_field *field)
{
	switch (field->type) {
	case JSON_FIELD_STRING:
		crd_add_string(writer, field);
		break;
	case JSON_FIELD_BOOL:
		json_set_text(writer, "type", "boolean");
		if ((field->flags & JSON_HAS_DEFAULT) != 0)
			json_set_bool(writer, "default", field->default_bool);
		break;
	case JSON_FIELD_I64:
		crd_add_integer(writer, field);
		break;
	case JSON_FIELD_TIME:
	case JSON_FIELD_MICROTIME:
		json_set_text(writer, "type", "string");
		json_set_text(writer, "format", "date-time");
		break;
	case JSON_FIELD_OBJECT:
	case JSON_FIELD_POINTER:
		crd_add_object(writer, place, field->object);
		if ((field->flags & JSON_HAS_DEFAULT) != 0) {
			json_set_object(writer, "default");
			json_end_object(writer);
		}
		break;
	case JSON_FIELD_STRINGS:
	case JSON_FIELD_LIST:
		crd_add_array(writer, place, field);
		break;
	case JSON_FIELD_STRING_MAP:
		crd_add_string_map(writer, field);
		break;
	}
}

static void crd_add_field(
	struct json_writer *writer, const struct crd_place *around, const struct json_field *field)
{
	autobuf path = BUF_INIT(1024);
	struct crd_place place = {.kind = around->kind};

	if (around->path.size > 0)
		buf_printf(&path, "%.*s.", STR_ARG(around->path));
	buf_add_text(&path, field->name);
	place.path = buf_str(&path);

	json_set_object(writer, field->name);
	if (field->object == &api_metadata_object) {
		json_set_text(writer, "type", "object"); /* the API server knows the rest */
		json_end_object(writer);
		return;
	}
	json_set_text(writer, "description", field->description);
	crd_add_type(writer, &place, field);
	if ((field->flags & JSON_NULLABLE) != 0)
		json_set_bool(writer, "nullable", true);
	if ((field->flags & JSON_PRESERVE) != 0)
		json_set_bool(writer, "x-kubernetes-preserve-unknown-fields", true);
	crd_add_rules(writer, &place, field);
	json_end_object(writer);
}

static void crd_add_type_meta(struct json_writer *writer)
{
	static const struct json_field fields[] = {
		{.name = "apiVersion",
			.type = JSON_FIELD_STRING,
			.description = "Group and version: " API_GROUP_VERSION "."},
		{.name = "kind",
			.type = JSON_FIELD_STRING,
			.description = "The kind of this object."},
	};
	const struct crd_place root = {.kind = api_kinds[0]};

	for (size_t i = 0; i < array_size(fields); i++)
		crd_add_field(writer, &root, &fields[i]);
}

static void crd_add_schema(struct json_writer *writer, const struct api_kind *kind)
{
	const struct crd_place root = {.kind = kind};

	json_set_object(writer, "schema");
	json_set_object(writer, "openAPIV3Schema");
	json_set_text(writer, "description", kind->description);
	json_set_text(writer, "type", "object");
	crd_add_required(writer, kind->object);
	json_set_object(writer, "properties");
	crd_add_type_meta(writer);
	for (size_t i = 0; i < kind->object->field_count; i++)
		crd_add_field(writer, &root, &kind->object->fields[i]);
	json_end_object(writer);
	json_end_object(writer);
	json_end_object(writer);
}

static void crd_add_names(struct json_writer *writer, const struct api_kind *kind)
{
	static const char *const categories[] = {"kcr"};
	autobuf list_kind = BUF_INIT(256);

	buf_printf(&list_kind, "%sList", kind->name);
	json_set_object(writer, "names");
	json_set_text(writer, "kind", kind->name);
	json_set_text(writer, "listKind", list_kind.data);
	json_set_text(writer, "plural", kind->plural);
	json_set_text(writer, "singular", kind->singular);
	crd_add_strings(writer, "shortNames", &kind->short_name, 1);
	crd_add_strings(writer, "categories", categories, array_size(categories));
	json_end_object(writer);
}

static void crd_add_columns(struct json_writer *writer, const struct api_kind *kind)
{
	json_set_array(writer, "additionalPrinterColumns");
	for (size_t i = 0; i < kind->column_count; i++) {
		const struct api_column *column = &kind->columns[i];

		json_begin_object(writer);
		json_set_text(writer, "name", column->name);
		json_set_text(writer, "type", column->type);
		json_set_text(writer, "jsonPath", column->path);
		json_set_text(writer, "description", column->description);
		if (column->is_wide)
			json_set_i64(writer, "priority", 1);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void crd_add_selectable_fields(struct json_writer *writer, const struct api_kind *kind)
{
	if (crd_count_texts(kind->selectable_fields) == 0)
		return;
	json_set_array(writer, "selectableFields");
	for (const char *const *path = kind->selectable_fields; *path != NULL; path++) {
		json_begin_object(writer);
		json_set_text(writer, "jsonPath", *path);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void crd_add_version(struct json_writer *writer, const struct api_kind *kind)
{
	json_begin_object(writer);
	json_set_text(writer, "name", API_VERSION);
	json_set_bool(writer, "served", true);
	json_set_bool(writer, "storage", true);
	json_set_object(writer, "subresources");
	json_set_object(writer, "status");
	json_end_object(writer);
	json_end_object(writer);
	crd_add_columns(writer, kind);
	crd_add_selectable_fields(writer, kind);
	crd_add_schema(writer, kind);
	json_end_object(writer);
}

void generate_crd(struct buf *out, const struct api_kind *kind)
{
	struct json_writer json = json_writer(out);
	autobuf name = BUF_INIT(256);

	buf_printf(&name, "%s." API_GROUP, kind->plural);
	json_begin_object(&json);
	json_set_text(&json, "apiVersion", "apiextensions.k8s.io/v1");
	json_set_text(&json, "kind", "CustomResourceDefinition");
	json_set_object(&json, "metadata");
	json_set_text(&json, "name", name.data);
	/* helm would delete the kind with the release, and with the kind every object of it */
	json_set_object(&json, "annotations");
	json_set_text(&json, "helm.sh/resource-policy", "keep");
	json_end_object(&json);
	json_end_object(&json);
	json_set_object(&json, "spec");
	json_set_text(&json, "group", API_GROUP);
	json_set_text(&json, "scope", kind->is_cluster_scoped ? "Cluster" : "Namespaced");
	crd_add_names(&json, kind);
	json_set_array(&json, "versions");
	crd_add_version(&json, kind);
	json_end_array(&json);
	json_end_object(&json);
	json_end_object(&json);
}
