/* Any JSON decodes as each of our kinds and views; what was decoded can be written and read again.
 */
#include <assert.h>

#include "api/kinds.h"
#include "api/names.h"
#include "api/views.h"

union fuzz_object {
	struct api_schedule schedule;
	struct api_request request;
	struct api_checkpoint checkpoint;
	struct api_checkpoint_node checkpoint_node;
	struct api_pod pod;
	struct api_workload workload;
	struct api_node node;
};

static void fuzz_kind(const struct json *value, const struct api_kind *kind)
{
	autoarena *arena = arena_new(256);
	autobuf text = BUF_INIT(64 * 1024 * 1024);
	struct json_writer writer = json_writer(&text);
	autojson *again = NULL;
	union fuzz_object object;
	struct error err;

	assert(api_decode(value, kind, arena, &object, &err) == 0);
	api_encode(&writer, kind, &object);
	assert(json_parse(buf_str(&text), &again, &err) == 0);
	assert(api_decode(json_doc_root(again), kind, arena, &object, &err) == 0);
	if (api_decode_strict(value, kind, arena, &object, &err) < 0)
		assert(err.kind == ERROR_INVALID);
}

static void fuzz_view(const struct json *value, const struct json_object *view)
{
	autoarena *arena = arena_new(256);
	union fuzz_object object;
	struct error err;

	assert(json_decode(value, view, false, arena, &object, &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autojson *doc = NULL;
	autoarena *arena = arena_new(256);
	struct str text = {(const char *)data, size};
	struct error err;

	assert(api_label_value(arena, text).size <= API_LABEL_VALUE_SIZE);
	assert(api_request_name(arena, text, text, text, 1).size <= API_NAME_SIZE);
	if (json_parse(text, &doc, &err) < 0)
		return 0;
	for (const struct api_kind *const *kind = api_kinds; *kind != NULL; kind++)
		fuzz_kind(json_doc_root(doc), *kind);
	fuzz_view(json_doc_root(doc), &api_pod_object);
	fuzz_view(json_doc_root(doc), &api_workload_object);
	fuzz_view(json_doc_root(doc), &api_node_object);
	return 0;
}
