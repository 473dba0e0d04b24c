/* Handing over, and what a stranger may send instead. */
#include "pairs.h"

#include <sys/stat.h>
#include <sys/un.h>

#include "base/str.h"

struct world {
	char directory[40];
	char path[60];
	int listening;
	size_t descriptors; /* open ones, before anything was sent */
};

static struct world world;

static int make_world(void **state)
{
	struct error err;

	(void)state;
	world = (struct world){.directory = "/tmp/kcr-hold-XXXXXX", .listening = -1};
	if (mkdtemp(world.directory) == NULL)
		return -1;
	(void)snprintf(world.path, sizeof(world.path), "%s/s", world.directory);
	if (hold_listen(world.path, &world.listening, &err) < 0)
		return -1;
	world.descriptors = count_descriptors();
	return 0;
}

static int drop_world(void **state)
{
	(void)state;
	fd_close(&world.listening);
	(void)unlink(world.path);
	return rmdir(world.directory);
}

/* Sends `text` with `count` descriptors, as anybody may. */
static void send_anything(struct str text, const int *fds, size_t count)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char bytes[4096];
	struct iovec vector = {.iov_base = bytes, .iov_len = text.size};
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(253 * sizeof(int))];
	} control = {0};
	struct msghdr message = {
		.msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = &vector,
		.msg_iovlen = 1,
	};

	assert_true(text.size <= sizeof(bytes));
	memcpy(bytes, text.data, text.size);
	memcpy(address.sun_path, world.path, sizeof(world.path));
	if (count > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, count * sizeof(int));
	}
	assert_int_equal(sendmsg(fd, &message, MSG_DONTWAIT), text.size);
}

/* What was sent is refused with these words, and nothing of it stays open. */
static void assert_refused(const char *words)
{
	struct hold_pair pair = HOLD_PAIR_NONE;
	size_t before = count_descriptors();
	struct error err;

	assert_int_equal(hold_receive(world.listening, &pair, &err), -1);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_non_null(strstr(err.text, words));
	assert_int_equal(pair.connection, -1);
	assert_int_equal(count_descriptors(), before);
	assert_int_equal(hold_receive(world.listening, &pair, &err), 0);
}

#define WORD ((struct str){"kcr-hold/1", sizeof("kcr-hold/1")})

static void a_connection_outlives_who_handed_it_over(void **state)
{
	struct ends ends = connect_ends();
	struct hold_pair sent = {.connection = ends.ours, .lock = -1};
	autopair received = HOLD_PAIR_NONE;
	struct error err;

	(void)state;
	assert_int_equal(hold_send(world.path, &sent, &err), 0);
	fd_close(&ends.ours);
	assert_false(is_hung_up(ends.peers, 20));
	assert_int_equal(hold_receive(world.listening, &received, &err), 1);
	assert_int_equal(received.lock, -1);
	assert_false(is_hung_up(ends.peers, 0));
	hold_pair_close(&received);
	assert_true(is_hung_up(ends.peers, 5000));
	close_ends(&ends);
	assert_int_equal(count_descriptors(), world.descriptors);
}

static bool is_locked(const char *path)
{
	struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	autoclose int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	return fcntl(fd, F_OFD_SETLK, &byte) < 0;
}

static void a_lock_lasts_as_long_as_the_connection(void **state)
{
	struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	struct ends ends = connect_ends();
	char path[60];
	struct hold_pair sent = {.connection = ends.ours};
	autopair received = HOLD_PAIR_NONE;
	struct error err;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/lock", world.directory);
	sent.lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fcntl(sent.lock, F_OFD_SETLK, &byte), 0);
	assert_int_equal(hold_send(world.path, &sent, &err), 0);
	hold_pair_close(&sent);
	assert_true(is_locked(path));
	assert_int_equal(hold_receive(world.listening, &received, &err), 1);
	assert_true(is_locked(path));
	hold_pair_close(&received);
	assert_false(is_locked(path));
	assert_int_equal(unlink(path), 0);
	fd_close(&ends.peers);
}

static void without_anything_to_receive_there_is_nothing(void **state)
{
	struct hold_pair pair = HOLD_PAIR_NONE;
	struct error err;

	(void)state;
	assert_int_equal(hold_receive(world.listening, &pair, &err), 0);
}

static void other_words_are_refused_with_what_came_along(void **state)
{
	static const struct str words[] = {STR_INIT(""), STR_INIT("kcr-hold/1"),
		STR_INIT("GET / HTTP/1.1\r\n\r\n"), STR_INIT("kcr-hold/2\0")};
	char large[4096] = "kcr-hold/1";
	struct ends ends = connect_ends();

	(void)state;
	for (size_t i = 0; i < array_size(words); i++) {
		send_anything(words[i], &ends.ours, 1);
		assert_refused("does not say");
		send_anything(words[i], NULL, 0);
		assert_refused("does not say");
	}
	send_anything((struct str){large, sizeof(large)}, &ends.ours, 1);
	assert_refused("does not say");
	close_ends(&ends);
}

static void no_descriptor_is_refused(void **state)
{
	(void)state;
	send_anything(WORD, NULL, 0);
	assert_refused("no descriptor");
}

static void many_descriptors_are_refused(void **state)
{
	static const size_t counts[] = {3, 4, 64, 253};
	struct ends ends = connect_ends();
	int many[253];

	(void)state;
	for (size_t i = 0; i < array_size(many); i++)
		many[i] = ends.ours;
	for (size_t i = 0; i < array_size(counts); i++) {
		send_anything(WORD, many, counts[i]);
		assert_refused("too many");
	}
	fd_close(&ends.ours);
	assert_true(is_hung_up(ends.peers, 5000));
	fd_close(&ends.peers);
}

static void what_is_no_connection_is_refused(void **state)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	autoclose int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autoclose int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	autoclose int unconnected = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autoclose int file = open_lock();
	int unix_pair[2];

	(void)state;
	assert_int_equal(bind(listening, (const struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(listening, 1), 0);
	any.sin_port = htons(9);
	assert_int_equal(connect(datagrams, (const struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, unix_pair), 0);
	const int fds[] = {listening, datagrams, unconnected, file, unix_pair[0], world.listening,
		STDIN_FILENO};
	for (size_t i = 0; i < array_size(fds); i++) {
		send_anything(WORD, &fds[i], 1);
		assert_refused("no TCP connection");
	}
	fd_close(&unix_pair[0]);
	fd_close(&unix_pair[1]);
}

static void a_lock_has_to_be_a_regular_file(void **state)
{
	struct ends ends = connect_ends();
	autoclose int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int others[] = {ends.peers, directory, world.listening};

	(void)state;
	for (size_t i = 0; i < array_size(others); i++) {
		const int fds[] = {ends.ours, others[i]};

		send_anything(WORD, fds, 2);
		assert_refused("no regular file");
	}
	close_ends(&ends);
}

static void a_holder_that_is_away_or_busy_is_told(void **state)
{
	struct ends ends = connect_ends();
	const struct hold_pair pair = {.connection = ends.ours, .lock = -1};
	char long_path[200];
	struct error err;
	int sent = 0;

	(void)state;
	while (sent < 100000 && hold_send(world.path, &pair, &err) == 0)
		sent++;
	assert_in_range(sent, 1, 99999);
	assert_int_equal(err.system_errno, EAGAIN);
	fd_close(&world.listening);
	assert_int_equal(hold_send(world.path, &pair, &err), -1);
	assert_int_equal(err.system_errno, ECONNREFUSED);
	assert_int_equal(unlink(world.path), 0);
	assert_int_equal(hold_send(world.path, &pair, &err), -1);
	assert_int_equal(err.system_errno, ENOENT);
	memset(long_path, 'a', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(hold_send(long_path, &pair, &err), -1);
	assert_int_equal(err.kind, ERROR_INVALID);
	close_ends(&ends);
}

static void a_socket_that_was_left_is_replaced(void **state)
{
	struct ends ends = connect_ends();
	const struct hold_pair pair = {.connection = ends.ours, .lock = -1};
	autopair received = HOLD_PAIR_NONE;
	struct stat found;
	struct error err;

	(void)state;
	fd_close(&world.listening);
	assert_int_equal(hold_listen(world.path, &world.listening, &err), 0);
	assert_int_equal(stat(world.path, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0666);
	assert_int_equal(hold_send(world.path, &pair, &err), 0);
	assert_int_equal(hold_receive(world.listening, &received, &err), 1);
	close_ends(&ends);
}

#define world_test(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_connection_outlives_who_handed_it_over),
		world_test(a_lock_lasts_as_long_as_the_connection),
		world_test(without_anything_to_receive_there_is_nothing),
		world_test(other_words_are_refused_with_what_came_along),
		world_test(no_descriptor_is_refused),
		world_test(many_descriptors_are_refused),
		world_test(what_is_no_connection_is_refused),
		world_test(a_lock_has_to_be_a_regular_file),
		world_test(a_holder_that_is_away_or_busy_is_told),
		world_test(a_socket_that_was_left_is_replaced),
	};

	return cmocka_run_group_tests_name("hold message", tests, NULL, NULL);
}
