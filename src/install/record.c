/* One table, read and written. */
#include "install/record.h"

#include "base/limits.h"
#include "json/json.h"

enum { RECORD_VERSION = 1 };

#define RECORD_ROW(json_name, kind, member)                                                        \
	{                                                                                          \
		.name = (json_name), .type = (kind),                                               \
		.offset = offsetof(struct install_record, member)                                  \
	}

static const struct json_field record_fields[] = {
	RECORD_ROW("version", JSON_FIELD_I64, version),
	RECORD_ROW("engine", JSON_FIELD_STRING, engine),
	RECORD_ROW("config", JSON_FIELD_STRING, config),
	RECORD_ROW("dropIn", JSON_FIELD_STRING, drop_in),
	RECORD_ROW("import", JSON_FIELD_STRING, pattern),
	RECORD_ROW("base", JSON_FIELD_STRING, base),
	RECORD_ROW("changed", JSON_FIELD_MICROTIME, changed),
};
static const struct json_object record_object =
	JSON_OBJECT_OF("installation", struct install_record, record_fields);

int install__record_load(const struct install_host *host, const char *path,
	struct install_record *ret_record, struct error *err)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	autojson *doc = NULL;
	int found = install__host_read(host, path, &text, err);

	*ret_record = (struct install_record){.version = RECORD_VERSION};
	if (found <= 0)
		return found;
	if (json_parse(buf_str(&text), &doc, err) == 0 &&
		json_decode(json_doc_root(doc), &record_object, true, host->arena, ret_record,
			err) == 0 &&
		ret_record->version == RECORD_VERSION)
		return 1;
	*ret_record = (struct install_record){.version = RECORD_VERSION};
	return 0;
}

int install__record_store(const struct install_host *host, const char *path,
	const struct install_record *record, struct error *err)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct json_writer writer = json_writer(&text);

	json_encode(&writer, &record_object, record);
	buf_add_byte(&text, '\n');
	return install__host_write(host, path, buf_str(&text), 0644, err) < 0 ? -1 : 0;
}
