/* The client and peers that fail: every fault ends in an error that helps. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world.h"

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
#define DRIP ">a", "~20", ">a", "~20", ">a", "~20", ">a", "~20"
	static const char *const steps[] = {
		"<", ">HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", DRIP, DRIP, DRIP, "=", NULL};
	struct world *world = *state;

	world->request.timeout_ms = 200;
	world->request.silence_ms = 190;
	call_scripted(world, steps);
	assert_failure(world, ERROR_TIMEOUT, "was not complete within 0.2 s");
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
		"~80", ">e", "~80", ">l", "~80", ">l", "~80", ">o", "=", NULL};
	struct world *world = *state;

	world->request.silence_ms = 250;
	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
}

static void a_refused_connection_is_told_with_its_cause(void **state)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound, but does not listen */
	struct world *world = *state;

	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	world->peer.port = ntohs(address.sin_port);
	(void)snprintf(
		world->url, sizeof(world->url), "http://127.0.0.1:%d/?secret", world->peer.port);
	call(world);
	(void)close(fd);
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
			"break or its name is not one"},
		{"http://127.0.0.1:1/", NULL, "secret\n",
			"the header 'Authorization' for '127.0.0.1:1' cannot be sent: it holds a "
			"line break or its name is not one"},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests_name("http faults", tests, NULL, NULL);
}
