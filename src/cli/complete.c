/* What can stand at a place: a command, a flag, a flag's value, an object. */
#include "cli/complete.h"

#include <string.h>

#include "cli/session.h"
#include "command/inspect.h"

enum {
	COMPLETE_NO_SPACE = 2,
	COMPLETE_NO_FILES = 4,
	COMPLETE_TIMEOUT_MS = 3000,
};

struct complete {
	const struct cli_command *command;
	struct cli_call call; /* the flags that stand there already */
	struct str word; /* that is completed */
	struct buf *out;
	int directive;
};

/* Returns whether it is what the word can become. */
static bool complete_offer(
	struct complete *complete, const char *before, struct str value, const char *meaning)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);

	buf_printf(&text, "%s%.*s", before, STR_ARG(value));
	if (!str_starts_with(buf_str(&text), complete->word))
		return false;
	buf_printf(complete->out, "%s%s%s\n", text.data, meaning != NULL ? "\t" : "",
		meaning != NULL ? meaning : "");
	return true;
}

static void complete_commands(struct complete *complete)
{
	for (const struct cli_command *const *command = cli_commands; *command != NULL; command++)
		complete_offer(complete, "", str_of((*command)->name), (*command)->summary);
}

/* ---- Names of objects ---- */

static const struct kube_resource complete_namespaces = {
	"", "v1", "namespaces", "Namespace", false};

static void complete_names(
	struct complete *complete, const struct kube_resource *resource, const char *before)
{
	autosession *session = NULL;
	autofetch fetch = {0};
	struct error ignored; /* there is nobody to be told: completion goes on without */

	if (cli_session_open(&complete->call, &session, &ignored) < 0)
		return;
	fetch.request = (struct kube_request){
		.verb = KUBE_LIST,
		.resource = resource,
		.namespace = resource->namespaced ? session->namespace : STR(""),
		.limit = 500,
		.timeout_ms = COMPLETE_TIMEOUT_MS,
	};
	if (cli_fetch_all(session, &fetch, 1, &ignored) < 0)
		return;
	for (size_t i = 0; i < fetch.doc_count; i++) {
		struct json_iter item = json_iter(json_get(json_doc_root(fetch.docs[i]), "items"));
		while (json_next(&item))
			complete_offer(complete, before,
				json_str(json_at(item.value, "metadata", "name", NULL)), NULL);
	}
}

static bool complete_is_called(const struct cli_kind *kind, struct str name)
{
	for (const char *const *text = kind->names; *text != NULL; text++)
		if (str_is(name, *text))
			return true;
	return false;
}

/* "deploy/" and others, until one of them stands there; then the names of that kind. */
static void complete_kinds(
	struct complete *complete, const struct cli_kind *const *kinds, size_t count)
{
	struct str name;
	struct str rest;
	bool has_kind = str_cut(complete->word, '/', &name, &rest);

	for (size_t i = 0; i < count; i++) {
		autobuf before = BUF_INIT(LIMIT_CONFIG_BYTES);
		buf_printf(&before, "%.*s/", STR_ARG(has_kind ? name : str_of(kinds[i]->names[0])));
		if (has_kind && complete_is_called(kinds[i], name))
			complete_names(complete, &kinds[i]->resource, before.data);
		else if (!has_kind &&
			complete_offer(complete, before.data, STR(""), kinds[i]->resource.kind))
			complete->directive |= COMPLETE_NO_SPACE; /* a name has to follow */
	}
}

static void complete_words(struct complete *complete)
{
	static const struct cli_kind *const kinds[] = {&cli_deployment_kind, &cli_statefulset_kind,
		&cli_daemonset_kind, &cli_pod_kind, &cli_schedule_kind, &cli_request_kind,
		&cli_restore_request_kind};
	enum { WORKLOADS = 3, WORKLOADS_AND_PODS = 4 };
	bool is_bare = !str_contains(complete->word, STR("/"));

	switch (complete->command->words) {
	case CLI_WORDS_NONE:
		return;
	case CLI_WORDS_WORKLOADS:
		complete_kinds(complete, kinds, WORKLOADS_AND_PODS);
		return;
	case CLI_WORDS_OBJECTS:
		complete_kinds(complete, kinds, array_size(kinds));
		if (is_bare)
			complete_names(complete, &cli_checkpoint_kind.resource, "");
		return;
	case CLI_WORDS_CHECKPOINTS:
		complete_names(complete, &cli_checkpoint_kind.resource, "");
		return;
	case CLI_WORDS_SCHEDULES:
		complete_kinds(complete, kinds, WORKLOADS);
		if (is_bare)
			complete_names(complete, &cli_schedule_kind.resource, "");
		return;
	case CLI_WORDS_FILES:
		complete->directive &= ~COMPLETE_NO_FILES;
		if (is_bare)
			complete_names(complete, &cli_checkpoint_kind.resource, "");
		return;
	case CLI_WORDS_COMMANDS:
		complete_commands(complete);
		return;
	case CLI_WORDS_SHELLS:
		for (const char *const *shell = cli_shells; *shell != NULL; shell++)
			complete_offer(complete, "", str_of(*shell), NULL);
		return;
	}
}

/* ---- Flags ---- */

/* Names separated by commas: what stands before the last one stays. */
static void complete_list(struct complete *complete, const char *const *names, const char *before)
{
	autobuf all = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct str done = {0};
	struct str last;

	buf_add_text(&all, before);
	if (str_cut_last(str_from(complete->word, all.size), ',', &done, &last))
		buf_printf(&all, "%.*s,", STR_ARG(done));
	for (; *names != NULL; names++)
		complete_offer(complete, all.data, str_of(*names), NULL);
}

static void complete_value(
	struct complete *complete, const struct option_row *row, const char *before)
{
	if (row->type == OPTION_CHOICE)
		for (const char *const *choice = row->choices; *choice != NULL; choice++)
			complete_offer(complete, before, str_of(*choice), NULL);
	else if (strcmp(row->name, "namespace") == 0)
		complete_names(complete, &complete_namespaces, before);
	else if (strcmp(row->name, "from") == 0)
		complete_names(complete, &cli_checkpoint_kind.resource, before);
	else if (strcmp(row->name, "part") == 0)
		complete_list(complete, cli_part_names, before);
	else if (strcmp(row->name, "kubeconfig") == 0 || strcmp(row->name, "filename") == 0)
		complete->directive &= ~COMPLETE_NO_FILES;
}

/* The row of "--name" or "-n", of what stands before a '='. */
static const struct option_row *complete_find_flag(
	const struct option_table *table, struct str word)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *row = &table->rows[i];
		bool is_letter = word.size == 2 && word.data[0] == '-' && row->letter != 0 &&
			word.data[1] == row->letter;
		if (is_letter ||
			(str_starts_with(word, STR("--")) && str_is(str_from(word, 2), row->name)))
			return row;
	}
	return NULL;
}

static void complete_flag(struct complete *complete, const struct option_table *table)
{
	struct str name;
	struct str value;
	autobuf before = BUF_INIT(LIMIT_CONFIG_BYTES);
	const struct option_row *row;

	if (str_cut(complete->word, '=', &name, &value)) {
		row = complete_find_flag(table, name);
		buf_printf(&before, "%.*s=", STR_ARG(name));
		if (row != NULL)
			complete_value(complete, row, before.data);
		return;
	}
	for (size_t i = 0; i < table->count; i++)
		complete_offer(complete, "--", str_of(table->rows[i].name), table->rows[i].help);
}

/* Takes up the flags that stand there, before the command's name and behind it, as far as they can
 * be understood. */
static void complete_read_flags(struct complete *complete, const struct option_table *table,
	int count, char *const *arguments)
{
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	struct option_words words = {
		.items = arena_zeroed(complete->call.arena, (size_t)count + 1, sizeof(char *))};

	complete->call.flags = cli_flags_defaults;
	(void)!options_read_line(table, count, arguments, &complete->call.flags, &words, &mistakes);
	complete->call.flags.all_namespaces = false;
	complete->call.flags.verbosity = 0;
}

static void complete_for_command(struct complete *complete, int count, char *const *arguments)
{
	autocommandoptions options;
	const struct option_row *before = NULL;
	struct str last = count > 1 ? str_of(arguments[count - 2]) : (struct str){0};

	cli_command_options_init(&options, complete->command);
	complete_read_flags(complete, &options.table, count - 1, arguments);
	if (str_starts_with(last, STR("-")))
		before = complete_find_flag(&options.table, last);
	if (before != NULL && before->type != OPTION_FLAG)
		complete_value(complete, before, "");
	else if (str_starts_with(complete->word, STR("-")))
		complete_flag(complete, &options.table);
	else
		complete_words(complete);
}

void cli_complete(int count, char *const *arguments, struct buf *out)
{
	autoarena *arena = arena_new(1024);
	struct complete complete = {
		.call = {.flags = cli_flags_defaults, .arena = arena},
		.out = out,
		.directive = COMPLETE_NO_FILES,
		.word = count > 0 ? str_of(arguments[count - 1]) : (struct str){0},
	};
	int index = count > 0 ? cli_find_command(count - 1, arguments) : 0;

	if (index < count - 1)
		complete.command = cli_command_find(arguments[index]);
	if (complete.command != NULL)
		complete_for_command(&complete, count, arguments);
	else if (index >= count - 1)
		complete_commands(&complete);
	buf_printf(out, ":%d\n", complete.directive);
}
