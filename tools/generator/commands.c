/*
 * The table of kubectl-kcr's commands becomes docs/kubectl-reference.md and the man pages, one for
 * the program and one for each command.
 */
#include <ctype.h>

#include "cli/checkpoints.h"
#include "cli/command.h"
#include "generate.h"

enum { MAN_WIDTH = 79 };

/* ---- Markdown ---- */

static void commands_add_cell(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			buf_add_byte(out, '\\');
		buf_add_byte(out, *text);
	}
}

/* What may be given for the flag, and what counts when it is not. */
static void commands_add_flag(struct buf *out, const struct option_row *row)
{
	autobuf value = BUF_INIT(1024);
	autobuf kind = BUF_INIT(1024);

	option_write_value(row, &cli_flags_defaults, &value);
	option_write_kind(row, &kind);
	buf_add_text(out, "| ");
	if (row->letter != 0)
		buf_printf(out, "`-%c`, ", row->letter);
	buf_printf(out, "`--%s` | ", row->name);
	commands_add_cell(out, row->type == OPTION_FLAG ? "" : kind.data);
	if (value.size > 0 && row->type != OPTION_FLAG)
		buf_printf(out, " | `%s` | ", value.data);
	else
		buf_add_text(out, " |  | ");
	commands_add_cell(out, row->help);
	buf_add_text(out, " |\n");
}

static void commands_add_flags(struct buf *out, const struct option_row *rows, size_t count)
{
	if (count == 0)
		return;
	buf_add_text(out, "| Flag | Value | Default | Meaning |\n|---|---|---|---|\n");
	for (size_t i = 0; i < count; i++)
		commands_add_flag(out, &rows[i]);
	buf_add_byte(out, '\n');
}

static void commands_add_paragraphs(struct buf *out, const char *text, const char *between)
{
	struct str rest = str_of(text);
	struct str line;

	while (rest.size > 0) {
		(void)str_cut(rest, '\n', &line, &rest);
		buf_printf(out, "%.*s\n%s", STR_ARG(line), between);
	}
}

static void commands_add_command(struct buf *out, const struct cli_command *command)
{
	buf_printf(out, "## %s\n\n    kubectl kcr %s%s%s [FLAG ...]\n\n", command->name,
		command->name, command->arguments[0] != '\0' ? " " : "", command->arguments);
	commands_add_paragraphs(out, command->description, "\n");
	if (command->alias != NULL)
		buf_printf(out, "Also called `%s`.\n\n", command->alias);
	buf_printf(out, "```sh\n%s\n```\n\n", command->examples);
	commands_add_flags(out, command->flags, command->flag_count);
}

static void commands_add_columns(struct buf *out)
{
	buf_add_text(out, "## Columns of list\n\n| Column | Meaning |\n|---|---|\n");
	for (size_t i = 0; i < CLI_CKP_COLUMNS; i++)
		buf_printf(out, "| %s%s | %s |\n", cli_checkpoint_columns[i].name,
			cli_checkpoint_columns[i].is_wide ? " (`-o wide`)" : "",
			cli_checkpoint_columns[i].meaning);
	buf_add_byte(out, '\n');
}

void generate_commands(struct buf *out)
{
	buf_add_text(out,
		"# Reference of kubectl kcr\n\n"
		"<!-- Written by tools/generate from the tables in src/cli; do not edit. -->\n\n"
		"[kubectl.md](kubectl.md) shows it at work. A WORKLOAD is `deploy/NAME`, "
		"`sts/NAME`, `ds/NAME` or `pod/NAME`.\n\n");
	for (const struct cli_command *const *command = cli_commands; *command != NULL; command++)
		commands_add_command(out, *command);
	buf_add_text(out, "## Flags of every command\n\n");
	commands_add_flags(out, cli_common_flags, cli_common_flag_count);
	commands_add_columns(out);
	buf_add_text(out,
		"## Exit status\n\n| Status | Meaning |\n|---|---|\n"
		"| 0 | Done |\n"
		"| 1 | It failed; standard error says what, on which object, and what to do |\n"
		"| 2 | The command line is wrong; nothing was done |\n"
		"| 3 | `--timeout` is over; what was begun goes on in the cluster |\n"
		"| 4 | Of `doctor`: it failed, or could not see all; its 1 means that something "
		"cannot be done |\n"
		"| 130 | Interrupted by Ctrl-C |\n");
}

/* ---- Man pages (man-pages(7), groff_man(7)) ---- */

/* A hyphen that is typed must not become a typographic one, nor a dot at a line's start a request.
 */
static void man_add_text(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		bool is_first = i == 0 || text.data[i - 1] == '\n';
		if (is_first && (text.data[i] == '.' || text.data[i] == '\''))
			buf_add_text(out, "\\&");
		if (text.data[i] == '-' || text.data[i] == '\\')
			buf_add_byte(out, '\\');
		buf_add_byte(out, text.data[i] == '\\' ? 'e' : text.data[i]);
	}
}

/* Filled lines, no longer than mandoc -Tlint wants them, after the `column` bytes that stand there.
 */
static void man_add_prose(struct buf *out, size_t column, struct str text)
{
	struct str rest;

	for (struct str word; text.size > 0; text = rest) {
		autobuf shown = BUF_INIT(LIMIT_CONFIG_BYTES);
		(void)str_cut(text, ' ', &word, &rest);
		man_add_text(&shown, word);
		if (column > 0 && column + 1 + shown.size > MAN_WIDTH) {
			buf_add_byte(out, '\n');
			column = 0;
		} else if (column > 0) {
			buf_add_byte(out, ' ');
			column++;
		}
		buf_add(out, buf_str(&shown));
		column += shown.size;
	}
	buf_add_byte(out, '\n');
}

static void man_add_head(struct buf *out, const char *name, const char *summary)
{
	autobuf line = BUF_INIT(LIMIT_CONFIG_BYTES);

	buf_add_text(out,
		".\\\" Written by tools/generate from the tables in src/cli; do not edit.\n.TH "
		"KUBECTL\\-KCR");
	if (name[0] != '\0')
		buf_add_text(out, "\\-");
	for (const char *letter = name; *letter != '\0'; letter++)
		buf_add_byte(out, (char)toupper((unsigned char)*letter));
	buf_add_text(out, " 1 " KCR_RELEASED " \"kcr " KCR_VERSION "\"\n.SH NAME\n");
	buf_printf(&line, "kubectl\\-kcr%s%s \\-", name[0] != '\0' ? "\\-" : "", name);
	buf_add(out, buf_str(&line));
	man_add_prose(out, line.size, str_of(summary));
	buf_add_text(out, ".SH SYNOPSIS\n.B kubectl kcr");
}

static void man_add_flags(
	struct buf *out, const char *title, const struct option_row *rows, size_t count)
{
	if (count > 0)
		buf_printf(out, ".SH %s\n", title);
	for (size_t i = 0; i < count; i++) {
		autobuf flag = BUF_INIT(1024);
		if (rows[i].letter != 0)
			buf_printf(&flag, "-%c, ", rows[i].letter);
		buf_printf(&flag, "--%s%s%s", rows[i].name, rows[i].type == OPTION_FLAG ? "" : "=",
			rows[i].argument != NULL ? rows[i].argument : "");
		buf_add_text(out, ".TP\n.B ");
		man_add_text(out, buf_str(&flag));
		buf_add_byte(out, '\n');
		man_add_prose(out, 0, str_of(rows[i].help));
	}
}

static void man_add_examples(struct buf *out, const char *examples)
{
	buf_add_text(out, ".SH EXAMPLES\n.nf\n");
	man_add_text(out, str_of(examples));
	buf_add_text(out, "\n.fi\n");
}

void generate_man_page(struct buf *out, const struct cli_command *command)
{
	autobuf description = BUF_INIT(LIMIT_CONFIG_BYTES);

	man_add_head(out, command->name, command->summary);
	buf_add_byte(out, ' ');
	man_add_text(out, str_of(command->name));
	buf_add_byte(out, ' ');
	man_add_text(out, str_of(command->arguments));
	buf_add_text(out, " [FLAG ...]\n.SH DESCRIPTION\n");
	commands_add_paragraphs(&description, command->description, "");
	for (struct str rest = buf_str(&description), line; rest.size > 0;) {
		(void)str_cut(rest, '\n', &line, &rest);
		man_add_prose(out, 0, line);
		if (rest.size > 0)
			buf_add_text(out, ".PP\n");
	}
	man_add_flags(out, "OPTIONS", command->flags, command->flag_count);
	man_add_flags(out, "OPTIONS OF EVERY COMMAND", cli_common_flags, cli_common_flag_count);
	man_add_examples(out, command->examples);
	buf_add_text(out, ".SH SEE ALSO\n.BR kubectl\\-kcr (1)\n");
}

void generate_man_overview(struct buf *out)
{
	man_add_head(out, "", "checkpoints of containers in Kubernetes");
	buf_add_text(out, " COMMAND [ARGUMENT ...] [FLAG ...]\n.SH COMMANDS\n");
	for (const struct cli_command *const *command = cli_commands; *command != NULL; command++) {
		buf_printf(out, ".TP\n.BR kubectl\\-kcr\\-%s (1)\n", (*command)->name);
		man_add_prose(out, 0, str_of((*command)->summary));
	}
	man_add_flags(out, "OPTIONS OF EVERY COMMAND", cli_common_flags, cli_common_flag_count);
	buf_add_text(out,
		".SH EXIT STATUS\n"
		"0: done.\n1: failed.\n2: the command line is wrong.\n"
		"3: \\-\\-timeout is over.\n4: of doctor, see there.\n130: interrupted.\n.SH "
		"ENVIRONMENT\n"
		".TP\n.B KUBECONFIG\nFiles, separated by colons, that are merged.\n"
		".TP\n.B NO_COLOR\nNo colours on a terminal either.\n");
}
