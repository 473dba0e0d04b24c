/* Manifests and indexes of others: the JSON tables, and the rules that JSON cannot say. */
#include "image/manifest.h"

/* What every field has; in braces, so that flags and the like may follow. */
#define IMAGE_FIELD(field_name, field_type, structure, member)                                     \
	.name = (field_name), .type = (field_type), .offset = offsetof(structure, member)

static const struct json_field image_platform_fields[] = {
	{IMAGE_FIELD("architecture", JSON_FIELD_STRING, struct image_platform, architecture)},
	{IMAGE_FIELD("os", JSON_FIELD_STRING, struct image_platform, os)},
	{IMAGE_FIELD("variant", JSON_FIELD_STRING, struct image_platform, variant)},
};
static const struct json_object image_platform_object =
	JSON_OBJECT_OF("platform", struct image_platform, image_platform_fields);

static const struct json_field image_descriptor_fields[] = {
	{IMAGE_FIELD("mediaType", JSON_FIELD_STRING, struct image_descriptor, media_type),
		.flags = JSON_REQUIRED},
	{IMAGE_FIELD("digest", JSON_FIELD_STRING, struct image_descriptor, digest),
		.flags = JSON_REQUIRED},
	{IMAGE_FIELD("size", JSON_FIELD_I64, struct image_descriptor, size), .flags = JSON_REQUIRED,
		.minimum = 0, .maximum = INT64_MAX},
	{IMAGE_FIELD("platform", JSON_FIELD_OBJECT, struct image_descriptor, platform),
		.object = &image_platform_object},
	{IMAGE_FIELD("annotations", JSON_FIELD_STRING_MAP, struct image_descriptor, annotations)},
};
static const struct json_object image_descriptor_object =
	JSON_OBJECT_OF("descriptor", struct image_descriptor, image_descriptor_fields);

/* Image and index together, as the document may turn out to be either. */
struct image_document {
	int64_t schema_version;
	struct str media_type;
	struct image_descriptor *config;
	struct json_list layers;
	struct json_list manifests;
	struct json_string_map annotations;
};

static const struct json_field image_document_fields[] = {
	{IMAGE_FIELD("schemaVersion", JSON_FIELD_I64, struct image_document, schema_version)},
	{IMAGE_FIELD("mediaType", JSON_FIELD_STRING, struct image_document, media_type)},
	{IMAGE_FIELD("config", JSON_FIELD_POINTER, struct image_document, config),
		.object = &image_descriptor_object},
	{IMAGE_FIELD("layers", JSON_FIELD_LIST, struct image_document, layers),
		.object = &image_descriptor_object, .max_length = IMAGE_DESCRIPTORS_MAX},
	{IMAGE_FIELD("manifests", JSON_FIELD_LIST, struct image_document, manifests),
		.object = &image_descriptor_object, .max_length = IMAGE_DESCRIPTORS_MAX},
	{IMAGE_FIELD("annotations", JSON_FIELD_STRING_MAP, struct image_document, annotations)},
};
static const struct json_object image_document_object =
	JSON_OBJECT_OF("manifest", struct image_document, image_document_fields);

static const struct {
	const char *media_type;
	bool is_index;
} image_types[] = {
	{IMAGE_TYPE_MANIFEST, false},
	{IMAGE_TYPE_DOCKER_MANIFEST, false},
	{IMAGE_TYPE_INDEX, true},
	{IMAGE_TYPE_DOCKER_LIST, true},
};

/* The type that the document and its server agree on; a document may leave its own out. */
static int image_agree_on_type(struct str own, struct str content_type, bool has_manifests,
	struct str *ret_type, struct error *err)
{
	struct str ignored;
	struct str served;

	(void)str_cut(content_type, ';', &served, &ignored); /* parameters do not matter */
	served = str_trim(served);
	if (own.size > 0 && served.size > 0 && !str_equal(own, served))
		return error_set(err, ERROR_INVALID, "it was served as '%.*s' but says '%.*s'",
			STR_ARG(served), STR_ARG(own));
	if (own.size > 0)
		*ret_type = own;
	else if (served.size > 0)
		*ret_type = served;
	else
		*ret_type = has_manifests ? STR(IMAGE_TYPE_INDEX) : STR(IMAGE_TYPE_MANIFEST);
	return 0;
}

static int image_find_kind(struct str type, bool *ret_is_index, struct error *err)
{
	for (size_t i = 0; i < array_size(image_types); i++) {
		if (!str_is(type, image_types[i].media_type))
			continue;
		*ret_is_index = image_types[i].is_index;
		return 0;
	}
	return error_set(err, ERROR_UNSUPPORTED, "its type '%.*s' is neither image nor index",
		STR_ARG(type));
}

static int image_check_digests(
	const struct image_descriptor *descriptors, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (!image_digest_is_valid(descriptors[i].digest))
			return error_set(err, ERROR_INVALID, "it names '%.*s', which is no digest",
				STR_ARG(descriptors[i].digest));
	return 0;
}

static int image_check_members(const struct json *root, const struct image_document *document,
	bool is_index, struct error *err)
{
	bool has_layers = json_type(json_get(root, "layers")) == JSON_ARRAY;
	bool has_manifests = json_type(json_get(root, "manifests")) == JSON_ARRAY;

	if (document->schema_version != 2)
		return error_set(err, ERROR_UNSUPPORTED, "its schemaVersion is not 2");
	if ((has_layers || document->config != NULL) && has_manifests)
		return error_set(err, ERROR_INVALID, "it is an image and an index at once");
	if (is_index && !has_manifests)
		return error_set(err, ERROR_INVALID, "it is an index without manifests");
	if (!is_index && (!has_layers || document->config == NULL))
		return error_set(err, ERROR_INVALID, "it is an image without config and layers");
	if (document->config != NULL && image_check_digests(document->config, 1, err) < 0)
		return -1;
	if (image_check_digests(document->layers.items, document->layers.count, err) < 0)
		return -1;
	return image_check_digests(document->manifests.items, document->manifests.count, err);
}

static int image_manifest_read(const struct json *root, struct str content_type,
	struct arena *arena, struct image_manifest *ret_manifest, struct error *err)
{
	struct image_document document;
	struct str type;
	bool is_index = false;

	if (json_decode(root, &image_document_object, true, arena, &document, err) < 0 ||
		image_agree_on_type(document.media_type, content_type,
			json_get(root, "manifests") != NULL, &type, err) < 0 ||
		image_find_kind(type, &is_index, err) < 0 ||
		image_check_members(root, &document, is_index, err) < 0)
		return -1;
	*ret_manifest = (struct image_manifest){
		.is_index = is_index,
		.media_type = arena_str(arena, type),
		.layers = document.layers.items,
		.layer_count = document.layers.count,
		.manifests = document.manifests.items,
		.manifest_count = document.manifests.count,
		.annotations = document.annotations,
	};
	if (document.config != NULL)
		ret_manifest->config = *document.config;
	return 0;
}

int image_manifest_parse(struct str bytes, struct str content_type, struct arena *arena,
	struct image_manifest *ret_manifest, struct error *err)
{
	autojson *document = NULL;

	if (bytes.size > LIMIT_MANIFEST_BYTES)
		return error_set(err, ERROR_TOO_BIG, "the manifest is larger than %d bytes",
			(int)LIMIT_MANIFEST_BYTES);
	if (json_parse(bytes, &document, err) < 0 ||
		image_manifest_read(
			json_doc_root(document), content_type, arena, ret_manifest, err) < 0)
		return error_wrap(err, "cannot read the image's manifest");
	return 0;
}
