/* How it is told: a headline for each, below it what one should know; or as JSON; or the commands.
 */
#include <inttypes.h>

#include "cli/doctor.h"

#include "cli/table.h"

static const struct {
	const char *text;
	const char *sign;
	enum cli_style style;
} report_verdicts[CLI_DOCTOR_VERDICTS] = {
	[CLI_DOCTOR_SILENT] = {"Well", "✓", CLI_GOOD},
	[CLI_DOCTOR_WELL] = {"Well", "✓", CLI_GOOD},
	[CLI_DOCTOR_NOTE] = {"Note", "!", CLI_WARNING},
	[CLI_DOCTOR_UNKNOWN] = {"Unknown", "?", CLI_FAINT},
	[CLI_DOCTOR_CANNOT] = {"Cannot", "✗", CLI_BAD},
};

const char *cli_doctor_verdict_text(enum cli_doctor_verdict verdict)
{
	return report_verdicts[verdict].text;
}

/* Whether it can be done; notes do not stand against it. */
static const char *report_ability(enum cli_doctor_verdict worst)
{
	if (worst == CLI_DOCTOR_CANNOT)
		return "no";
	return worst == CLI_DOCTOR_UNKNOWN ? "unknown" : "yes";
}

/* A workload that nobody wants to keep is told of in a line, unless it cannot be kept. */
static bool report_is_for_us(const struct cli_doctor_subject *subject)
{
	return subject->is_node || subject->is_wanted;
}

static void report_write_ability(
	struct buf *out, const char *what, enum cli_doctor_verdict worst, bool has_colours)
{
	enum cli_style style = worst == CLI_DOCTOR_NOTE ? CLI_GOOD : report_verdicts[worst].style;

	buf_printf(out, "  %s: ", what);
	cli_write_styled(out, str_of(report_ability(worst)), style, has_colours);
}

static void report_write_head(
	const struct cli_doctor_subject *subject, bool has_colours, struct buf *out)
{
	enum cli_doctor_verdict restores = cli_doctor_worst(subject, CLI_DOCTOR_RESTORES);
	bool is_cluster = str_is(subject->name, "cluster");

	if (subject->namespace.size > 0)
		buf_printf(out, "%.*s/", STR_ARG(subject->namespace));
	cli_write_styled(out, subject->name, CLI_STRONG, has_colours);
	if (!is_cluster) {
		report_write_ability(out, "checkpoint", cli_doctor_worst(subject, CLI_DOCTOR_TAKES),
			has_colours);
		report_write_ability(out, "restore", restores, has_colours);
		if (restores != CLI_DOCTOR_CANNOT && subject->strategy.size > 0)
			buf_printf(out, ", %.*s", STR_ARG(subject->strategy));
		if (!subject->is_wanted && !subject->is_node)
			buf_add_text(out, "  (no schedule)");
	}
	buf_add_byte(out, '\n');
}

/* The commands, each on a line of its own behind `prompt`; comments among them behind `indent`. */
static void report_write_commands(
	struct str commands, const char *indent, const char *prompt, struct buf *out)
{
	struct str line;

	while (commands.size > 0) {
		(void)str_cut(commands, '\n', &line, &commands);
		buf_printf(out, "%s%s%.*s\n", indent, str_starts_with(line, STR("#")) ? "" : prompt,
			STR_ARG(line));
	}
}

static void report_write_result(
	const struct cli_doctor_result *result, bool has_colours, struct buf *out)
{
	const struct cli_doctor_finding *finding = &result->finding;
	enum cli_style style = report_verdicts[finding->verdict].style;

	buf_add_text(out, "  ");
	cli_write_styled(out, str_of(report_verdicts[finding->verdict].sign), style, has_colours);
	buf_printf(out, " %s: ", result->check);
	if (result->where.size > 0)
		buf_printf(out, "%.*s", STR_ARG(result->where));
	if (result->others > 0)
		buf_printf(out, " and %zu more", result->others);
	if (result->where.size > 0)
		buf_add_text(out, ": ");
	cli_write_styled(out, finding->words, CLI_PLAIN, false);
	buf_add_byte(out, '\n');
	if (finding->verdict > CLI_DOCTOR_WELL)
		report_write_commands(
			finding->fix, "      ", finding->is_on_node ? "node# " : "$ ", out);
}

static void report_write_summary(
	const struct cli_doctor_report *report, bool has_colours, struct buf *out)
{
	size_t nodes = 0;
	size_t workloads = 0;
	size_t counts[CLI_DOCTOR_VERDICTS] = {0};
	enum cli_doctor_verdict worst = cli_doctor_conclude(report);

	for (size_t i = 0; i < report->count; i++) {
		const struct cli_doctor_subject *subject = &report->subjects[i];
		bool is_cluster = str_is(subject->name, "cluster");
		nodes += subject->is_node ? 1 : 0;
		workloads += subject->is_node || is_cluster ? 0 : 1;
		counts[cli_doctor_worst(subject, CLI_DOCTOR_BOTH)]++;
	}
	buf_printf(out, "\nNodes: %zu, workloads: %zu; ", nodes, workloads);
	cli_write_styled(out,
		worst == CLI_DOCTOR_CANNOT ? STR("not all can be done")
			: worst == CLI_DOCTOR_UNKNOWN
			? STR("not all could be seen")
			: STR("nothing stands against what is to be kept"),
		report_verdicts[worst].style, has_colours);
	buf_printf(out, " (%zu cannot, %zu not known, %zu with notes).\n",
		counts[CLI_DOCTOR_CANNOT], counts[CLI_DOCTOR_UNKNOWN], counts[CLI_DOCTOR_NOTE]);
}

void cli_doctor_write_text(
	const struct cli_doctor_report *report, bool is_wide, bool has_colours, struct buf *out)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct cli_doctor_subject *subject = &report->subjects[i];
		enum cli_doctor_verdict least =
			report_is_for_us(subject) ? CLI_DOCTOR_NOTE : CLI_DOCTOR_UNKNOWN;
		report_write_head(subject, has_colours, out);
		for (size_t j = 0; j < subject->count; j++)
			if (is_wide || subject->results[j].finding.verdict >= least)
				report_write_result(&subject->results[j], has_colours, out);
	}
	report_write_summary(report, has_colours, out);
}

/* ---- The commands ---- */

void cli_doctor_write_fixes(const struct cli_doctor_report *report, struct buf *out)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct cli_doctor_subject *subject = &report->subjects[i];
		struct str space = subject->namespace;
		for (size_t j = 0; j < subject->count && report_is_for_us(subject); j++) {
			const struct cli_doctor_result *result = &subject->results[j];
			if (result->finding.verdict <= CLI_DOCTOR_WELL ||
				result->finding.fix.size == 0)
				continue;
			buf_printf(out, "# %.*s%s%.*s, %s\n", STR_ARG(space),
				space.size > 0 ? "/" : "", STR_ARG(subject->name), result->check);
			buf_add_text(out, "# ");
			cli_write_styled(out, result->finding.words, CLI_PLAIN, false);
			buf_add_byte(out, '\n');
			if (result->finding.is_on_node)
				buf_add_text(out, "# as root on that node:\n");
			report_write_commands(result->finding.fix, "",
				result->finding.is_on_node ? "# " : "", out);
			buf_add_byte(out, '\n');
		}
	}
}

/* ---- JSON ---- */

static void report_add_result(struct json_writer *writer, const struct cli_doctor_result *result)
{
	const struct cli_doctor_finding *finding = &result->finding;
	struct str rest = finding->verdict > CLI_DOCTOR_WELL ? finding->fix : (struct str){0};
	struct str line;

	json_begin_object(writer);
	json_set_text(writer, "name", result->check);
	json_set_text(writer, "verdict", cli_doctor_verdict_text(finding->verdict));
	json_set_array(writer, "affects");
	if ((finding->affects & CLI_DOCTOR_TAKES) != 0)
		json_add_str(writer, STR("checkpoint"));
	if ((finding->affects & CLI_DOCTOR_RESTORES) != 0)
		json_add_str(writer, STR("restore"));
	json_end_array(writer);
	json_set_str(writer, "where", result->where);
	json_set_i64(writer, "others", (int64_t)result->others);
	json_set_str(writer, "message", finding->words);
	json_set_array(writer, "fix");
	while (rest.size > 0) {
		(void)str_cut(rest, '\n', &line, &rest);
		json_add_str(writer, line);
	}
	json_end_array(writer);
	json_set_text(writer, "fixOn", finding->is_on_node ? "node" : "");
	json_end_object(writer);
}

static void report_add_subject(struct json_writer *writer, const struct cli_doctor_subject *subject)
{
	json_begin_object(writer);
	json_set_str(writer, "namespace", subject->namespace);
	json_set_str(writer, "name", subject->name);
	json_set_text(
		writer, "checkpoint", report_ability(cli_doctor_worst(subject, CLI_DOCTOR_TAKES)));
	json_set_text(
		writer, "restore", report_ability(cli_doctor_worst(subject, CLI_DOCTOR_RESTORES)));
	json_set_str(writer, "strategy", subject->strategy);
	json_set_bool(writer, "counts", subject->is_wanted);
	json_set_array(writer, "checks");
	for (size_t i = 0; i < subject->count; i++)
		report_add_result(writer, &subject->results[i]);
	json_end_array(writer);
	json_end_object(writer);
}

void cli_doctor_write_json(const struct cli_doctor_report *report, struct buf *out)
{
	struct json_writer writer = json_writer_pretty(out);

	json_begin_object(&writer);
	json_set_text(&writer, "verdict", cli_doctor_verdict_text(cli_doctor_conclude(report)));
	json_set_array(&writer, "subjects");
	for (size_t i = 0; i < report->count; i++)
		report_add_subject(&writer, &report->subjects[i]);
	json_end_array(&writer);
	json_end_object(&writer);
	buf_add_byte(out, '\n');
}
