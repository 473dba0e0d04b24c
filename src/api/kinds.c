/* What the kinds have in common: decoding with defaults, and the bodies that we send. */
#include "api/kinds.h"

#include <assert.h>

#include "api/internal.h"

const struct api_kind *const api_kinds[] = {&api_schedule_kind, &api_request_kind,
	&api_checkpoint_kind, &api_checkpoint_node_kind, &api_restore_request_kind,
	&api_export_kind, &api_import_kind, NULL};

size_t api__choice(const char *const *choices, struct str text)
{
	for (size_t i = 0; choices[i] != NULL; i++)
		if (str_is(text, choices[i]))
			return i;
	return 0;
}

/*
 * json_decode() leaves an absent embedded object zeroed, as no default of its own stands in the
 * table. Ours mean "the defaults of its fields", as `default: {}` does in the CRDs; decoding
 * nothing gives just that.
 */
static int api_fill_absent(const struct json *value, const struct json_object *object,
	struct arena *arena, void *target, struct error *err)
{
	for (size_t i = 0; i < object->field_count; i++) {
		const struct json_field *field = &object->fields[i];
		const struct json *member = json_get(value, field->name);
		void *part = (char *)target + field->offset;

		if (field->type != JSON_FIELD_OBJECT)
			continue;
		if (json_type(member) != JSON_OBJECT &&
			json_decode(NULL, field->object, false, arena, part, err) < 0)
			return -1;
		if (api_fill_absent(member, field->object, arena, part, err) < 0)
			return -1;
	}
	return 0;
}

static int api_decode_as(const struct json *value, const struct api_kind *kind, bool is_strict,
	struct arena *arena, void *ret_object, struct error *err)
{
	if (json_decode(value, kind->object, is_strict, arena, ret_object, err) < 0)
		return -1;
	return api_fill_absent(value, kind->object, arena, ret_object, err);
}

int api_decode(const struct json *value, const struct api_kind *kind, struct arena *arena,
	void *ret_object, struct error *err)
{
	return api_decode_as(value, kind, false, arena, ret_object, err);
}

int api_decode_strict(const struct json *value, const struct api_kind *kind, struct arena *arena,
	void *ret_object, struct error *err)
{
	return api_decode_as(value, kind, true, arena, ret_object, err);
}

void api_init(const struct api_kind *kind, void *ret_object)
{
	struct error err;
	/* Defaults are constants, so nothing is allocated that would have to stay. */
	autoarena *arena = arena_new(64);
	int result = api_decode(NULL, kind, arena, ret_object, &err);

	assert(result == 0);
}

/* Writes the member `name` of the object under its name, if the kind has it. */
static void api_encode_member(struct json_writer *writer, const struct api_kind *kind,
	const void *object, const char *name)
{
	for (size_t i = 0; i < kind->object->field_count; i++) {
		const struct json_field *field = &kind->object->fields[i];

		if (!str_is(str_of(field->name), name))
			continue;
		json_key(writer, str_of(name));
		json_encode(writer, field->object, (const char *)object + field->offset);
	}
}

static void api_encode_type(struct json_writer *writer, const struct api_kind *kind)
{
	json_set_text(writer, "apiVersion", API_GROUP_VERSION);
	json_set_text(writer, "kind", kind->name);
}

void api_encode(struct json_writer *writer, const struct api_kind *kind, const void *object)
{
	json_begin_object(writer);
	api_encode_type(writer, kind);
	api_encode_member(writer, kind, object, "metadata");
	api_encode_member(writer, kind, object, "spec");
	json_end_object(writer);
}

void api_encode_status(struct json_writer *writer, const struct api_kind *kind, const void *object)
{
	/* All kinds begin with their metadata; the static assertions below hold that. */
	const struct api_metadata *metadata = object;
	struct api_metadata identity = {
		.name = metadata->name,
		.namespace = metadata->namespace,
		.resource_version = metadata->resource_version,
	};

	json_begin_object(writer);
	api_encode_type(writer, kind);
	json_key(writer, STR("metadata"));
	json_encode(writer, &api_metadata_object, &identity);
	api_encode_member(writer, kind, object, "status");
	json_end_object(writer);
}

_Static_assert(offsetof(struct api_schedule, metadata) == 0, "metadata comes first");
_Static_assert(offsetof(struct api_request, metadata) == 0, "metadata comes first");
_Static_assert(offsetof(struct api_checkpoint, metadata) == 0, "metadata comes first");
_Static_assert(offsetof(struct api_checkpoint_node, metadata) == 0, "metadata comes first");
_Static_assert(offsetof(struct api_restore_request, metadata) == 0, "metadata comes first");
_Static_assert(offsetof(struct api_export, metadata) == 0, "metadata comes first");
_Static_assert(offsetof(struct api_import, metadata) == 0, "metadata comes first");
