/* The read-only registry over a real connection: every route, its errors, ranges, conditions. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "http/client.h"
#include "image/manifest.h"
#include "registry/server.h"
#include "sys/fd.h"

#define BYTES_BLOB  "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FILE_BLOB   "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define MANIFEST    "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define ABSENT_BLOB "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

/* A store with the repositories "shop/redis" (all there is) and "shop/broken" (all fails). */
static int find_manifest(void *context, struct str repository, struct str reference,
	struct registry_manifest *ret_manifest, struct error *err)
{
	(void)context;
	if (str_is(repository, "shop/broken"))
		return error_set(err, ERROR_SYSTEM, "a secret path");
	if (str_is(repository, "shop/busy"))
		return error_set(err, ERROR_BUSY, "a secret path");
	if (!str_is(repository, "shop/redis") ||
		(!str_is(reference, "v1") && !str_is(reference, MANIFEST)))
		return 0;
	buf_add_text(&ret_manifest->bytes, "{\"m\":1}");
	(void)snprintf(ret_manifest->digest, sizeof(ret_manifest->digest), "%s", MANIFEST);
	return 1;
}

static int find_blob(void *context, struct str repository, struct str digest,
	struct registry_content *ret_content, struct error *err)
{
	autoclose int fd = -1;

	if (str_is(repository, "shop/broken"))
		return error_set(err, ERROR_CORRUPT, "a secret path");
	if (!str_is(repository, "shop/redis"))
		return 0;
	if (str_is(digest, BYTES_BLOB)) {
		buf_add_text(&ret_content->bytes, "0123456789");
		return 1;
	}
	if (!str_is(digest, FILE_BLOB))
		return 0;
	fd = fcntl(*(const int *)context, F_DUPFD_CLOEXEC, 0);
	/* of "xxx0123456789yyy" */
	return reader_of_file(&fd, 3, 10, &ret_content->reader, err) < 0 ? -1 : 1;
}

static int list_tags(void *context, struct str repository, struct arena *arena,
	struct str **ret_tags, size_t *ret_count, struct error *err)
{
	(void)context;
	if (str_is(repository, "shop/broken"))
		return error_set(err, ERROR_SYSTEM, "a secret path");
	if (!str_is(repository, "shop/redis"))
		return 0;
	*ret_tags = arena_zeroed(arena, 2, sizeof(**ret_tags));
	(*ret_tags)[0] = STR("v2");
	(*ret_tags)[1] = STR("v1");
	*ret_count = 2;
	return 1;
}

struct server_fixture {
	struct loop *loop;
	struct http_client *http;
	struct http_server *server;
	struct registry_server *registry;
	int file_fd;
};

struct outcome {
	struct loop *loop;
	int status;
	struct buf headers; /* "name: value\n" */
	struct buf body;
};

static void on_answer(
	void *context, const struct http_answer *answer, struct str body, const struct error *err)
{
	struct outcome *outcome = context;

	if (answer == NULL)
		fail_msg("%s", err->text);
	outcome->status = answer->status;
	for (size_t i = 0; i < answer->header_count; i++)
		buf_printf(&outcome->headers, "%s: %s\n", answer->headers[i].name,
			answer->headers[i].value);
	buf_add(&outcome->body, body);
	loop_stop(outcome->loop);
}

static void outcome_done(struct outcome *outcome)
{
	buf_done(&outcome->headers);
	buf_done(&outcome->body);
}

/* Asks for `path`; `headers` ends at the first one without a name. */
static void ask(struct server_fixture *fixture, const char *method, const char *path,
	const struct http_header headers[static 2], struct outcome *outcome)
{
	autobuf url = BUF_INIT(1000);
	struct http_request request = {
		.method = method,
		.headers = headers,
		.header_count = headers[0].name == NULL ? 0
			: headers[1].name == NULL       ? 1
							: 2,
		.body = HTTP_NO_BODY,
		.timeout_ms = 5000,
		.max_bytes = 10000,
	};
	const struct http_callbacks callbacks = {.done = on_answer, .context = outcome};
	struct http_call *call;
	struct error err;

	*outcome = (struct outcome){
		.loop = fixture->loop, .headers = BUF_INIT(10000), .body = BUF_INIT(10000)};
	buf_printf(&url, "http://127.0.0.1:%d%s", (int)http_server_port(fixture->server), path);
	request.url = url.data;
	call = http_call_start(fixture->http, &request, &callbacks);
	assert_int_equal(loop_run(fixture->loop, &err), 0);
	http_call_free(call);
}

static const struct http_header no_headers[2];

static int start_server(void **state)
{
	static const char file[] = "xxx0123456789yyy";
	struct server_fixture *fixture = new_zeroed(struct server_fixture);
	const struct http_server_options options = {
		.address = "127.0.0.1", .max_connections = 4, .idle_seconds = 10};
	struct registry_store store = {find_manifest, find_blob, list_tags, &fixture->file_fd};
	struct error err;

	*state = fixture;
	fixture->file_fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	fixture->registry = registry_server_new(&store);
	if (fixture->file_fd < 0 ||
		fd_write_all(fixture->file_fd, str_of(file), "a file", &err) < 0 ||
		loop_new(&fixture->loop, &err) < 0 ||
		http_client_new(fixture->loop, "kcr-test", &fixture->http, &err) < 0)
		return -1;
	return http_server_start(fixture->loop, &options, registry_server_handle, fixture->registry,
		&fixture->server, &err);
}

static int stop_server(void **state)
{
	struct server_fixture *fixture = *state;

	http_client_free(fixture->http);
	http_server_free(fixture->server);
	registry_server_free(fixture->registry);
	loop_free(fixture->loop);
	fd_close(&fixture->file_fd);
	free(fixture);
	return 0;
}

#define REPOSITORY "/v2/shop/redis"
#define JSON       "content-type: application/json\n"

static void every_route_answers(void **state)
{
	static const struct {
		const char *method;
		const char *path;
		int status;
		const char *headers; /* a part of them */
		const char *body; /* a part of it; "" none at all */
	} cases[] = {
		{"GET", "/v2/", 200, "docker-distribution-api-version: registry/2.0\n", "{}"},
		{"GET", "/v2", 404, JSON, "\"NAME_UNKNOWN\""},
		{"HEAD", "/v2/", 200, JSON, ""},
		{"GET", REPOSITORY "/manifests/v1", 200, "etag: \"" MANIFEST "\"\n", "{\"m\":1}"},
		{"GET", REPOSITORY "/manifests/" MANIFEST, 200,
			"content-type: " IMAGE_TYPE_MANIFEST "\n", "{\"m\":1}"},
		{"HEAD", REPOSITORY "/manifests/v1", 200, "content-length: 7\n", ""},
		{"HEAD", REPOSITORY "/manifests/v1", 200, "docker-content-digest: " MANIFEST "\n",
			""},
		{"GET", REPOSITORY "/manifests/v2", 404, JSON, "\"code\":\"MANIFEST_UNKNOWN\""},
		{"GET", REPOSITORY "/manifests/.v", 404, JSON, "\"MANIFEST_UNKNOWN\""},
		{"GET", "/v2/shop/other/manifests/" MANIFEST, 404, JSON, "\"MANIFEST_UNKNOWN\""},
		{"GET", "/v2/shop/broken/manifests/v1", 500, JSON, "\"detail\":\"SystemError\""},
		{"GET", "/v2/shop/busy/manifests/v1", 503, JSON, "\"TOOMANYREQUESTS\""},
		{"GET", REPOSITORY "/blobs/" BYTES_BLOB, 200, "accept-ranges: bytes\n",
			"0123456789"},
		{"GET", REPOSITORY "/blobs/" FILE_BLOB, 200,
			"content-type: application/octet-stream\n", "0123456789"},
		{"HEAD", REPOSITORY "/blobs/" FILE_BLOB, 200, "content-length: 10\n", ""},
		{"GET", REPOSITORY "/blobs/" ABSENT_BLOB, 404, JSON, "\"code\":\"BLOB_UNKNOWN\""},
		{"GET", "/v2/shop/other/blobs/" FILE_BLOB, 404, JSON, "\"BLOB_UNKNOWN\""},
		{"GET", "/v2/shop/broken/blobs/" FILE_BLOB, 500, JSON, "\"UNKNOWN\""},
		{"GET", REPOSITORY "/blobs/sha256:12", 400, JSON, "\"DIGEST_INVALID\""},
		{"GET", REPOSITORY "/blobs/..", 404, JSON, "\"NAME_UNKNOWN\""},
		{"GET", REPOSITORY "/tags/list", 200, JSON,
			"{\"name\":\"shop/redis\",\"tags\":[\"v1\",\"v2\"]}"},
		{"GET", REPOSITORY "/tags/list?n=1", 200,
			"link: <" REPOSITORY "/tags/list?n=1&last=v1>; rel=\"next\"\n",
			"\"tags\":[\"v1\"]"},
		{"GET", "/v2/shop/other/tags/list", 404, JSON, "\"NAME_UNKNOWN\""},
		{"GET", "/v2/shop/broken/tags/list", 500, JSON, "\"UNKNOWN\""},
		{"GET", REPOSITORY "/tags/other", 404, JSON, "\"NAME_UNKNOWN\""},
		{"GET", REPOSITORY "/referrers/" MANIFEST, 200,
			"content-type: " IMAGE_TYPE_INDEX "\n", "\"manifests\":[]}"},
		{"GET", REPOSITORY "/referrers/" MANIFEST "?artifactType=x", 200,
			"oci-filters-applied: artifactType\n", "\"manifests\":[]}"},
		{"GET", REPOSITORY "/referrers/x", 400, JSON, "\"DIGEST_INVALID\""},
		{"GET", "/v2/Shop/manifests/v1", 400, JSON, "\"NAME_INVALID\""},
		{"GET", "/v2/a%00b/manifests/v1", 400, "", ""},
		{"GET", "/v2//manifests/v1", 400, JSON, "\"NAME_INVALID\""},
		{"GET", "/v2/manifests/v1", 400, JSON, "\"NAME_INVALID\""},
		{"GET", "/v2/manifests/manifests/v1", 404, JSON, "\"MANIFEST_UNKNOWN\""},
		{"GET", "/v2/_catalog", 404, JSON, "\"NAME_UNKNOWN\""},
		{"GET", "/", 404, JSON, "\"NAME_UNKNOWN\""},
		{"POST", REPOSITORY "/blobs/uploads/", 405, "allow: GET, HEAD\n",
			"\"UNSUPPORTED\""},
		{"DELETE", REPOSITORY "/manifests/" MANIFEST, 405, JSON, "\"UNSUPPORTED\""},
		{"PUT", REPOSITORY "/manifests/v9", 405, JSON, "\"UNSUPPORTED\""},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct outcome outcome;
		bool is_as_expected;
		ask(*state, cases[i].method, cases[i].path, no_headers, &outcome);
		is_as_expected = outcome.status == cases[i].status &&
			str_contains(buf_str(&outcome.headers), str_of(cases[i].headers)) &&
			!str_contains(buf_str(&outcome.body), STR("secret")) &&
			(cases[i].body[0] != '\0' || cases[i].status != 200
					? str_contains(
						  buf_str(&outcome.body), str_of(cases[i].body))
					: outcome.body.size == 0);
		if (!is_as_expected)
			print_error("%s %s: %d\n%s%s\n", cases[i].method, cases[i].path,
				outcome.status, outcome.headers.data, outcome.body.data);
		outcome_done(&outcome);
		assert_true(is_as_expected);
	}
}

static void headers_choose_the_part_and_the_version(void **state)
{
	static const struct {
		const char *method;
		const char *digest; /* of the blob */
		struct http_header sent[2];
		int status;
		const char *headers;
		const char *body;
	} cases[] = {
		{"GET", FILE_BLOB, {{"Range", "bytes=2-4"}}, 206, "content-range: bytes 2-4/10\n",
			"234"},
		{"GET", BYTES_BLOB, {{"Range", "bytes=2-4"}}, 206, "content-range: bytes 2-4/10\n",
			"234"},
		{"GET", FILE_BLOB, {{"Range", "bytes=8-"}}, 206, "content-length: 2\n", "89"},
		{"GET", BYTES_BLOB, {{"Range", "bytes=-3"}}, 206, "content-range: bytes 7-9/10\n",
			"789"},
		{"GET", FILE_BLOB, {{"Range", "bytes=10-"}}, 416, "content-range: bytes */10\n",
			"SIZE_INVALID"},
		{"GET", FILE_BLOB, {{"Range", "lines=1-2"}}, 200, "", "0123456789"},
		{"HEAD", FILE_BLOB, {{"Range", "bytes=2-4"}}, 200, "content-length: 10\n", ""},
		{"GET", FILE_BLOB, {{"If-None-Match", "\"" FILE_BLOB "\""}}, 304,
			"etag: \"" FILE_BLOB "\"\n", ""},
		{"HEAD", FILE_BLOB, {{"If-None-Match", "*"}}, 304, "docker-content-digest: ", ""},
		{"GET", FILE_BLOB, {{"If-None-Match", "\"" BYTES_BLOB "\""}}, 200, "",
			"0123456789"},
		{"GET", FILE_BLOB, {{"Range", "bytes=2-4"}, {"If-Range", "\"x\""}}, 200, "",
			"0123456789"},
		{"GET", FILE_BLOB, {{"Range", "bytes=2-4"}, {"If-Range", "\"" FILE_BLOB "\""}}, 206,
			"", "234"},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		autobuf path = BUF_INIT(1000);
		struct outcome outcome;
		bool is_as_expected;
		buf_printf(&path, REPOSITORY "/blobs/%s", cases[i].digest);
		ask(*state, cases[i].method, path.data, cases[i].sent, &outcome);
		is_as_expected = outcome.status == cases[i].status &&
			str_contains(buf_str(&outcome.headers), str_of(cases[i].headers)) &&
			(cases[i].status == 416 ? str_contains(buf_str(&outcome.body),
							  str_of(cases[i].body))
						: str_is(buf_str(&outcome.body), cases[i].body));
		if (!is_as_expected)
			print_error("case %zu: %d\n%s%s\n", i, outcome.status, outcome.headers.data,
				outcome.body.data);
		outcome_done(&outcome);
		assert_true(is_as_expected);
	}
}

static void the_longest_names_are_answered(void **state)
{
	autobuf path = BUF_INIT(1000);
	struct outcome outcome;

	buf_add_text(&path, "/v2/");
	while (path.size < 4 + IMAGE_NAME_MAX)
		buf_add_byte(&path, 'a');
	buf_add_text(&path, "/manifests/v1");
	ask(*state, "GET", path.data, no_headers, &outcome);
	outcome_done(&outcome);
	assert_int_equal(outcome.status, 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_route_answers, start_server, stop_server),
		cmocka_unit_test_setup_teardown(
			headers_choose_the_part_and_the_version, start_server, stop_server),
		cmocka_unit_test_setup_teardown(
			the_longest_names_are_answered, start_server, stop_server),
	};

	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
