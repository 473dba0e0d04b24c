/*
 * The plans that kcr-runtime restores by while we are busy or away: for each container that has
 * checkpoints of kcr-runtime here, STORE/plans/POD-UID/CONTAINER.json. They are brought to what
 * they should be from the objects and the store; one that is that already is only touched, because
 * kcr-runtime goes by no plan that nobody has held on to for long.
 */
#include "node/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "node/candidates.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

enum {
	NODE_PLANS_RETRY_MS = 10000,
	NODE_PLANS_TOUCH_MS = 60 * 60 * 1000, /* kcr-runtime forgets them after a day */
	NODE_TERMS_BYTES = 1024, /* a schedule's fit */
};

/* Whether kcr-runtime can restore it: it took it, and it is here. */
static bool node_is_held(const struct node *node, const struct api_checkpoint *checkpoint)
{
	const struct node_entry *entry = node_store_find(node->store, checkpoint->metadata.uid);

	return api_checkpoint_strategy(checkpoint) == API_STRATEGY_RUNTIME && entry != NULL &&
		entry->is_directory;
}

struct restore_terms node_restore_terms(
	const struct node *node, const struct api_checkpoint *checkpoint)
{
	const struct api_reference *reference = checkpoint->spec.schedule_ref;
	const struct kube_object *object;
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	autoarena *arena = NULL;

	if (reference == NULL)
		return restore_terms_of(NULL);
	kube_key_write(&key, checkpoint->metadata.namespace, reference->name);
	object = kube_informer_get(node->schedules, buf_str(&key));
	if (object == NULL)
		return restore_terms_of(NULL);
	arena = arena_new(NODE_TERMS_BYTES);
	return restore_terms_of(kube_object_read(object, &api_schedule_terms_object, arena));
}

/* The one that the Pod was made for, if it is here; NULL: none. */
static const struct api_checkpoint *node_find_made_for(
	const struct node *node, const struct api_pod *pod, const struct api_container *container)
{
	struct str name = node_made_for(node, pod, container->name);
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	const struct kube_object *object;

	if (name.size == 0)
		return NULL;
	kube_key_write(&key, pod->metadata.namespace, name);
	object = kube_informer_get(node->checkpoints, buf_str(&key));
	return object != NULL && node_is_held(node, object->view) ? object->view : NULL;
}

struct restore_view node_restore_view(const struct node *node, const struct api_pod *pod,
	const struct api_container *container, struct arena *arena)
{
	struct restore_view view = {.pod = pod, .container = container};
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	const struct kube_object *const *objects;
	const struct api_checkpoint *made_for = node_find_made_for(node, pod, container);
	const struct api_checkpoint **held;
	const struct api_checkpoint *newest = made_for;
	size_t count;

	kube_key_write(&key, pod->metadata.namespace, pod->metadata.name);
	objects = kube_index_get(node->checkpoints_by_pod, buf_str(&key), &count);
	held = arena_zeroed(arena, count + 1, sizeof(*held));
	if (made_for != NULL) {
		held[view.checkpoint_count++] = made_for;
		view.made_for = made_for->metadata.uid;
	}
	for (size_t i = 0; i < count; i++) {
		const struct api_checkpoint *one = objects[i]->view;

		if (one == made_for || !str_equal(one->spec.container_name, container->name) ||
			!node_is_held(node, one))
			continue;
		held[view.checkpoint_count++] = one;
		if (newest == NULL || one->spec.timestamp.us > newest->spec.timestamp.us)
			newest = one;
	}
	view.checkpoints = held;
	if (newest != NULL)
		view.terms = node_restore_terms(node, newest);
	return view;
}

/* ---- The text of a plan ---- */

/* What else lies there serves to describe the checkpoint. */
static bool node_is_read_by_restore(struct str path)
{
	return str_starts_with(path, STR("checkpoint/")) || str_is(path, "rootfs-diff.tar") ||
		str_is(path, "deleted.files");
}

struct json_list node_files_of_restore(const struct json_list *all, struct arena *arena)
{
	const struct handover_file *files = all->items;
	struct handover_file *read = arena_zeroed(arena, all->count + 1, sizeof(*read));
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		if (node_is_read_by_restore(files[i].path))
			read[count++] = files[i];
	return (struct json_list){read, count};
}

static int node_candidate_read(const struct node *node, const struct api_checkpoint *checkpoint,
	struct arena *arena, struct handover_candidate *ret_candidate, struct error *err)
{
	const struct node_entry *entry = node_store_find(node->store, checkpoint->metadata.uid);
	struct handover_files files;

	if (node_store_read_files(node->store, entry, arena, &files, err) < 0)
		return -1;
	*ret_candidate = (struct handover_candidate){
		.name = entry->name,
		.uid = entry->uid,
		.directory = entry->uid,
		.image = entry->image_name,
		.layers = entry->image_layers,
		.taken = checkpoint->spec.timestamp,
		.files = node_files_of_restore(&files.files, arena),
	};
	return 0;
}

static struct str node_policy_text(enum api_restore_policy policy)
{
	switch (policy) {
	case API_RESTORE_ON_FAILURE:
		break;
	case API_RESTORE_ALWAYS:
		return STR("Always");
	case API_RESTORE_NEVER:
		return STR("Never");
	}
	return STR("OnFailure");
}

/* The record is only read where it matters. */
static struct node_candidates node_plan_candidates(
	const struct node *node, const struct restore_view *view, struct arena *arena)
{
	struct node_candidates chosen = node_candidates_choose(view, clock_wall(), arena);
	struct handover_record record;

	if (chosen.count <= NODE_CANDIDATES_MAX)
		return chosen;
	if (node_record_read(
		    node, view->pod->metadata.uid, view->container->name, arena, &record) == 0)
		record = (struct handover_record){0};
	node_candidates_limit(&chosen, &record, arena);
	return chosen;
}

/*
 * What a request wants of the next `create`; NULL when the rule is against it by now. What a Pod
 * was made for stays required: better no start than one without.
 */
static struct handover_requested *node_plan_request(const struct restore_view *view,
	const struct api_restore_request *request, struct node_candidates *chosen,
	struct arena *arena)
{
	struct handover_requested *requested = arena_zeroed(arena, 1, sizeof(*requested));
	bool is_good = request != NULL &&
		node_candidates_include(
			chosen, view, request->status.checkpoint->uid, clock_wall());

	if (request == NULL || (!is_good && !api_restore_is_for_start(request)))
		return NULL;
	requested->request = request->metadata.uid;
	requested->checkpoint = request->status.checkpoint->uid;
	requested->is_required = api_restore_is_for_start(request);
	if (!requested->is_required)
		requested->until = restore_request_deadline(request);
	return requested;
}

static struct handover_plan node_plan_of(const struct node *node, const struct restore_view *view,
	const struct node_candidates *chosen, struct arena *arena)
{
	struct handover_candidate *candidates =
		arena_zeroed(arena, chosen->count + 1, sizeof(*candidates));
	size_t count = 0;
	struct error err;

	for (size_t i = 0; i < chosen->count; i++) {
		if (node_candidate_read(node, chosen->items[i], arena, &candidates[count], &err) ==
			0)
			count++;
		else
			log_warning(&err, "Left a stored checkpoint out of a plan", "checkpoint",
				chosen->items[i]->metadata.name.data);
	}
	return (struct handover_plan){
		.version = HANDOVER_FORMAT_VERSION,
		.policy = node_policy_text(view->terms.policy),
		.retry_window_seconds = view->terms.retry_window_seconds,
		.max_age_seconds = view->terms.max_age_seconds,
		.ask_agent = true,
		.candidates = {candidates, count},
	};
}

/* ---- On the disk ---- */

static int node_open_plans(
	const struct node *node, const struct api_pod *pod, int *ret_fd, struct error *err)
{
	autofree char *uid = str_dup(pod->metadata.uid);
	autoclose int plans = -1;

	if (!handover_is_file_name(pod->metadata.uid))
		return error_set(err, ERROR_INVALID, "'%s' is no uid", uid);
	if (file_make_directory(node_store_fd(node->store), HANDOVER_PLANS, 0700, &plans, err) < 0)
		return -1;
	return file_make_directory(plans, uid, 0700, ret_fd, err);
}

static int node_write_plan(
	int directory, const char *name, const struct handover_plan *plan, struct error *err)
{
	autobuf text = BUF_INIT(HANDOVER_PLAN_BYTES);
	autobuf present = BUF_INIT(HANDOVER_PLAN_BYTES);
	struct error unreadable;

	handover_plan_write(plan, &text);
	if (buf_check(&text, "the plan", err) < 0)
		return -1;
	if (file_read(directory, name, &present, &unreadable) == 0 &&
		str_equal(buf_str(&present), buf_str(&text)))
		/* not flushed: what a crash takes back is made up for within the hour */
		return utimensat(directory, name, NULL, AT_SYMLINK_NOFOLLOW) < 0
			? error_set_errno(err, "cannot touch '%s'", name)
			: 0;
	return file_write_atomically(directory, name, buf_str(&text), 0600, err);
}

/* Whether there is one or not, afterwards there is none. */
static int node_remove_plan(
	const struct node *node, const struct api_pod *pod, const char *name, struct error *err)
{
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);

	buf_printf(&path, HANDOVER_PLANS "/%.*s/%s", STR_ARG(pod->metadata.uid), name);
	if (unlinkat(node_store_fd(node->store), path.data, 0) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove '%s'", path.data);
	return 0;
}

int node_bring_plan(const struct node *node, const struct api_pod *pod,
	const struct api_container *container, struct error *err)
{
	autoarena *arena = arena_new(16 * 1024);
	autobuf name = BUF_INIT(LIMIT_ARCHIVE_PATH);
	autoclose int directory = -1;
	struct restore_view view = node_restore_view(node, pod, container, arena);
	const struct api_restore_request *request = node_requested(node, pod, container->name);
	struct handover_requested *requested;
	struct node_candidates chosen;
	struct handover_plan plan;

	buf_printf(&name, "%.*s.json", STR_ARG(container->name));
	chosen = node_plan_candidates(node, &view, arena);
	requested = node_plan_request(&view, request, &chosen, arena);
	if (requested == NULL && (view.checkpoint_count == 0 || !node_candidates_are_wanted(&view)))
		return node_remove_plan(node, pod, name.data, err);
	plan = node_plan_of(node, &view, &chosen, arena);
	plan.requested = requested;
	if (node_open_plans(node, pod, &directory, err) < 0)
		return -1;
	if (node_write_plan(directory, name.data, &plan, err) == 0)
		return 1;
	if (err->kind == ERROR_TOO_BIG) /* for good, and the plan before does not hold any more */
		(void)unlinkat(directory, name.data, 0);
	return -1;
}

int64_t node_bring_plans(const struct node *node, const struct api_pod *pod)
{
	const struct api_container *containers = pod->spec.containers.items;
	int64_t wake_ms = 0;
	struct error err;

	for (size_t i = 0; i < pod->spec.containers.count; i++) {
		int result = node_bring_plan(node, pod, &containers[i], &err);

		if (result > 0 && wake_ms == 0)
			wake_ms = NODE_PLANS_TOUCH_MS;
		if (result < 0) {
			log_warning(&err, "Failed to plan the restore of a container", "namespace",
				pod->metadata.namespace.data, "pod", pod->metadata.name.data,
				"container", containers[i].name.data);
			wake_ms = NODE_PLANS_RETRY_MS;
		}
	}
	return wake_ms;
}
