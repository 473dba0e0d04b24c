/* `timeline`: what happened to one workload, drawn. */
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/moments.h"
#include "cli/output.h"
#include "cli/rows.h"
#include "sys/clock.h"

enum { TIMELINE_WIDTH = 100 }; /* where there is no terminal */

static size_t timeline_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return TIMELINE_WIDTH;
}

static int timeline_run(struct cli_call *call, struct error *err)
{
	autosession *session = NULL;
	autogathered gathered = {0};
	autobuf out = BUF_INIT(CLI_OUTPUT_BYTES);
	struct cli_target target;
	struct cli_moments moments;
	struct wall_time since = {0};

	if (call->flags.since_ms > 0)
		since.us = clock_wall().us - call->flags.since_ms * 1000;
	if (cli_target_parse(call->words[0], &cli_pod_kind, &target, err) < 0 ||
		cli_session_open(call, &session, err) < 0 ||
		cli_gather(session,
			1 << CLI_GATHER_CHECKPOINTS | 1 << CLI_GATHER_PODS | 1 << CLI_GATHER_EVENTS,
			&gathered, err) < 0)
		return -1;
	moments = cli_moments_collect(&gathered, &target, since, call->arena);
	if (str_is(str_of(call->flags.output), "svg"))
		cli_moments_write_svg(&moments, call->words[0], &out);
	else if (moments.count > 0)
		cli_moments_draw(&moments, timeline_width(), cli_has_colours(STDOUT_FILENO),
			call->arena, &out);
	else
		fprintf(stderr, "Nothing is known of %s in namespace %.*s.\n", call->words[0],
			STR_ARG(session->namespace));
	return cli_print(&out, err);
}

static const char *const timeline_outputs[] = {"svg", NULL};

static const struct option_row timeline_flags[] = {
	{.name = "since",
		.type = OPTION_DURATION,
		.offset = offsetof(struct cli_flags, since_ms),
		.argument = "DURATION",
		.help = "Only what happened in this time, such as 2h; 0s: all."},
	{.name = "output",
		.letter = 'o',
		.type = OPTION_CHOICE,
		.offset = offsetof(struct cli_flags, output),
		.argument = "FORMAT",
		.help = "svg: a picture for a file, with what each sign means when one points at "
			"it.",
		.choices = timeline_outputs},
};

const struct cli_command cli_timeline_command = {
	.name = "timeline",
	.arguments = "WORKLOAD",
	.summary = "Draws checkpoints, crashes and restores of a workload in time",
	.description =
		"Draws a line for each container of each Pod of the workload: when a checkpoint "
		"was taken, when it crashed, when it was restored, or had to start without its "
		"memory. It is made of what there is: checkpoints, Pods, and their events, which "
		"the API server keeps for an hour, unless it is told otherwise.",
	.examples = "# in the terminal\n"
		    "kubectl kcr timeline deploy/web --since=2h\n"
		    "# as a picture\n"
		    "kubectl kcr timeline deploy/web -o svg >web.svg",
	.flags = timeline_flags,
	.flag_count = array_size(timeline_flags),
	.words = CLI_WORDS_WORKLOADS,
	.least_words = 1,
	.most_words = 1,
	.run = timeline_run,
};
