/* Many requests at once, against an API server that answers when no more come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "cli/session.h"
#include "loop/loop.h"

enum { FETCHES = 3 * CLI_OPEN_FETCHES + 1, QUIET_MS = 50 };

/* One request for each connection. */
struct world {
	struct cli_call call;
	struct kube_config config;
	struct cli_session session;
	int listening_fd;
	struct loop_source *listener;
	struct loop_source *quiet;
	struct buf url;
	int waiting[FETCHES]; /* connections without an answer */
	size_t waiting_count;
	size_t most_waiting;
};

static void accept_one(void *context, unsigned events)
{
	struct world *world = context;
	int fd = accept4(world->listening_fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	assert_true(fd >= 0 && world->waiting_count < FETCHES);
	world->waiting[world->waiting_count++] = fd;
	if (world->waiting_count > world->most_waiting)
		world->most_waiting = world->waiting_count;
	loop_timer_set(world->quiet, QUIET_MS);
}

/* False: the request is still on its way. */
static bool answer_one(int fd)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				     "Connection: close\r\nContent-Length: 2\r\n\r\n{}";
	char request[4096];

	if (recv(fd, request, sizeof(request), MSG_DONTWAIT) <= 0)
		return false;
	assert_int_equal(send(fd, answer, strlen(answer), MSG_NOSIGNAL), strlen(answer));
	assert_int_equal(close(fd), 0);
	return true;
}

static void answer_all(void *context)
{
	struct world *world = context;
	size_t left = 0;

	for (size_t i = 0; i < world->waiting_count; i++)
		if (!answer_one(world->waiting[i]))
			world->waiting[left++] = world->waiting[i];
	world->waiting_count = left;
	if (left > 0)
		loop_timer_set(world->quiet, QUIET_MS);
}

static int make_world(void **state)
{
	static struct world world;
	struct cli_session *session = &world.session;
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	struct error err;

	world = (struct world){.url = BUF_INIT(100)};
	world.listening_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(world.listening_fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(world.listening_fd, FETCHES), 0);
	assert_int_equal(getsockname(world.listening_fd, (struct sockaddr *)&address, &size), 0);
	buf_printf(&world.url, "http://127.0.0.1:%u", ntohs(address.sin_port));
	world.config.server = world.url.data;
	session->call = &world.call;
	session->namespace = STR("shop");
	session->metrics = metrics_new();
	assert_int_equal(loop_new(&session->loop, &err), 0);
	assert_int_equal(kube_client_new(session->loop, &world.config, session->metrics,
				 &session->client, &err),
		0);
	world.quiet = loop_timer_new(session->loop, answer_all, &world);
	assert_int_equal(loop_watch_fd(session->loop, world.listening_fd, LOOP_READ, accept_one,
				 &world, &world.listener, &err),
		0);
	*state = &world;
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	kube_client_free(world->session.client);
	loop_source_free(world->listener);
	loop_source_free(world->quiet);
	loop_free(world->session.loop);
	metrics_free(world->session.metrics);
	buf_done(&world->url);
	return close(world->listening_fd);
}

static void many_requests_wait_for_their_turn(void **state)
{
	struct world *world = *state;
	struct cli_fetch fetches[FETCHES];
	struct error err = {0};

	for (size_t i = 0; i < FETCHES; i++)
		fetches[i] = cli_fetch_get(&world->session, &cli_checkpoint_kind, STR("web"));
	if (cli_fetch_all(&world->session, fetches, FETCHES, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < FETCHES; i++) {
		assert_int_equal(fetches[i].doc_count, 1);
		cli_fetch_done(&fetches[i]);
	}
	assert_in_range(world->most_waiting, 1, CLI_OPEN_FETCHES);
}

/* Else a thousand of them would each wait for their own deadline. */
static void where_nobody_answers_the_rest_is_not_sent(void **state)
{
	struct world *world = *state;
	struct cli_fetch fetches[FETCHES];
	struct error err;

	loop_source_free(take_ptr(&world->listener));
	for (size_t i = 0; i < FETCHES; i++) {
		bool is_last = i + 1 == FETCHES;
		fetches[i] = cli_fetch_get(&world->session, &cli_checkpoint_kind,
			is_last ? STR("the-last") : STR("web"));
		fetches[i].request.timeout_ms = QUIET_MS;
	}
	assert_int_equal(cli_fetch_all(&world->session, fetches, FETCHES, &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
	for (size_t i = 0; i < FETCHES; i++)
		assert_int_equal(fetches[i].error.kind, ERROR_TIMEOUT);
	assert_true(str_contains(str_of(fetches[FETCHES - 1].error.text), STR("'shop/web'")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			many_requests_wait_for_their_turn, make_world, drop_world),
		cmocka_unit_test_setup_teardown(
			where_nobody_answers_the_rest_is_not_sent, make_world, drop_world),
	};

	return cmocka_run_group_tests_name("cli/session", tests, NULL, NULL);
}
