/* The help that comes from a row. */
#include "command/command.h"

static void help_write_lines(struct buf *out, const char *text, size_t indent)
{
	struct str rest = str_of(text);
	struct str line;

	while (rest.size > 0) {
		(void)str_cut(rest, '\n', &line, &rest);
		options_write_wrapped(out, line, indent);
		if (rest.size > 0)
			buf_add_byte(out, '\n');
	}
}

static void help_write_examples(struct buf *out, const char *examples)
{
	struct str rest = str_of(examples);
	struct str line;

	if (rest.size > 0)
		buf_add_text(out, "\nExamples:\n");
	while (rest.size > 0) {
		(void)str_cut(rest, '\n', &line, &rest);
		buf_printf(out, "  %.*s\n", STR_ARG(line));
	}
}

void cli_help_write(struct buf *out, const struct cli_command *command)
{
	autocommandoptions options;

	cli_command_options_init(&options, command);
	buf_printf(out, "Usage: kubectl kcr %s%s%s [FLAG ...]\n\n", command->name,
		command->arguments[0] != '\0' ? " " : "", command->arguments);
	help_write_lines(out, command->description, 0);
	help_write_examples(out, command->examples);
	if (command->alias != NULL)
		buf_printf(out, "\nAlso called: %s\n", command->alias);
	if (command->flag_count > 0 && command->flags[0].group == NULL)
		buf_add_text(out, "\nFlags:\n");
	options_write_rows(out, &options.table);
}
