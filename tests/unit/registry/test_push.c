/* Pushing: the whole way, and each thing that a registry may do to us on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "registry/client.h"
#include "scripted_registry.h"

#define BLOB   "hello, world"
#define DIGEST "sha256:09ca7e4eaa6e8ae9c7d261167129184883644d07dfba7cbfbc4c8a2e08360d5b"
#define UPLOAD "Location: /v2/shop/redis/blobs/uploads/u1?_state=s0"
#define NEXT   "202 Accepted\r\nLocation: /v2/shop/redis/blobs/uploads/u1?_state=s1"
#define OK     "200 OK"
#define PING                                                                                       \
	{                                                                                          \
		.request = "GET /v2/ ", .answer = OK                                               \
	}
#define CHECK                                                                                      \
	{                                                                                          \
		.request = "HEAD /v2/shop/redis/blobs/" DIGEST " ", .answer = "404 Not Found"      \
	}
#define OPEN                                                                                       \
	{                                                                                          \
		.request = "POST /v2/shop/redis/blobs/uploads/ ", .has = "Content-Length: 0\r\n",  \
		.answer = "202 Accepted\r\n" UPLOAD                                                \
	}
/* libcurl sends a request again by itself when a connection that it had kept is dead. */
#define OPEN_THEN_NEW_CONNECTION                                                                   \
	{                                                                                          \
		.request = "POST ", .answer = "202 Accepted\r\nConnection: close\r\n" UPLOAD       \
	}
#define SEND                                                                                       \
	{                                                                                          \
		.request = "PATCH /v2/shop/redis/blobs/uploads/u1?_state=s0 ", .has = BLOB,        \
		.answer = NEXT                                                                     \
	}
#define CLOSE                                                                                      \
	{                                                                                          \
		.request = "PUT /v2/shop/redis/blobs/uploads/u1?_state=s1&digest=sha256%3A09ca",   \
		.answer = "201 Created"                                                            \
	}
#define MANIFEST                                                                                   \
	{                                                                                          \
		.request = "PUT /v2/shop/redis/manifests/v1 ", .has = "{\"m\":1}",                 \
		.answer = "201 Created"                                                            \
	}
#define END                                                                                        \
	{                                                                                          \
		.request = NULL                                                                    \
	}

struct push_fixture {
	struct loop *loop;
	struct http_client *http;
	struct scripted_registry registry;
	struct registry_push *push;
	bool is_done;
	bool has_failed;
	struct error err;
	int64_t progress_bytes;
	int64_t progress_total;
};

static void on_done(void *context, const struct error *err)
{
	struct push_fixture *fixture = context;

	assert_false(fixture->is_done);
	fixture->is_done = true;
	fixture->has_failed = err != NULL;
	if (err != NULL)
		fixture->err = *err;
	registry_push_free(take_ptr(&fixture->push)); /* allowed here */
	loop_stop(fixture->loop);
}

static void on_progress(void *context, int64_t bytes, int64_t total)
{
	struct push_fixture *fixture = context;

	fixture->progress_bytes = bytes;
	fixture->progress_total = total;
}

static const struct registry_push_callbacks *push_callbacks(struct push_fixture *fixture)
{
	static struct registry_push_callbacks callbacks;

	callbacks = (struct registry_push_callbacks){
		.done = on_done, .progress = on_progress, .context = fixture};
	return &callbacks;
}

static void start_fixture(struct push_fixture *fixture, const struct scripted_step *steps)
{
	*fixture = (struct push_fixture){0};
	assert_int_equal(loop_new(&fixture->loop, &fixture->err), 0);
	assert_int_equal(
		http_client_new(fixture->loop, "kcr-test", &fixture->http, &fixture->err), 0);
	scripted_start(&fixture->registry, steps);
}

static void stop_fixture(struct push_fixture *fixture)
{
	char failure[sizeof(fixture->registry.failure)];

	registry_push_free(fixture->push);
	http_client_free(fixture->http);
	loop_free(fixture->loop);
	scripted_stop(&fixture->registry);
	memcpy(failure, fixture->registry.failure, sizeof(failure));
	if (failure[0] != '\0')
		fail_msg("%s", failure);
}

/* Pushes one blob and a manifest to "shop/redis:v1"; `docker_config` may be NULL. */
static void start_push(struct push_fixture *fixture, const char *docker_config, int64_t timeout_ms)
{
	autocredentials *credentials = NULL;
	const struct registry_blob blob = {.digest = STR(DIGEST), .bytes = STR(BLOB)};
	autobuf name = BUF_INIT(300);
	struct image_reference target;
	struct registry_push_request request = {
		.target = &target,
		.blobs = &blob,
		.blob_count = 1,
		.manifest = STR("{\"m\":1}"),
		.timeout_ms = timeout_ms,
		.retries = 2,
		.retry_delay_ms = 1,
	};

	buf_printf(&name, "%s/shop/redis:v1", fixture->registry.host);
	assert_int_equal(image_reference_parse(buf_str(&name), &target, &fixture->err), 0);
	if (docker_config != NULL)
		assert_int_equal(registry_credentials_parse(
					 str_of(docker_config), &credentials, &fixture->err),
			0);
	request.credentials = credentials;
	assert_int_equal(registry_push_start(fixture->loop, fixture->http, &request,
				 push_callbacks(fixture), &fixture->push, &fixture->err),
		0);
	assert_false(fixture->is_done);
}

static void run_push(
	struct push_fixture *fixture, const struct scripted_step *steps, const char *docker_config)
{
	start_fixture(fixture, steps);
	start_push(fixture, docker_config, 10000);
	assert_int_equal(loop_run(fixture->loop, &fixture->err), 0);
	assert_true(fixture->is_done);
}

static void expect_success(const struct scripted_step *steps, const char *docker_config)
{
	struct push_fixture fixture;

	run_push(&fixture, steps, docker_config);
	if (fixture.has_failed)
		print_error("%s\n", fixture.err.text);
	stop_fixture(&fixture);
	assert_false(fixture.has_failed);
}

static void expect_failure(const struct scripted_step *steps, const char *docker_config,
	enum error_kind kind, const char *words)
{
	struct push_fixture fixture;

	run_push(&fixture, steps, docker_config);
	stop_fixture(&fixture);
	assert_true(fixture.has_failed);
	if (fixture.err.kind != kind || !str_contains(str_of(fixture.err.text), str_of(words)))
		fail_msg("%s, expected '%s': %s", error_reason(fixture.err.kind), words,
			fixture.err.text);
	assert_true(str_contains(str_of(fixture.err.text), STR("/shop/redis:v1'")));
}

static void a_blob_and_its_manifest_arrive(void **state)
{
	static const struct scripted_step steps[] = {PING, CHECK, OPEN, SEND, CLOSE, MANIFEST, END};
	struct push_fixture fixture;

	(void)state;
	run_push(&fixture, steps, NULL);
	assert_int_equal(fixture.progress_bytes, sizeof(BLOB) - 1);
	assert_int_equal(fixture.progress_total, sizeof(BLOB) - 1);
	stop_fixture(&fixture);
	assert_false(fixture.has_failed);
}

static void a_blob_that_is_there_is_not_sent(void **state)
{
	static const struct scripted_step steps[] = {PING,
		{.request = "HEAD /v2/shop/redis/blobs/" DIGEST " ", .answer = OK}, MANIFEST, END};

	(void)state;
	expect_success(steps, NULL);
}

static void locations_may_be_absolute_or_relative(void **state)
{
	static const struct scripted_step steps[] = {PING, CHECK,
		{.request = "POST ",
			.answer = "202 Accepted\r\nLocation: http://127.0.0.1:$PORT/elsewhere/u2"},
		{.request = "PATCH /elsewhere/u2 ", .answer = "202 Accepted\r\nLocation: u3?x=y"},
		{.request = "PUT /elsewhere/u3?x=y&digest=sha256%3A", .answer = "201 Created"},
		MANIFEST, END};

	(void)state;
	expect_success(steps, NULL);
}

static void a_registry_without_location_is_refused(void **state)
{
	static const struct scripted_step steps[] = {
		PING, CHECK, {.request = "POST ", .answer = "202 Accepted"}, END};

	(void)state;
	expect_failure(steps, NULL, ERROR_INVALID, "no usable location");
}

static void a_busy_registry_is_asked_again(void **state)
{
	static const struct scripted_step steps[] = {
		{.request = "GET /v2/ ", .answer = "503 Busy\r\nRetry-After: 0"}, PING, CHECK,
		{.request = "POST ", .answer = "429 Too Many Requests"}, OPEN, SEND, CLOSE,
		MANIFEST, END};

	(void)state;
	expect_success(steps, NULL);
}

static void the_retries_of_a_push_are_counted(void **state)
{
	static const struct scripted_step steps[] = {{.request = "GET ", .answer = "500 A"},
		{.request = "GET ", .answer = "502 B"},
		{.request = "GET ",
			.answer = "503 C",
			.body = "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"no\\u0007"
				"pe\"}]}"},
		END};

	(void)state;
	expect_failure(steps, NULL, ERROR_BUSY, "answered 503 to 'GET http://127.0.0.1:");
}

static void a_broken_upload_goes_on_where_it_broke(void **state)
{
	static const struct scripted_step steps[] = {PING, CHECK, OPEN_THEN_NEW_CONNECTION,
		{.request = "PATCH ", .cut_after = 5},
		{.request = "GET /v2/shop/redis/blobs/uploads/u1?_state=s0 ",
			.answer = "204 No Content\r\nRange: 0-4\r\n" UPLOAD},
		{.request = "PATCH /v2/shop/redis/blobs/uploads/u1?_state=s0 ",
			.has = "Content-Range: 5-11\r\n",
			.answer = NEXT},
		CLOSE, MANIFEST, END};
	struct push_fixture fixture;
	bool is_whole;

	(void)state;
	run_push(&fixture, steps, NULL);
	is_whole = str_is(buf_str(&fixture.registry.received), BLOB);
	stop_fixture(&fixture);
	assert_false(fixture.has_failed);
	assert_true(is_whole);
}

static void a_lost_upload_starts_again(void **state)
{
	static const struct scripted_step steps[] = {PING, CHECK, OPEN_THEN_NEW_CONNECTION,
		{.request = "PATCH ", .cut_after = 5},
		{.request = "GET /v2/shop/redis/blobs/uploads/u1", .answer = "404 Not Found"},
		CHECK, OPEN, SEND, CLOSE, MANIFEST, END};

	(void)state;
	expect_success(steps, NULL);
}

static void hostile_progress_starts_the_upload_again(void **state)
{
	static const struct scripted_step steps[] = {PING, CHECK, OPEN_THEN_NEW_CONNECTION,
		{.request = "PATCH ", .cut_after = 5},
		{.request = "GET /v2/shop",
			.answer = "204 No Content\r\nRange: 0-9223372036854775807"},
		CHECK, OPEN, SEND, CLOSE, MANIFEST, END};

	(void)state;
	expect_success(steps, NULL);
}

static void a_close_that_broke_is_looked_up(void **state)
{
	static const struct scripted_step steps[] = {PING, CHECK, OPEN, SEND,
		{.request = "PUT /v2/shop/redis/blobs/", .answer = "504 Gateway Timeout"},
		{.request = "HEAD /v2/shop/redis/blobs/" DIGEST " ", .answer = OK}, MANIFEST, END};

	(void)state;
	expect_success(steps, NULL);
}

static void bytes_with_another_digest_are_corrupt(void **state)
{
	static const struct scripted_step steps[] = {PING, CHECK, OPEN, SEND,
		{.request = "PUT ",
			.answer = "400 Bad Request",
			.body = "{\"errors\":[{\"code\":\"DIGEST_INVALID\"}]}"},
		END};

	(void)state;
	expect_failure(steps, NULL, ERROR_CORRUPT, "have another digest");
}

static void a_manifest_stored_differently_is_corrupt(void **state)
{
	static const struct scripted_step steps[] = {PING, CHECK, OPEN, SEND, CLOSE,
		{.request = "PUT ", .answer = "201 Created\r\nDocker-Content-Digest: sha256:x"},
		END};

	(void)state;
	expect_failure(steps, NULL, ERROR_CORRUPT, "instead of 'sha256:");
}

static void a_web_server_is_no_registry(void **state)
{
	static const struct scripted_step steps[] = {
		{.request = "GET /v2/ ", .answer = "404 Not Found", .body = "<html>"}, END};

	(void)state;
	expect_failure(steps, NULL, ERROR_UNSUPPORTED, "is no registry");
}

static void a_refusal_names_registry_repository_and_remedy(void **state)
{
	static const struct scripted_step steps[] = {PING, CHECK,
		{.request = "POST ",
			.answer = "403 Forbidden",
			.body = "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"not you\"}]}"},
		END};

	(void)state;
	expect_failure(steps, NULL, ERROR_DENIED,
		"/v2/shop/redis/blobs/uploads/' (DENIED: not you): credentials lack push on "
		"'shop/redis'");
}

/* ---- Authentication ---- */

#define USER  "{\"auths\":{\"127.0.0.1:*\":{\"username\":\"u\",\"password\":\"p\"}}}"
#define LOGIN "Authorization: Basic dTpw\r\n"
#define CHALLENGE                                                                                  \
	"401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"http://127.0.0.1:$PORT/token\","     \
	"service=\"a registry\",scope=\"registry:catalog:*\""
#define TOKEN_URL "GET /token?service=a%20registry&scope=repository%3Ashop%2Fredis%3Apull%2Cpush "

static void basic_credentials_are_sent_when_asked_for(void **state)
{
	static const struct scripted_step steps[] = {
		{.request = "GET /v2/ ",
			.has = "!Authorization",
			.answer = "401 U\r\nWWW-Authenticate: Basic realm=\"r\""},
		{.request = "GET /v2/ ", .has = LOGIN, .answer = OK},
		{.request = "HEAD ", .has = LOGIN, .answer = OK},
		{.request = "PUT ", .has = LOGIN, .answer = "201 Created"}, END};

	(void)state;
	expect_success(steps, USER);
}

static void wrong_credentials_are_told_after_one_try(void **state)
{
	static const struct scripted_step steps[] = {
		{.request = "GET /v2/ ", .answer = "401 U\r\nWWW-Authenticate: Basic realm=\"r\""},
		{.request = "GET /v2/ ",
			.has = LOGIN,
			.answer = "401 U\r\nWWW-Authenticate: Basic realm=\"r\""},
		END};

	(void)state;
	expect_failure(steps, USER, ERROR_DENIED,
		"credentials are missing, wrong, or lack push on 'shop/redis'");
}

static void missing_credentials_are_told(void **state)
{
	static const struct scripted_step steps[] = {
		{.request = "GET /v2/ ", .answer = "401 U\r\nWWW-Authenticate: Basic realm=\"r\""},
		END};

	(void)state;
	expect_failure(steps, NULL, ERROR_DENIED, "there are no credentials for it");
}

static void a_token_is_fetched_for_our_own_scope(void **state)
{
	static const struct scripted_step steps[] = {{.request = "GET /v2/ ", .answer = CHALLENGE},
		{.request = TOKEN_URL,
			.has = LOGIN,
			.answer = OK,
			.body = "{\"token\":\"t1\",\"expires_in\":60}"},
		{.request = "GET /v2/ ", .has = "Authorization: Bearer t1\r\n", .answer = OK},
		{.request = "HEAD ", .has = "Authorization: Bearer t1\r\n", .answer = OK}, MANIFEST,
		END};

	(void)state;
	expect_success(steps, USER);
}

static void an_expired_token_is_replaced(void **state)
{
	static const struct scripted_step steps[] = {{.request = "GET /v2/ ", .answer = CHALLENGE},
		{.request = TOKEN_URL,
			.has = "!Authorization",
			.answer = OK,
			.body = "{\"access_token\":\"t1\"}"},
		PING, CHECK, OPEN,
		{.request = "PATCH ", .has = "Bearer t1\r\n", .answer = CHALLENGE},
		{.request = TOKEN_URL, .answer = OK, .body = "{\"token\":\"t2\"}"},
		{.request = "PATCH ", .has = "Bearer t2\r\n", .answer = NEXT}, CLOSE, MANIFEST,
		END};

	(void)state;
	expect_success(steps, NULL);
}

static void an_identity_token_is_exchanged(void **state)
{
	static const struct scripted_step steps[] = {{.request = "GET /v2/ ", .answer = CHALLENGE},
		{.request = "POST /token ",
			.has = "grant_type=refresh_token&client_id=kcr&service=a%20registry&scope="
			       "repository%3Ashop%2Fredis%3Apull%2Cpush&refresh_token=id%2F1",
			.answer = OK,
			.body = "{\"access_token\":\"t1\"}"},
		{.request = "GET /v2/ ", .has = "Bearer t1\r\n", .answer = OK},
		{.request = "HEAD ", .answer = OK}, MANIFEST, END};

	(void)state;
	expect_success(steps, "{\"auths\":{\"127.0.0.1:*\":{\"identitytoken\":\"id/1\"}}}");
}

static void a_refused_login_blames_the_token_service(void **state)
{
	static const struct scripted_step steps[] = {{.request = "GET /v2/ ", .answer = CHALLENGE},
		{.request = "GET /token", .answer = "401 Unauthorized"}, END};

	(void)state;
	expect_failure(steps, USER, ERROR_DENIED, "token service answered 401 to 'GET http://");
}

static void a_token_that_cannot_be_a_header_is_refused(void **state)
{
	static const struct scripted_step steps[] = {{.request = "GET /v2/ ", .answer = CHALLENGE},
		{.request = "GET /token", .answer = OK, .body = "{\"token\":\"a\\r\\nX: y\"}"},
		END};

	(void)state;
	expect_failure(steps, USER, ERROR_CORRUPT, "has no token");
}

static void credentials_stay_with_the_registry(void **state)
{
	static const struct scripted_step steps[] = {
		{.request = "GET /v2/ ", .answer = "401 U\r\nWWW-Authenticate: Basic realm=\"r\""},
		{.request = "GET /v2/ ", .has = LOGIN, .answer = OK}, CHECK,
		{.request = "POST ",
			.has = LOGIN,
			.answer = "202 Accepted\r\nConnection: close\r\nLocation: "
				  "http://localhost:$PORT/other/u1"},
		{.request = "PATCH /other/u1 ", .has = "!Authorization", .answer = NEXT},
		{.request = "PUT /v2/shop/redis/blobs/",
			.has = "!Authorization",
			.answer = "201 Created\r\nConnection: close"},
		{.request = "PUT /v2/shop/redis/manifests/v1 ",
			.has = LOGIN,
			.answer = "201 Created"},
		END};

	(void)state;
	expect_success(steps, USER);
}

/* ---- Ends ---- */

static void stop_loop(void *context)
{
	loop_stop(context);
}

static void a_released_push_calls_nobody_back(void **state)
{
	static const struct scripted_step steps[] = {PING, CHECK, OPEN, SEND, CLOSE, MANIFEST, END};
	struct push_fixture fixture;
	struct loop_source *timer;

	(void)state;
	start_fixture(&fixture, steps);
	start_push(&fixture, NULL, 10000);
	registry_push_free(take_ptr(&fixture.push));
	timer = loop_timer_new(fixture.loop, stop_loop, fixture.loop);
	loop_timer_set(timer, 20);
	assert_int_equal(loop_run(fixture.loop, &fixture.err), 0);
	loop_source_free(timer);
	assert_false(fixture.is_done);
	stop_fixture(&fixture);
}

static void a_push_ends_at_its_deadline(void **state)
{
	static const struct scripted_step steps[] = {
		{.request = "GET /v2/ ", .answer = "503 Busy\r\nRetry-After: 60"}, END};
	struct push_fixture fixture;

	(void)state;
	start_fixture(&fixture, steps);
	start_push(&fixture, NULL, 200);
	assert_int_equal(loop_run(fixture.loop, &fixture.err), 0);
	stop_fixture(&fixture);
	assert_int_equal(fixture.err.kind, ERROR_BUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_blob_and_its_manifest_arrive),
		cmocka_unit_test(a_blob_that_is_there_is_not_sent),
		cmocka_unit_test(locations_may_be_absolute_or_relative),
		cmocka_unit_test(a_registry_without_location_is_refused),
		cmocka_unit_test(a_busy_registry_is_asked_again),
		cmocka_unit_test(the_retries_of_a_push_are_counted),
		cmocka_unit_test(a_broken_upload_goes_on_where_it_broke),
		cmocka_unit_test(a_lost_upload_starts_again),
		cmocka_unit_test(hostile_progress_starts_the_upload_again),
		cmocka_unit_test(a_close_that_broke_is_looked_up),
		cmocka_unit_test(bytes_with_another_digest_are_corrupt),
		cmocka_unit_test(a_manifest_stored_differently_is_corrupt),
		cmocka_unit_test(a_web_server_is_no_registry),
		cmocka_unit_test(a_refusal_names_registry_repository_and_remedy),
		cmocka_unit_test(basic_credentials_are_sent_when_asked_for),
		cmocka_unit_test(wrong_credentials_are_told_after_one_try),
		cmocka_unit_test(missing_credentials_are_told),
		cmocka_unit_test(a_token_is_fetched_for_our_own_scope),
		cmocka_unit_test(an_expired_token_is_replaced),
		cmocka_unit_test(an_identity_token_is_exchanged),
		cmocka_unit_test(a_refused_login_blames_the_token_service),
		cmocka_unit_test(a_token_that_cannot_be_a_header_is_refused),
		cmocka_unit_test(credentials_stay_with_the_registry),
		cmocka_unit_test(a_released_push_calls_nobody_back),
		cmocka_unit_test(a_push_ends_at_its_deadline),
	};

	return cmocka_run_group_tests_name("push", tests, NULL, NULL);
}
