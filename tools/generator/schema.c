/* The programs' tables of options become the part of the chart's schema that is about them. */
#include "control/control.h"
#include "generate.h"
#include "node/node.h"
#include "json/json.h"

static void schema_add_choices(struct json_writer *writer, const struct option_row *row)
{
	json_set_array(writer, "enum");
	for (const char *const *choice = row->choices; *choice != NULL; choice++)
		json_add_str(writer, str_of(*choice));
	json_end_array(writer);
}

/* A quantity may be a plain number, too, as YAML has it. */
static void schema_add_bytes(struct json_writer *writer)
{
	json_set_array(writer, "type");
	json_add_str(writer, STR("string"));
	json_add_str(writer, STR("integer"));
	json_end_array(writer);
	json_set_text(writer, "pattern", "^[0-9]+(k|[KMGTPE]i|[MGTPE])?$");
}

static void schema_add_type(struct json_writer *writer, const struct option_row *row)
{
	switch (row->type) {
	case OPTION_TEXT:
		json_set_text(writer, "type", "string");
		return;
	case OPTION_FLAG:
		json_set_text(writer, "type", "boolean");
		return;
	case OPTION_NUMBER:
		json_set_text(writer, "type", "integer");
		json_set_i64(writer, "minimum", row->minimum);
		json_set_i64(writer, "maximum", row->maximum);
		return;
	case OPTION_DURATION:
		json_set_text(writer, "type", "string");
		json_set_text(writer, "pattern", "^([0-9]+(ms|s|m|h))+$");
		return;
	case OPTION_BYTES:
		schema_add_bytes(writer);
		return;
	case OPTION_CHOICE:
		schema_add_choices(writer, row);
		return;
	}
}

static void schema_add_table(struct json_writer *writer, const struct option_table *table)
{
	json_set_object(writer, table->kind);
	json_set_text(writer, "type", "object");
	json_set_text(writer, "description", table->purpose);
	json_set_bool(writer, "additionalProperties", false);
	json_set_object(writer, "properties");
	for (size_t i = 0; i < table->count; i++) {
		json_set_object(writer, table->rows[i].name);
		json_set_text(writer, "description", table->rows[i].help);
		schema_add_type(writer, &table->rows[i]);
		json_end_object(writer);
	}
	json_end_object(writer);
	json_end_object(writer);
}

void generate_schema(struct buf *out)
{
	struct json_writer writer = json_writer(out);

	json_begin_object(&writer);
	schema_add_table(&writer, &control_option_table);
	schema_add_table(&writer, &node_option_table);
	json_end_object(&writer);
}
