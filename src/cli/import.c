/*
 * `import`: a file here becomes a checkpoint of the cluster. It is hashed, so that the ticket can
 * say what is to come; brought to the node; and looked at there. Ctrl-C gives the ticket back, and
 * what had arrived is thrown away.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "archive/digest.h"
#include "base/alloc.h"
#include "cli/gauge.h"
#include "cli/output.h"
#include "cli/rows.h"
#include "cli/upload.h"
#include "sys/clock.h"
#include "sys/fd.h"

enum {
	IMPORT_TIMEOUT_MAX_S = 3600,
	IMPORT_PIECE_BYTES = 8 * 1024 * 1024,
};

struct import {
	struct cli_call *call;
	struct cli_session *session;
	struct cli_wait wait;
	struct reader *content;
	struct api_request_pod pod;
	struct api_import_spec spec;
	struct cli_gauge gauge;
	int64_t sent_bytes;
	struct str checkpoint; /* that it has become */
	struct str remark; /* see struct cli_ticket */
};

/* ---- The file ---- */

static int import_open(struct import *run, struct error *err)
{
	const char *path = run->call->words[0];
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC); /* the user's own name for it */
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set_errno(err, "it cannot be read");
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_INVALID,
			"it is no file; 'tar -c' in a directory of images makes an archive of it");
	if (status.st_size == 0)
		return error_set(err, ERROR_INVALID, "it is empty");
	if (reader_of_file(&fd, 0, status.st_size, &run->content, err) < 0)
		return -1;
	run->spec.size_bytes = status.st_size;
	return 0;
}

static int import_hash(struct import *run, struct error *err)
{
	autofree char *piece = alloc_zeroed(IMPORT_PIECE_BYTES, 1);
	int64_t total = run->content->size_bytes;
	char text[ARCHIVE_DIGEST_TEXT_SIZE];
	struct archive_digest digest;
	autohasher *hasher = NULL;

	if (archive_hasher_new(&hasher, err) < 0)
		return -1;
	for (int64_t at = 0; at < total; at += IMPORT_PIECE_BYTES) {
		int64_t left = total - at;
		size_t size = left < IMPORT_PIECE_BYTES ? (size_t)left : IMPORT_PIECE_BYTES;
		if (reader_read(run->content, at, piece, size, err) < 0 ||
			cli_wait_pause(&run->wait, 0, err) < 0)
			return -1;
		archive_hasher_add(hasher, (struct str){piece, size});
	}
	if (archive_hasher_end(hasher, &digest, err) < 0)
		return -1;
	archive_digest_format(&digest, text);
	run->spec.digest = arena_str(run->call->arena, str_of(text));
	return 0;
}

/* ---- Where it goes ---- */

static int import_find_pod(struct import *run, struct error *err)
{
	const char *container = run->call->flags.container;
	struct cli_target target;
	struct cli_objects objects;
	const struct api_pod *pod;

	if (cli_target_parse(run->call->flags.pod, &cli_pod_kind, &target, err) < 0)
		return -1;
	if (target.kind != &cli_pod_kind)
		return error_set(err, ERROR_INVALID, "--pod takes a Pod: pod/NAME");
	autofetch fetch = cli_fetch_get(run->session, &cli_pod_kind, target.name);
	if (cli_fetch_all(run->session, &fetch, 1, err) < 0 ||
		cli_fetch_decode(&fetch, &cli_pod_kind, run->call->arena, &objects, err) < 0)
		return -1;
	pod = objects.items;
	if (pod->spec.node_name.size == 0)
		return error_set(
			err, ERROR_INVALID, "pod '%.*s' has no node yet", STR_ARG(target.name));
	if (container != NULL && api_pod_container(pod, str_of(container)) == NULL)
		return error_set(err, ERROR_ABSENT, "pod '%.*s' has no container '%s'",
			STR_ARG(target.name), container);
	run->pod = (struct api_request_pod){.name = target.name};
	run->spec.pod = &run->pod;
	run->spec.node_name = arena_str(run->call->arena, pod->spec.node_name);
	return 0;
}

static int import_find_node(struct import *run, struct error *err)
{
	const struct cli_flags *flags = &run->call->flags;

	if ((flags->pod != NULL) == (flags->node != NULL))
		return error_set(err, ERROR_INVALID,
			"say by --pod whose it is to be, or by --node where it is to lie, one of "
			"both");
	run->spec.container_name = str_of(flags->container);
	run->spec.node_name = str_of(flags->node);
	return flags->pod != NULL ? import_find_pod(run, err) : 0;
}

/* "redis" of "./redis.tar": what the checkpoint's name begins with. */
static struct str import_name(const char *path)
{
	struct str directory;
	struct str file;
	struct str name;
	struct str rest;

	(void)str_cut_last(str_of(path), '/', &directory, &file);
	(void)str_cut(file, '.', &name, &rest);
	return name.size > 0 ? name : STR("import");
}

/* ---- The way there ---- */

static int import_bring(struct import *run, struct error *err)
{
	const struct cli_ticket_order order = {
		.import = &run->spec,
		.name = import_name(run->call->words[0]),
		.lifetime_seconds = CLI_UPLOAD_LIFETIME_S,
	};
	const struct cli_door_options options = {
		.order = &order,
		.patience_ms = run->call->flags.timeout_ms,
		.broke = cli_gauge_broke,
		.context = &run->gauge,
	};
	autodoor *door = NULL;
	int result;

	if (cli_door_open(run->session, &run->wait, &options, &door, err) < 0)
		return -1;
	cli_gauge_start(&run->gauge, run->wait.loop, run->spec.size_bytes, 0, &run->sent_bytes);
	result = cli_upload(door, run->content, &run->sent_bytes, err);
	cli_gauge_stop(&run->gauge);
	if (result < 0 || cli_door_finish(door, err) < 0)
		return -1;
	run->checkpoint = cli_door_ticket(door)->checkpoint;
	run->remark = cli_door_ticket(door)->remark;
	return 0;
}

static int import_go(struct import *run, struct error *err)
{
	struct mono_time begun = clock_mono();

	if (import_open(run, err) < 0 || cli_session_open(run->call, &run->session, err) < 0 ||
		cli_wait_init(&run->wait, run->session->loop, err) < 0 ||
		import_find_node(run, err) < 0 || import_hash(run, err) < 0 ||
		import_bring(run, err) < 0)
		return -1;
	printf("checkpoint/%.*s: %.*s in %.*s, verified: %.*s\n", STR_ARG(run->checkpoint),
		STR_ARG(cli_bytes_text(run->call->arena, run->spec.size_bytes)),
		STR_ARG(cli_duration_text(run->call->arena, clock_mono().us - begun.us)),
		STR_ARG(run->spec.digest));
	if (run->remark.size > 0)
		cli_tell("%.*s", STR_ARG(run->remark));
	return CLI_DONE;
}

static int import_run(struct cli_call *call, struct error *err)
{
	struct import run = {.call = call};
	int result = import_go(&run, err);

	cli_wait_done(&run.wait);
	cli_session_close(run.session);
	reader_free(run.content);
	return result < 0 ? error_wrap(err, "cannot import '%s'", call->words[0]) : result;
}

static const struct option_row import_flags[] = {
	{.name = "pod",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, pod),
		.argument = "POD",
		.help = "The Pod that it is for. It goes to that Pod's node, and counts as one of "
			"its workload, image and template."},
	{.name = "node",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, node),
		.argument = "NODE",
		.help = "The node that keeps it, where it is for no Pod that runs: it is of what "
			"the archive says."},
	{.name = "container",
		.letter = 'c',
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, container),
		.argument = "NAME",
		.help = "The container that it is for. Left out: what the archive says."},
	{.name = "timeout",
		.type = OPTION_DURATION,
		.offset = offsetof(struct cli_flags, timeout_ms),
		.argument = "DURATION",
		.help = "How long it is tried again when the way to the node has broken and "
			"nothing arrives.",
		.minimum = 1000,
		.maximum = IMPORT_TIMEOUT_MAX_S * 1000},
};

const struct cli_command cli_import_command = {
	.name = "import",
	.arguments = "FILE",
	.summary = "Brings a file to a node as a checkpoint",
	.description =
		"Takes what 'export' wrote, or an archive of the kubelet, CRI-O or podman (a tar, "
		"also compressed by gzip or zstd). The node verifies its digest and looks whether "
		"a restore finds what it needs; then there is a Checkpoint. What arrived before a "
		"cut is not sent again; Ctrl-C throws it away.\n"
		"CRIU restores with the rights of root what an archive says: import only what you "
		"trust. No role of a namespace has the right to create CheckpointImports; the "
		"ClusterRole kcr-import has.",
	.examples = "# for a Pod that runs\n"
		    "kubectl kcr import web.tar --pod pod/web-0 -c app\n"
		    "# to look at, and to run beside what runs\n"
		    "kubectl kcr import web.tar --node node1",
	.flags = import_flags,
	.flag_count = array_size(import_flags),
	.words = CLI_WORDS_FILES,
	.least_words = 1,
	.most_words = 1,
	.run = import_run,
};
