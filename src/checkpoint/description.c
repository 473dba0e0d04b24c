/* The description as JSON, by one table both ways. */
#include "checkpoint/describe.h"

#define DESCRIPTION_FIELD(field_name, field_type, member)                                          \
	{                                                                                          \
		.name = (field_name), .type = (field_type),                                        \
		.offset = offsetof(struct checkpoint_description, member),                         \
	}

static const struct json_field description_fields[] = {
	DESCRIPTION_FIELD("engine", JSON_FIELD_STRING, engine),
	DESCRIPTION_FIELD("podNamespace", JSON_FIELD_STRING, pod_namespace),
	DESCRIPTION_FIELD("podName", JSON_FIELD_STRING, pod_name),
	DESCRIPTION_FIELD("podUID", JSON_FIELD_STRING, pod_uid),
	DESCRIPTION_FIELD("containerName", JSON_FIELD_STRING, container_name),
	DESCRIPTION_FIELD("containerID", JSON_FIELD_STRING, container_id),
	DESCRIPTION_FIELD("imageName", JSON_FIELD_STRING, image_name),
	DESCRIPTION_FIELD("imageRef", JSON_FIELD_STRING, image_ref),
	DESCRIPTION_FIELD("runtime", JSON_FIELD_STRING, runtime),
	DESCRIPTION_FIELD("created", JSON_FIELD_MICROTIME, created),
	DESCRIPTION_FIELD("checkpointed", JSON_FIELD_MICROTIME, checkpointed),
	DESCRIPTION_FIELD("digest", JSON_FIELD_STRING, digest),
	DESCRIPTION_FIELD("fileDigest", JSON_FIELD_STRING, file_digest),
	DESCRIPTION_FIELD("sizeBytes", JSON_FIELD_I64, size_bytes),
	DESCRIPTION_FIELD("entryCount", JSON_FIELD_I64, entry_count),
	DESCRIPTION_FIELD("memoryBytes", JSON_FIELD_I64, memory_bytes),
	DESCRIPTION_FIELD("frozenMicroseconds", JSON_FIELD_I64, frozen_us),
	DESCRIPTION_FIELD("criuImageVersion", JSON_FIELD_I64, criu_image_version),
	DESCRIPTION_FIELD("criuVersion", JSON_FIELD_STRING, criu_version),
	DESCRIPTION_FIELD("dumpError", JSON_FIELD_STRING, dump_error),
	DESCRIPTION_FIELD("missing", JSON_FIELD_STRINGS, missing),
	DESCRIPTION_FIELD("leftOut", JSON_FIELD_STRING, left_out),
	{.name = "files",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct checkpoint_description, files),
		.object = &handover_file_object},
};

static const struct json_object description_object =
	JSON_OBJECT_OF("checkpoint description", struct checkpoint_description, description_fields);

void checkpoint_description_encode(
	const struct checkpoint_description *description, struct buf *out)
{
	struct json_writer writer = json_writer(out);

	json_encode(&writer, &description_object, description);
}

int checkpoint_description_decode(struct str json, struct arena *arena,
	struct checkpoint_description *ret_description, struct error *err)
{
	autojson *doc = NULL;

	if (json_parse(json, &doc, err) < 0)
		return error_wrap(err, "checkpoint description");
	return json_decode(
		json_doc_root(doc), &description_object, true, arena, ret_description, err);
}
