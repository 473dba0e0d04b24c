/* Options are rows of a table: which verb has them, whether a value follows, where it goes. */
#include "runtime/call.h"

#include <string.h>

#include "base/attributes.h"

/* Nobody here needs to know. */
enum { CALL_NO_FIELD = -1 };

struct call_option {
	const char *name;
	const char *short_name; /* may be NULL */
	bool has_value;
	int field; /* offset in struct runtime_call of a const char * or, without value, a bool */
};

#define CALL_FIELD(member) ((int)offsetof(struct runtime_call, member))

static const struct call_option call_global_options[] = {
	{"--root", NULL, true, CALL_NO_FIELD},
	{"--log", NULL, true, CALL_FIELD(log_path)},
	{"--log-format", NULL, true, CALL_FIELD(log_format)},
	{"--log-level", NULL, true, CALL_NO_FIELD},
	{"--debug", NULL, false, CALL_NO_FIELD},
	{"--criu", NULL, true, CALL_NO_FIELD},
	{"--systemd-cgroup", NULL, false, CALL_NO_FIELD},
	{"--cgroup-manager", NULL, true, CALL_NO_FIELD},
	{"--rootless", NULL, true, CALL_NO_FIELD},
};

static const struct call_option call_create_options[] = {
	{"--bundle", "-b", true, CALL_FIELD(bundle)},
	{"--pid-file", "-p", true, CALL_FIELD(pid_file)},
	{"--console-socket", NULL, true, CALL_FIELD(console_socket)},
	{"--no-pivot", NULL, false, CALL_FIELD(no_pivot)},
	{"--no-new-keyring", NULL, false, CALL_NO_FIELD},
};

static const struct call_option call_delete_options[] = {
	{"--force", "-f", false, CALL_NO_FIELD},
};

static const struct call_option call_kill_options[] = {
	{"--all", "-a", false, CALL_NO_FIELD},
};

/*
 * Those of a checkpoint that can be sent elsewhere. With a page server, a parent or a dump before
 * the dump it is more than a directory of images.
 */
static const struct call_option call_checkpoint_options[] = {
	{"--image-path", NULL, true, CALL_FIELD(image_path)},
	{"--work-path", NULL, true, CALL_FIELD(work_path)},
	{"--leave-running", NULL, false, CALL_FIELD(leave_running)},
	{"--tcp-established", NULL, false, CALL_NO_FIELD},
	{"--ext-unix-sk", NULL, false, CALL_NO_FIELD},
	{"--shell-job", NULL, false, CALL_NO_FIELD},
	{"--file-locks", NULL, false, CALL_NO_FIELD},
	{"--manage-cgroups-mode", NULL, true, CALL_NO_FIELD},
	{"--empty-ns", NULL, true, CALL_NO_FIELD},
};

static const struct call_verb {
	const char *name;
	enum runtime_verb verb;
	const struct call_option *options;
	size_t option_count;
} call_verbs[] = {
	{"create", RUNTIME_CREATE, call_create_options, array_size(call_create_options)},
	{"start", RUNTIME_START, NULL, 0},
	{"state", RUNTIME_STATE, NULL, 0},
	{"delete", RUNTIME_DELETE, call_delete_options, array_size(call_delete_options)},
	{"checkpoint", RUNTIME_CHECKPOINT, call_checkpoint_options,
		array_size(call_checkpoint_options)},
	{"pause", RUNTIME_PAUSE, NULL, 0},
	{"resume", RUNTIME_RESUME, NULL, 0},
	{"kill", RUNTIME_KILL, call_kill_options, array_size(call_kill_options)},
};

static const struct call_verb *call_find_verb(const char *name)
{
	for (size_t i = 0; i < array_size(call_verbs); i++)
		if (strcmp(call_verbs[i].name, name) == 0)
			return &call_verbs[i];
	return NULL;
}

/* The option that `argument` names: "--name", "--name=value" or "-n". */
static const struct call_option *call_find_option(
	const struct call_option *options, size_t count, const char *argument)
{
	size_t size = strcspn(argument, "=");

	for (size_t i = 0; i < count; i++) {
		if (options[i].short_name != NULL && strcmp(options[i].short_name, argument) == 0)
			return &options[i];
		if (strlen(options[i].name) == size &&
			strncmp(options[i].name, argument, size) == 0)
			return &options[i];
	}
	return NULL;
}

/* Where the arguments are read, and what became of them. */
struct call_reader {
	char *const *arguments;
	size_t count;
	size_t next;
	struct runtime_call call;
};

static void call_keep(struct call_reader *reader, const struct call_option *option,
	const char *value, size_t index, size_t skip)
{
	if (option->field == CALL_NO_FIELD)
		return;
	if (!option->has_value) {
		*(bool *)((char *)&reader->call + option->field) = true;
		return;
	}
	*(const char **)((char *)&reader->call + option->field) = value;
	if (option->field == CALL_FIELD(image_path)) {
		reader->call.image_path_index = index;
		reader->call.image_path_skip = skip;
	}
}

/* Reads options up to the first argument that is none; false when there is one we do not know. */
static bool call_read_options(
	struct call_reader *reader, const struct call_option *options, size_t option_count)
{
	while (reader->next < reader->count && reader->arguments[reader->next][0] == '-') {
		const char *argument = reader->arguments[reader->next];
		const char *equals = strchr(argument, '=');
		const struct call_option *option =
			call_find_option(options, option_count, argument);

		if (option == NULL || (equals != NULL && !option->has_value))
			return false;
		if (equals == NULL && option->has_value && ++reader->next == reader->count)
			return false;
		call_keep(reader, option,
			equals != NULL ? equals + 1 : reader->arguments[reader->next], reader->next,
			equals != NULL ? (size_t)(equals + 1 - argument) : 0);
		reader->next++;
	}
	return true;
}

/* An id that can be a file's name; runc itself allows letters, digits and "_+-.". */
static bool call_is_good_id(const char *id)
{
	size_t size = strlen(id);

	return size > 0 && size < RUNTIME_ID_SIZE && id[0] != '.' &&
		strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.") ==
		size;
}

static bool call_read(struct call_reader *reader)
{
	const struct call_verb *verb;

	if (!call_read_options(reader, call_global_options, array_size(call_global_options)) ||
		reader->next == reader->count)
		return false;
	verb = call_find_verb(reader->arguments[reader->next]);
	if (verb == NULL)
		return false;
	reader->call.verb = verb->verb;
	reader->call.verb_index = reader->next++;
	/* runc takes options after the id too; nobody calls it so: it would be passed on */
	if (!call_read_options(reader, verb->options, verb->option_count) ||
		reader->next == reader->count || !call_is_good_id(reader->arguments[reader->next]))
		return false;
	reader->call.id = reader->arguments[reader->next++];
	if (verb->verb == RUNTIME_KILL && reader->next < reader->count)
		reader->call.signal = reader->arguments[reader->next++];
	return reader->next == reader->count;
}

struct runtime_call runtime_call_read(size_t count, char *const *arguments)
{
	struct call_reader reader = {.arguments = arguments, .count = count, .next = 1};

	if (count < 2 || !call_read(&reader))
		return (struct runtime_call){.verb = RUNTIME_OTHER};
	if (reader.call.verb == RUNTIME_CREATE && reader.call.bundle == NULL)
		reader.call.bundle = "."; /* runc(8): the current directory */
	return reader.call;
}
