/*
 * `export`: a checkpoint of the cluster as a file here. The bytes go through the agent's door into
 * a partial file, are verified, and get their name. Ctrl-C and failures leave what came, say how to
 * go on, and give the ticket back.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/download.h"
#include "cli/gauge.h"
#include "cli/output.h"
#include "cli/partial.h"
#include "cli/rows.h"
#include "sys/clock.h"

enum { EXPORT_TIMEOUT_MAX_S = 3600 };

struct export
{
	struct cli_call *call;
	const char *path;
	struct cli_wait *wait;
	struct cli_partial partial;
	struct cli_gauge gauge;
};

/* ---- The transfer ---- */

static int export_take(void *context, struct str piece, struct error *err)
{
	struct export *run = context;

	return cli_partial_add(&run->partial, piece, err);
}

static int export_take_up(struct export *run, struct error *err)
{
	int more;

	while ((more = cli_partial_take_up(&run->partial, err)) > 0)
		if (cli_wait_pause(run->wait, 0, err) < 0)
			return -1;
	if (more < 0)
		return -1;
	if (run->partial.found_bytes > 0)
		fprintf(stderr, "Going on with '%s', which has %.*s.\n", run->partial.partial_path,
			STR_ARG(cli_bytes_text(run->call->arena, run->partial.found_bytes)));
	return 0;
}

static int export_fetch(struct export *run, struct cli_download *download, struct error *err)
{
	const struct cli_partial *partial = &run->partial;
	int result;

	if (cli_partial_open(&run->partial, run->path, run->call->flags.overwrites,
		    cli_download_size(download), &cli_door_ticket(download->door)->digest,
		    err) < 0 ||
		export_take_up(run, err) < 0)
		return -1;
	cli_gauge_start(&run->gauge, run->wait->loop, partial->size_bytes, partial->found_bytes,
		&partial->written_bytes);
	result = cli_download_range(download, partial->written_bytes,
		partial->size_bytes - partial->written_bytes, export_take, run, err);
	cli_gauge_stop(&run->gauge);
	return result < 0 ? -1 : cli_partial_finish(&run->partial, err);
}

static int export_go(struct export *run, struct cli_session *session, struct error *err)
{
	const struct cli_door_options options = {
		.patience_ms = run->call->flags.timeout_ms,
		.broke = cli_gauge_broke,
		.context = &run->gauge,
	};
	autodownload download = {.door = NULL};

	if (cli_download_open(
		    &download, session, run->wait, str_of(run->call->words[0]), &options, err) < 0)
		return -1;
	return export_fetch(run, &download, err);
}

/* ---- The end ---- */

static void export_tell_done(const struct export *run)
{
	const struct cli_partial *partial = &run->partial;
	int64_t took_us = clock_mono().us - run->gauge.meter.begun.us;
	char digest[ARCHIVE_DIGEST_TEXT_SIZE];

	archive_digest_format(&partial->digest, digest);
	fprintf(partial->path != NULL ? stdout : stderr, "%s: %.*s in %.*s, verified: %s\n",
		partial->path != NULL ? partial->path : "standard output",
		STR_ARG(cli_bytes_text(run->call->arena, partial->size_bytes)),
		STR_ARG(cli_duration_text(run->call->arena, took_us)), digest);
}

/* What came stays, where it can be gone on with. */
static void export_tell_rest(const struct export *run)
{
	const struct cli_partial *partial = &run->partial;

	if (partial->path == NULL || partial->written_bytes == 0 ||
		access(partial->partial_path, F_OK) < 0)
		return;
	fprintf(stderr, "%.*s of %.*s lie in '%s'; the same command goes on from there.\n",
		STR_ARG(cli_bytes_text(run->call->arena, partial->written_bytes)),
		STR_ARG(cli_bytes_text(run->call->arena, partial->size_bytes)),
		partial->partial_path);
}

static const char *export_path(struct cli_call *call)
{
	if (call->flags.output[0] != '\0')
		return call->flags.output;
	return arena_printf(call->arena, "%s.tar", call->words[0]).data;
}

static int export_with(struct export *run, struct error *err)
{
	autosession *session = NULL;
	autowait wait = {.loop = NULL};

	if (cli_partial_check(run->path, run->call->flags.overwrites, err) < 0 ||
		cli_session_open(run->call, &session, err) < 0 ||
		cli_wait_init(&wait, session->loop, err) < 0)
		return -1;
	run->wait = &wait;
	return export_go(run, session, err);
}

static int export_run(struct cli_call *call, struct error *err)
{
	struct export run = {.call = call, .path = export_path(call), .partial = CLI_PARTIAL_INIT};
	int result = export_with(&run, err);

	if (result == 0)
		export_tell_done(&run);
	else
		export_tell_rest(&run);
	cli_partial_done(&run.partial);
	return result < 0 ? error_wrap(err, "cannot export '%s'", call->words[0]) : CLI_DONE;
}

static const struct option_row export_flags[] = {
	{.name = "output",
		.letter = 'o',
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, output),
		.argument = "FILE",
		.help = "Where it goes; '-': standard output. Left out: CHECKPOINT.tar here."},
	{.name = "force",
		.letter = 'f',
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, overwrites),
		.help = "Overwrites a file that is there."},
	{.name = "timeout",
		.type = OPTION_DURATION,
		.offset = offsetof(struct cli_flags, timeout_ms),
		.argument = "DURATION",
		.help = "How long it is tried again when the way to the node has broken and "
			"nothing comes.",
		.minimum = 1000,
		.maximum = EXPORT_TIMEOUT_MAX_S * 1000},
};

const struct cli_command cli_export_command = {
	.name = "export",
	.arguments = "CHECKPOINT",
	.summary = "Fetches a checkpoint as a file",
	.description =
		"Writes the checkpoint as a tar: CRIU's images, the file system's changes and the "
		"engine's description, as 'inspect' reads it. It is verified on the way, and has "
		"its name when it is complete. What came before a cut or Ctrl-C lies beside it, "
		"and the same command goes on from there.\n"
		"A checkpoint holds every secret that was in the process's memory: passwords, "
		"keys, what its users sent. Whoever has the file has them; only you may read "
		"it. What was fetched, and when, stays in the cluster as a CheckpointExport for a "
		"day unless somebody deletes it: 'kubectl get ckpe'. By whom, only the API "
		"server's audit log says.\n"
		"The bytes come from the checkpoint's node through 'kubectl port-forward', within "
		"the TLS of the API server. One needs the right to create CheckpointExports, "
		"which the ClusterRole edit has.",
	.examples = "# into a file here\n"
		    "kubectl kcr export web-5c7d-x2x9-1795334400\n"
		    "# compressed, on the way\n"
		    "kubectl kcr export web-5c7d-x2x9-1795334400 -o - | zstd > web.tar.zst\n"
		    "# and what is in it\n"
		    "kubectl kcr inspect web-5c7d-x2x9-1795334400.tar",
	.flags = export_flags,
	.flag_count = array_size(export_flags),
	.words = CLI_WORDS_CHECKPOINTS,
	.least_words = 1,
	.most_words = 1,
	.run = export_run,
};
