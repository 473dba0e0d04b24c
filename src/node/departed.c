/*
 * What lies in the store for Pods and containers that are gone: plans and records, and the marks of
 * containers that the engine has ended. With the Pod's deletion; what happened while no agent ran,
 * now and then.
 */
#include "node/state.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "node/direct.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

/* A Pod's status may come to name a container some moments after it was made and has ended. */
enum { NODE_MARK_SECONDS = 600 };

static const char *const node_pod_folders[] = {HANDOVER_PLANS, HANDOVER_RECORDS};

void node_drop_pod(const struct node *node, const struct api_pod *pod)
{
	struct error err;

	if (!handover_is_file_name(pod->metadata.uid))
		return;
	for (size_t i = 0; i < array_size(node_pod_folders); i++) {
		autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);

		buf_printf(&path, "%s/%.*s", node_pod_folders[i], STR_ARG(pod->metadata.uid));
		if (file_remove_tree(node_store_fd(node->store), path.data, &err) < 0)
			log_warning(&err, "Failed to remove what was kept for a Pod", "path",
				path.data);
	}
}

/* A folder of the store, as it is visited. */
struct node_folder {
	const struct node *node;
	int fd;
};

static bool node_has_pod(const struct node *node, struct str uid)
{
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->pods, &position)) != NULL)
		if (str_equal(object->uid, uid))
			return true;
	return false;
}

static int node_departed_pod(void *context, const char *name, bool is_directory, struct error *err)
{
	const struct node_folder *folder = context;

	(void)is_directory;
	if (node_has_pod(folder->node, str_of(name)) || node_awaits_pod(folder->node, str_of(name)))
		return 0;
	return file_remove_tree(folder->fd, name, err);
}

static bool node_is_named(const struct api_container_status *status, struct str id)
{
	const struct api_container_terminated *ended = status->state.terminated;
	const struct api_container_terminated *before = status->last_state.terminated;

	return str_equal(node_plain_id(status->container_id), id) ||
		(ended != NULL && str_equal(node_plain_id(ended->container_id), id)) ||
		(before != NULL && str_equal(node_plain_id(before->container_id), id));
}

/* Whether a Pod's status still speaks of the container. */
static bool node_has_container(const struct node *node, struct str id)
{
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->pods, &position)) != NULL) {
		const struct api_pod *pod = object->view;
		const struct api_container_status *statuses = pod->status.container_statuses.items;

		for (size_t i = 0; i < pod->status.container_statuses.count; i++)
			if (node_is_named(&statuses[i], id))
				return true;
	}
	return false;
}

/* The container's ID of a mark's name; whether it is one that stays when the container has gone. */
static bool node_mark_is_of_end(struct str name, struct str *ret_id)
{
	static const char *const suffixes[] = {HANDOVER_KILLED, HANDOVER_REPLACED};

	*ret_id = name;
	for (size_t i = 0; i < array_size(suffixes); i++) {
		if (!str_ends_with(name, str_of(suffixes[i])))
			continue;
		ret_id->size -= strlen(suffixes[i]);
		return true;
	}
	return false;
}

bool node_mark_is_left(
	struct str name, struct wall_time made, struct wall_time booted, struct wall_time now)
{
	struct str id;

	if (now.us - made.us < NODE_MARK_SECONDS * TIME_SECOND_US)
		return false;
	return node_mark_is_of_end(name, &id) || made.us < booted.us;
}

static int node_departed_container(
	void *context, const char *name, bool is_directory, struct error *err)
{
	const struct node_folder *folder = context;
	struct str id;
	struct stat mark;

	(void)is_directory;
	(void)node_mark_is_of_end(str_of(name), &id);
	if (node_has_container(folder->node, id) ||
		fstatat(folder->fd, name, &mark, AT_SYMLINK_NOFOLLOW) < 0 ||
		!node_mark_is_left(str_of(name), wall_time_of_seconds(mark.st_mtime), clock_boot(),
			clock_wall()))
		return 0;
	return file_remove_tree(folder->fd, name, err);
}

static void node_visit_folder(const struct node *node, const char *name, file_visit_fn visit)
{
	struct node_folder folder = {.node = node};
	autoclose int fd = -1;
	struct error err;

	if (file_open_beneath(
		    node_store_fd(node->store), name, O_RDONLY | O_DIRECTORY, 0, &fd, &err) < 0) {
		if (err.kind != ERROR_ABSENT) /* nothing of it was ever made */
			log_warning(&err, "Failed to open a folder of the store");
		return;
	}
	folder.fd = fd;
	if (file_for_each(fd, visit, &folder, &err) < 0)
		log_warning(&err, "Failed to remove what is left of Pods", "folder", name);
}

void node_collect_departed(const struct node *node)
{
	if (node_objects_missing(node) != NULL)
		return;
	for (size_t i = 0; i < array_size(node_pod_folders); i++)
		node_visit_folder(node, node_pod_folders[i], node_departed_pod);
	node_visit_folder(node, HANDOVER_CONTAINERS, node_departed_container);
}
