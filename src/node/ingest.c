/*
 * From the kubelet's archive to an image: a worker describes and hashes the archive in one pass,
 * the archive moves into the store, where the registry serves it, and is pushed elsewhere if asked
 * to. An agent that was stopped at it leaves either the archive or the entry in the store; the next
 * one goes on from there.
 */
#include "node/ingest.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/compression.h"
#include "base/alloc.h"
#include "image/manifest.h"
#include "node/direct.h"
#include "node/state.h"
#include "node/work.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

/* An archive that is being taken in, until its result is written down. */
struct node_ingest {
	struct node *node;
	char *key;
	char *uid;
	char *archive;
	char *request_uid; /* of the directory that it lies in; NULL: it stays an archive */
	bool is_imported; /* it may be of any container: who imported it has said whose it is */
	struct api_checkpoint_pod pod; /* what the archive must be of; owned texts */
	char *container;
	struct node_work *work;
	struct node_push *push;
	bool is_done;
	struct node_ingest_result result;
};

static void node_ingest_free(struct node_ingest *ingest)
{
	if (ingest == NULL)
		return;
	node_work_free(ingest->work);
	node_push_free(ingest->push);
	free(ingest->key);
	free(ingest->uid);
	free(ingest->archive);
	free(ingest->request_uid);
	free(ingest->container);
	free(ingest->result.pushed_image);
	free((char *)(uintptr_t)ingest->pod.name.data);
	free((char *)(uintptr_t)ingest->pod.namespace.data);
	free(ingest);
}

void node_ingests_free(struct node *node)
{
	struct node_ingest *ingest;
	size_t position = 0;

	while ((ingest = map_next(&node->ingests, &position, NULL)) != NULL)
		node_ingest_free(ingest);
	map_done(&node->ingests);
}

static void node_ingest_end(struct node_ingest *ingest)
{
	ingest->is_done = true;
	kube_reconciler_add(ingest->node->checkpoint_reconciler, str_of(ingest->key));
}

static void node_ingest_fail(struct node_ingest *ingest, const struct error *err)
{
	ingest->result.has_failed = true;
	ingest->result.err = *err;
	node_ingest_end(ingest);
}

/* ---- From the description to the store ---- */

/* The archive must be what the kubelet was asked for, and whole. */
static int node_check_description(const struct node_ingest *ingest,
	const struct checkpoint_description *description, struct error *err)
{
	if (description->dump_error.size > 0)
		return error_set(err, ERROR_CORRUPT, "CRIU could not dump the container: %.*s",
			STR_ARG(description->dump_error));
	if (description->missing.count > 0)
		return error_set(err, ERROR_CORRUPT, "the archive lacks '%.*s' and %zu more",
			STR_ARG(description->missing.items[0]), description->missing.count - 1);
	if (!ingest->is_imported &&
		(!str_equal(description->pod_name, ingest->pod.name) ||
			!str_equal(description->pod_namespace, ingest->pod.namespace) ||
			!str_is(description->container_name, ingest->container)))
		return error_set(err, ERROR_CORRUPT,
			"the archive is of container '%.*s/%.*s/%.*s', not of the one asked for",
			STR_ARG(description->pod_namespace), STR_ARG(description->pod_name),
			STR_ARG(description->container_name));
	return 0;
}

static const char *node_architecture(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#else
#error "name this architecture as Go does"
#endif
}

/* Podman's archive does not say what it would be called in a Pod; who imported it did. */
static int node_write_documents(const struct node_ingest *ingest,
	const struct checkpoint_description *description, struct image_documents *documents,
	struct error *err)
{
	struct image_layer layer = {.digest = description->digest, .size = description->size_bytes};
	struct image_facts facts = {
		.container_name = description->container_name.size > 0 ? description->container_name
								       : str_of(ingest->container),
		.architecture = str_of(node_architecture()),
		.created = description->checkpointed,
		.pod_name = description->pod_name,
		.pod_namespace = description->pod_namespace,
		.pod_uid = description->pod_uid,
		.engine_name = description->engine,
		.runtime_name = description->runtime,
		.criu_version = description->criu_version,
		.base_image_name = description->image_name,
		.base_image_id = description->image_ref,
	};

	return image_documents_write(&layer, &facts, documents, err);
}

static struct node_entry node_ingest_entry(const struct node_ingest *ingest,
	const struct checkpoint_description *description, const struct image_documents *documents)
{
	struct node_entry entry = {.uid = str_of(ingest->uid)};

	kube_key_split(str_of(ingest->key), &entry.namespace, &entry.name);
	entry.manifest_digest = str_of(documents->manifest_digest);
	entry.config_digest = str_of(documents->config_digest);
	entry.layer_digest = description->digest;
	entry.manifest_bytes = (int64_t)documents->manifest.size;
	entry.config_bytes = (int64_t)documents->config.size;
	entry.layer_bytes = description->size_bytes;
	entry.memory_bytes = description->memory_bytes;
	entry.frozen_us = description->frozen_us;
	entry.engine = description->engine;
	entry.criu_version = description->criu_version;
	entry.left_out = description->left_out;
	return entry;
}

/* A directory in place of the archive: kcr-runtime's, with what that says of it, or a new one. */
static int node_ingest_direct(struct node_ingest *ingest,
	const struct checkpoint_description *description, const struct image_documents *documents,
	struct node_entry *entry, const struct node_entry **ret_entry, struct error *err)
{
	struct node *node = ingest->node;
	autoarena *arena = arena_new(1024);
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	const struct handover_files files = {HANDOVER_FORMAT_VERSION, description->files};
	struct handover_direct direct;
	struct error left;

	node_direct_path(&path, str_of(ingest->request_uid));
	entry->is_directory = true;
	if (ingest->is_imported) {
		entry->image_name = description->image_name;
	} else {
		if (node_direct_result(node, str_of(ingest->request_uid), arena, &direct, err) < 0)
			return -1;
		entry->image_name = direct.image;
		entry->image_layers = direct.layers;
		entry->frozen_us = direct.frozen_us;
	}
	if (node_store_add(node->store,
		    &(struct node_store_content){.name = path.data, .files = &files}, entry,
		    documents, ret_entry, err) < 0)
		return -1;
	/* it goes with the Checkpoint at the latest, which is not lost for it */
	if (file_remove_tree(node->archives_fd, ingest->archive, &left) < 0)
		log_warning(&left, "Failed to remove an archive", "archive", ingest->archive);
	return 0;
}

static int node_ingest_store(struct node_ingest *ingest,
	const struct checkpoint_description *description, const struct node_entry **ret_entry,
	struct error *err)
{
	struct node *node = ingest->node;
	autodocuments documents = IMAGE_DOCUMENTS_INIT;
	char repository[IMAGE_REPOSITORY_MADE_MAX + 1];
	struct node_entry entry;

	if (node_check_description(ingest, description, err) < 0 ||
		node_write_documents(ingest, description, &documents, err) < 0)
		return -1;
	entry = node_ingest_entry(ingest, description, &documents);
	image_repository_make(entry.namespace, entry.name, repository);
	entry.repository = str_of(repository);
	if (ingest->request_uid != NULL)
		return node_ingest_direct(ingest, description, &documents, &entry, ret_entry, err);
	return node_store_add(node->store,
		&(struct node_store_content){
			.parent_fd = node->archives_fd, .name = ingest->archive},
		&entry, &documents, ret_entry, err);
}

static void node_ingest_pushed(void *context, struct str image, const struct error *err)
{
	struct node_ingest *ingest = context;

	if (err == NULL) {
		ingest->result.pushed_image = str_dup(image);
	} else {
		ingest->result.is_push_failed = true;
		ingest->result.err = *err;
	}
	node_ingest_end(ingest);
}

/* To the external registry, where there is one; whatever comes of that ends the ingest. */
static void node_ingest_push(struct node_ingest *ingest, const struct node_entry *entry)
{
	struct node *node = ingest->node;
	struct error err;

	if (node->push == NULL)
		node_ingest_end(ingest);
	else if (node_push_start(node->loop, node->http, node->push, node->store, entry,
			 node_ingest_pushed, ingest, &ingest->push, &err) < 0)
		node_ingest_pushed(ingest, (struct str){0}, &err);
}

static void node_ingest_described(void *context, const struct checkpoint_description *description,
	const struct error *work_err)
{
	struct node_ingest *ingest = context;
	const struct node_entry *entry;
	struct error err;

	if (work_err != NULL) {
		node_ingest_fail(ingest, work_err);
		return;
	}
	if (node_ingest_store(ingest, description, &entry, &err) < 0) {
		node_ingest_fail(ingest, &err);
		return;
	}
	node_observe_entry(ingest->node, entry);
	node_ingest_push(ingest, entry);
}

/* What is no regular file is not opened for long: a pipe would hold us up. */
static int node_ingest_open(
	const struct node *node, const struct node_ingest *ingest, int *ret_fd, struct error *err)
{
	autoclose int fd = -1;
	struct stat archive;

	if (strchr(ingest->archive, '/') != NULL)
		return error_set(
			err, ERROR_INVALID, "'%s' is not the name of an archive", ingest->archive);
	if (file_open_beneath(
		    node->archives_fd, ingest->archive, O_RDONLY | O_NONBLOCK, 0, &fd, err) < 0)
		return -1;
	if (fstat(fd, &archive) < 0)
		return error_set_errno(err, "cannot look at '%s'", ingest->archive);
	if (!S_ISREG(archive.st_mode))
		return error_set(err, ERROR_CORRUPT, "'%s' is not a file", ingest->archive);
	*ret_fd = fd_take(&fd);
	return 0;
}

/* kcr-runtime's directory, if there is one for this Checkpoint; of one that is brought, a new one.
 */
static int node_ingest_open_directory(
	struct node *node, const struct node_ingest *ingest, int *ret_fd, struct error *err)
{
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);

	if (ingest->request_uid == NULL)
		return 0;
	node_direct_path(&path, str_of(ingest->request_uid));
	if (ingest->is_imported)
		return node_direct_make(node, str_of(ingest->request_uid), ret_fd, err);
	return file_open_beneath(
		node_store_fd(node->store), path.data, O_RDONLY | O_DIRECTORY, 0, ret_fd, err);
}

/* kcr-runtime restores from a directory; what is compressed has to be unpacked in any case. */
static bool node_ingest_is_directory(
	const struct node_ingest *ingest, const struct api_checkpoint *checkpoint, int archive_fd)
{
	return api_checkpoint_strategy(checkpoint) == API_STRATEGY_RUNTIME ||
		(ingest->is_imported && archive_compression_of_file(archive_fd) != ARCHIVE_PLAIN);
}

static int node_ingest_work(struct node *node, struct node_ingest *ingest,
	const struct api_checkpoint *checkpoint, struct error *err)
{
	const struct api_owner *owner = api_metadata_controller(&checkpoint->metadata);
	autoclose int archive = -1;
	autoclose int directory = -1;

	ingest->is_imported = owner != NULL && str_is(owner->kind, api_import_kind.name);
	if (node_ingest_open(node, ingest, &archive, err) < 0)
		return -1;
	if (owner != NULL && node_ingest_is_directory(ingest, checkpoint, archive))
		ingest->request_uid = str_dup(owner->uid);
	if (node_ingest_open_directory(node, ingest, &directory, err) < 0)
		return -1;
	return node_work_start(node->loop,
		&(struct node_work_input){.archive = archive,
			.directory = directory,
			.is_unpacked = ingest->is_imported,
			.unpacked_max = ingest->is_imported ? node_store_room(node->store) : 0},
		node_ingest_described, ingest, &ingest->work, err);
}

/* In the node's map, which owns it. */
static struct node_ingest *node_ingest_new(
	struct node *node, struct str key, const struct api_checkpoint *checkpoint)
{
	struct node_ingest *ingest = new_zeroed(struct node_ingest);

	ingest->node = node;
	ingest->key = str_dup(key);
	ingest->uid = str_dup(checkpoint->metadata.uid);
	(void)map_set(&node->ingests, checkpoint->metadata.uid, ingest);
	return ingest;
}

void node_ingest_start(struct node *node, struct str key, const struct api_checkpoint *checkpoint)
{
	struct node_ingest *ingest = node_ingest_new(node, key, checkpoint);
	struct error err;

	ingest->archive = str_dup(checkpoint->spec.data);
	ingest->container = str_dup(checkpoint->spec.container_name);
	ingest->pod.name = str_of(str_dup(checkpoint->spec.pod->name));
	ingest->pod.namespace = str_of(str_dup(checkpoint->metadata.namespace));
	if (node_ingest_work(node, ingest, checkpoint, &err) < 0)
		node_ingest_fail(ingest, &err);
}

void node_ingest_resume(struct node *node, struct str key, const struct api_checkpoint *checkpoint,
	const struct node_entry *entry)
{
	node_ingest_push(node_ingest_new(node, key, checkpoint), entry);
}

const struct node_ingest_result *node_ingest_result(const struct node_ingest *ingest)
{
	return ingest != NULL && ingest->is_done ? &ingest->result : NULL;
}

void node_ingest_drop(struct node *node, struct str uid)
{
	node_ingest_free(map_remove(&node->ingests, uid));
}
