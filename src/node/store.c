/* The index of the store's entries in memory, and how much they may take. */
#include "node/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/map.h"
#include "node/entry.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

/* An entry with the memory that its texts live in. */
struct node_stored {
	struct arena *arena;
	struct node_entry entry;
	int64_t orphan_since_us; /* monotonic; 0: it has an object, as far as we know */
};

struct node_store {
	int fd;
	struct node_store_limits limits;
	struct map by_uid; /* struct node_stored, owned */
	struct map by_repository; /* the same, borrowed */
	uint64_t used_bytes;
};

/* ---- The index ---- */

static uint64_t node_entry_bytes(const struct node_entry *entry)
{
	return (uint64_t)(entry->layer_bytes + entry->config_bytes + entry->manifest_bytes);
}

static void node_stored_free(struct node_stored *stored)
{
	if (stored != NULL)
		arena_free(stored->arena); /* `stored` itself lives there */
}

static void node_store_forget(struct node_store *store, struct str uid)
{
	struct node_stored *stored = map_remove(&store->by_uid, uid);

	if (stored == NULL)
		return;
	if (map_get(&store->by_repository, stored->entry.repository) == stored)
		(void)map_remove(&store->by_repository, stored->entry.repository);
	store->used_bytes -= node_entry_bytes(&stored->entry);
	node_stored_free(stored);
}

static const struct node_entry *node_store_remember(
	struct node_store *store, struct node_stored *stored)
{
	node_store_forget(store, stored->entry.uid);
	(void)map_set(&store->by_uid, stored->entry.uid, stored);
	(void)map_set(&store->by_repository, stored->entry.repository, stored);
	store->used_bytes += node_entry_bytes(&stored->entry);
	return &stored->entry;
}

/* ---- Opening ---- */

static int node_store_load(struct node_store *store, const char *name, struct error *err)
{
	autoarena *arena = arena_new(1024);
	struct node_stored *stored = arena_zeroed(arena, 1, sizeof(*stored));

	if (node_entry_load(store->fd, name, arena, &stored->entry, err) < 0)
		return -1;
	stored->arena = take_ptr(&arena);
	(void)node_store_remember(store, stored);
	return 0;
}

/* Whether the name is one of those that the agent and kcr-runtime share. */
static bool node_store_is_shared(const char *name)
{
	static const char *const shared[] = {HANDOVER_PLANS, HANDOVER_RECORDS, HANDOVER_ORDERS,
		HANDOVER_CONTAINERS, HANDOVER_DIRECT};

	for (size_t i = 0; i < array_size(shared); i++)
		if (strcmp(name, shared[i]) == 0)
			return true;
	return false;
}

static int node_store_visit(void *context, const char *name, bool is_directory, struct error *err)
{
	struct node_store *store = context;
	struct error why;

	if (node_entry_is_unfinished(name) &&
		(!is_directory || node_entry_finish(store->fd, name, &name, &why) < 0))
		return file_remove_tree(store->fd, name, err);
	if (is_directory && !node_store_is_shared(name) && node_store_load(store, name, &why) < 0)
		log_warning(&why, "Left a stored checkpoint out", "checkpointUID", name);
	return 0;
}

int node_store_open(const char *path, const struct node_store_limits *limits,
	struct node_store **ret_store, struct error *err)
{
	struct node_store *store;
	int fd;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_set_errno(err, "cannot make the store '%s'", path);
	if (file_open_directory(path, &fd, err) < 0)
		return -1;
	store = new_zeroed(struct node_store);
	store->fd = fd;
	store->limits = *limits;
	if (file_for_each(fd, node_store_visit, store, err) < 0) {
		node_store_free(store);
		return error_wrap(err, "store '%s'", path);
	}
	*ret_store = store;
	return 0;
}

void node_store_set_limits(struct node_store *store, struct node_store_limits limits)
{
	store->limits = limits;
}

void node_store_free(struct node_store *store)
{
	struct node_stored *stored;
	size_t position = 0;

	if (store == NULL)
		return;
	while ((stored = map_next(&store->by_uid, &position, NULL)) != NULL)
		node_stored_free(stored);
	map_done(&store->by_uid);
	map_done(&store->by_repository);
	fd_close(&store->fd);
	free(store);
}

/* ---- Taking in ---- */

static uint64_t store_left(uint64_t limit, uint64_t used)
{
	return limit > used ? limit - used : 0;
}

static uint64_t store_smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t store_room(const struct node_store *store, uint64_t free_bytes)
{
	uint64_t room = store_left(free_bytes, store->limits.min_free_bytes);

	if (store->limits.max_bytes > 0)
		room = store_smaller(room, store_left(store->limits.max_bytes, store->used_bytes));
	return room;
}

struct node_store_usage node_store_usage(const struct node_store *store)
{
	struct file_space space = {0};
	struct error ignored;

	if (file_system_space(store->fd, &space, &ignored) < 0)
		space.free_bytes = 0; /* the metric then says so */
	return (struct node_store_usage){
		.used_bytes = store->used_bytes,
		.count = store->by_uid.count,
		.free_bytes = space.free_bytes,
		.room_bytes = store_room(store, space.free_bytes),
	};
}

int64_t node_store_room(const struct node_store *store)
{
	uint64_t room = node_store_usage(store).room_bytes;

	return room > 0 ? (int64_t)store_smaller(room, INT64_MAX) : 1;
}

int node_store_check_room(
	const struct node_store *store, uint64_t bytes, uint64_t lying_bytes, struct error *err)
{
	struct file_space space;

	if (store->limits.max_bytes > 0 &&
		store->used_bytes + lying_bytes + bytes > store->limits.max_bytes)
		return error_set(err, ERROR_TOO_BIG,
			"the node's store holds %llu MiB and may hold %llu MiB (--store-max-size)",
			(unsigned long long)(store->used_bytes >> 20),
			(unsigned long long)(store->limits.max_bytes >> 20));
	if (file_system_space(store->fd, &space, err) < 0)
		return -1;
	if (space.free_bytes < store->limits.min_free_bytes + bytes)
		return error_set(err, ERROR_TOO_BIG,
			"the node's disk has %llu MiB left, %llu MiB must stay free "
			"(--store-min-free)",
			(unsigned long long)(space.free_bytes >> 20),
			(unsigned long long)(store->limits.min_free_bytes >> 20));
	return 0;
}

int node_store_add(struct node_store *store, const struct node_store_content *content,
	const struct node_entry *entry, const struct image_documents *documents,
	const struct node_entry **ret_entry, struct error *err)
{
	autoarena *arena = arena_new(1024);
	struct node_stored *stored = arena_zeroed(arena, 1, sizeof(*stored));

	if (node_store_remove(store, entry->uid, err) < 0 ||
		node_entry_build(store->fd, content, entry, documents, err) < 0)
		return error_wrap(err, "cannot store checkpoint '%.*s/%.*s'",
			STR_ARG(entry->namespace), STR_ARG(entry->name));
	if (node_entry_copy(entry, arena, &stored->entry, err) < 0)
		return -1;
	stored->arena = take_ptr(&arena);
	*ret_entry = node_store_remember(store, stored);
	return 0;
}

int node_store_remove(struct node_store *store, struct str uid, struct error *err)
{
	autofree char *name = str_dup(uid);
	autobuf doomed = BUF_INIT(LIMIT_ARCHIVE_PATH);

	if (map_get(&store->by_uid, uid) == NULL) /* a damaged entry, or nothing */
		return file_remove_tree(store->fd, name, err);
	/* Out of sight first: what is half removed after a crash must not look whole. */
	buf_printf(&doomed, ".%s.removed", name);
	if (file_rename(store->fd, name, store->fd, doomed.data, err) < 0)
		return -1;
	node_store_forget(store, str_of(name));
	return file_remove_tree(store->fd, doomed.data, err);
}

/* ---- Looking up ---- */

const struct node_entry *node_store_find(const struct node_store *store, struct str uid)
{
	const struct node_stored *stored = map_get(&store->by_uid, uid);

	return stored != NULL ? &stored->entry : NULL;
}

const struct node_entry *node_store_find_repository(
	const struct node_store *store, struct str repository)
{
	const struct node_stored *stored = map_get(&store->by_repository, repository);

	return stored != NULL ? &stored->entry : NULL;
}

const struct node_entry *node_store_next(const struct node_store *store, size_t *position)
{
	const struct node_stored *stored = map_next(&store->by_uid, position, NULL);

	return stored != NULL ? &stored->entry : NULL;
}

int64_t node_store_orphaned_us(struct node_store *store, struct str uid, int64_t now_us)
{
	struct node_stored *stored = map_get(&store->by_uid, uid);

	if (stored == NULL)
		return 0;
	if (stored->orphan_since_us == 0)
		stored->orphan_since_us = now_us;
	return now_us - stored->orphan_since_us;
}

void node_store_adopt(struct node_store *store, struct str uid)
{
	struct node_stored *stored = map_get(&store->by_uid, uid);

	if (stored != NULL)
		stored->orphan_since_us = 0;
}

int node_store_fd(const struct node_store *store)
{
	return store->fd;
}

int node_store_open_directory(const struct node_store *store, const struct node_entry *entry,
	int *ret_fd, struct error *err)
{
	autofree char *name = str_dup(entry->uid);

	return file_open_beneath(store->fd, name, O_RDONLY | O_DIRECTORY, 0, ret_fd, err);
}

int node_store_read_files(const struct node_store *store, const struct node_entry *entry,
	struct arena *arena, struct handover_files *ret_files, struct error *err)
{
	autoclose int directory = -1;

	if (node_store_open_directory(store, entry, &directory, err) < 0)
		return -1;
	return node_entry_read_files(directory, arena, ret_files, err);
}

int node_store_open_part(const struct node_store *store, const struct node_entry *entry,
	enum node_part part, int *ret_fd, struct error *err)
{
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);

	buf_printf(&path, "%.*s/%s", STR_ARG(entry->uid), node_part_name(part));
	return file_open_beneath(store->fd, path.data, O_RDONLY, 0, ret_fd, err);
}
