/* What lies in an entry's directory: written, read, and checked to be there. */
#include "node/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sys/fd.h"
#include "sys/file.h"
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
	{"leftOut", JSON_FIELD_STRING, 0, offsetof(struct node_entry, left_out)},
};

static const struct json_object node_entry_object =
	JSON_OBJECT_OF("entry", struct node_entry, node_entry_fields);

const char *node_part_name(enum node_part part)
{
	return node_part_names[part];
}

/* ---- Reading ---- */

static int node_entry_check_size(int directory, const char *name, int64_t bytes, struct error *err)
{
	struct stat found;

	if (fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, "cannot look at '%s'", name);
	if (found.st_size != bytes)
		return error_set(err, ERROR_CORRUPT, "'%s' has %lld bytes, not %lld", name,
			(long long)found.st_size, (long long)bytes);
	return 0;
}

int node_entry_read_files(
	int directory, struct arena *arena, struct handover_files *ret_files, struct error *err)
{
	autobuf text = BUF_INIT(HANDOVER_PLAN_BYTES);

	if (file_read(directory, HANDOVER_FILES, &text, err) < 0)
		return -1;
	return handover_files_read(buf_str(&text), arena, ret_files, err);
}

/* Whether the entry's content is there in its full length; the bytes are a restore's to check. */
static int node_entry_check_content(
	const struct node_entry *entry, int directory, struct error *err)
{
	autoarena *arena = arena_new(16 * 1024);
	struct handover_files files;
	const struct handover_file *items;

	if (!entry->is_directory)
		return node_entry_check_size(
			directory, node_part_names[NODE_PART_LAYER], entry->layer_bytes, err);
	if (node_entry_read_files(directory, arena, &files, err) < 0)
		return -1;
	items = files.files.items;
	for (size_t i = 0; i < files.files.count; i++)
		if (node_entry_check_size(directory, items[i].path.data, items[i].bytes, err) < 0)
			return -1;
	return 0;
}

static int node_entry_decode(
	struct str text, struct arena *arena, struct node_entry *ret_entry, struct error *err)
{
	autojson *doc = NULL;

	if (json_parse(text, &doc, err) < 0)
		return -1;
	return json_decode(json_doc_root(doc), &node_entry_object, true, arena, ret_entry, err);
}

static int node_entry_load_in(int directory, const char *uid, struct arena *arena,
	struct node_entry *ret_entry, struct error *err)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct node_entry entry;

	if (file_read(directory, NODE_ENTRY_FILE, &text, err) < 0 ||
		node_entry_decode(buf_str(&text), arena, &entry, err) < 0)
		return -1;
	if (!str_is(entry.uid, uid))
		return error_set(err, ERROR_CORRUPT, "its entry is another one's");
	if (node_entry_check_content(&entry, directory, err) < 0)
		return -1;
	*ret_entry = entry;
	return 0;
}

int node_entry_load(int store_fd, const char *name, struct arena *arena,
	struct node_entry *ret_entry, struct error *err)
{
	autoclose int directory = -1;

	if (file_open_beneath(store_fd, name, O_RDONLY | O_DIRECTORY, 0, &directory, err) < 0)
		return -1;
	return node_entry_load_in(directory, name, arena, ret_entry, err);
}

int node_entry_copy(const struct node_entry *entry, struct arena *arena,
	struct node_entry *ret_copy, struct error *err)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct json_writer writer = json_writer(&text);

	json_encode(&writer, &node_entry_object, entry);
	return node_entry_decode(buf_str(&text), arena, ret_copy, err);
}

/* ---- Writing ---- */

/* Some more of the file; 0 at its end. Different kinds of file systems share no extents. */
static ssize_t node_entry_copy_some(int source, int target)
{
	enum { NODE_COPY_STEP = 128 * 1024 * 1024 };
	ssize_t copied = copy_file_range(source, NULL, target, NULL, NODE_COPY_STEP, 0);

	if (copied < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP))
		copied = sendfile(target, source, NULL, NODE_COPY_STEP);
	return copied;
}

/* Copies what cannot be renamed because it lies on another mount; the original stays. */
static int node_entry_copy_file(
	int from_directory, const char *from, int to_directory, const char *to, struct error *err)
{
	autoclose int source = -1;
	autoclose int target = -1;
	ssize_t copied;

	if (file_open_beneath(from_directory, from, O_RDONLY, 0, &source, err) < 0 ||
		file_open_beneath(
			to_directory, to, O_WRONLY | O_CREAT | O_EXCL, 0600, &target, err) < 0)
		return -1;
	while ((copied = node_entry_copy_some(source, target)) != 0)
		if (copied < 0)
			return error_set_errno(err, "cannot copy '%s' into the store", from);
	return 0;
}

static int node_entry_move_archive(
	int from_directory, const char *from, int to_directory, struct error *err)
{
	const char *to = node_part_names[NODE_PART_LAYER];

	if (renameat(from_directory, from, to_directory, to) < 0) {
		if (errno != EXDEV)
			return error_set_errno(err, "cannot move '%s' into the store", from);
		if (node_entry_copy_file(from_directory, from, to_directory, to, err) < 0)
			return -1;
		if (unlinkat(from_directory, from, 0) < 0)
			return error_set_errno(err, "cannot remove '%s'", from);
	}
	return 0;
}

static int node_entry_write_files(
	int directory, const struct handover_files *files, struct error *err)
{
	autobuf text = BUF_INIT(HANDOVER_PLAN_BYTES);

	handover_files_write(files, &text);
	if (buf_check(&text, HANDOVER_FILES, err) < 0)
		return -1;
	return file_write_atomically(directory, HANDOVER_FILES, buf_str(&text), 0600, err);
}

static int node_entry_write_parts(int directory, const struct node_entry *entry,
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
static int node_entry_begin(int store_fd, const struct node_store_content *content,
	const char *building, int *ret_directory, struct error *err)
{
	if (content->files == NULL)
		return file_make_directory(store_fd, building, 0700, ret_directory, err);
	if (file_open_beneath(store_fd, building, O_RDONLY | O_DIRECTORY, 0, ret_directory, err) <
		0)
		return -1;
	return node_entry_write_files(*ret_directory, content->files, err);
}

/* The rename of it all is the last step; only then may the archive be called safe. */
static int node_entry_end(int store_fd, int directory, bool is_archive, const char *building,
	const char *final, struct error *err)
{
	const char *layer_name = node_part_names[NODE_PART_LAYER];
	autoclose int layer = -1;

	if (is_archive &&
		(file_open_beneath(directory, layer_name, O_RDONLY, 0, &layer, err) < 0 ||
			file_sync(layer, layer_name, err) < 0))
		return -1;
	if (file_sync(directory, building, err) < 0)
		return -1;
	return file_rename(store_fd, building, store_fd, final, err);
}

/* Writes what belongs to the content beside it; an archive comes in when all else is there. */
static int node_entry_build_in(int store_fd, const struct node_store_content *content,
	const struct node_entry *entry, const struct image_documents *documents,
	const char *building, struct error *err)
{
	autofree char *final = str_dup(entry->uid);
	bool is_archive = content->files == NULL;
	autoclose int directory = -1;

	if (node_entry_begin(store_fd, content, building, &directory, err) < 0 ||
		node_entry_write_parts(directory, entry, documents, err) < 0 ||
		(is_archive &&
			node_entry_move_archive(content->parent_fd, content->name, directory, err) <
				0))
		return -1;
	return node_entry_end(store_fd, directory, is_archive, building, final, err);
}

bool node_entry_is_unfinished(const char *name)
{
	return name[0] == '.';
}

int node_entry_finish(int store_fd, const char *building, const char **ret_name, struct error *err)
{
	autoarena *arena = arena_new(1024);
	autoclose int directory = -1;
	const char *final = building + 1;
	struct node_entry entry;

	if (file_open_beneath(store_fd, building, O_RDONLY | O_DIRECTORY, 0, &directory, err) < 0 ||
		node_entry_load_in(directory, final, arena, &entry, err) < 0 ||
		node_entry_end(store_fd, directory, true, building, final, err) < 0)
		return -1;
	*ret_name = final;
	return 0;
}

/* An archive is built beside the store's entries; nothing of a failed one is to stay there. */
static int node_entry_build_archive(int store_fd, const struct node_store_content *content,
	const struct node_entry *entry, const struct image_documents *documents, struct error *err)
{
	autobuf building = BUF_INIT(LIMIT_ARCHIVE_PATH);
	struct error ignored;

	buf_printf(&building, ".%.*s", STR_ARG(entry->uid));
	if (file_remove_tree(store_fd, building.data, err) < 0)
		return -1;
	if (node_entry_build_in(store_fd, content, entry, documents, building.data, err) == 0)
		return 0;
	/* what this leaves, the next start finishes or removes */
	(void)!file_remove_tree(store_fd, building.data, &ignored);
	return -1;
}

int node_entry_build(int store_fd, const struct node_store_content *content,
	const struct node_entry *entry, const struct image_documents *documents, struct error *err)
{
	if (content->files != NULL)
		return node_entry_build_in(store_fd, content, entry, documents, content->name, err);
	return node_entry_build_archive(store_fd, content, entry, documents, err);
}
