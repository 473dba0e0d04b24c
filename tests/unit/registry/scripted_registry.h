/*
 * A registry on loopback that expects one request after the other and answers each as the script
 * says: for faults that a real registry cannot be made to show. It runs in a thread of its own with
 * one connection at a time and ends when the script does; the first request that differs from the
 * script is kept as the failure and answered with 599.
 */
#ifndef TESTS_SCRIPTED_REGISTRY_H
#define TESTS_SCRIPTED_REGISTRY_H

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/number.h"
#include "sys/fd.h"

struct scripted_step {
	const char *request; /* how the request line begins: "HEAD /v2/a/blobs/sha256:..." */
	const char *has; /* a piece of the request's head or body; NULL: any; "!x": must not be */
	const char *answer; /* "404 Not Found", further header lines; "$PORT" is ours */
	const char *body; /* NULL: none */
	size_t cut_after; /* > 0: hang up after so many bytes of the request's body */
};

struct scripted_registry {
	const struct scripted_step *steps; /* the last one has request NULL */
	int listening_fd;
	int fd; /* the connection */
	char host[64];
	pthread_t thread;
	struct buf received; /* bodies of PATCH requests, one after the other */
	char failure[1024]; /* empty: none */
};

static inline bool scripted_read_head(struct scripted_registry *registry, struct buf *head)
{
	char byte;

	buf_clear(head);
	while (!str_ends_with(buf_str(head), STR("\r\n\r\n"))) {
		if (recv(registry->fd, &byte, 1, 0) != 1)
			return false;
		buf_add_byte(head, byte);
	}
	return true;
}

static inline size_t scripted_content_length(const char *head)
{
	const char *at = strcasestr(head, "\r\ncontent-length: ");
	uint64_t length = 0;
	struct str number = {0};
	struct str rest;

	if (at == NULL)
		return 0;
	(void)str_cut(str_of(at + 18), '\r', &number, &rest);
	return number_parse_u64(number, &length) ? (size_t)length : 0;
}

static inline void scripted_read_body(
	struct scripted_registry *registry, struct buf *body, size_t size)
{
	char bytes[4096];

	buf_clear(body);
	while (body->size < size) {
		size_t left = size - body->size;
		ssize_t got =
			recv(registry->fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes), 0);
		if (got <= 0)
			return;
		buf_add(body, (struct str){bytes, (size_t)got});
	}
}

static inline bool scripted_is_expected(
	const struct scripted_step *step, const struct buf *head, const struct buf *body)
{
	const char *has = step->has;
	bool must_not = has != NULL && has[0] == '!';
	bool found;

	if (!str_starts_with(buf_str(head), str_of(step->request)))
		return false;
	if (has == NULL)
		return true;
	found = strcasestr(head->data, has + must_not) != NULL ||
		str_contains(buf_str(body), str_of(has + must_not));
	return found != must_not;
}

static inline void scripted_answer(
	struct scripted_registry *registry, const struct scripted_step *step, bool is_head)
{
	autobuf text = BUF_INIT(65536);
	struct str rest = str_of(step->answer);
	struct str before;
	struct error err;

	buf_add_text(&text, "HTTP/1.1 ");
	while (str_cut(rest, '$', &before, &rest)) {
		buf_add(&text, before);
		buf_add_text(&text, strchr(registry->host, ':') + 1);
		rest = str_from(rest, 4); /* behind "PORT" */
	}
	buf_add(&text, before);
	buf_printf(&text, "\r\nContent-Length: %zu\r\n\r\n%s",
		step->body != NULL ? strlen(step->body) : 0,
		step->body != NULL && !is_head ? step->body : "");
	(void)!fd_write_all(registry->fd, buf_str(&text), "a client", &err);
}

/* One request; false when the connection is over. */
static inline bool scripted_serve(
	struct scripted_registry *registry, const struct scripted_step *step)
{
	static const struct scripted_step surprise = {.answer = "599 Unexpected"};
	autobuf head = BUF_INIT(65536);
	autobuf body = BUF_INIT(16 * 1024 * 1024);
	size_t length;
	bool is_head;

	if (!scripted_read_head(registry, &head))
		return false;
	if (strcasestr(head.data, "\r\nExpect: 100-continue\r\n") != NULL)
		(void)!write(registry->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	length = scripted_content_length(head.data);
	is_head = str_starts_with(buf_str(&head), STR("HEAD "));
	scripted_read_body(registry, &body, step->cut_after > 0 ? step->cut_after : length);
	if (str_starts_with(buf_str(&head), STR("PATCH ")))
		buf_add(&registry->received, buf_str(&body));
	if (step->request == NULL || !scripted_is_expected(step, &head, &body)) {
		if (registry->failure[0] == '\0')
			(void)snprintf(registry->failure, sizeof(registry->failure),
				"expected '%s' with '%s', got: %.*s",
				step->request != NULL ? step->request : "the end",
				step->has != NULL ? step->has : "", 800, head.data);
		scripted_answer(registry, &surprise, is_head);
		return true;
	}
	if (step->cut_after == 0)
		scripted_answer(registry, step, is_head);
	else
		(void)shutdown(registry->fd, SHUT_RDWR);
	return true;
}

static inline void *scripted_run(void *context)
{
	struct scripted_registry *registry = context;
	const struct scripted_step *step = registry->steps;

	for (;;) {
		registry->fd = accept(registry->listening_fd, NULL, NULL);
		if (registry->fd < 0)
			return NULL; /* stopped */
		while (scripted_serve(registry, step))
			if (step->request != NULL)
				step++;
		fd_close(&registry->fd);
	}
}

static inline void scripted_start(
	struct scripted_registry *registry, const struct scripted_step *steps)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	*registry = (struct scripted_registry){.steps = steps, .fd = -1};
	registry->received = BUF_INIT(16 * 1024 * 1024);
	registry->listening_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(registry->listening_fd, (struct sockaddr *)&address, size) < 0 ||
		listen(registry->listening_fd, 8) < 0 ||
		getsockname(registry->listening_fd, (struct sockaddr *)&address, &size) < 0)
		abort();
	(void)snprintf(registry->host, sizeof(registry->host), "127.0.0.1:%u",
		(unsigned)ntohs(address.sin_port));
	if (pthread_create(&registry->thread, NULL, scripted_run, registry) != 0)
		abort();
}

/* After the client is gone: its connections must be closed. */
static inline void scripted_stop(struct scripted_registry *registry)
{
	(void)shutdown(registry->listening_fd, SHUT_RDWR);
	(void)pthread_join(registry->thread, NULL);
	fd_close(&registry->listening_fd);
	buf_done(&registry->received);
}

#endif
