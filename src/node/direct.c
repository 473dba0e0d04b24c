/*
 * Checkpoints that kcr-runtime takes. The agent asks the kubelet as always; an order in the store
 * tells kcr-runtime, which the engine then calls, to dump into a directory of ours. What the
 * kubelet answers with is a small archive that holds the engine's metadata.
 */
#include "node/direct.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "checkpoint/describe.h"
#include "node/take.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

void node_direct_path(struct buf *path, struct str request_uid)
{
	buf_printf(path, HANDOVER_DIRECT "/%.*s", STR_ARG(request_uid));
}

struct str node_plain_id(struct str container_id)
{
	struct str scheme;
	struct str id;

	return str_cut_last(container_id, '/', &scheme, &id) ? id : container_id;
}

static bool direct_exists(const struct node *node, const char *path)
{
	return faccessat(node_store_fd(node->store), path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool node_direct_is_possible(const struct node *node, struct str container_id)
{
	autobuf mark = BUF_INIT(LIMIT_ARCHIVE_PATH);

	buf_printf(&mark, HANDOVER_CONTAINERS "/%.*s", STR_ARG(node_plain_id(container_id)));
	return container_id.size > 0 && direct_exists(node, mark.data);
}

/* The empty directory that kcr-runtime dumps into. */
static int direct_make_directory(int store, struct str request_uid, int *ret_fd, struct error *err)
{
	autofree char *name = str_dup(request_uid);
	autoclose int parent = -1;

	if (file_make_directory(store, HANDOVER_DIRECT, 0700, &parent, err) < 0 ||
		file_remove_tree(parent, name, err) < 0)
		return -1;
	return file_make_directory(parent, name, 0700, ret_fd, err);
}

int node_direct_make(
	const struct node *node, struct str request_uid, int *ret_fd, struct error *err)
{
	autoclose int directory = -1;
	autoclose int images = -1;

	if (direct_make_directory(node_store_fd(node->store), request_uid, &directory, err) < 0 ||
		file_make_directory(directory, CHECKPOINT_IMAGES, 0700, &images, err) < 0)
		return -1;
	*ret_fd = fd_take(&directory);
	return 0;
}

static void direct_order_name(struct buf *name, struct str container_id)
{
	buf_printf(name, "%.*s.json", STR_ARG(node_plain_id(container_id)));
}

int node_direct_order(
	const struct node *node, struct str request_uid, struct str container_id, struct error *err)
{
	int store = node_store_fd(node->store);
	autobuf directory = BUF_INIT(LIMIT_ARCHIVE_PATH);
	autobuf name = BUF_INIT(LIMIT_ARCHIVE_PATH);
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	autoclose int made = -1;
	autoclose int orders = -1;

	node_direct_path(&directory, request_uid);
	direct_order_name(&name, container_id);
	handover_order_write(&(struct handover_order){.version = HANDOVER_FORMAT_VERSION,
				     .directory = buf_str(&directory),
				     .max_bytes = node_store_room(node->store)},
		&text);
	if (direct_make_directory(store, request_uid, &made, err) < 0 ||
		file_make_directory(store, HANDOVER_ORDERS, 0700, &orders, err) < 0)
		return -1;
	/* one that a crash loses is made again; the loop does not wait for the disk */
	return file_write_by_rename(orders, name.data, buf_str(&text), 0600, err);
}

int node_direct_order_end(
	const struct node *node, struct str container_id, struct wall_time until, struct error *err)
{
	autobuf name = BUF_INIT(LIMIT_ARCHIVE_PATH);
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	autoclose int orders = -1;

	direct_order_name(&name, container_id);
	handover_order_write(
		&(struct handover_order){.version = HANDOVER_FORMAT_VERSION, .until = until},
		&text);
	if (file_make_directory(node_store_fd(node->store), HANDOVER_ORDERS, 0700, &orders, err) <
		0)
		return -1;
	return file_write_by_rename(orders, name.data, buf_str(&text), 0600, err);
}

void node_direct_recall(const struct node *node, struct str container_id)
{
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	struct error err;

	buf_add_text(&path, HANDOVER_ORDERS "/");
	direct_order_name(&path, container_id);
	if (file_remove_tree(node_store_fd(node->store), path.data, &err) < 0)
		log_warning(&err, "Failed to take an order back");
}

void node_direct_remove(const struct node *node, struct str request_uid)
{
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	struct error err;

	node_direct_path(&path, request_uid);
	if (file_remove_tree(node_store_fd(node->store), path.data, &err) < 0)
		log_warning(
			&err, "Failed to remove a checkpoint that nobody names", "path", path.data);
}

int node_direct_result(const struct node *node, struct str request_uid, struct arena *arena,
	struct handover_direct *ret_direct, struct error *err)
{
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);

	node_direct_path(&path, request_uid);
	buf_add_text(&path, "/" HANDOVER_RESULT);
	if (file_read(node_store_fd(node->store), path.data, &text, err) < 0)
		return -1;
	return handover_direct_read(buf_str(&text), arena, ret_direct, err);
}

bool node_direct_is_complete(const struct node *node, struct str request_uid,
	struct str container_id, struct wall_time *ret_taken)
{
	autoarena *arena = arena_new(1024);
	struct handover_direct direct;
	struct error err;

	if (node_direct_result(node, request_uid, arena, &direct, &err) < 0) {
		if (err.kind != ERROR_ABSENT)
			log_warning(&err, "Ignored a checkpoint of kcr-runtime");
		return false;
	}
	if (!str_equal(direct.container_id, node_plain_id(container_id)) ||
		!wall_time_is_set(direct.taken))
		return false;
	*ret_taken = direct.taken;
	return true;
}

/* ---- What nobody names ---- */

/* Whether a Checkpoint that is not taken in yet came of the request. */
static bool direct_is_awaited(const struct node *node, struct str request_uid)
{
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->checkpoints, &position)) != NULL) {
		const struct api_checkpoint *checkpoint = object->view;
		const struct api_owner *owner = api_metadata_controller(&checkpoint->metadata);
		enum api_checkpoint_phase phase = api_checkpoint_phase(checkpoint);

		if (owner != NULL && str_equal(owner->uid, request_uid))
			return phase == API_CHECKPOINT_CREATED ||
				phase == API_CHECKPOINT_PROCESSING;
	}
	return false;
}

static bool direct_is_being_taken(const struct node *node, struct str request_uid)
{
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->requests, &position)) != NULL) {
		const struct api_request *request = object->view;

		if (str_equal(object->uid, request_uid))
			return !api_request_is_finished(request) ||
				node_takes_container(node, request);
	}
	return false;
}

static int direct_visit(void *context, const char *name, bool is_directory, struct error *err)
{
	const struct node *node = context;
	struct str uid = str_of(name);

	(void)is_directory;
	(void)err;
	if (direct_is_awaited(node, uid) || direct_is_being_taken(node, uid))
		return 0;
	log_info("Removed a checkpoint that an interrupted request left", "request", name);
	node_direct_remove(node, uid);
	return 0;
}

void node_collect_direct(struct node *node)
{
	autoclose int directory = -1;
	struct error err;

	if (node_objects_missing(node) != NULL)
		return;
	if (file_open_beneath(node_store_fd(node->store), HANDOVER_DIRECT, O_RDONLY | O_DIRECTORY,
		    0, &directory, &err) < 0) {
		if (err.kind != ERROR_ABSENT)
			log_warning(&err, "Failed to look for left checkpoints");
		return;
	}
	if (file_for_each(directory, direct_visit, node, &err) < 0)
		log_warning(&err, "Failed to look for left checkpoints");
}
