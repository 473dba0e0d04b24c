/* The store's directories and the index of them in memory. */
#include "node/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/map.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"
#include "json/json.h"

#define NODE_ENTRY_FILE "entry.json"

static const char *const node_part_names[] = {
	[NODE_PART_LAYER] = "layer.tar",
	[NODE_PART_CONFIG] = "config.json",
	[NODE_PART_MANIFEST] = "manifest.json",
};

static const struct json_field node_entry_fields[] = {
	{"uid", JSON_FIELD_STRING, JSON_REQUIRED, offsetof(struct node_entry, uid)},
	{"namespace", JSON_FIELD_STRING, JSON_REQUIRED, offsetof(struct node_entry, namespace)},
	{"name", JSON_FIELD_STRING, JSON_REQUIRED, offsetof(struct node_entry, name)},
	{"repository", JSON_FIELD_STRING, JSON_REQUIRED, offsetof(struct node_entry, repository)},
	{"manifestDigest", JSON_FIELD_STRING, JSON_REQUIRED,
		offsetof(struct node_entry, manifest_digest)},
	{"configDigest", JSON_FIELD_STRING, JSON_REQUIRED,
		offsetof(struct node_entry, config_digest)},
	{"layerDigest", JSON_FIELD_STRING, JSON_REQUIRED,
		offsetof(struct node_entry, layer_digest)},
	{"manifestBytes", JSON_FIELD_I64, JSON_REQUIRED,
		offsetof(struct node_entry, manifest_bytes)},
	{"configBytes", JSON_FIELD_I64, JSON_REQUIRED, offsetof(struct node_entry, config_bytes)},
	{"layerBytes", JSON_FIELD_I64, JSON_REQUIRED, offsetof(struct node_entry, layer_bytes)},
	{"memoryBytes", JSON_FIELD_I64, 0, offsetof(struct node_entry, memory_bytes)},
	{"frozenMicroseconds", JSON_FIELD_I64, 0, offsetof(struct node_entry, frozen_us)},
	{"engine", JSON_FIELD_STRING, 0, offsetof(struct node_entry, engine)},
	{"criuVersion", JSON_FIELD_STRING, 0, offsetof(struct node_entry, criu_version)},
	{"directory", JSON_FIELD_BOOL, 0, offsetof(struct node_entry, is_directory)},
	{"imageName", JSON_FIELD_STRING, 0, offsetof(struct node_entry, image_name)},
	{"layers", JSON_FIELD_STRING, 0, offsetof(struct node_entry, image_layers)},
};

static const struct json_object node_entry_object =
	JSON_OBJECT_OF("entry", struct node_entry, node_entry_fields);

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

/* Reads an entry's text; the caller owns the result. */
static int node_stored_parse(struct str text, struct node_stored **ret_stored, struct error *err)
{
	autojson *doc = NULL;
	autoarena *arena = arena_new(1024);
	struct node_stored *stored = arena_zeroed(arena, 1, sizeof(*stored));

	if (json_parse(text, &doc, err) < 0 ||
		json_decode(json_doc_root(doc), &node_entry_object, true, arena, &stored->entry,
			err) < 0)
		return -1;
	stored->arena = take_ptr(&arena);
	*ret_stored = stored;
	return 0;
}

/* ---- Opening ---- */

static int node_store_check_size(int directory, const char *name, int64_t bytes, struct error *err)
{
	struct stat found;

	if (fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, "cannot look at '%s'", name);
	if (found.st_size != bytes)
		return error_set(err, ERROR_CORRUPT, "'%s' has %lld bytes, not %lld", name,
			(long long)found.st_size, (long long)bytes);
	return 0;
}

static int node_store_parse_files(
	int directory, struct arena *arena, struct handover_files *ret_files, struct error *err)
{
	autobuf text = BUF_INIT(HANDOVER_PLAN_BYTES);

	if (file_read(directory, HANDOVER_FILES, &text, err) < 0)
		return -1;
	return handover_files_read(buf_str(&text), arena, ret_files, err);
}

/* Whether the entry's content is there in its full length; the bytes are a restore's to check. */
static int node_store_check_content(
	const struct node_entry *entry, int directory, struct error *err)
{
	autoarena *arena = arena_new(16 * 1024);
	struct handover_files files;
	const struct handover_file *items;

	if (!entry->is_directory)
		return node_store_check_size(
			directory, node_part_names[NODE_PART_LAYER], entry->layer_bytes, err);
	if (node_store_parse_files(directory, arena, &files, err) < 0)
		return -1;
	items = files.files.items;
	for (size_t i = 0; i < files.files.count; i++)
		if (node_store_check_size(directory, items[i].path.data, items[i].bytes, err) < 0)
			return -1;
	return 0;
}

/* Reads the entry in directory `name` and checks that its content is there whole. */
static int node_store_load(struct node_store *store, const char *name, struct error *err)
{
	autoclose int directory = -1;
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct node_stored *stored;

	if (file_open_beneath(store->fd, name, O_RDONLY | O_DIRECTORY, 0, &directory, err) < 0 ||
		file_read(directory, NODE_ENTRY_FILE, &text, err) < 0 ||
		node_stored_parse(buf_str(&text), &stored, err) < 0)
		return -1;
	if (!str_is(stored->entry.uid, name)) {
		node_stored_free(stored);
		return error_set(err, ERROR_CORRUPT, "its entry is another one's");
	}
	if (node_store_check_content(&stored->entry, directory, err) < 0) {
		node_stored_free(stored);
		return -1;
	}
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

	if (name[0] == '.')
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

uint64_t node_store_room(const struct node_store *store)
{
	struct file_space space;
	struct error ignored;
	uint64_t on_disk;
	uint64_t allowed;

	if (file_system_space(store->fd, &space, &ignored) < 0)
		return 0;
	on_disk = store_left(space.free_bytes, store->limits.min_free_bytes);
	if (store->limits.max_bytes == 0)
		return on_disk;
	allowed = store_left(store->limits.max_bytes, store->used_bytes);
	return allowed < on_disk ? allowed : on_disk;
}

int node_store_check_room(const struct node_store *store, uint64_t bytes, struct error *err)
{
	struct file_space space;

	if (store->limits.max_bytes > 0 && store->used_bytes + bytes > store->limits.max_bytes)
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

/* Some more of the file; 0 at its end. Different kinds of file systems share no extents. */
static ssize_t node_store_copy_some(int source, int target)
{
	enum { NODE_COPY_STEP = 128 * 1024 * 1024 };
	ssize_t copied = copy_file_range(source, NULL, target, NULL, NODE_COPY_STEP, 0);

	if (copied < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP))
		copied = sendfile(target, source, NULL, NODE_COPY_STEP);
	return copied;
}

/* Copies what cannot be renamed because it lies on another mount; the original stays. */
static int node_store_copy(
	int from_directory, const char *from, int to_directory, const char *to, struct error *err)
{
	autoclose int source = -1;
	autoclose int target = -1;
	ssize_t copied;

	if (file_open_beneath(from_directory, from, O_RDONLY, 0, &source, err) < 0 ||
		file_open_beneath(
			to_directory, to, O_WRONLY | O_CREAT | O_EXCL, 0600, &target, err) < 0)
		return -1;
	while ((copied = node_store_copy_some(source, target)) != 0)
		if (copied < 0)
			return error_set_errno(err, "cannot copy '%s' into the store", from);
	return 0;
}

static int node_store_move_archive(
	int from_directory, const char *from, int to_directory, struct error *err)
{
	const char *to = node_part_names[NODE_PART_LAYER];
	autoclose int layer = -1;

	if (renameat(from_directory, from, to_directory, to) < 0) {
		if (errno != EXDEV)
			return error_set_errno(err, "cannot move '%s' into the store", from);
		if (node_store_copy(from_directory, from, to_directory, to, err) < 0)
			return -1;
		if (unlinkat(from_directory, from, 0) < 0)
			return error_set_errno(err, "cannot remove '%s'", from);
	}
	if (file_open_beneath(to_directory, to, O_RDONLY, 0, &layer, err) < 0)
		return -1;
	return file_sync(layer, to, err);
}

static int node_store_write_files(
	int directory, const struct handover_files *files, struct error *err)
{
	autobuf text = BUF_INIT(HANDOVER_PLAN_BYTES);

	handover_files_write(files, &text);
	if (buf_check(&text, HANDOVER_FILES, err) < 0)
		return -1;
	return file_write_atomically(directory, HANDOVER_FILES, buf_str(&text), 0600, err);
}

static int node_store_write_parts(int directory, const struct node_entry *entry,
	const struct image_documents *documents, struct error *err)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct json_writer writer = json_writer_pretty(&text);

	json_encode(&writer, &node_entry_object, entry);
	if (buf_check(&text, NODE_ENTRY_FILE, err) < 0)
		return -1;
	if (file_write_atomically(directory, node_part_names[NODE_PART_CONFIG],
		    buf_str(&documents->config), 0600, err) < 0 ||
		file_write_atomically(directory, node_part_names[NODE_PART_MANIFEST],
			buf_str(&documents->manifest), 0600, err) < 0)
		return -1;
	return file_write_atomically(directory, NODE_ENTRY_FILE, buf_str(&text), 0600, err);
}

/* Where the content becomes an entry: where it lies, or in a new directory for the archive. */
static int node_store_begin(struct node_store *store, const struct node_store_content *content,
	const char *building, int *ret_directory, struct error *err)
{
	if (content->files == NULL)
		return file_make_directory(store->fd, building, 0700, ret_directory, err);
	if (file_open_beneath(store->fd, building, O_RDONLY | O_DIRECTORY, 0, ret_directory, err) <
		0)
		return -1;
	return node_store_write_files(*ret_directory, content->files, err);
}

/* Writes what belongs to the content beside it; the rename of it all is the last step. */
static int node_store_build(struct node_store *store, const struct node_store_content *content,
	const struct node_entry *entry, const struct image_documents *documents,
	const char *building, struct error *err)
{
	autofree char *final = str_dup(entry->uid);
	autoclose int directory = -1;

	if (node_store_begin(store, content, building, &directory, err) < 0 ||
		node_store_write_parts(directory, entry, documents, err) < 0 ||
		(content->files == NULL &&
			node_store_move_archive(content->parent_fd, content->name, directory, err) <
				0) ||
		file_sync(directory, building, err) < 0)
		return -1;
	return file_rename(store->fd, building, store->fd, final, err);
}

/* An archive is built beside the store's entries; nothing of a failed one is to stay there. */
static int node_store_build_archive(struct node_store *store,
	const struct node_store_content *content, const struct node_entry *entry,
	const struct image_documents *documents, struct error *err)
{
	autobuf building = BUF_INIT(LIMIT_ARCHIVE_PATH);
	struct error ignored;

	buf_printf(&building, ".%.*s", STR_ARG(entry->uid));
	if (file_remove_tree(store->fd, building.data, err) < 0)
		return -1;
	if (node_store_build(store, content, entry, documents, building.data, err) == 0)
		return 0;
	/* what this leaves, the next start removes */
	(void)!file_remove_tree(store->fd, building.data, &ignored);
	return -1;
}

int node_store_add(struct node_store *store, const struct node_store_content *content,
	const struct node_entry *entry, const struct image_documents *documents,
	const struct node_entry **ret_entry, struct error *err)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct json_writer writer = json_writer(&text);
	struct node_stored *stored;
	int result = node_store_remove(store, entry->uid, err);

	if (result == 0 && content->files != NULL)
		result = node_store_build(store, content, entry, documents, content->name, err);
	else if (result == 0)
		result = node_store_build_archive(store, content, entry, documents, err);
	if (result < 0)
		return error_wrap(err, "cannot store checkpoint '%.*s/%.*s'",
			STR_ARG(entry->namespace), STR_ARG(entry->name));
	json_encode(&writer, &node_entry_object, entry);
	if (node_stored_parse(buf_str(&text), &stored, err) < 0)
		return -1;
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
	return node_store_parse_files(directory, arena, ret_files, err);
}

int node_store_open_part(const struct node_store *store, const struct node_entry *entry,
	enum node_part part, int *ret_fd, struct error *err)
{
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);

	buf_printf(&path, "%.*s/%s", STR_ARG(entry->uid), node_part_names[part]);
	return file_open_beneath(store->fd, path.data, O_RDONLY, 0, ret_fd, err);
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
	};
}
