/* What parses is written as text that parses to an equal value, in place and pretty too. */
#include <assert.h>

#include "json/json.h"

static void fuzz_reparse(const struct json *value, struct json_writer writer)
{
	autojson *again = NULL;
	struct error err;

	json_add_value(&writer, value);
	assert(json_parse_buf(writer.out, &again, &err) == 0);
	assert(json_equal(value, json_doc_root(again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autobuf compact = BUF_INIT(LIMIT_OBJECT_BYTES);
	autobuf pretty = BUF_INIT(LIMIT_OBJECT_BYTES);
	autojson *doc = NULL;
	struct error err;

	if (size > 64 * 1024 || json_parse((struct str){(const char *)data, size}, &doc, &err) < 0)
		return 0;
	fuzz_reparse(json_doc_root(doc), json_writer(&compact));
	fuzz_reparse(json_doc_root(doc), json_writer_pretty(&pretty));
	return 0;
}
