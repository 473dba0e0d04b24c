/*
 * TLS against openssl's own server, with an authority that is made for the test; and HTTP/2, which
 * comes with TLS, against nghttpd (skipped where that is not installed).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/number.h"
#include "http/client.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/process.h"

#include "peer.h"

/* Made once: certificates in a directory of their own and two servers. */
static struct {
	char directory[40];
	struct process plain; /* wants no client certificate */
	struct process mutual; /* wants one of the authority */
	struct process http2; /* PROCESS_NONE without nghttpd */
	uint16_t plain_port;
	uint16_t mutual_port;
	uint16_t http2_port;
	struct buf ca;
	struct buf client;
	struct buf client_key;
	struct buf stranger; /* signed by itself */
	struct buf stranger_key;
} made;

/* ---- The authority and the servers ---- */

/* PROCESS_NONE when there is no such program. */
static struct process run_program(const char *const *arguments, int output_fd)
{
	autoclose int nothing_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct process_fd fds[] = {
		{nothing_fd, 0}, {output_fd >= 0 ? output_fd : nothing_fd, 1}, {nothing_fd, 2}};
	const struct process_spec spec = {
		.arguments = arguments, .fds = fds, .fd_count = 3, .search_path = true};
	struct process process = PROCESS_NONE;
	struct error err;

	if (process_start(&spec, &process, &err) < 0 && err.kind != ERROR_ABSENT)
		fail_msg("%s", err.text);
	return process;
}

static void make_certificate(const char *name, const char *alternative, bool is_signed)
{
	char subject[40];
	char key[40];
	char certificate[40];
	const char *const arguments[] = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", subject, "-keyout",
		key, "-out", certificate, "-addext", alternative, is_signed ? "-CA" : NULL,
		"ca.pem", "-CAkey", "ca.key", NULL};
	struct process process;
	struct error err;
	int status;

	(void)snprintf(subject, sizeof(subject), "/CN=%s", name);
	(void)snprintf(key, sizeof(key), "%s.key", name);
	(void)snprintf(certificate, sizeof(certificate), "%s.pem", name);
	process = run_program(arguments, -1);
	assert_int_equal(process_wait(&process, &status, &err), 0);
	assert_int_equal(status, 0);
}

/* The server tells its port in a line "ACCEPT 127.0.0.1:43210". */
static uint16_t read_port(int fd)
{
	autobuf told = BUF_INIT(4096);
	struct str address;
	struct str port;
	uint64_t number;
	char byte;

	while (!str_contains(buf_str(&told), STR("ACCEPT")) || told.data[told.size - 1] != '\n') {
		assert_int_equal(read(fd, &byte, 1), 1);
		buf_add_byte(&told, byte);
	}
	(void)str_cut_last(buf_str(&told), ':', &address, &port);
	assert_true(number_parse_u64(str_trim(port), &number));
	return (uint16_t)number;
}

static struct process start_server(bool wants_certificate, uint16_t *ret_port)
{
	const char *const arguments[] = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
		"server.pem", "-key", "server.key", "-HTTP", wants_certificate ? "-Verify" : NULL,
		"1", "-verify_return_error", "-CAfile", "ca.pem", NULL};
	int ends[2];
	struct process process;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	process = run_program(arguments, ends[1]);
	(void)close(ends[1]);
	*ret_port = read_port(ends[0]);
	(void)close(ends[0]);
	return process;
}

static struct buf contents_of(const char *path)
{
	struct buf contents = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct error err;

	assert_int_equal(file_read(AT_FDCWD, path, &contents, &err), 0);
	return contents;
}

/* nghttpd cannot choose a port itself. */
static uint16_t free_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	return ntohs(address.sin_port);
}

static bool can_connect(uint16_t port)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

static void start_http2_server(void)
{
	char port[8];
	const char *const arguments[] = {"nghttpd", "--address=127.0.0.1", "-d", ".",
		"--echo-upload", port, "server.key", "server.pem", NULL};

	made.http2_port = free_port();
	(void)snprintf(port, sizeof(port), "%u", made.http2_port);
	made.http2 = run_program(arguments, -1);
	for (int i = 0; i < 500 && made.http2.pidfd >= 0 && !can_connect(made.http2_port); i++)
		(void)poll(NULL, 0, 10);
}

/* What "GET /hello" is answered with. */
static void write_answer(void)
{
	autoclose int fd = open("hello", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct error err;

	assert_int_equal(fd_write_all(fd, STR("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
				 "hello", &err),
		0);
}

static int make_authority(void **state)
{
	(void)state;
	(void)snprintf(made.directory, sizeof(made.directory), "/tmp/kcr-tls-XXXXXX");
	if (mkdtemp(made.directory) == NULL || chdir(made.directory) < 0)
		return -1;
	make_certificate("ca", "keyUsage=keyCertSign", false);
	make_certificate("server", "subjectAltName=IP:127.0.0.1,DNS:kcr.test", true);
	make_certificate("client", "extendedKeyUsage=clientAuth", true);
	make_certificate("stranger", "extendedKeyUsage=clientAuth", false);
	made.ca = contents_of("ca.pem");
	made.client = contents_of("client.pem");
	made.client_key = contents_of("client.key");
	made.stranger = contents_of("stranger.pem");
	made.stranger_key = contents_of("stranger.key");
	write_answer();
	made.plain = start_server(false, &made.plain_port);
	made.mutual = start_server(true, &made.mutual_port);
	start_http2_server();
	return 0;
}

static int drop_authority(void **state)
{
	struct error err;

	(void)state;
	process_kill(&made.plain);
	process_kill(&made.mutual);
	process_kill(&made.http2);
	buf_done(&made.ca);
	buf_done(&made.client);
	buf_done(&made.client_key);
	buf_done(&made.stranger);
	buf_done(&made.stranger_key);
	return file_remove_tree(AT_FDCWD, made.directory, &err);
}

/* ---- One call ---- */

struct outcome {
	struct loop *loop;
	int status; /* 0 when the call failed */
	struct error error;
	char body[40];
};

static void keep_outcome(
	void *context, const struct http_answer *answer, struct str body, const struct error *err)
{
	struct outcome *outcome = context;

	outcome->status = answer != NULL ? answer->status : 0;
	(void)snprintf(outcome->body, sizeof(outcome->body), "%.*s", STR_ARG(body));
	if (err != NULL)
		outcome->error = *err;
	loop_stop(outcome->loop);
}

static struct outcome call(const char *host, uint16_t port, const struct http_tls_options *options)
{
	autoloop *loop = NULL;
	struct outcome outcome = {0};
	struct http_client *client = NULL;
	struct http_tls *tls = options != NULL ? http_tls_new(options) : NULL;
	struct http_call *call;
	char url[80];
	struct error err;

	(void)snprintf(url, sizeof(url), "https://%s:%u/hello", host, port);
	assert_int_equal(loop_new(&loop, &err), 0);
	outcome.loop = loop;
	assert_int_equal(http_client_new(loop, "kcr-test", &client, &err), 0);
	call = http_call_start(client,
		&(struct http_request){.method = "GET",
			.url = url,
			.tls = tls,
			.body = HTTP_NO_BODY,
			.timeout_ms = 5000,
			.max_bytes = 100},
		&(struct http_callbacks){.done = keep_outcome, .context = &outcome});
	http_tls_unref(tls);
	assert_int_equal(loop_run(loop, &err), 0);
	http_call_free(call);
	http_client_free(client);
	return outcome;
}

static void assert_hello(struct outcome outcome)
{
	assert_string_equal(outcome.error.text, "");
	assert_int_equal(outcome.status, 200);
	assert_string_equal(outcome.body, "hello");
}

static void assert_failure(struct outcome outcome, enum error_kind kind, const char *part)
{
	if (outcome.error.kind != kind || strstr(outcome.error.text, part) == NULL)
		fail_msg("not a '%s' that tells '%s': %s '%s'", error_reason(kind), part,
			error_reason(outcome.error.kind), outcome.error.text);
	assert_int_equal(outcome.status, 0);
}

static struct http_tls_options trusting(void)
{
	return (struct http_tls_options){.ca_pem = buf_str(&made.ca)};
}

static void a_peer_of_a_given_authority_is_trusted(void **state)
{
	struct http_tls_options options = trusting();

	(void)state;
	assert_hello(call("127.0.0.1", made.plain_port, &options));
}

static void a_peer_that_nobody_vouches_for_is_denied(void **state)
{
	(void)state;
	assert_failure(call("127.0.0.1", made.plain_port, NULL), ERROR_DENIED,
		"it is not trusted; give the certificate of its authority");
}

static void a_peer_of_another_authority_is_denied(void **state)
{
	struct http_tls_options options = {.ca_pem = buf_str(&made.stranger)};

	(void)state;
	assert_failure(call("127.0.0.1", made.plain_port, &options), ERROR_DENIED, "not trusted");
}

static void a_peer_of_another_name_is_denied(void **state)
{
	struct http_tls_options options = trusting();

	(void)state;
	assert_failure(call("localhost", made.plain_port, &options), ERROR_DENIED, "localhost");
}

static void another_name_may_be_expected(void **state)
{
	struct http_tls_options options = trusting();

	(void)state;
	options.server_name = STR("kcr.test");
	assert_hello(call("localhost", made.plain_port, &options));
	options.server_name = STR("other.test");
	assert_failure(call("127.0.0.1", made.plain_port, &options), ERROR_DENIED, "'127.0.0.1:");
}

static void verification_is_skipped_when_that_was_asked_for(void **state)
{
	struct http_tls_options options = {.insecure_skip_verify = true};

	(void)state;
	assert_hello(call("localhost", made.plain_port, &options));
}

static void a_client_certificate_is_shown(void **state)
{
	struct http_tls_options options = trusting();

	(void)state;
	options.certificate_pem = buf_str(&made.client);
	options.key_pem = buf_str(&made.client_key);
	assert_hello(call("127.0.0.1", made.mutual_port, &options));
}

static void a_missing_client_certificate_is_denied(void **state)
{
	struct http_tls_options options = trusting();

	(void)state;
	assert_failure(call("127.0.0.1", made.mutual_port, &options), ERROR_DENIED,
		"wants a client certificate");
}

static void a_client_certificate_of_another_authority_is_denied(void **state)
{
	struct http_tls_options options = trusting();

	(void)state;
	options.certificate_pem = buf_str(&made.stranger);
	options.key_pem = buf_str(&made.stranger_key);
	assert_failure(call("127.0.0.1", made.mutual_port, &options), ERROR_DENIED,
		"wants a client certificate");
}

static void a_key_that_does_not_fit_is_invalid(void **state)
{
	struct http_tls_options options = trusting();

	(void)state;
	options.certificate_pem = buf_str(&made.client);
	options.key_pem = buf_str(&made.stranger_key);
	assert_failure(call("127.0.0.1", made.plain_port, &options), ERROR_INVALID,
		"the client certificate or its key cannot be used");
}

static void damaged_pem_is_invalid(void **state)
{
	struct http_tls_options options = {.ca_pem = STR("damaged")};

	(void)state;
	assert_failure(call("127.0.0.1", made.plain_port, &options), ERROR_INVALID,
		"the certificates to trust cannot be read");
	options = trusting();
	options.certificate_pem = STR("damaged");
	options.key_pem = STR("damaged");
	assert_failure(call("127.0.0.1", made.plain_port, &options), ERROR_INVALID,
		"the client certificate or its key cannot be used");
}

static void a_port_without_tls_is_told(void **state)
{
	static const char *const steps[] = {
		">HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "=", NULL};
	struct http_tls_options options = trusting();
	struct peer peer;

	(void)state;
	peer_start(&peer, steps);
	assert_failure(call("127.0.0.1", peer.port, &options), ERROR_SYSTEM,
		"check that it speaks TLS on this port");
	peer_stop(&peer);
}

/* ---- HTTP/2 ---- */

enum { CROWD = 8 };

/* Several calls at the same time. */
struct crowd {
	struct loop *loop;
	struct http_client *client;
	struct http_tls *tls;
	struct http_call *calls[CROWD];
	char url[80];
	struct http_request request;
	struct http_callbacks callbacks;
	int done_count;
	int connection_count; /* when the last call was done */
	struct error error; /* of the last one that failed */
	struct buf story;
};

static int make_crowd(void **state)
{
	static struct crowd crowd;
	struct http_tls_options options = trusting();
	struct error err;

	crowd = (struct crowd){.tls = http_tls_new(&options), .story = BUF_INIT(1024 * 1024)};
	(void)snprintf(
		crowd.url, sizeof(crowd.url), "https://127.0.0.1:%u/client.pem", made.http2_port);
	crowd.request = (struct http_request){.method = "GET",
		.url = crowd.url,
		.tls = crowd.tls,
		.body = HTTP_NO_BODY,
		.timeout_ms = 5000,
		.max_bytes = 100000};
	crowd.callbacks.context = &crowd;
	*state = &crowd;
	if (loop_new(&crowd.loop, &err) < 0)
		return -1;
	return http_client_new(crowd.loop, "kcr-test", &crowd.client, &err);
}

static int drop_crowd(void **state)
{
	struct crowd *crowd = *state;

	for (int i = 0; i < CROWD; i++)
		http_call_free(crowd->calls[i]);
	http_client_free(crowd->client);
	http_tls_unref(crowd->tls);
	loop_free(crowd->loop);
	buf_done(&crowd->story);
	return 0;
}

/* Our connections to the server, by asking every descriptor that we have. */
static int count_connections(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++) {
		struct sockaddr_in address;
		socklen_t size = sizeof(address);
		if (getpeername(fd, (struct sockaddr *)&address, &size) == 0 &&
			address.sin_family == AF_INET && ntohs(address.sin_port) == made.http2_port)
			count++;
	}
	return count;
}

static void count_done(
	void *context, const struct http_answer *answer, struct str body, const struct error *err)
{
	struct crowd *crowd = context;

	crowd->done_count++;
	crowd->connection_count = count_connections();
	if (err != NULL)
		crowd->error = *err;
	else
		buf_printf(&crowd->story, "%d ", answer->status);
	if (crowd->request.method[0] == 'P')
		buf_add(&crowd->story, body);
	if (crowd->done_count == CROWD)
		loop_stop(crowd->loop);
}

static void call_crowd(struct crowd *crowd)
{
	struct error err;

	if (made.http2.pidfd < 0)
		skip();
	crowd->callbacks.done = count_done;
	for (int i = 0; i < CROWD; i++)
		crowd->calls[i] =
			http_call_start(crowd->client, &crowd->request, &crowd->callbacks);
	assert_int_equal(loop_run(crowd->loop, &err), 0);
}

static void calls_share_one_connection(void **state)
{
	struct crowd *crowd = *state;

	call_crowd(crowd);
	assert_string_equal(crowd->error.text, "");
	assert_string_equal(crowd->story.data, "200 200 200 200 200 200 200 200 ");
	assert_int_equal(crowd->connection_count, 1);
}

static void calls_of_their_own_share_none(void **state)
{
	struct crowd *crowd = *state;

	crowd->request.own_connection = true;
	call_crowd(crowd);
	assert_string_equal(crowd->error.text, "");
	assert_int_equal(crowd->connection_count, CROWD);
}

static void statuses_of_failure_come_over_a_shared_connection(void **state)
{
	struct crowd *crowd = *state;

	(void)snprintf(
		crowd->url, sizeof(crowd->url), "https://127.0.0.1:%u/absent", made.http2_port);
	call_crowd(crowd);
	assert_string_equal(crowd->story.data, "404 404 404 404 404 404 404 404 ");
}

static void bodies_are_sent_over_a_shared_connection(void **state)
{
	struct crowd *crowd = *state;

	crowd->request.method = "PUT";
	crowd->request.body.bytes = STR("body ");
	call_crowd(crowd);
	assert_string_equal(crowd->error.text, "");
	assert_string_equal(crowd->story.data,
		"200 body 200 body 200 body 200 body 200 body 200 body 200 body 200 body ");
}

static bool see_enough(void *context, const struct http_answer *answer)
{
	(void)context;
	(void)answer;
	return false;
}

static void a_stream_that_is_ended_leaves_the_connection_to_the_others(void **state)
{
	struct crowd *crowd = *state;

	crowd->callbacks.head = see_enough;
	call_crowd(crowd);
	assert_string_equal(crowd->error.text, "");
	assert_string_equal(crowd->story.data, "200 200 200 200 200 200 200 200 ");
	assert_int_equal(crowd->connection_count, 1);
}

static bool release_first(void *context, const struct http_answer *answer)
{
	struct crowd *crowd = context;

	(void)answer;
	crowd->done_count += crowd->calls[0] != NULL;
	http_call_free(crowd->calls[0]);
	crowd->calls[0] = NULL;
	return true;
}

static void a_call_that_is_released_leaves_the_connection_to_the_others(void **state)
{
	struct crowd *crowd = *state;

	crowd->callbacks.head = release_first;
	call_crowd(crowd);
	assert_string_equal(crowd->error.text, "");
	assert_string_equal(crowd->story.data, "200 200 200 200 200 200 200 ");
	assert_int_equal(crowd->connection_count, 1);
}

int main(void)
{
#define http2_test(test) cmocka_unit_test_setup_teardown(test, make_crowd, drop_crowd)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_of_a_given_authority_is_trusted),
		cmocka_unit_test(a_peer_that_nobody_vouches_for_is_denied),
		cmocka_unit_test(a_peer_of_another_authority_is_denied),
		cmocka_unit_test(a_peer_of_another_name_is_denied),
		cmocka_unit_test(another_name_may_be_expected),
		cmocka_unit_test(verification_is_skipped_when_that_was_asked_for),
		cmocka_unit_test(a_client_certificate_is_shown),
		cmocka_unit_test(a_missing_client_certificate_is_denied),
		cmocka_unit_test(a_client_certificate_of_another_authority_is_denied),
		cmocka_unit_test(a_key_that_does_not_fit_is_invalid),
		cmocka_unit_test(damaged_pem_is_invalid),
		cmocka_unit_test(a_port_without_tls_is_told),
		http2_test(calls_share_one_connection),
		http2_test(calls_of_their_own_share_none),
		http2_test(statuses_of_failure_come_over_a_shared_connection),
		http2_test(bodies_are_sent_over_a_shared_connection),
		http2_test(a_stream_that_is_ended_leaves_the_connection_to_the_others),
		http2_test(a_call_that_is_released_leaves_the_connection_to_the_others),
	};

	return cmocka_run_group_tests_name("http tls", tests, make_authority, drop_authority);
}
