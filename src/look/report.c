/* One checkpoint as the flags want to see it. */
#include "look/report.h"

#include <string.h>

#include "json/yaml.h"

bool look__is_output(const struct cli_flags *flags, const char *name)
{
	return strcmp(flags->output, name) == 0;
}

bool look__is_report(const struct cli_flags *flags)
{
	return flags->diff == NULL && flags->search == NULL && flags->dump_memory == 0;
}

static int report_part(struct str name, unsigned *ret_part, struct error *err)
{
	const char *meant;

	for (size_t i = 0; inspect_part_names[i] != NULL; i++) {
		if (!str_is(name, inspect_part_names[i]))
			continue;
		*ret_part = 1u << i;
		return 0;
	}
	meant = option_nearest(name, inspect_part_names);
	return error_set(err, ERROR_INVALID,
		"a checkpoint has no part '%.*s'%s%s%s; --help names them", STR_ARG(name),
		meant != NULL ? ", did you mean '" : "", meant != NULL ? meant : "",
		meant != NULL ? "'?" : "");
}

int look__parts(const struct cli_flags *flags, unsigned *ret_parts, struct error *err)
{
	struct str rest = str_of(flags->parts);
	struct str name;
	unsigned parts = 0;
	unsigned part = 0;

	while (rest.size > 0) {
		(void)str_cut(rest, ',', &name, &rest);
		if (report_part(name, &part, err) < 0)
			return -1;
		parts |= part;
	}
	*ret_parts = parts != 0 ? parts : INSPECT_PART_ALL;
	return 0;
}

int look__read(const struct cli_call *call, struct inspect_place *place,
	struct inspect **ret_inspect, struct error *err)
{
	const struct inspect_options options = {
		.show_environment = call->flags.environment,
		.show_mappings = call->flags.mappings,
	};

	return inspect_read(place, &options, ret_inspect, err);
}

static int report_write_yaml(
	const struct inspect_report *report, unsigned parts, struct buf *out, struct error *err)
{
	autobuf text = BUF_INIT(INSPECT_REPORT_BYTES);
	autojson *doc = NULL;

	inspect_write_json(report, parts, &text);
	if (buf_check(&text, "the report", err) < 0 || json_parse_buf(&text, &doc, err) < 0)
		return -1;
	yaml_write(out, json_doc_root(doc));
	return 0;
}

static void report_write_name(const struct inspect_report *report, struct buf *out)
{
	buf_add(out, report->source);
	buf_add_byte(out, '\n');
}

int look__show(const struct cli_call *call, struct inspect_place *place, struct buf *out,
	struct error *err)
{
	const struct cli_flags *flags = &call->flags;
	autoinspect *inspect = NULL;
	const struct inspect_report *report;
	unsigned parts;

	if (look__parts(flags, &parts, err) < 0 || look__read(call, place, &inspect, err) < 0 ||
		(flags->pid != 0 && inspect_keep_process(inspect, flags->pid, err) < 0))
		return -1;
	report = inspect_report(inspect);
	if (look__is_output(flags, "yaml"))
		return report_write_yaml(report, parts, out, err);
	if (look__is_output(flags, "json"))
		inspect_write_json(report, parts, out);
	else if (look__is_output(flags, "name"))
		report_write_name(report, out);
	else if (look__is_output(flags, "table") || flags->parts != NULL)
		inspect_write_table(report, parts, out);
	else
		inspect_write_tree(report, out);
	return 0;
}
