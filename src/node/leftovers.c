/*
 * Archives in the kubelet's directory that came of our asking and that no Checkpoint names: of a
 * call whose agent was stopped, or whose time was over before the kubelet's was. They are known by
 * container and second; what others had the kubelet make is not ours to remove.
 */
#include "node/state.h"

#include <string.h>

#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"

bool node_is_known_archive(const struct node *node, const char *name)
{
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->checkpoints, &position)) != NULL)
		if (str_is(((const struct api_checkpoint *)object->view)->spec.data, name))
			return true;
	return false;
}

/* The archives of a request's container in the kubelet's directory, whoever they were made for. */
struct node_archives {
	struct node *node;
	char *prefix; /* checkpoint-<pod>_<namespace>-<container>- */
	struct wall_time since; /* of the second in their names */
	struct wall_time until;
	bool is_to_remove; /* those that no Checkpoint names */
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
	if (!wall_time_parse(stamp, &made) || made.us < archives->since.us ||
		made.us > archives->until.us)
		return 0;
	archives->count++;
	if (!archives->is_to_remove || node_is_known_archive(archives->node, name))
		return 0;
	log_info("Removed an archive that an interrupted request left", "archive", name);
	return file_remove_tree(archives->node->archives_fd, name, err);
}

static size_t node_visit_archives(struct node *node, const struct api_request *request,
	struct wall_time since, struct wall_time until, bool is_to_remove)
{
	autobuf prefix = BUF_INIT(LIMIT_ARCHIVE_PATH);
	struct node_archives archives = {
		.node = node, .since = since, .until = until, .is_to_remove = is_to_remove};
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

void node_collect_late_archives(struct node *node)
{
	const struct kube_object *object;
	size_t position = 0;

	if (node_objects_missing(node) != NULL)
		return;
	while ((object = kube_informer_next(node->requests, &position)) != NULL) {
		const struct api_request *request = object->view;
		if (api_request_phase(request) == API_REQUEST_FAILED &&
			wall_time_is_set(request->status.started) &&
			!node_takes_container(node, request))
			(void)node_visit_archives(node, request, request->status.started,
				request->status.completed, true);
	}
}
