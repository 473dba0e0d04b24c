/*
 * A command of kubectl-kcr as a row. What it is called, what it takes, what it does and how it is
 * used stands there; dispatch, --help, shell completion, the man pages and
 * docs/kubectl-reference.md all come from the rows, so that they cannot differ. Here is what a row
 * needs to be run, so that a program can have one command without all others.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "command/flags.h"
#include "options/options.h"

/* What the words of a command name, for completion. */
enum cli_words {
	CLI_WORDS_NONE,
	CLI_WORDS_WORKLOADS, /* deploy/web, sts/db, ds/log, pod/x */
	CLI_WORDS_OBJECTS, /* these, checkpoints, schedules and requests */
	CLI_WORDS_CHECKPOINTS,
	CLI_WORDS_SCHEDULES, /* and the workloads that may have one */
	CLI_WORDS_FILES, /* and checkpoints */
	CLI_WORDS_COMMANDS,
	CLI_WORDS_SHELLS,
};

/* The exit statuses. What is not listed is not used. */
enum cli_status {
	CLI_DONE = 0,
	CLI_FAILED = 1, /* the error says what, on which object, and what to do */
	CLI_UNWELL = 1, /* doctor, which fails otherwise: something cannot be done */
	CLI_MISUSED = 2, /* the command line is wrong; nothing was done */
	CLI_WAITED_IN_VAIN = 3, /* --timeout is over; what was begun goes on in the cluster */
	CLI_NOT_KNOWN = 4, /* doctor: it failed, or could not see all */
	CLI_INTERRUPTED = 130, /* by Ctrl-C, as shells say it */
};

struct cli_call;

struct cli_command {
	const char *name;
	const char *alias; /* NULL: none */
	const char *arguments; /* "[WORKLOAD ...]"; "" for none */
	const char *summary; /* one line, no full stop */
	const char *description; /* paragraphs, each a line */
	const char *examples; /* pairs of lines: "# what it is for", "kubectl kcr ..." */
	const struct option_row *flags; /* its own, beside the common ones */
	size_t flag_count;
	enum cli_words words;
	size_t least_words;
	size_t most_words;
	enum cli_status failure; /* what a failure becomes; 0: CLI_FAILED */
	/* Returns an exit status, or -1 with *err, which becomes a failure. */
	int (*run)(struct cli_call *call, struct error *err);
};

/* What the programs that run commands do each in its own way. */
struct cli_program {
	/* Tells a failure on standard error, and what can be done about it. */
	void (*report)(const struct cli_call *call, const struct error *err);
	/* `inspect` where all that is named lies on this machine, and where it does not. */
	int (*inspect_here)(struct cli_call *call, struct error *err);
	int (*inspect_elsewhere)(struct cli_call *call, struct error *err);
	void *context; /* the program's own */
};

/* One run of a command. */
struct cli_call {
	const struct cli_program *program;
	const struct cli_command *command;
	struct cli_flags flags;
	const char *const *words;
	size_t word_count;
	int argument_count; /* of the command line, without the command's name */
	char *const *arguments;
	struct arena *arena; /* for all that the command makes; released after it */
};

/*
 * Runs the command with the arguments (those beside its name); returns the exit status. What is
 * wrong with them is told on standard error, and --help on standard output.
 */
must_check int cli_command_run(const struct cli_program *program, const struct cli_command *command,
	int count, char *const *arguments);

/* Appends the path of the program `name` that lies beside this one. ABSENT: there is none; SYSTEM.
 */
must_check int cli_find_sibling(const char *name, struct buf *path, struct error *err);

/*
 * Becomes the program `name` that lies beside this one, with the call's arguments behind `first`
 * (NULL: nothing). Returns only when that fails: ABSENT (there is none), SYSTEM.
 */
int cli_become_sibling(
	const struct cli_call *call, const char *name, const char *first, struct error *err);

enum { CLI_FLAGS_MAX = 40 };

/* A command's table for the room options: its own rows, then the common ones. */
struct cli_command_options {
	struct option_table table;
	struct option_row rows[CLI_FLAGS_MAX];
	struct buf program; /* "kubectl kcr list" */
};

/* Fills *options, which keeps a pointer into itself: it must not be moved. */
void cli_command_options_init(
	struct cli_command_options *options, const struct cli_command *command);
void cli_command_options_done(struct cli_command_options *options);
#define autocommandoptions clean_up(cli_command_options_done) struct cli_command_options

/* Appends the command's help. */
void cli_help_write(struct buf *out, const struct cli_command *command);

/*
 * Appends the text with blanks for its control characters: names and messages come from clusters,
 * registries and checkpoints, and must not drive the terminal.
 */
void cli_add_shown(struct buf *out, struct str text);

/* Writes a line to standard error, as cli_add_shown() does; the line feed is ours. */
void cli_tell(const char *format, ...) format_printf(1, 2);

/* Writes all of it to standard output. Fails with TOO_BIG, SYSTEM. */
must_check int cli_print(const struct buf *out, struct error *err);

#endif
