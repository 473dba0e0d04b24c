/*
 * Nothing of a checkpoint is read here: kubectl-kcr-inspect beside this program does that, which
 * has neither libcurl nor a kubeconfig in its memory. For files this program becomes that one; what
 * lies elsewhere is fetched here, by ranges, while that one runs as a child.
 */
#include "cli/inspect.h"

#include <limits.h>

#include "cli/image.h"
#include "cli/loan.h"
#include "cli/remote.h"
#include "command/inspect.h"

static int inspect_without(const char *word, struct error *err)
{
	return err->kind == ERROR_ABSENT
		? error_wrap(err, "cannot inspect '%s' without the program that reads it", word)
		: -1;
}

int cli_inspect_here(struct cli_call *call, struct error *err)
{
	(void)cli_become_sibling(call, CLI_INSPECT_PROGRAM, NULL, err);
	return inspect_without(call->words[0], err);
}

static int inspect_open_image(struct cli_call *call, struct cli_loan *loan, struct error *err)
{
	autobuf name = BUF_INIT(LIMIT_ERROR_TEXT);

	if (cli_image_open(call, loan->word, &loan->reader, &name, err) < 0)
		return -1;
	loan->name = arena_str(call->arena, buf_str(&name)).data;
	return 0;
}

static int inspect_open_checkpoint(struct cli_call *call, struct cli_loan *loan, struct error *err)
{
	if (cli_remote_open(call, loan->word, &loan->reader, err) < 0)
		return err->kind == ERROR_ABSENT
			? error_wrap(err, "there is no file or directory '%s', and", loan->word)
			: -1;
	loan->name = loan->word;
	return 0;
}

/* What a call has opened. */
struct inspect_loans {
	struct cli_loan items[CLI_LENT_MAX];
	size_t count;
};

static void inspect_free(struct inspect_loans *loans)
{
	for (size_t i = 0; i < loans->count; i++)
		reader_free(loans->items[i].reader);
}
#define autoloans clean_up(inspect_free) struct inspect_loans

/* What is neither a file nor looks like an image may be a Checkpoint. */
static int inspect_open(
	struct cli_call *call, const char *word, struct inspect_loans *loans, struct error *err)
{
	struct cli_loan *loan = &loans->items[loans->count];

	if (word == NULL || cli_is_path(word))
		return 0;
	*loan = (struct cli_loan){.word = word};
	if ((cli_image_is_meant(word) ? inspect_open_image(call, loan, err)
				      : inspect_open_checkpoint(call, loan, err)) < 0)
		return -1;
	loans->count++;
	return 0;
}

int cli_inspect_elsewhere(struct cli_call *call, struct error *err)
{
	autobuf path = BUF_INIT(PATH_MAX);
	autoloans loans = {.count = 0};

	if (cli_find_sibling(CLI_INSPECT_PROGRAM, &path, err) < 0)
		return inspect_without(call->words[0], err);
	if (inspect_open(call, call->words[0], &loans, err) < 0 ||
		inspect_open(call, call->flags.diff, &loans, err) < 0)
		return -1;
	return cli_lend(call, path.data, loans.items, loans.count, err);
}
