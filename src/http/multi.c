/*
 * libcurl tells which sockets and which time-out it waits for (CURLMOPT_SOCKETFUNCTION,
 * CURLMOPT_TIMERFUNCTION); the loop tells when they are there. Both callbacks come from inside
 * libcurl and only touch the loop.
 */
#include "http/multi.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

enum {
	/* Beside calls that share an HTTP/2 connection: watches over HTTP/1.1 take one each. */
	MAX_CONNECTIONS_PER_HOST = 64,
	/* Idle ones that are kept: an API server, a kubelet, a few registries. */
	MAX_IDLE_CONNECTIONS = 16,
};

struct multi_socket {
	struct list link;
	struct http__multi *multi;
	curl_socket_t fd;
	struct loop_source *source; /* NULL when it cannot be watched */
};

static void socket_free(struct multi_socket *item)
{
	list_remove(&item->link);
	loop_source_free(item->source);
	free(item);
}

static void socket_is_ready(void *context, unsigned events)
{
	struct multi_socket *item = context;
	int flags = ((events & LOOP_READ) != 0 ? CURL_CSELECT_IN : 0) |
		((events & LOOP_WRITE) != 0 ? CURL_CSELECT_OUT : 0);

	item->multi->happened(item->multi->context, item->multi, item->fd, flags);
}

static unsigned loop_events_of(int what)
{
	return (what == CURL_POLL_IN || what == CURL_POLL_INOUT ? LOOP_READ : 0u) |
		(what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? LOOP_WRITE : 0u);
}

static struct multi_socket *socket_new(struct http__multi *multi, curl_socket_t fd)
{
	struct multi_socket *item = new_zeroed(struct multi_socket);

	item->multi = multi;
	item->fd = fd;
	list_init(&item->link);
	list_append(&multi->sockets, &item->link);
	(void)curl_multi_assign(multi->curl, fd, item); /* fails for unknown sockets only */
	return item;
}

/* Where the kernel cannot watch a socket, the deadlines of its calls end them. */
static void watch(struct multi_socket *item, unsigned events)
{
	struct error err;
	int result;

	if (item->source != NULL)
		result = loop_change_fd(item->source, events, &err);
	else
		result = loop_watch_fd(item->multi->loop, item->fd, events, socket_is_ready, item,
			&item->source, &err);
	if (result < 0) {
		loop_source_free(item->source);
		item->source = NULL;
	}
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
	struct http__multi *multi = context;
	struct multi_socket *item = assigned;

	(void)easy;
	if (what != CURL_POLL_REMOVE) {
		watch(item != NULL ? item : socket_new(multi, fd), loop_events_of(what));
		return 0;
	}
	if (item != NULL)
		socket_free(item);
	(void)curl_multi_assign(multi->curl, fd, NULL); /* it may be forgotten already */
	return 0;
}

static int set_timer(CURLM *curl, long timeout_ms, void *context)
{
	struct http__multi *multi = context;

	(void)curl;
	if (timeout_ms < 0)
		loop_timer_stop(multi->timer);
	else
		loop_timer_set(multi->timer, timeout_ms);
	return 0;
}

static void timer_is_due(void *context)
{
	struct http__multi *multi = context;

	multi->happened(multi->context, multi, CURL_SOCKET_TIMEOUT, 0);
}

#define set_option(multi, option, value)                                                           \
	do {                                                                                       \
		CURLMcode set_code = curl_multi_setopt((multi)->curl, option, value);              \
		assert(set_code == CURLM_OK);                                                      \
	} while (0)

struct http__multi *http__multi_new(
	struct loop *loop, bool shares_connections, http__multi_fn happened, void *context)
{
	struct http__multi *multi = new_zeroed(struct http__multi);

	list_init(&multi->link);
	list_init(&multi->sockets);
	multi->loop = loop;
	multi->happened = happened;
	multi->context = context;
	multi->timer = loop_timer_new(loop, timer_is_due, multi);
	multi->curl = curl_multi_init();
	if (multi->curl == NULL)
		abort(); /* memory is gone */
	set_option(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	set_option(multi, CURLMOPT_SOCKETDATA, multi);
	set_option(multi, CURLMOPT_TIMERFUNCTION, set_timer);
	set_option(multi, CURLMOPT_TIMERDATA, multi);
	set_option(multi, CURLMOPT_PIPELINING,
		(long)(shares_connections ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING));
	set_option(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)MAX_CONNECTIONS_PER_HOST);
	set_option(multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNECTIONS);
	return multi;
}

void http__multi_free(struct http__multi *multi)
{
	if (multi == NULL)
		return;
	assert(multi->call_count == 0);
	list_remove(&multi->link);
	(void)curl_multi_cleanup(multi->curl); /* fails when called from inside libcurl only */
	list_for_each (link, &multi->sockets)
		socket_free(list_item(link, struct multi_socket, link));
	loop_source_free(multi->timer);
	free(multi);
}

void http__multi_act(struct http__multi *multi, curl_socket_t fd, int flags)
{
	int running;

	/* A failure of a transfer is told by its message; anything else is misuse. */
	(void)curl_multi_socket_action(multi->curl, fd, flags, &running);
}

CURL *http__multi_next_ended(struct http__multi *multi, CURLcode *ret_code)
{
	int left;
	CURLMsg *message = curl_multi_info_read(multi->curl, &left);

	if (message == NULL)
		return NULL;
	*ret_code = message->data.result; /* the only message there is: CURLMSG_DONE */
	return message->easy_handle;
}
