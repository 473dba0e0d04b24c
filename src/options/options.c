/* Defaults, then the file, then the flags; and what a program says of it when it starts. */
#include "options/options.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "sys/file.h"

static void options_read_file(struct options *options, void *values, struct arena *texts,
	struct option_mistakes *mistakes)
{
	struct error err;

	buf_clear(&options->file);
	if (file_read(AT_FDCWD, options->path, &options->file, &err) < 0)
		option_mistakes_add(mistakes, "--config: %s", err.text);
	else
		options_read_text(options->table, options->path, buf_str(&options->file), values,
			texts, mistakes);
}

int options_read(struct options *options, void *values, struct arena *texts,
	struct option_mistakes *mistakes)
{
	const struct option_table *table = options->table;
	autooption_mistakes again = OPTION_MISTAKES_INIT;
	size_t before = mistakes->count;

	memcpy(values, table->defaults, table->size);
	if (options_read_flags(table, options->count, options->arguments, values, &options->path,
		    mistakes) > 0)
		return 1;
	if (options->path != NULL) {
		options_read_file(options, values, texts, mistakes);
		/* over what the file says; what is wrong with them has been said */
		(void)!options_read_flags(
			table, options->count, options->arguments, values, &options->path, &again);
	}
	if (table->check != NULL)
		table->check(values, mistakes);
	return mistakes->count > before ? -1 : 0;
}

static void options_print_mistakes(
	const struct option_table *table, const struct option_mistakes *mistakes)
{
	struct str rest = buf_str(&mistakes->lines);
	struct str line;

	fprintf(stderr, "%s: %zu mistake%s in its options\n", table->program, mistakes->count,
		mistakes->count > 1 ? "s" : "");
	while (rest.size > 0) {
		(void)str_cut(rest, '\n', &line, &rest);
		fprintf(stderr, "  %.*s\n", STR_ARG(line));
	}
	fprintf(stderr, "'%s --help' tells what there is.\n", table->program);
}

bool options_start(struct options *options, const struct option_table *table, int count,
	char *const *arguments, void *values, int *ret_status)
{
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	autobuf help = BUF_INIT(LIMIT_CONFIG_BYTES);
	int result;

	*options = (struct options){
		.table = table,
		.count = count,
		.arguments = arguments,
		.values = values,
		.texts = arena_new(1024),
		.file = BUF_INIT(LIMIT_CONFIG_BYTES),
	};
	result = options_read(options, values, options->texts, &mistakes);
	if (result == 0)
		return true;
	if (result > 0) {
		options_write_help(table, &help);
		fputs(help.data, stdout);
	} else {
		options_print_mistakes(table, &mistakes);
	}
	options_done(options);
	*ret_status = result > 0 ? 0 : 2;
	return false;
}

void options_done(struct options *options)
{
	arena_free(options->texts);
	buf_done(&options->file);
}
