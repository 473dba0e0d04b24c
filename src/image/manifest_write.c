/*
 * A layer and facts become config and manifest. Both are written by hand in a fixed order rather
 * than by a table: their bytes are named by digest, so the order is part of the format.
 */
#include <assert.h>
#include <stdlib.h>

#include "archive/digest.h"
#include "base/alloc.h"
#include "image/manifest.h"

/* The facts that go into an annotation as they are. */
static const struct {
	const char *key;
	size_t offset;
} image_fact_keys[] = {
	{"io.kubernetes.cri-o.annotations.checkpoint.name",
		offsetof(struct image_facts, container_name)},
	{"org.criu.checkpoint.container.name", offsetof(struct image_facts, container_name)},
	{"org.criu.checkpoint.criu.version", offsetof(struct image_facts, criu_version)},
	{"org.criu.checkpoint.engine.name", offsetof(struct image_facts, engine_name)},
	{"org.criu.checkpoint.engine.version", offsetof(struct image_facts, engine_version)},
	{"org.criu.checkpoint.host.arch", offsetof(struct image_facts, architecture)},
	{"org.criu.checkpoint.host.kernel", offsetof(struct image_facts, kernel_version)},
	{"org.criu.checkpoint.pod.name", offsetof(struct image_facts, pod_name)},
	{"org.criu.checkpoint.pod.namespace", offsetof(struct image_facts, pod_namespace)},
	{"org.criu.checkpoint.pod.uid", offsetof(struct image_facts, pod_uid)},
	{"org.criu.checkpoint.rootfsImageID", offsetof(struct image_facts, base_image_id)},
	{"org.criu.checkpoint.rootfsImageName", offsetof(struct image_facts, base_image_name)},
	{"org.criu.checkpoint.runtime.name", offsetof(struct image_facts, runtime_name)},
};

void image_documents_done(struct image_documents *documents)
{
	buf_done(&documents->config);
	buf_done(&documents->manifest);
	*documents = IMAGE_DOCUMENTS_INIT;
}

/* The digest of a document as a text. */
static int image_digest_document(
	const struct buf *document, char ret_text[static IMAGE_DIGEST_MAX + 1], struct error *err)
{
	struct archive_digest digest;

	if (archive_digest_of(buf_str(document), &digest, err) < 0)
		return -1;
	archive_digest_format(&digest, ret_text);
	return 0;
}

static int image_check_input(
	const struct image_layer *layer, const struct image_facts *facts, struct error *err)
{
	if (!image_digest_is_valid(layer->digest))
		return error_set(err, ERROR_INVALID, "the layer's digest '%.*s' is none",
			STR_ARG(layer->digest));
	if (layer->diff_id.size > 0 && !image_digest_is_valid(layer->diff_id))
		return error_set(err, ERROR_INVALID, "the layer's diff ID '%.*s' is no digest",
			STR_ARG(layer->diff_id));
	if (layer->size < 0)
		return error_set(err, ERROR_INVALID, "the layer's size is negative");
	if (facts->container_name.size == 0)
		return error_set(err, ERROR_INVALID, "the container's name is not known");
	if (facts->architecture.size == 0)
		return error_set(err, ERROR_INVALID, "the architecture is not known");
	return 0;
}

static void image_set_created(struct json_writer *writer, const char *key, struct wall_time created)
{
	char text[TIME_TEXT_SIZE];

	if (!wall_time_is_set(created))
		return;
	wall_time_format(created, text);
	json_set_text(writer, key, text);
}

static void image_write_config(
	const struct image_layer *layer, const struct image_facts *facts, struct buf *out)
{
	struct json_writer writer = json_writer(out);

	json_begin_object(&writer);
	image_set_created(&writer, "created", facts->created);
	json_set_str(&writer, "architecture", facts->architecture);
	json_set_text(&writer, "os", "linux");
	json_set_object(&writer, "config");
	json_end_object(&writer);
	json_set_object(&writer, "rootfs");
	json_set_text(&writer, "type", "layers");
	json_set_array(&writer, "diff_ids");
	json_add_str(&writer, layer->diff_id.size > 0 ? layer->diff_id : layer->digest);
	json_end_array(&writer);
	json_end_object(&writer);
	json_set_array(&writer, "history");
	json_begin_object(&writer);
	image_set_created(&writer, "created", facts->created);
	json_set_text(&writer, "created_by", "kcr checkpoint");
	json_end_object(&writer);
	json_end_array(&writer);
	json_end_object(&writer);
}

static int image_compare_keys(const void *a, const void *b)
{
	const struct json_pair *left = a;
	const struct json_pair *right = b;

	return str_compare(left->key, right->key);
}

/* All annotations in the order of their keys, in an array that the caller owns. */
static int image_collect_annotations(const struct image_facts *facts, const char *created,
	struct json_pair **ret_pairs, size_t *ret_count, struct error *err)
{
	size_t capacity = array_size(image_fact_keys) + 1 + facts->annotations.count;
	autofree struct json_pair *pairs = alloc_zeroed(capacity, sizeof(*pairs));
	size_t count = 0;

	for (size_t i = 0; i < array_size(image_fact_keys); i++) {
		const char *field = (const char *)facts + image_fact_keys[i].offset;
		struct str value = *(const struct str *)(const void *)field;
		if (value.size > 0)
			pairs[count++] = (struct json_pair){str_of(image_fact_keys[i].key), value};
	}
	if (created[0] != '\0')
		pairs[count++] = (struct json_pair){
			STR("org.opencontainers.image.created"), str_of(created)};
	for (size_t i = 0; i < facts->annotations.count; i++)
		pairs[count++] = facts->annotations.items[i];
	qsort(pairs, count, sizeof(*pairs), image_compare_keys);
	for (size_t i = 1; i < count; i++)
		if (str_equal(pairs[i - 1].key, pairs[i].key))
			return error_set(err, ERROR_INVALID, "the annotation '%.*s' is given twice",
				STR_ARG(pairs[i].key));
	*ret_pairs = take_ptr(&pairs);
	*ret_count = count;
	return 0;
}

static void image_write_descriptor(
	struct json_writer *writer, struct str media_type, struct str digest, int64_t size)
{
	json_set_str(writer, "mediaType", media_type);
	json_set_str(writer, "digest", digest);
	json_set_i64(writer, "size", size);
}

static int image_write_manifest(const struct image_layer *layer, const struct image_facts *facts,
	struct image_documents *documents, struct error *err)
{
	struct json_writer writer = json_writer(&documents->manifest);
	char created[TIME_TEXT_SIZE] = "";
	autofree struct json_pair *annotations = NULL;
	size_t count = 0;

	if (wall_time_is_set(facts->created))
		wall_time_format(facts->created, created);
	if (image_collect_annotations(facts, created, &annotations, &count, err) < 0)
		return -1;
	json_begin_object(&writer);
	json_set_i64(&writer, "schemaVersion", 2);
	json_set_text(&writer, "mediaType", IMAGE_TYPE_MANIFEST);
	json_set_object(&writer, "config");
	image_write_descriptor(&writer, STR(IMAGE_TYPE_CONFIG), str_of(documents->config_digest),
		(int64_t)documents->config.size);
	json_end_object(&writer);
	json_set_array(&writer, "layers");
	json_begin_object(&writer);
	image_write_descriptor(&writer,
		layer->media_type.size > 0 ? layer->media_type : STR(IMAGE_TYPE_LAYER_TAR),
		layer->digest, layer->size);
	json_end_object(&writer);
	json_end_array(&writer);
	json_set_object(&writer, "annotations");
	for (size_t i = 0; i < count; i++) {
		json_key(&writer, annotations[i].key);
		json_add_str(&writer, annotations[i].value);
	}
	json_end_object(&writer);
	json_end_object(&writer);
	return 0;
}

int image_documents_write(const struct image_layer *layer, const struct image_facts *facts,
	struct image_documents *ret_documents, struct error *err)
{
	autodocuments documents = IMAGE_DOCUMENTS_INIT;

	assert(ret_documents->config.size == 0 && ret_documents->manifest.size == 0);
	if (image_check_input(layer, facts, err) < 0)
		return error_wrap(err, "cannot describe a checkpoint as an image");
	image_write_config(layer, facts, &documents.config);
	if (buf_check(&documents.config, "the image's config", err) < 0 ||
		image_digest_document(&documents.config, documents.config_digest, err) < 0)
		return -1;
	if (image_write_manifest(layer, facts, &documents, err) < 0)
		return error_wrap(err, "cannot describe a checkpoint as an image");
	if (buf_check(&documents.manifest, "the image's manifest", err) < 0 ||
		image_digest_document(&documents.manifest, documents.manifest_digest, err) < 0)
		return -1;
	*ret_documents = documents;
	documents = IMAGE_DOCUMENTS_INIT;
	return 0;
}
