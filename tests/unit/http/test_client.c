/* The client against scripted peers: what it sends and what it makes of answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world.h"

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

/* 'a', 'b', ... as far as `damaged_from`. */
struct alphabet {
	struct reader reader;
	int64_t damaged_from;
};

static int alphabet_read(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	struct alphabet *alphabet = container_of(reader, struct alphabet, reader);

	if (offset + (int64_t)size > alphabet->damaged_from)
		return error_set(err, ERROR_CORRUPT, "the alphabet is damaged");
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)('a' + (offset + (int64_t)i) % 26);
	return 0;
}

#define ALPHABET_OF(size)                                                                          \
	{                                                                                          \
		{size, alphabet_read, NULL}, INT64_MAX                                             \
	}

static void a_body_may_be_a_range_of_a_content(void **state)
{
	static const char *const steps[] = {"<", "<6", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;
	struct alphabet alphabet = ALPHABET_OF(26);

	world->request.method = "PUT";
	world->request.body =
		(struct http_body){.content = &alphabet.reader, .offset = 10, .size = 6};
	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
	assert_heard(&world->peer, "\r\n\r\nklmnop", true);
}

static void a_damaged_content_is_not_sent_as_if_it_were_whole(void **state)
{
	static const char *const steps[] = {"<", "<30", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;
	struct alphabet alphabet = ALPHABET_OF(30);

	alphabet.damaged_from = 20;
	world->request.method = "PUT";
	world->request.body = (struct http_body){.content = &alphabet.reader, .size = 30};
	call_scripted(world, steps);
	assert_failure(world, ERROR_CORRUPT, "the alphabet is damaged");
}

enum { LARGE_BODY = 3 * 1024 * 1024 };

static void call_with_large_body(struct world *world, const char *const *steps)
{
	struct alphabet alphabet = ALPHABET_OF(LARGE_BODY);

	world->request.method = "PUT";
	world->request.body = (struct http_body){.content = &alphabet.reader, .size = LARGE_BODY};
	call_scripted(world, steps);
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

int main(void)
{
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
		world_test(a_body_may_be_a_range_of_a_content),
		world_test(a_damaged_content_is_not_sent_as_if_it_were_whole),
		world_test(a_large_body_waits_for_the_consent_of_its_peer),
		world_test(a_large_body_is_not_sent_to_a_peer_that_refuses_it),
		world_test(a_large_body_is_sent_again_to_a_peer_that_cannot_expect),
		world_test(a_connection_is_used_again),
		world_test(calls_of_their_own_do_not_use_the_connections_of_others),
		world_test(forgotten_connections_are_not_used_again),
		world_test(a_call_goes_on_when_its_connection_is_forgotten),
		world_test(a_request_on_a_connection_that_was_just_closed_is_repeated),
		world_test(a_redirect_is_an_answer_unless_it_is_to_be_followed),
		world_test(a_followed_redirect_does_not_take_credentials_to_another_host),
		world_test(a_followed_redirect_does_not_take_credentials_to_another_port),
		world_test(a_redirect_within_a_host_keeps_credentials),
		world_test(a_post_is_not_redirected),
		world_test(redirects_without_end_are_not_followed),
		world_test(a_redirect_to_another_protocol_is_not_followed),
	};

	return cmocka_run_group_tests_name("http client", tests, NULL, NULL);
}
