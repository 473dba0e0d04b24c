/* Command lines and environments: all their pages are fetched at once, then split at each NUL. */
#include <string.h>

#include "inspect/build.h"

/* The texts of `bytes` up to each NUL; the last one's may be missing. */
static struct json_strings texts_split(struct arena *arena, const char *bytes, size_t size)
{
	struct str rest = {bytes, size};
	struct inspect_list list = {0};
	struct str text;

	while (rest.size > 0) {
		(void)str_cut(rest, '\0', &text, &rest); /* without one it is the last */
		*(struct str *)inspect__list_add(arena, &list, sizeof(text)) = text;
	}
	return (struct json_strings){list.items, list.count};
}

/* Programs that write over their command line leave NULs behind it. */
static void texts_set_arguments(struct inspect_build *build, const struct inspect_text *text,
	struct inspect_process *process)
{
	process->arguments = texts_split(build->arena, text->arguments, text->argument_bytes);
	while (process->arguments.count > 1 &&
		process->arguments.items[process->arguments.count - 1].size == 0)
		process->arguments.count--;
	process->are_arguments_cut = text->is_cut;
}

static void texts_set_environment(struct inspect_build *build, const struct inspect_text *text,
	struct inspect_process *process)
{
	struct json_strings pairs =
		texts_split(build->arena, text->environment, text->environment_bytes);
	struct inspect_list list = {0};

	for (size_t i = 0; i < pairs.count; i++) {
		struct inspect_variable variable;
		if (!str_cut(pairs.items[i], '=', &variable.name, &variable.value))
			continue;
		if (!build->options->show_environment)
			variable.value = (struct str){0};
		*(struct inspect_variable *)inspect__list_add(
			build->arena, &list, sizeof(variable)) = variable;
	}
	process->environment = (struct json_list){list.items, list.count};
}

void inspect__read_texts(struct inspect_build *build)
{
	struct inspect_process *processes = build->processes.items;
	const struct inspect_text *texts = build->texts.items;
	struct error err;

	if (inspect__source_fetch(build->source, build->ranges.items, build->ranges.count, &err) <
		0)
		inspect__problem(build, STR("command lines"), &err);
	for (size_t i = 0; i < build->texts.count; i++) {
		struct inspect_process *process = &processes[texts[i].process];
		texts_set_arguments(build, &texts[i], process);
		texts_set_environment(build, &texts[i], process);
	}
}
