/* The client against scripted peers: what it sends, what it makes of answers and of faults. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "http/client.h"

#include "peer.h"

/* One client, up to two peers, one call whose outcome is kept. */
struct world {
	struct loop *loop;
	struct http_client *client;
	struct peer peer;
	struct peer other;
	struct http_call *call;
	char url[200];

	struct http_request request;
	struct http_callbacks callbacks;
	int done_count;
	int status; /* 0 when the call failed */
	struct error error;
	struct buf body;
	struct buf story; /* what was called back */
};

static void keep_outcome(
	void *context, const struct http_answer *answer, struct str body, const struct error *err)
{
	struct world *world = context;

	world->done_count++;
	buf_add(&world->body, body);
	world->status = answer != NULL ? answer->status : 0;
	if (err != NULL)
		world->error = *err;
	loop_stop(world->loop);
}

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);
	struct error err;

	*state = world;
	world->body = BUF_INIT(1024 * 1024);
	world->story = BUF_INIT(1024);
	if (loop_new(&world->loop, &err) < 0 ||
		http_client_new(world->loop, "kcr-test/1", &world->client, &err) < 0)
		return -1;
	world->request = (struct http_request){
		.method = "GET",
		.url = world->url,
		.body = HTTP_NO_BODY,
		.timeout_ms = 5000,
		.max_bytes = 64 * 1024,
	};
	world->callbacks = (struct http_callbacks){.done = keep_outcome, .context = world};
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	http_call_free(world->call);
	http_client_free(world->client);
	peer_stop(&world->peer);
	peer_stop(&world->other);
	loop_free(world->loop);
	buf_done(&world->body);
	buf_done(&world->story);
	free(world);
	return 0;
}

static void run(struct world *world)
{
	struct error err;

	assert_int_equal(loop_run(world->loop, &err), 0);
}

static void start_peer(struct world *world, const char *const *steps)
{
	peer_start(&world->peer, steps);
	(void)snprintf(world->url, sizeof(world->url), "http://127.0.0.1:%d/a/b?token=secret",
		world->peer.port);
}

/* Runs the world's request to its end. */
static void call(struct world *world)
{
	http_call_free(world->call);
	world->done_count = 0;
	buf_clear(&world->body);
	world->error = (struct error){0};
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	assert_int_equal(world->done_count, 0);
	run(world);
	assert_int_equal(world->done_count, 1);
}

static void call_scripted(struct world *world, const char *const *steps)
{
	start_peer(world, steps);
	call(world);
}

#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

/* Compares what happened with an expectation in one place: status, body and error text. */
static void assert_answer(const struct world *world, int status, const char *body)
{
	assert_string_equal(world->error.text, "");
	assert_int_equal(world->status, status);
	assert_string_equal(world->body.data, body);
}

static void assert_failure(const struct world *world, enum error_kind kind, const char *part)
{
	char peer[40];

	(void)snprintf(peer, sizeof(peer), "127.0.0.1:%d", world->peer.port);
	assert_int_equal(world->status, 0);
	if (strstr(world->error.text, part) == NULL || strstr(world->error.text, peer) == NULL ||
		world->error.kind != kind)
		fail_msg("not a '%s' of '%s' that tells '%s': %s '%s'", error_reason(kind), peer,
			part, error_reason(world->error.kind), world->error.text);
	assert_null(strstr(world->error.text, "secret"));
}

static void assert_heard(struct peer *peer, const char *part, bool is_expected)
{
	struct str heard = peer_heard(peer);

	if (str_contains(heard, str_of(part)) != is_expected)
		fail_msg("'%s' is %s in '%.*s'", part, is_expected ? "not" : "", STR_ARG(heard));
}

/* ---- Answers ---- */

static void an_answer_comes_with_status_and_body(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
}

static void an_answer_that_comes_in_pieces_is_put_together(void **state)
{
	static const char *const steps[] = {"<", ">HTT", "~5", ">P/1.1 200 OK\r", "~5",
		">\nContent-Le", "~5", ">ngth: 5\r\n\r\nhe", "~5", ">llo", "=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
}

static void a_body_may_come_in_chunks(void **state)
{
	static const char *const steps[] = {"<",
		">HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n"
		"0\r\nTrailer: x\r\n\r\n",
		"=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
}

static void a_body_may_end_with_the_connection(void **state)
{
	static const char *const steps[] = {"<", ">HTTP/1.0 200 OK\r\n\r\nhello", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
}

static void a_status_of_failure_is_an_answer(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", "=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_answer(world, 404, "gone");
}

static void interim_answers_are_passed_over(void **state)
{
	static const char *const steps[] = {"<",
		">HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: "
		"x\r\n\r\n" OK_HELLO,
		"=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
}

static void no_content_is_an_answer_without_a_body(void **state)
{
	static const char *const steps[] = {"<", ">HTTP/1.1 204 No Content\r\n\r\n", "=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_answer(world, 204, "");
}

static void head_is_an_answer_without_its_body(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n", "=", NULL};
	struct world *world = *state;

	world->request.method = "HEAD";
	call_scripted(world, steps);
	assert_answer(world, 200, "");
	assert_heard(&world->peer, "HEAD /a/b?token=secret HTTP/1.1\r\n", true);
}

static void a_compressed_body_is_undone_when_it_was_asked_for(void **state)
{
	static const char *const steps[] = {"<",
		">HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n",
		"x1f8b0800000000000003cb48cdc9c9070086a6103605000000", "=", NULL};
	struct world *world = *state;

	world->request.accept_compressed = true;
	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
	assert_heard(&world->peer, "\r\nAccept-Encoding: gzip\r\n", true);
}

static void a_damaged_compressed_body_is_corrupt(void **state)
{
	static const char *const steps[] = {"<",
		">HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "=",
		NULL};
	struct world *world = *state;

	world->request.accept_compressed = true;
	call_scripted(world, steps);
	assert_failure(world, ERROR_CORRUPT, "its compressed body is damaged");
}

/* ---- Requests ---- */

static void a_get_is_sent_with_its_headers(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	static const struct http_header headers[] = {
		{"Accept", "application/json"}, {"X-Empty", ""}};
	struct world *world = *state;
	char expected[300];

	world->request.headers = headers;
	world->request.header_count = 2;
	world->request.bearer_token = "t0k3n";
	call_scripted(world, steps);
	(void)snprintf(expected, sizeof(expected),
		"GET /a/b?token=secret HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: kcr-test/1\r\n"
		"Accept: application/json\r\nX-Empty:\r\nAuthorization: Bearer t0k3n\r\n\r\n",
		world->peer.port);
	assert_string_equal(world->peer.heard.data, expected);
}

static void a_body_from_memory_is_sent_with_its_length(void **state)
{
	static const char *const steps[] = {"<", "<9", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	world->request.method = "PATCH";
	world->request.body.bytes = STR("{\"a\":{}}\n");
	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
	assert_heard(&world->peer, "PATCH /a/b", true);
	assert_heard(&world->peer, "\r\nContent-Length: 9\r\n", true);
	assert_heard(&world->peer, "\r\n\r\n{\"a\":{}}\n", true);
	assert_heard(&world->peer, "Expect", false);
}

static void an_empty_post_says_that_it_is_empty(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	world->request.method = "POST";
	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
	assert_heard(&world->peer, "\r\nContent-Length: 0\r\n", true);
}

/* A file of `size` bytes 'a', 'b', ... */
static int file_of(size_t size)
{
	FILE *file = tmpfile();
	int fd = dup(fileno(file));

	for (size_t i = 0; i < size; i++)
		assert_int_not_equal(fputc('a' + (int)(i % 26), file), EOF);
	assert_int_equal(fclose(file), 0);
	return fd;
}

static void a_body_may_be_a_range_of_a_file(void **state)
{
	static const char *const steps[] = {"<", "<6", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;
	int fd = file_of(26);

	world->request.method = "PUT";
	world->request.body = (struct http_body){.fd = fd, .offset = 10, .size = 6};
	call_scripted(world, steps);
	(void)close(fd);
	assert_answer(world, 200, "hello");
	assert_heard(&world->peer, "\r\n\r\nklmnop", true);
}

static void a_file_that_is_too_short_is_not_sent_as_if_it_were_whole(void **state)
{
	static const char *const steps[] = {"<", "<30", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;
	int fd = file_of(26);

	world->request.method = "PUT";
	world->request.body = (struct http_body){.fd = fd, .size = 30};
	call_scripted(world, steps);
	(void)close(fd);
	assert_failure(world, ERROR_CORRUPT, "ends before its range");
}

enum { LARGE_BODY = 3 * 1024 * 1024 };

static void call_with_large_body(struct world *world, const char *const *steps)
{
	int fd = file_of(LARGE_BODY);

	world->request.method = "PUT";
	world->request.body = (struct http_body){.fd = fd, .size = LARGE_BODY};
	call_scripted(world, steps);
	(void)close(fd);
}

static void a_large_body_waits_for_the_consent_of_its_peer(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 100 Continue\r\n\r\n", "<3145728", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	call_with_large_body(world, steps);
	assert_answer(world, 200, "hello");
	assert_heard(&world->peer, "\r\nExpect: 100-continue\r\n", true);
}

static void a_large_body_is_not_sent_to_a_peer_that_refuses_it(void **state)
{
	static const char *const steps[] = {"<",
		">HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"x\"\r\n"
		"Content-Length: 2\r\n\r\nno",
		"=", NULL};
	struct world *world = *state;

	call_with_large_body(world, steps);
	assert_answer(world, 401, "no");
	assert_in_range(world->peer.heard.size, 1, 1000);
}

static void a_large_body_is_sent_again_to_a_peer_that_cannot_expect(void **state)
{
	static const char *const steps[] = {"<",
		">HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n", "<", "<3145728",
		">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	call_with_large_body(world, steps);
	assert_answer(world, 200, "hello");
}

/* ---- Connections ---- */

static void a_connection_is_used_again(void **state)
{
	static const char *const steps[] = {
		"<", ">" OK_HELLO, "<", ">" OK_HELLO, "<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	call(world);
	call(world);
	assert_answer(world, 200, "hello");
	assert_int_equal(atomic_load(&world->peer.accepted), 1);
}

static void calls_of_their_own_do_not_use_the_connections_of_others(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	world->request.own_connection = true;
	call(world);
	assert_int_equal(atomic_load(&world->peer.accepted), 2);
	call(world);
	assert_int_equal(atomic_load(&world->peer.accepted), 2);
}

static void forgotten_connections_are_not_used_again(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	http_client_forget_connections(world->client);
	call(world);
	assert_answer(world, 200, "hello");
	assert_int_equal(atomic_load(&world->peer.accepted), 2);
}

static void a_call_goes_on_when_its_connection_is_forgotten(void **state)
{
	static const char *const steps[] = {"<", "~20", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	start_peer(world, steps);
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	http_client_forget_connections(world->client);
	run(world);
	assert_answer(world, 200, "hello");
}

static void a_request_on_a_connection_that_was_just_closed_is_repeated(void **state)
{
	static const char *const steps[] = {"<", "<9", ">" OK_HELLO, NULL};
	struct world *world = *state;

	world->request.method = "POST";
	world->request.body.bytes = STR("{\"a\":{}}\n");
	call_scripted(world, steps);
	call(world);
	assert_answer(world, 200, "hello");
	assert_int_equal(atomic_load(&world->peer.accepted), 2);
}

/* ---- Faults ---- */

static void a_body_that_is_cut_is_a_failure(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_failure(world, ERROR_SYSTEM, "it ended before its end");
}

static void a_chunked_body_that_is_cut_is_a_failure(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_failure(world, ERROR_SYSTEM, "it ended before its end");
}

static void a_reset_is_a_failure(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", "~5", "!", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_failure(world, ERROR_SYSTEM, "the connection broke");
}

static void a_connection_closed_without_an_answer_is_a_failure(void **state)
{
	static const char *const steps[] = {"<", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_failure(world, ERROR_SYSTEM, "closed the connection");
}

static void a_head_that_is_cut_is_a_failure(void **state)
{
	static const char *const steps[] = {"<", ">HTTP/1.1 200 OK\r\nContent-Type: te", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_int_equal(world->status, 0);
	assert_int_equal(world->error.kind, ERROR_SYSTEM);
}

static void an_answer_that_is_not_http_is_corrupt(void **state)
{
	static const char *const steps[] = {"<", ">SSH-2.0-OpenSSH_9.2\r\n", "=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_failure(world, ERROR_CORRUPT, "is not HTTP");
}

static void a_length_that_is_no_number_is_corrupt(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nhello", "=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_failure(world, ERROR_CORRUPT, "is not HTTP");
}

static void bytes_beyond_the_length_are_not_part_of_the_body(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO "HTTP/1.1 200 OK\r\n\r\n", "=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
}

static void a_body_beyond_its_maximum_is_too_big(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	world->request.max_bytes = 4;
	call_scripted(world, steps);
	assert_failure(world, ERROR_TOO_BIG, "larger than 4 bytes");
	assert_string_equal(world->body.data, "");
}

static void a_head_of_too_many_headers_is_too_big(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 200 OK\r\n", "*3000 Name: some value\r\n", ">\r\n", "=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_failure(world, ERROR_TOO_BIG, "the head of the answer is larger");
}

static void a_header_without_end_is_too_big(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 200 OK\r\nName: ", "*20000 some value", "=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_failure(world, ERROR_TOO_BIG, "head is too large");
}

static void the_deadline_ends_a_call_without_an_answer(void **state)
{
	static const char *const steps[] = {"<", "=", NULL};
	struct world *world = *state;

	world->request.timeout_ms = 50;
	call_scripted(world, steps);
	assert_failure(world, ERROR_TIMEOUT, "no answer from");
	assert_failure(world, ERROR_TIMEOUT, "within 0.05 s");
}

static void the_deadline_ends_an_answer_that_drips(void **state)
{
	static const char *const steps[] = {"<", ">HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
		">a", "~20", ">a", "~20", ">a", "~20", ">a", "~20", ">a", "=", NULL};
	struct world *world = *state;

	world->request.timeout_ms = 60;
	world->request.silence_ms = 50;
	call_scripted(world, steps);
	assert_failure(world, ERROR_TIMEOUT, "was not complete within 0.06 s");
}

static void silence_ends_a_call_before_its_deadline(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "=", NULL};
	struct world *world = *state;

	world->request.silence_ms = 30;
	call_scripted(world, steps);
	assert_failure(world, ERROR_TIMEOUT, "not a byte from");
}

static void bytes_break_the_silence(void **state)
{
	static const char *const steps[] = {"<", ">HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nh",
		"~30", ">e", "~30", ">l", "~30", ">l", "~30", ">o", "=", NULL};
	struct world *world = *state;

	world->request.silence_ms = 80;
	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
}

static void a_refused_connection_is_told_with_its_cause(void **state)
{
	static const char *const steps[] = {NULL};
	struct world *world = *state;

	start_peer(world, steps);
	(void)close(world->peer.listening_fd);
	world->peer.listening_fd = -1;
	call(world);
	assert_failure(world, ERROR_SYSTEM, "cannot connect to");
	assert_failure(world, ERROR_SYSTEM, "Connection refused");
	assert_int_equal(world->error.system_errno, ECONNREFUSED);
}

static void requests_that_cannot_be_sent_are_invalid(void **state)
{
	static const struct http_header broken = {"Accept", "a\r\nX-Evil: b"};
	static const struct {
		const char *url;
		const struct http_header *header;
		const char *token;
		const char *text;
	} cases[] = {
		{"ftp://host/x?secret", NULL, NULL,
			"'ftp://host/x' is not a URL that can be used: "},
		{"host:80/x", NULL, NULL, "'host:80/x' is not a URL that can be used: "},
		{"", NULL, NULL, "'' is not a URL that can be used: "},
		{"https://user:secret@host/", NULL, NULL,
			"a URL with a user name cannot be used; give credentials apart from it"},
		{"http://127.0.0.1:1/", &broken, NULL,
			"the header 'Accept' for '127.0.0.1:1' cannot be sent: it holds a line "
			"break or "
			"its name is not one"},
		{"http://127.0.0.1:1/", NULL, "secret\n",
			"the header 'Authorization' for '127.0.0.1:1' cannot be sent: it holds a "
			"line "
			"break or its name is not one"},
	};
	struct world *world = *state;

	for (size_t i = 0; i < array_size(cases); i++) {
		world->request.url = cases[i].url;
		world->request.headers = cases[i].header;
		world->request.header_count = cases[i].header != NULL;
		world->request.bearer_token = cases[i].token;
		call(world);
		assert_memory_equal(world->error.text, cases[i].text, strlen(cases[i].text));
		assert_null(strstr(world->error.text, "secret"));
		assert_int_equal(world->error.kind, ERROR_INVALID);
	}
}

/* ---- Redirects ---- */

static char redirect[300];

/* `peer` redirects to `other`, which answers. */
static void start_redirecting_peers(struct world *world, const char *status, const char *host)
{
	static const char *const answer[] = {"<", ">" OK_HELLO, "=", NULL};
	static const char *const steps[] = {"<", redirect, "=", NULL};

	peer_start(&world->other, answer);
	(void)snprintf(redirect, sizeof(redirect),
		">HTTP/1.1 %s\r\nLocation: http://%s:%d/c\r\nContent-Length: 4\r\n\r\nhere", status,
		host, world->other.port);
	start_peer(world, steps);
	world->request.bearer_token = "t0k3n";
}

static void a_redirect_is_an_answer_unless_it_is_to_be_followed(void **state)
{
	struct world *world = *state;

	start_redirecting_peers(world, "307 Temporary Redirect", "127.0.0.1");
	call(world);
	assert_answer(world, 307, "here");
	assert_int_equal(atomic_load(&world->other.accepted), 0);
}

static bool tell_status(void *context, const struct http_answer *answer)
{
	struct world *world = context;

	buf_printf(&world->story, "%d ", answer->status);
	return true;
}

static void a_followed_redirect_does_not_take_credentials_to_another_host(void **state)
{
	struct world *world = *state;

	start_redirecting_peers(world, "307 Temporary Redirect", "localhost");
	world->request.follow_redirects = true;
	world->callbacks.head = tell_status;
	call(world);
	assert_answer(world, 200, "hello");
	assert_string_equal(world->story.data, "200 ");
	assert_heard(&world->peer, "t0k3n", true);
	assert_heard(&world->other, "GET /c HTTP/1.1", true);
	assert_heard(&world->other, "t0k3n", false);
	assert_heard(&world->other, "Authorization", false);
}

static void a_followed_redirect_does_not_take_credentials_to_another_port(void **state)
{
	struct world *world = *state;

	start_redirecting_peers(world, "302 Found", "127.0.0.1");
	world->request.follow_redirects = true;
	call(world);
	assert_answer(world, 200, "hello");
	assert_heard(&world->other, "Authorization", false);
}

static void a_redirect_within_a_host_keeps_credentials(void **state)
{
	static const char *const steps[] = {"<",
		">HTTP/1.1 302 Found\r\nLocation: /c\r\nContent-Length: 0\r\n\r\n", "<",
		">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	world->request.follow_redirects = true;
	world->request.bearer_token = "t0k3n";
	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
	assert_heard(&world->peer, "GET /c HTTP/1.1\r\n", true);
	assert_true(str_ends_with(peer_heard(&world->peer), STR("Bearer t0k3n\r\n\r\n")));
}

static void a_post_is_not_redirected(void **state)
{
	struct world *world = *state;

	start_redirecting_peers(world, "307 Temporary Redirect", "127.0.0.1");
	world->request.method = "POST";
	world->request.follow_redirects = true;
	call(world);
	assert_answer(world, 307, "here");
}

static void redirects_without_end_are_not_followed(void **state)
{
#define AROUND "<", ">HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"
	static const char *const steps[] = {
		AROUND, AROUND, AROUND, AROUND, AROUND, AROUND, AROUND, "=", NULL};
	struct world *world = *state;

	world->request.follow_redirects = true;
	call_scripted(world, steps);
	assert_failure(world, ERROR_CORRUPT, "too many redirects");
}

static void a_redirect_to_another_protocol_is_not_followed(void **state)
{
	static const char *const steps[] = {"<",
		">HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
		"=", NULL};
	struct world *world = *state;

	world->request.follow_redirects = true;
	call_scripted(world, steps);
	assert_failure(world, ERROR_CORRUPT, "another protocol");
}

/* ---- Streams ---- */

static int tell_piece(void *context, struct str piece, struct error *err)
{
	struct world *world = context;

	(void)err;
	buf_printf(&world->story, "[%.*s]", STR_ARG(piece));
	return 0;
}

static void a_stream_is_told_piece_by_piece_and_not_collected(void **state)
{
	static const char *const steps[] = {"<", ">HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
		"~10", ">he", "~10", ">llo", "=", NULL};
	struct world *world = *state;

	world->callbacks.head = tell_status;
	world->callbacks.data = tell_piece;
	world->request.max_bytes = 1;
	call_scripted(world, steps);
	assert_answer(world, 200, "");
	assert_string_equal(world->story.data, "200 [he][llo]");
}

static void the_body_of_a_refused_stream_is_collected(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\nlate", "=", NULL};
	struct world *world = *state;

	world->callbacks.head = tell_status;
	world->callbacks.data = tell_piece;
	call_scripted(world, steps);
	assert_answer(world, 410, "late");
	assert_string_equal(world->story.data, "410 ");
}

static bool see_enough(void *context, const struct http_answer *answer)
{
	(void)tell_status(context, answer);
	return false;
}

static void a_stream_may_be_ended_after_its_head(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "=", NULL};
	struct world *world = *state;

	world->callbacks.head = see_enough;
	world->callbacks.data = tell_piece;
	call_scripted(world, steps);
	assert_answer(world, 200, "");
	assert_string_equal(world->story.data, "200 ");
}

static int refuse_piece(void *context, struct str piece, struct error *err)
{
	(void)context;
	(void)piece;
	return error_set(err, ERROR_CORRUPT, "the digest differs");
}

static void a_piece_that_is_refused_ends_the_call_with_that_error(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	world->callbacks.data = refuse_piece;
	call_scripted(world, steps);
	assert_int_equal(world->error.kind, ERROR_CORRUPT);
	assert_string_equal(world->error.text, "the digest differs");
}

static bool look_at_head(void *context, const struct http_answer *answer)
{
	struct world *world = context;

	buf_printf(&world->story, "%.*s %.*s %.*s %lld %lld %zu %s", STR_ARG(answer->content_type),
		STR_ARG(answer->www_authenticate), STR_ARG(answer->docker_content_digest),
		(long long)answer->retry_after_ms, (long long)answer->content_length,
		answer->header_count, answer->headers[0].name);
	return true;
}

static void the_head_tells_the_headers_that_matter(void **state)
{
	static const char *const steps[] = {"<",
		">HTTP/1.1 429 Too Many Requests\r\nRETRY-AFTER: 7\r\nContent-type:  a/b \r\n"
		"Www-Authenticate: Bearer x\r\nDocker-Content-Digest: sha256:00\r\n"
		"Content-Length: 2\r\n\r\nno",
		"=", NULL};
	struct world *world = *state;

	world->callbacks.head = look_at_head;
	call_scripted(world, steps);
	assert_answer(world, 429, "no");
	assert_string_equal(world->story.data, "a/b Bearer x sha256:00 7000 2 5 retry-after");
}

/* ---- Releasing and starting from within callbacks ---- */

static void stop_loop(void *context)
{
	struct world *world = context;

	loop_stop(world->loop);
}

/* Runs the loop for a while and sees that nothing is told. */
static void assert_nothing_is_told(struct world *world)
{
	struct loop_source *timer = loop_timer_new(world->loop, stop_loop, world);

	loop_timer_set(timer, 40);
	run(world);
	loop_source_free(timer);
	assert_int_equal(world->done_count, 0);
}

static void release(struct world *world)
{
	http_call_free(world->call);
	world->call = NULL;
}

static void a_released_call_tells_nothing(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	start_peer(world, steps);
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	release(world);
	assert_nothing_is_told(world);
}

static void a_released_call_that_failed_at_once_tells_nothing(void **state)
{
	struct world *world = *state;

	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	release(world);
	assert_nothing_is_told(world);
}

static bool release_in_head(void *context, const struct http_answer *answer)
{
	struct world *world = context;

	release(world);
	return answer->status == 200; /* what is borrowed stays until we return */
}

static void a_call_may_be_released_in_its_head(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	start_peer(world, steps);
	world->callbacks.head = release_in_head;
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	assert_nothing_is_told(world);
	assert_null(world->call);
}

static int release_in_data(void *context, struct str piece, struct error *err)
{
	struct world *world = context;

	(void)err;
	release(world);
	buf_add(&world->story, piece);
	return 0;
}

static void a_call_may_be_released_in_its_data(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	start_peer(world, steps);
	world->callbacks.data = release_in_data;
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	assert_nothing_is_told(world);
	assert_null(world->call);
	assert_string_equal(world->story.data, "hello");
}

static void release_in_done(
	void *context, const struct http_answer *answer, struct str body, const struct error *err)
{
	struct world *world = context;

	release(world);
	keep_outcome(world, answer, body, err);
}

static void a_call_may_be_released_in_its_end(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	world->callbacks.done = release_in_done;
	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
}

static void release_client_in_done(
	void *context, const struct http_answer *answer, struct str body, const struct error *err)
{
	struct world *world = context;

	release(world);
	http_client_free(world->client);
	world->client = NULL;
	keep_outcome(world, answer, body, err);
}

static void a_client_may_be_freed_in_the_end_of_its_last_call(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	world->callbacks.done = release_client_in_done;
	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
}

static int release_client_in_data(void *context, struct str piece, struct error *err)
{
	struct world *world = context;

	http_client_free(NULL);
	(void)release_in_data(world, piece, err);
	http_client_free(world->client);
	world->client = NULL;
	loop_stop(world->loop);
	return 0;
}

static void a_client_may_be_freed_in_the_data_of_its_last_call(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	start_peer(world, steps);
	world->callbacks.data = release_client_in_data;
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	run(world);
	assert_string_equal(world->story.data, "hello");
}

static int replace_in_data(void *context, struct str piece, struct error *err)
{
	struct world *world = context;

	(void)release_in_data(world, piece, err);
	world->callbacks.data = NULL;
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	return 0;
}

static void a_call_may_be_replaced_by_another_in_its_data(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	start_peer(world, steps);
	world->callbacks.data = replace_in_data;
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	run(world);
	assert_answer(world, 200, "hello");
}

struct pair {
	struct world *world;
	struct http_call *calls[2];
};

static void release_both(
	void *context, const struct http_answer *answer, struct str body, const struct error *err)
{
	struct pair *pair = context;

	http_call_free(pair->calls[0]);
	http_call_free(pair->calls[1]);
	keep_outcome(pair->world, answer, body, err);
}

static void a_call_may_be_released_when_another_one_ends(void **state)
{
	static const char *const steps[] = {"<", "~10", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;
	struct pair pair = {.world = world};

	start_peer(world, steps);
	world->callbacks.done = release_both;
	world->callbacks.context = &pair;
	for (size_t i = 0; i < array_size(pair.calls); i++)
		pair.calls[i] = http_call_start(world->client, &world->request, &world->callbacks);
	run(world);
	assert_answer(world, 200, "hello");
	world->done_count = 0;
	assert_nothing_is_told(world);
}

int main(void)
{
#define world_test(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)
	const struct CMUnitTest tests[] = {
		world_test(an_answer_comes_with_status_and_body),
		world_test(an_answer_that_comes_in_pieces_is_put_together),
		world_test(a_body_may_come_in_chunks),
		world_test(a_body_may_end_with_the_connection),
		world_test(a_status_of_failure_is_an_answer),
		world_test(interim_answers_are_passed_over),
		world_test(no_content_is_an_answer_without_a_body),
		world_test(head_is_an_answer_without_its_body),
		world_test(a_compressed_body_is_undone_when_it_was_asked_for),
		world_test(a_damaged_compressed_body_is_corrupt),
		world_test(a_get_is_sent_with_its_headers),
		world_test(a_body_from_memory_is_sent_with_its_length),
		world_test(an_empty_post_says_that_it_is_empty),
		world_test(a_body_may_be_a_range_of_a_file),
		world_test(a_file_that_is_too_short_is_not_sent_as_if_it_were_whole),
		world_test(a_large_body_waits_for_the_consent_of_its_peer),
		world_test(a_large_body_is_not_sent_to_a_peer_that_refuses_it),
		world_test(a_large_body_is_sent_again_to_a_peer_that_cannot_expect),
		world_test(a_connection_is_used_again),
		world_test(calls_of_their_own_do_not_use_the_connections_of_others),
		world_test(forgotten_connections_are_not_used_again),
		world_test(a_call_goes_on_when_its_connection_is_forgotten),
		world_test(a_request_on_a_connection_that_was_just_closed_is_repeated),
		world_test(a_body_that_is_cut_is_a_failure),
		world_test(a_chunked_body_that_is_cut_is_a_failure),
		world_test(a_reset_is_a_failure),
		world_test(a_connection_closed_without_an_answer_is_a_failure),
		world_test(a_head_that_is_cut_is_a_failure),
		world_test(an_answer_that_is_not_http_is_corrupt),
		world_test(a_length_that_is_no_number_is_corrupt),
		world_test(bytes_beyond_the_length_are_not_part_of_the_body),
		world_test(a_body_beyond_its_maximum_is_too_big),
		world_test(a_head_of_too_many_headers_is_too_big),
		world_test(a_header_without_end_is_too_big),
		world_test(the_deadline_ends_a_call_without_an_answer),
		world_test(the_deadline_ends_an_answer_that_drips),
		world_test(silence_ends_a_call_before_its_deadline),
		world_test(bytes_break_the_silence),
		world_test(a_refused_connection_is_told_with_its_cause),
		world_test(requests_that_cannot_be_sent_are_invalid),
		world_test(a_redirect_is_an_answer_unless_it_is_to_be_followed),
		world_test(a_followed_redirect_does_not_take_credentials_to_another_host),
		world_test(a_followed_redirect_does_not_take_credentials_to_another_port),
		world_test(a_redirect_within_a_host_keeps_credentials),
		world_test(a_post_is_not_redirected),
		world_test(redirects_without_end_are_not_followed),
		world_test(a_redirect_to_another_protocol_is_not_followed),
		world_test(a_stream_is_told_piece_by_piece_and_not_collected),
		world_test(the_body_of_a_refused_stream_is_collected),
		world_test(a_stream_may_be_ended_after_its_head),
		world_test(a_piece_that_is_refused_ends_the_call_with_that_error),
		world_test(the_head_tells_the_headers_that_matter),
		world_test(a_released_call_tells_nothing),
		world_test(a_released_call_that_failed_at_once_tells_nothing),
		world_test(a_call_may_be_released_in_its_head),
		world_test(a_call_may_be_released_in_its_data),
		world_test(a_call_may_be_released_in_its_end),
		world_test(a_client_may_be_freed_in_the_end_of_its_last_call),
		world_test(a_client_may_be_freed_in_the_data_of_its_last_call),
		world_test(a_call_may_be_replaced_by_another_in_its_data),
		world_test(a_call_may_be_released_when_another_one_ends),
	};

	return cmocka_run_group_tests_name("http client", tests, NULL, NULL);
}
