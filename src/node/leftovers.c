/*
 * Archives in the kubelet's directory that came of our asking and that no Checkpoint names: of a
 * call whose agent was killed, or whose time was over before the kubelet's was. They are known by
 * container and second; what others had the kubelet make is not ours to remove.
 */
#include "node/state.h"

#include <string.h>

#include "node/take.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"

/* The next Checkpoint that names the archive; `position` begins at 0. NULL: there is no further. */
static const struct api_checkpoint *node_next_naming(
	const struct node *node, const char *archive, size_t *position)
{
	const struct kube_object *object;

	while ((object = kube_informer_next(node->checkpoints, position)) != NULL) {
		const struct api_checkpoint *checkpoint = object->view;

		if (str_is(checkpoint->spec.data, archive))
			return checkpoint;
	}
	return NULL;
}

bool node_is_known_archive(const struct node *node, const char *name)
{
	size_t position = 0;

	return node_next_naming(node, name, &position) != NULL;
}

/*
 * Whether a Checkpoint names the archive and does not have it yet. Two calls of one second write to
 * one name: what lies there when the first is in the store is of the second.
 */
static bool node_is_awaited_archive(const struct node *node, const char *name)
{
	const struct api_checkpoint *checkpoint;
	size_t position = 0;

	while ((checkpoint = node_next_naming(node, name, &position)) != NULL)
		if (api_checkpoint_phase(checkpoint) != API_CHECKPOINT_IMAGE_BUILT)
			return true;
	return false;
}

/* The archives of a request's container in the kubelet's directory, whoever they were made for. */
struct node_archives {
	struct node *node;
	char *prefix; /* checkpoint-<pod>_<namespace>-<container>- */
	int64_t since; /* s, as in their names */
	struct wall_time until;
	bool is_to_remove; /* those that no Checkpoint waits for */
	size_t count;
};

static int node_archive_visit(void *context, const char *name, bool is_directory, struct error *err)
{
	struct node_archives *archives = context;
	struct wall_time made;
	struct str stamp;
	struct str text = str_of(name);

	if (is_directory || !str_starts_with(text, str_of(archives->prefix)) ||
		!str_ends_with(text, STR(".tar")))
		return 0;
	stamp = str_from(text, strlen(archives->prefix));
	stamp.size -= strlen(".tar");
	if (!wall_time_parse(stamp, &made) || wall_time_seconds(made) < archives->since ||
		made.us > archives->until.us)
		return 0;
	archives->count++;
	if (!archives->is_to_remove || node_is_awaited_archive(archives->node, name))
		return 0;
	log_info("Removed an archive that an interrupted request left", "archive", name);
	return file_remove_tree(archives->node->archives_fd, name, err);
}

static size_t node_visit_archives(struct node *node, const struct api_request *request,
	struct wall_time since, struct wall_time until, bool is_to_remove)
{
	autobuf prefix = BUF_INIT(LIMIT_ARCHIVE_PATH);
	struct node_archives archives = {.node = node,
		.since = wall_time_seconds(since),
		.until = until,
		.is_to_remove = is_to_remove};
	struct error err;

	buf_printf(&prefix, "checkpoint-%.*s_%.*s-%.*s-", STR_ARG(request->spec.pod.name),
		STR_ARG(request->metadata.namespace), STR_ARG(request->spec.container_name));
	archives.prefix = prefix.data;
	if (file_for_each(node->archives_fd, node_archive_visit, &archives, &err) < 0)
		log_warning(&err, "Failed to look for archives");
	return archives.count;
}

void node_remove_leftovers(struct node *node, const struct api_request *request)
{
	(void)node_visit_archives(node, request, request->status.started, clock_wall(), true);
}

bool node_has_archive_of_now(struct node *node, const struct api_request *request)
{
	struct wall_time second = {wall_time_seconds(clock_wall()) * TIME_SECOND_US};

	return node_visit_archives(node, request, second, clock_wall(), false) > 0;
}

/*
 * Whether what lies there of the request's time, and no Checkpoint names, is of no use: it has
 * failed, or we see the Checkpoint that it has led to and which names its own archive.
 */
static bool node_has_all_it_needs(const struct node *node, const struct api_request *request)
{
	const struct api_checkpoint_reference *made = request->status.checkpoint;
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	if (!wall_time_is_set(request->status.started) || node_takes_container(node, request))
		return false;
	if (api_request_phase(request) == API_REQUEST_FAILED)
		return true;
	if (api_request_phase(request) != API_REQUEST_COMPLETED || made == NULL)
		return false;
	kube_key_write(&key, request->metadata.namespace, made->name);
	return kube_informer_get(node->checkpoints, buf_str(&key)) != NULL;
}

void node_collect_late_archives(struct node *node)
{
	const struct kube_object *object;
	size_t position = 0;

	if (node_objects_missing(node) != NULL)
		return;
	while ((object = kube_informer_next(node->requests, &position)) != NULL) {
		const struct api_request *request = object->view;
		if (node_has_all_it_needs(node, request))
			(void)node_visit_archives(node, request, request->status.started,
				request->status.completed, true);
	}
}
