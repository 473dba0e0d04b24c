/* The annotation's text to records and back, and the small lists inside them. */
#include "restore/record.h"

#include <string.h>

static const struct json_field restore_record_fields[] = {
	{"container", JSON_FIELD_STRING, .offset = offsetof(struct restore_record, container)},
	{"phase", JSON_FIELD_STRING, .offset = offsetof(struct restore_record, phase)},
	{"originalImage", JSON_FIELD_STRING,
		.offset = offsetof(struct restore_record, original_image)},
	{"image", JSON_FIELD_STRING, .offset = offsetof(struct restore_record, image)},
	{"checkpoint", JSON_FIELD_STRING, .offset = offsetof(struct restore_record, checkpoint)},
	{"checkpointUID", JSON_FIELD_STRING,
		.offset = offsetof(struct restore_record, checkpoint_uid)},
	{"since", JSON_FIELD_MICROTIME, .offset = offsetof(struct restore_record, since)},
	{"reason", JSON_FIELD_STRING, .offset = offsetof(struct restore_record, reason)},
	{"message", JSON_FIELD_STRING, .offset = offsetof(struct restore_record, message)},
	{"handled", JSON_FIELD_STRINGS, .offset = offsetof(struct restore_record, handled)},
	{"failed", JSON_FIELD_STRINGS, .offset = offsetof(struct restore_record, failed)},
	{"attempts", JSON_FIELD_I64, .offset = offsetof(struct restore_record, attempts)},
};

static const struct json_object restore_record_object =
	JSON_OBJECT_OF("record", struct restore_record, restore_record_fields);

static const struct json_field restore_records_fields[] = {
	{"containers", JSON_FIELD_LIST, .offset = offsetof(struct restore_records, containers),
		.object = &restore_record_object},
};

static const struct json_object restore_records_object =
	JSON_OBJECT_OF("records", struct restore_records, restore_records_fields);

static const char *const restore_phase_names[] = {
	[RESTORE_PHASE_NONE] = "",
	[RESTORE_PHASE_RESTORING] = "Restoring",
	[RESTORE_PHASE_SERVING] = "Serving",
	[RESTORE_PHASE_COLD] = "Cold",
};

enum restore_phase restore_record_phase(const struct restore_record *record)
{
	for (size_t i = 0; i < array_size(restore_phase_names); i++)
		if (str_is(record->phase, restore_phase_names[i]))
			return (enum restore_phase)i;
	return RESTORE_PHASE_NONE;
}

struct str restore_phase_text(enum restore_phase phase)
{
	return str_of(restore_phase_names[phase]);
}

int restore_records_parse(struct str text, struct arena *arena, struct restore_records *ret_records,
	struct error *err)
{
	autojson *doc = NULL;

	*ret_records = (struct restore_records){0};
	if (text.size == 0)
		return 0;
	if (json_parse(text, &doc, err) < 0)
		return error_wrap(err, "annotation kcr.io/restores");
	return json_decode(
		json_doc_root(doc), &restore_records_object, false, arena, ret_records, err);
}

const struct restore_record *restore_records_find(
	const struct restore_records *records, struct str container)
{
	const struct restore_record *items = records->containers.items;

	for (size_t i = 0; i < records->containers.count; i++)
		if (str_equal(items[i].container, container))
			return &items[i];
	return NULL;
}

struct str restore_original_image(const struct restore_record *record, struct str image)
{
	if (record != NULL && record->image.size > 0 && str_equal(record->image, image))
		return record->original_image;
	return image;
}

void restore_records_drop(
	struct restore_records *records, struct str container, struct arena *arena)
{
	const struct restore_record *items = records->containers.items;
	struct restore_record *kept =
		arena_zeroed(arena, records->containers.count + 1, sizeof(*kept));
	size_t count = 0;

	for (size_t i = 0; i < records->containers.count; i++)
		if (!str_equal(items[i].container, container))
			kept[count++] = items[i];
	records->containers = (struct json_list){kept, count};
}

void restore_records_set(
	struct restore_records *records, const struct restore_record *record, struct arena *arena)
{
	restore_records_drop(records, record->container, arena); /* leaves room for one */
	((struct restore_record *)records->containers.items)[records->containers.count++] = *record;
}

void restore_records_write(const struct restore_records *records, struct buf *out)
{
	struct json_writer writer = json_writer(out);

	json_encode(&writer, &restore_records_object, records);
}

bool restore_list_has(const struct json_strings *list, struct str item)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_equal(list->items[i], item))
			return true;
	return false;
}

void restore_list_add(struct json_strings *list, struct str item, struct arena *arena)
{
	size_t skip = list->count >= RESTORE_LIST_MAX ? list->count - RESTORE_LIST_MAX + 1 : 0;
	struct str *items;

	if (item.size == 0 || restore_list_has(list, item))
		return;
	items = arena_zeroed(arena, list->count - skip + 1, sizeof(*items));
	if (list->count > skip)
		memcpy(items, list->items + skip, (list->count - skip) * sizeof(*items));
	items[list->count - skip] = item;
	*list = (struct json_strings){items, list->count - skip + 1};
}
