/* The client and the server on one loop: what agents do to each other. */
#include "numbered_file.h"

#include "base/alloc.h"
#include "http/client.h"
#include "http/server.h"
#include "sys/fd.h"

enum { FILE_BYTES = 4 * 1024 * 1024, CROWD = 20 };

struct world {
	struct loop *loop;
	struct http_server *server;
	struct http_client *client;
	struct http_call *calls[CROWD];
	struct http_request request;
	struct http_callbacks callbacks;
	char url[80];
	int file_fd;
	int asked_count;
	int done_count;
	int expected_count;
	struct error error; /* of the last call that failed */
	struct buf body; /* of all calls */
	struct buf story;
};

static void answer_file(
	void *context, const struct http_server_request *request, struct http_server_answer *answer)
{
	struct world *world = context;
	struct str range = http_server_header(request, "Range");

	world->asked_count++;
	answer->status = 200;
	answer->size = FILE_BYTES;
	if (http_range_parse(range, FILE_BYTES, &answer->offset, &answer->size) < 0) {
		answer->status = 416;
		return;
	}
	if (range.size > 0) {
		answer->status = 206;
		http_server_answer_add(answer, "Content-Range", "bytes %lld-%lld/%d",
			(long long)answer->offset, (long long)(answer->offset + answer->size - 1),
			FILE_BYTES);
	}
	answer->content = numbered_file_read(world->file_fd, FILE_BYTES);
}

static void count_done(
	void *context, const struct http_answer *answer, struct str body, const struct error *err)
{
	struct world *world = context;

	if (answer != NULL)
		buf_printf(&world->story, "%d %lld;", answer->status,
			(long long)answer->content_length);
	else
		world->error = *err;
	buf_add(&world->body, body);
	if (++world->done_count == world->expected_count)
		loop_stop(world->loop);
}

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);
	const struct http_server_options options = {
		.address = "127.0.0.1", .max_connections = 50, .idle_seconds = 5};
	struct error err;

	*state = world;
	world->file_fd = numbered_file_open(FILE_BYTES);
	world->body = BUF_INIT(2 * FILE_BYTES);
	world->story = BUF_INIT(1024);
	if (loop_new(&world->loop, &err) < 0 ||
		http_server_start(world->loop, &options, answer_file, world, &world->server, &err) <
			0 ||
		http_client_new(world->loop, "kcr-test", &world->client, &err) < 0)
		return -1;
	(void)snprintf(world->url, sizeof(world->url), "http://127.0.0.1:%u/blob",
		http_server_port(world->server));
	world->request = (struct http_request){.method = "GET",
		.url = world->url,
		.body = HTTP_NO_BODY,
		.timeout_ms = 5000,
		.max_bytes = FILE_BYTES};
	world->callbacks = (struct http_callbacks){.done = count_done, .context = world};
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < CROWD; i++)
		http_call_free(world->calls[i]);
	http_client_free(world->client);
	http_server_free(world->server);
	loop_free(world->loop);
	fd_close(&world->file_fd);
	buf_done(&world->body);
	buf_done(&world->story);
	free(world);
	return 0;
}

static void call(struct world *world, int count)
{
	struct error err;

	world->expected_count = count;
	for (int i = 0; i < count; i++)
		world->calls[i] =
			http_call_start(world->client, &world->request, &world->callbacks);
	assert_int_equal(loop_run(world->loop, &err), 0);
}

static int keep_piece(void *context, struct str piece, struct error *err)
{
	struct world *world = context;

	(void)err;
	buf_add(&world->body, piece);
	return 0;
}

static void a_file_arrives_byte_for_byte(void **state)
{
	struct world *world = *state;
	char line[32];

	world->callbacks.data = keep_piece;
	call(world, 1);
	assert_string_equal(world->story.data, "200 4194304;");
	assert_int_equal(world->body.size, FILE_BYTES);
	for (int i = 0; i < FILE_BYTES / 16; i++) {
		(void)snprintf(line, sizeof(line), "%15d\n", i);
		assert_memory_equal(world->body.data + (ptrdiff_t)i * 16, line, 16);
	}
}

static void a_download_can_be_taken_up_where_it_stopped(void **state)
{
	static const struct http_header rest = {"Range", "bytes=4194288-"};
	struct world *world = *state;

	world->request.headers = &rest;
	world->request.header_count = 1;
	call(world, 1);
	assert_string_equal(world->story.data, "206 16;");
	assert_string_equal(world->body.data, "         262143\n");
}

static void head_tells_the_size_of_a_file(void **state)
{
	struct world *world = *state;

	world->request.method = "HEAD";
	call(world, 1);
	assert_string_equal(world->story.data, "200 4194304;");
	assert_int_equal(world->body.size, 0);
}

static void many_calls_run_at_the_same_time(void **state)
{
	static const struct http_header part = {"Range", "bytes=0-15"};
	struct world *world = *state;

	world->request.headers = &part;
	world->request.header_count = 1;
	call(world, CROWD);
	assert_string_equal(world->error.text, "");
	assert_int_equal(world->asked_count, CROWD);
	assert_int_equal(world->body.size, 16 * CROWD);
}

static void an_upload_is_refused_before_it_is_sent(void **state)
{
	struct world *world = *state;
	autoreader *reader = numbered_file_read(world->file_fd, FILE_BYTES);

	world->request.method = "PUT";
	world->request.body = (struct http_body){.content = reader, .size = FILE_BYTES};
	call(world, 1);
	assert_string_equal(world->story.data, "413 43;");
	assert_int_equal(world->asked_count, 0);
}

static int free_server(void *context, struct str piece, struct error *err)
{
	struct world *world = context;

	(void)piece;
	(void)err;
	http_server_free(world->server);
	world->server = NULL;
	return 0;
}

static void a_server_that_goes_away_is_a_failure_of_its_calls(void **state)
{
	struct world *world = *state;

	world->callbacks.data = free_server;
	call(world, 1);
	assert_int_equal(world->error.kind, ERROR_SYSTEM);
	assert_string_equal(world->story.data, "");
}

int main(void)
{
#define world_test(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)
	const struct CMUnitTest tests[] = {
		world_test(a_file_arrives_byte_for_byte),
		world_test(a_download_can_be_taken_up_where_it_stopped),
		world_test(head_tells_the_size_of_a_file),
		world_test(many_calls_run_at_the_same_time),
		world_test(an_upload_is_refused_before_it_is_sent),
		world_test(a_server_that_goes_away_is_a_failure_of_its_calls),
	};

	return cmocka_run_group_tests_name("http pair", tests, NULL, NULL);
}
