/* One checkpoint as the flags want to see it. */
#include "look/report.h"

#include "json/yaml.h"

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

	if (cli_read_parts(flags, &parts, err) < 0 || look__read(call, place, &inspect, err) < 0 ||
		(flags->pid != 0 && inspect_keep_process(inspect, flags->pid, err) < 0))
		return -1;
	if (parts == 0)
		parts = INSPECT_PART_ALL;
	report = inspect_report(inspect);
	if (cli_wants_output(flags, "yaml"))
		return report_write_yaml(report, parts, out, err);
	if (cli_wants_output(flags, "json"))
		inspect_write_json(report, parts, out);
	else if (cli_wants_output(flags, "name"))
		report_write_name(report, out);
	else if (cli_wants_output(flags, "table") || flags->parts != NULL)
		inspect_write_table(report, parts, out);
	else
		inspect_write_tree(report, out);
	return 0;
}
