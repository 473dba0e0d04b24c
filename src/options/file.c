/*
 * A file of options: one mapping of YAML (JSON is such, too), a member for each option, as
 * Kubernetes' programs have it with apiVersion and kind before.
 */
#include <string.h>

#include "options/row.h"
#include "json/yaml.h"

struct file {
	const struct option_table *table;
	const char *path;
	struct str text;
	void *values;
	struct arena *texts;
	struct option_mistakes *mistakes;
};

/* "PATH:LINE: NAME", without the line where it cannot be told. */
static void file_write_place(const struct file *file, struct str name, struct buf *out)
{
	size_t line = yaml_find_line(file->text, name);

	buf_add_text(out, file->path);
	if (line > 0)
		buf_printf(out, ":%zu", line);
	buf_printf(out, ": %.*s", STR_ARG(name));
}

/* The value as a flag would have it, in *ret_text; else what is wrong with it. */
static const char *file_take_scalar(const struct file *file, const struct option_row *row,
	const struct json *value, const char **ret_text)
{
	enum json_type type = json_type(value);
	bool is_text = row->type == OPTION_TEXT || row->type == OPTION_CHOICE;
	autobuf text = BUF_INIT(LIMIT_OPTION_MISTAKES);
	struct json_writer writer = json_writer(&text);

	if (type == JSON_NULL)
		return "it has no value";
	if (type == JSON_ARRAY || type == JSON_OBJECT)
		return "it takes a single value, not a list or mapping";
	if (type == JSON_STRING) {
		*ret_text = arena_str(file->texts, json_str(value)).data;
		return strlen(*ret_text) == json_str(value).size ? NULL : "it has a NUL byte";
	}
	if (is_text)
		return "it takes a text; put it into quotes";
	json_add_value(&writer, value);
	*ret_text = arena_str(file->texts, buf_str(&text)).data;
	return NULL;
}

static void file_take_member(const struct file *file, struct str name, const struct json *value)
{
	const struct option_row *row = options__find(file->table, name);
	autobuf place = BUF_INIT(LIMIT_OPTION_MISTAKES);
	const char *text = NULL;
	const char *wrong;

	file_write_place(file, name, &place);
	if (row == NULL) {
		options__add_unknown(file->table, place.data, name, "", file->mistakes);
		return;
	}
	wrong = file_take_scalar(file, row, value, &text);
	if (wrong != NULL)
		option_mistakes_add(file->mistakes, "%s: %s", place.data, wrong);
	else
		options__set(row, place.data, text, file->values, file->mistakes);
}

/* apiVersion and kind say by which names, and for which program, the rest is written. */
static void file_check_head(
	const struct file *file, const struct json *root, const char *name, const char *wanted)
{
	const struct json *value = json_get(root, name);
	autobuf place = BUF_INIT(LIMIT_OPTION_MISTAKES);

	if (str_is(json_str(value), wanted))
		return;
	file_write_place(file, str_of(name), &place);
	option_mistakes_add(file->mistakes, "%s: it must be '%s'%s", place.data, wanted,
		value == NULL ? ", and is missing" : "");
}

void options_read_text(const struct option_table *table, const char *path, struct str text,
	void *values, struct arena *texts, struct option_mistakes *mistakes)
{
	struct file file = {table, path, text, values, texts, mistakes};
	autojson *doc = NULL;
	const struct json *root;
	struct error err;

	if (yaml_parse(text, &doc, &err) < 0) {
		option_mistakes_add(mistakes, "%s: %s", path, err.text);
		return;
	}
	root = json_doc_root(doc);
	if (json_type(root) != JSON_OBJECT && json_type(root) != JSON_NULL) {
		option_mistakes_add(mistakes, "%s: it is not a mapping of options", path);
		return;
	}
	if (json_count(root) > LIMIT_OPTION_MEMBERS) {
		option_mistakes_add(mistakes, "%s: it has %zu members, which is too many", path,
			json_count(root));
		return;
	}
	file_check_head(&file, root, "apiVersion", OPTIONS_API_VERSION);
	file_check_head(&file, root, "kind", table->kind);
	for (struct json_iter it = json_iter(root); json_next(&it);)
		if (!str_is(it.key, "apiVersion") && !str_is(it.key, "kind"))
			file_take_member(&file, it.key, it.value);
}
