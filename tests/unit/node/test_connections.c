/* What the kernel shows of sockets, and our own connection among it. */
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/connections.h"
#include "sys/fd.h"
#include "sys/file.h"

static const struct str table = STR_INIT(
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
	"   0: 00000000:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
	"   1: 0100007F:18EB 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0\n"
	" 123: 0100007F:9C40 0100007F:18EB 01 00000000:00000000 00:00000000 00000000     0\n"
	"   3: 0100007F:9C41 0100007F:18EB 06 00000000:00000000 00:00000000 00000000     0\n");

static void established_ones_are_counted(void **state)
{
	(void)state;
	assert_int_equal(node_connections_in(table), 2);
	assert_int_equal(node_connections_in(STR("")), 0);
	assert_int_equal(node_connections_in(STR("   1: 0100007F:18EB 0100")), 0);
}

/* A name that stands in the control groups of this process, as a container's ID does. */
static struct str own_group(struct buf *text)
{
	struct error err;
	struct str line;
	struct str rest;

	assert_int_equal(file_read(AT_FDCWD, "/proc/self/cgroup", text, &err), 0);
	(void)str_cut(buf_str(text), '\n', &line, &rest);
	return line;
}

static void those_of_a_process_are_found_by_its_group(void **state)
{
	autoclose int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autoclose int connected = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autoclose int proc_fd = -1;
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	autobuf text = BUF_INIT(16 * 1024);
	struct node_connections pods[2] = {
		{.container_id = STR("of nobody")}, {.container_id = own_group(&text)}};
	struct error err;

	(void)state;
	assert_int_equal(bind(listening, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(connect(connected, (struct sockaddr *)&address, size), 0);
	assert_int_equal(file_open_directory("/proc", &proc_fd, &err), 0);
	assert_int_equal(node_connections_count(proc_fd, pods, 2, &err), 0);
	assert_false(pods[0].is_counted);
	assert_true(pods[1].is_counted);
	assert_true(pods[1].established >= 2); /* both ends; others may be in this network, too */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(established_ones_are_counted),
		cmocka_unit_test(those_of_a_process_are_found_by_its_group),
	};

	return cmocka_run_group_tests_name("node/connections", tests, NULL, NULL);
}
