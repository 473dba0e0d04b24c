/* Objects as text. */
#include "cli/output.h"

#include <stdlib.h>
#include <unistd.h>

#include "json/yaml.h"

bool cli_has_colours(int fd)
{
	const char *terminal = getenv("TERM");
	const char *refused = getenv("NO_COLOR");

	return isatty(fd) == 1 && (refused == NULL || refused[0] == '\0') &&
		(terminal == NULL || !str_is(str_of(terminal), "dumb"));
}

/* The object without metadata.managedFields, which nobody reads. */
static void output_add_object(struct json_writer *writer, const struct json *object)
{
	struct json_iter member = json_iter(object);

	json_begin_object(writer);
	while (json_next(&member)) {
		struct json_iter inner = json_iter(member.value);
		json_key(writer, member.key);
		if (!str_is(member.key, "metadata")) {
			json_add_value(writer, member.value);
			continue;
		}
		json_begin_object(writer);
		while (json_next(&inner)) {
			if (str_is(inner.key, "managedFields"))
				continue;
			json_key(writer, inner.key);
			json_add_value(writer, inner.value);
		}
		json_end_object(writer);
	}
	json_end_object(writer);
}

void cli_write_json(struct buf *out, const struct json *const *objects, size_t count, bool is_one)
{
	struct json_writer writer = json_writer_pretty(out);

	if (is_one && count == 1) {
		output_add_object(&writer, objects[0]);
		buf_add_byte(out, '\n');
		return;
	}
	json_begin_object(&writer);
	json_set_text(&writer, "apiVersion", "v1");
	json_set_array(&writer, "items");
	for (size_t i = 0; i < count; i++)
		output_add_object(&writer, objects[i]);
	json_end_array(&writer);
	json_set_text(&writer, "kind", "List");
	json_end_object(&writer);
	buf_add_byte(out, '\n');
}

int cli_write_yaml(struct buf *out, const struct json *const *objects, size_t count, bool is_one,
	struct error *err)
{
	autobuf text = BUF_INIT(CLI_OUTPUT_BYTES);
	autojson *doc = NULL;

	cli_write_json(&text, objects, count, is_one);
	if (json_parse_buf(&text, &doc, err) < 0)
		return -1;
	yaml_write(out, json_doc_root(doc));
	return 0;
}

void cli_write_name(struct buf *out, const struct cli_kind *kind, struct str name)
{
	const char *singular = kind->api != NULL ? kind->api->singular : kind->label;
	const char *group = kind->resource.group;

	buf_printf(
		out, "%s%s%s/%.*s\n", singular, group[0] != '\0' ? "." : "", group, STR_ARG(name));
}

struct cli_table cli_table_make(
	struct cli_call *call, const struct cli_column *columns, size_t column_count)
{
	return (struct cli_table){
		.arena = call->arena,
		.columns = columns,
		.column_count = column_count,
		.is_wide = str_is(str_of(call->flags.output), "wide"),
		.has_colours = cli_has_colours(STDOUT_FILENO),
		.has_headers = !call->flags.no_headers,
	};
}
