/* A file of the bundle names the socket; over it goes one call. */
#include "runtime/shim.h"

#include <fcntl.h>

#include "base/buf.h"
#include "runtime/peer.h"
#include "runtime/ttrpc.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "json/json.h"

enum { SHIM_FILE_BYTES = 64 * 1024, SHIM_VERSION_OLD = 2, SHIM_VERSION_NEWEST = 3 };

static const char shim_whom[] = "the shim";

static int shim_set(struct str address, int64_t version, struct arena *arena,
	struct runtime_shim *ret_shim, struct error *err)
{
	const struct str scheme = STR("unix://");

	if (!str_starts_with(address, scheme))
		return error_set(err, ERROR_UNSUPPORTED, "the shim has no Unix socket");
	address = str_from(address, scheme.size);
	/* one that is no file begins with a NUL */
	if (!str_starts_with(address, STR("/")) || str_contains(address, (struct str){"", 1}))
		return error_set(err, ERROR_UNSUPPORTED, "the shim's socket is no file");
	*ret_shim = (struct runtime_shim){.socket = arena_str(arena, address), .version = version};
	return 0;
}

int runtime_shim_read(
	struct str text, struct arena *arena, struct runtime_shim *ret_shim, struct error *err)
{
	autojson *doc = NULL;
	const struct json *root;
	int64_t version;

	if (json_parse(text, &doc, err) < 0)
		return -1;
	root = json_doc_root(doc);
	version = json_i64(json_get(root, "version"), 0);
	if (version < SHIM_VERSION_OLD || version > SHIM_VERSION_NEWEST)
		return error_set(err, ERROR_UNSUPPORTED, "the shim has an unknown version");
	if (!str_is(json_str(json_get(root, "protocol")), "ttrpc"))
		return error_set(err, ERROR_UNSUPPORTED, "the shim does not speak ttrpc");
	return shim_set(json_str(json_get(root, "address")), version, arena, ret_shim, err);
}

int runtime_shim_read_address(
	struct str text, struct arena *arena, struct runtime_shim *ret_shim, struct error *err)
{
	return shim_set(str_trim(text), SHIM_VERSION_OLD, arena, ret_shim, err);
}

static int shim_find(
	struct str bundle, struct arena *arena, struct runtime_shim *ret_shim, struct error *err)
{
	autobuf text = BUF_INIT(SHIM_FILE_BYTES);
	struct str directory = arena_str(arena, bundle);

	if (file_read(AT_FDCWD, arena_printf(arena, "%s/bootstrap.json", directory.data).data,
		    &text, err) == 0)
		return runtime_shim_read(buf_str(&text), arena, ret_shim, err);
	if (err->kind != ERROR_ABSENT ||
		file_read(AT_FDCWD, arena_printf(arena, "%s/address", directory.data).data, &text,
			err) < 0)
		return -1;
	return runtime_shim_read_address(buf_str(&text), arena, ret_shim, err);
}

static int shim_call(const struct runtime_shim *shim, const struct runtime_ttrpc_call *call,
	struct arena *arena, struct runtime_ttrpc_answer *ret_answer, struct error *err)
{
	struct mono_time deadline = {clock_mono().us + call->timeout_ms * 1000};
	autobuf bytes = BUF_INIT(RUNTIME_TTRPC_ANSWER_BYTES);
	autoclose int fd = -1;
	int found;

	runtime_ttrpc_call_write(call, &bytes);
	if (runtime__peer_connect(shim->socket.data, shim_whom, &fd, err) < 0 ||
		runtime__peer_send(fd, buf_str(&bytes), shim_whom, err) < 0)
		return -1;
	buf_clear(&bytes);
	while ((found = runtime_ttrpc_answer_read(buf_str(&bytes), ret_answer, err)) == 0)
		if (runtime__peer_receive(fd, deadline, &bytes, shim_whom, err) < 0)
			return -1;
	if (found > 0)
		ret_answer->message = arena_str(arena, ret_answer->message);
	return found;
}

/* The last part of the bundle's directory is containerd's namespace: .../k8s.io/ID. */
static struct str shim_namespace(struct str bundle)
{
	struct str above = bundle;
	struct str name = bundle;

	if (str_cut_last(bundle, '/', &above, &name))
		(void)str_cut_last(above, '/', &above, &name);
	return name;
}

int runtime__shim_resume(struct str bundle, struct str id, int64_t deadline_ms, struct arena *arena,
	struct error *err)
{
	struct runtime_shim shim;
	struct runtime_ttrpc_answer answer;
	struct runtime_ttrpc_call call = {.method = STR("Resume"),
		.namespace = shim_namespace(bundle),
		.id = id,
		.timeout_ms = deadline_ms};

	if (shim_find(bundle, arena, &shim, err) < 0)
		return -1;
	/* a shim that says 3 may be one of before its containerd's upgrade, which knows only 2 */
	for (int64_t version = shim.version; version >= SHIM_VERSION_OLD; version--) {
		call.service = arena_printf(arena, "containerd.task.v%d.Task", (int)version);
		if (shim_call(&shim, &call, arena, &answer, err) < 0)
			return -1;
		if (answer.code == 0)
			return 0;
		(void)error_set(err, ERROR_SYSTEM, "the shim: %.*s", STR_ARG(answer.message));
		if (answer.code != RUNTIME_TTRPC_UNIMPLEMENTED)
			break;
	}
	return -1;
}
