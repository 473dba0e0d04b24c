/*
 * Files are read by kubectl-kcr-inspect beside this program, which has neither libcurl nor the
 * kubeconfig in its memory; where that one is not installed, here. What lies elsewhere is read
 * here, by ranges.
 */
#include "cli/inspect.h"

#include "cli/image.h"
#include "cli/remote.h"
#include "command/inspect.h"
#include "look/look.h"

int cli_inspect_here(struct cli_call *call, struct error *err)
{
	if (cli_become_sibling(call, CLI_INSPECT_PROGRAM, NULL, err) < 0 && err->kind != ERROR_ABSENT)
		return -1;
	return look_inspect_here(call, err);
}

static int inspect_open_image(struct cli_call *call, const char *word,
	struct inspect_place **ret_place, struct error *err)
{
	autobuf name = BUF_INIT(LIMIT_ERROR_TEXT);
	struct reader *reader;

	if (cli_image_open(call, word, &reader, &name, err) < 0)
		return -1;
	*ret_place = inspect_place_of_reader(reader, name.data);
	return 0;
}

static int inspect_open_checkpoint(struct cli_call *call, const char *word,
	struct inspect_place **ret_place, struct error *err)
{
	struct reader *reader;

	if (cli_remote_open(call, word, &reader, err) < 0)
		return err->kind == ERROR_ABSENT
			? error_wrap(err, "there is no file or directory '%s', and", word)
			: -1;
	*ret_place = inspect_place_of_reader(reader, word);
	return 0;
}

/* What is neither a file nor looks like an image may be a Checkpoint. */
static int inspect_open_any(struct cli_call *call, const char *word,
	struct inspect_place **ret_place, struct error *err)
{
	if (cli_is_path(word))
		return inspect_place_open(word, ret_place, err);
	return cli_image_is_meant(word) ? inspect_open_image(call, word, ret_place, err)
					: inspect_open_checkpoint(call, word, ret_place, err);
}

int cli_inspect_elsewhere(struct cli_call *call, struct error *err)
{
	autoplace *place = NULL;
	autoplace *other = NULL;

	if (inspect_open_any(call, call->words[0], &place, err) < 0 ||
		(call->flags.diff != NULL &&
			inspect_open_any(call, call->flags.diff, &other, err) < 0))
		return -1;
	return look_inspect_elsewhere(call, place, other, err);
}
