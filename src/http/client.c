/*
 * When calls start, end and disappear. libcurl must not be entered from its own callbacks, and a
 * callback may start and release calls; so both only put a call into a list, and settle() does the
 * work as soon as we are outside. A call is in at most one list: starting, running, ended (its
 * owner is still to be told) or released (to be freed).
 */
#include "http/client.h"

#include <assert.h>
#include <curl/curl.h>
#include <signal.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/list.h"
#include "http/call.h"

struct http_client {
	struct loop *loop;
	char *user_agent;
	struct http__multi *shared;
	struct http__multi *own; /* each running call has its connection for itself */
	struct list retired; /* multi handles whose last calls still run */
	struct list starting;
	struct list running;
	struct list ended;
	struct list released;
	struct loop_source *tell_later;
	size_t call_count;
	bool is_busy; /* in libcurl or in a callback of an owner */
	bool is_freed;
};

static void multi_happened(void *context, struct http__multi *multi, curl_socket_t fd, int flags);

static struct http__multi *new_multi(struct http_client *client, bool shares_connections)
{
	return http__multi_new(client->loop, shares_connections, multi_happened, client);
}

static void move_to(struct list *list, struct http_call *call)
{
	list_remove(&call->link);
	list_append(list, &call->link);
}

static void end(struct http_call *call)
{
	move_to(&call->client->ended, call);
	if (!call->client->is_busy)
		loop_timer_set(call->client->tell_later, 0);
}

static void leave_multi(struct http_call *call)
{
	loop_source_free(call->silence);
	call->silence = NULL;
	if (call->multi == NULL)
		return;
	if (call->is_in_multi)
		(void)curl_multi_remove_handle(call->multi->curl, call->easy); /* it is there */
	call->is_in_multi = false;
	call->multi->call_count--;
	call->multi = NULL;
}

static void add_to_multi(struct http_call *call)
{
	CURLMcode code = curl_multi_add_handle(call->multi->curl, call->easy);

	if (code != CURLM_OK) {
		(void)error_set(&call->error, ERROR_SYSTEM, "cannot start a request to '%s': %s",
			call->url.peer, curl_multi_strerror(code));
		end(call);
		return;
	}
	call->is_in_multi = true;
	move_to(&call->client->running, call);
}

static void destroy_call(struct http_call *call)
{
	list_remove(&call->link);
	leave_multi(call);
	call->client->call_count--;
	http__call_destroy(call);
}

/* Brings libcurl in line with what the owners asked for. Outside of libcurl only. */
static void settle(struct http_client *client)
{
	list_for_each (link, &client->released)
		destroy_call(list_item(link, struct http_call, link));
	list_for_each (link, &client->starting)
		add_to_multi(list_item(link, struct http_call, link));
	list_for_each (link, &client->retired) {
		struct http__multi *multi = list_item(link, struct http__multi, link);
		if (multi->call_count == 0)
			http__multi_free(multi);
	}
}

static void destroy_client(struct http_client *client)
{
	assert(client->call_count == 0);
	http__multi_free(client->shared);
	http__multi_free(client->own);
	loop_source_free(client->tell_later);
	free(client->user_agent);
	free(client);
	curl_global_cleanup();
}

static void enter(struct http_client *client)
{
	assert(!client->is_busy);
	client->is_busy = true;
}

/* Tells the owners of what has ended; they may do anything meanwhile. */
static void leave(struct http_client *client)
{
	settle(client);
	while (!list_is_empty(&client->ended)) {
		struct http_call *call = list_item(client->ended.next, struct http_call, link);
		list_remove(&call->link);
		http__call_tell(call);
		settle(client);
	}
	client->is_busy = false;
	if (client->is_freed)
		destroy_client(client);
}

static void tell_ended(void *context)
{
	struct http_client *client = context;

	enter(client);
	leave(client);
}

/* libcurl 7.88 cannot drop connections; a new pool takes over and the old one runs dry. */
static void retire(struct http_client *client, struct http__multi **multi)
{
	bool shares_connections = *multi == client->shared;

	list_append(&client->retired, &(*multi)->link);
	*multi = new_multi(client, shares_connections);
}

/*
 * The peer said nothing to this call. It may be gone, or somebody between us and it, although the
 * connection lives; with HTTP/2 the next call would be sent into the same silence.
 */
static void avoid_connection(struct http_call *call)
{
	struct http_client *client = call->client;

	if (call->multi == client->shared)
		retire(client, &client->shared);
	else if (call->multi == client->own)
		retire(client, &client->own);
}

static void conclude_ended(struct http__multi *multi)
{
	CURLcode code = CURLE_OK;

	for (CURL *easy = http__multi_next_ended(multi, &code); easy != NULL;
		easy = http__multi_next_ended(multi, &code)) {
		struct http_call *call = NULL;
		(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call);
		http__call_conclude(call, code);
		if (code == CURLE_OPERATION_TIMEDOUT && !call->head.is_complete)
			avoid_connection(call);
		leave_multi(call);
		if (!call->is_released)
			end(call);
	}
}

static void multi_happened(void *context, struct http__multi *multi, curl_socket_t fd, int flags)
{
	struct http_client *client = context;

	enter(client);
	http__multi_act(multi, fd, flags);
	conclude_ended(multi);
	leave(client);
}

/* The timer is not moved by every byte; it looks when the last one came. */
static void look_for_silence(void *context)
{
	struct http_call *call = context;
	int64_t silent_ms = (loop_now(call->client->loop).us - call->last_byte.us) / 1000;

	if (silent_ms < call->silence_ms) {
		loop_timer_set(call->silence, call->silence_ms - silent_ms);
		return;
	}
	enter(call->client);
	(void)error_set(&call->error, ERROR_TIMEOUT, "not a byte from '%s' for %g s",
		call->url.peer, (double)call->silence_ms / 1000.0);
	avoid_connection(call);
	leave_multi(call);
	end(call);
	leave(call->client);
}

int http_client_new(struct loop *loop, const char *user_agent, struct http_client **ret_client,
	struct error *err)
{
	struct http_client *client;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, ERROR_SYSTEM, "libcurl cannot be initialised");
	/* OpenSSL writes without MSG_NOSIGNAL: a peer that hangs up must not end us. */
	(void)signal(SIGPIPE, SIG_IGN);
	client = new_zeroed(struct http_client);
	client->loop = loop;
	client->user_agent = str_dup(str_of(user_agent));
	client->shared = new_multi(client, true);
	client->own = new_multi(client, false);
	client->tell_later = loop_timer_new(loop, tell_ended, client);
	list_init(&client->retired);
	list_init(&client->starting);
	list_init(&client->running);
	list_init(&client->ended);
	list_init(&client->released);
	*ret_client = client;
	return 0;
}

void http_client_free(struct http_client *client)
{
	if (client == NULL)
		return;
	client->is_freed = true;
	if (client->is_busy)
		return;
	settle(client);
	destroy_client(client);
}

void http_client_forget_connections(struct http_client *client)
{
	retire(client, &client->shared);
	retire(client, &client->own);
	if (!client->is_busy)
		settle(client);
}

struct http_call *http_call_start(struct http_client *client, const struct http_request *request,
	const struct http_callbacks *callbacks)
{
	struct http_call *call = new_zeroed(struct http_call);

	assert(callbacks->done != NULL && !client->is_freed);
	list_init(&call->link);
	call->client = client;
	call->callbacks = *callbacks;
	client->call_count++;
	if (http__call_prepare(call, request, client->user_agent, &call->error) < 0) {
		end(call);
		return call;
	}
	call->multi = request->own_connection ? client->own : client->shared;
	call->multi->call_count++;
	if (call->silence_ms > 0) {
		call->silence = loop_timer_new(client->loop, look_for_silence, call);
		call->last_byte = loop_now(client->loop);
		loop_timer_set(call->silence, call->silence_ms);
	}
	move_to(&client->starting, call);
	if (!client->is_busy)
		settle(client);
	return call;
}

void http_call_free(struct http_call *call)
{
	if (call == NULL)
		return;
	call->is_released = true;
	move_to(&call->client->released, call);
	if (!call->client->is_busy)
		settle(call->client);
}
