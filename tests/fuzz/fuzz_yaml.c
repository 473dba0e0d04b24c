/* What parses is written as YAML that parses to an equal value. */
#include <assert.h>

#include "json/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autobuf text = BUF_INIT(LIMIT_LIST_BYTES);
	autojson *doc = NULL;
	autojson *again = NULL;
	struct error err;

	if (size > 16 * 1024 || yaml_parse((struct str){(const char *)data, size}, &doc, &err) < 0)
		return 0;
	yaml_write(&text, json_doc_root(doc));
	if (yaml_parse(buf_str(&text), &again, &err) < 0)
		assert(err.kind == ERROR_TOO_BIG); /* aliases were written out */
	else
		assert(json_equal(json_doc_root(doc), json_doc_root(again)));
	return 0;
}
