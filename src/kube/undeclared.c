/* One refusal names all such fields, a line for each; each is taken out of the object by itself. */
#include "kube/undeclared.h"

#include "json/json.h"

/* The path in "...): .status.phase: field not declared in schema"; empty when it has none. */
static struct str undeclared_path(struct str line)
{
	static const char verdict[] = ": field not declared in schema";
	size_t end = line.size;
	size_t begin;

	if (!str_ends_with(line, str_of(verdict)))
		return (struct str){0};
	end -= sizeof(verdict) - 1;
	begin = end;
	while (begin > 0 && line.data[begin - 1] != ' ')
		begin--;
	if (begin == end || line.data[begin] != '.')
		return (struct str){0};
	return (struct str){line.data + begin + 1, end - begin - 1};
}

/* Writes an object without what is at `path`; true when there was something. */
static bool undeclared_write(struct json_writer *writer, const struct json *object, struct str path)
{
	bool was_there = false;
	struct str name;
	struct str rest;

	(void)str_cut(path, '.', &name, &rest);
	json_begin_object(writer);
	for (struct json_iter member = json_iter(object); json_next(&member);) {
		bool is_it = str_equal(member.key, name);
		if (is_it && rest.size == 0) {
			was_there = true;
			continue;
		}
		json_key(writer, member.key);
		if (is_it && json_type(member.value) == JSON_OBJECT)
			was_there = undeclared_write(writer, member.value, rest);
		else
			json_add_value(writer, member.value);
	}
	json_end_object(writer);
	return was_there;
}

static bool undeclared_drop(struct str path, struct buf *body)
{
	autojson *doc = NULL;
	autobuf shorter = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&shorter);
	struct error ignored; /* we wrote it */

	if (json_parse(buf_str(body), &doc, &ignored) < 0 ||
		!undeclared_write(&writer, json_doc_root(doc), path))
		return false;
	buf_clear(body);
	buf_add(body, buf_str(&shorter));
	return true;
}

bool kube__undeclared_leave_out(struct str message, struct str body, struct buf *out)
{
	autobuf shorter = BUF_INIT(LIMIT_OBJECT_BYTES);
	bool is_shorter = false;
	struct str rest = message;

	buf_add(&shorter, body);
	while (rest.size > 0) {
		struct str line;
		struct str path;
		(void)str_cut(rest, '\n', &line, &rest);
		path = undeclared_path(line);
		if (path.size > 0 && undeclared_drop(path, &shorter))
			is_shorter = true;
	}
	if (is_shorter)
		buf_add(out, buf_str(&shorter));
	return is_shorter;
}
