/* Processes to containers by their control groups, one process of each to its network. */
#include "node/connections.h"

#include "base/buf.h"
#include "base/number.h"
#include "sys/file.h"

enum {
	CONNECTIONS_CGROUP_BYTES = 16 * 1024,
	/* Some thousand sockets; whoever has more has connections. */
	CONNECTIONS_TABLE_BYTES = 1024 * 1024,
};

int64_t node_connections_in(struct str text)
{
	static const size_t state_field = 3; /* "sl local_address rem_address st" */
	struct str line;
	int64_t count = 0;

	while (text.size > 0) {
		struct str rest;
		struct str field = {0};
		(void)str_cut(text, '\n', &line, &text);
		rest = str_trim(line);
		for (size_t i = 0; i <= state_field; i++)
			(void)str_cut(rest, ' ', &field, &rest);
		count += str_is(field, "01") ? 1 : 0; /* TCP_ESTABLISHED */
	}
	return count;
}

/* What is larger than its limit is counted as far as it was read. */
static int64_t connections_of(int proc_fd, const char *pid, const char *table)
{
	autobuf path = BUF_INIT(64);
	autobuf text = BUF_INIT(CONNECTIONS_TABLE_BYTES);
	struct error gone;

	buf_printf(&path, "%s/net/%s", pid, table);
	if (file_read(proc_fd, path.data, &text, &gone) < 0 && gone.kind != ERROR_TOO_BIG)
		return 0;
	return node_connections_in(buf_str(&text));
}

struct connections_search {
	int proc_fd;
	struct node_connections *pods;
	size_t count;
};

/* A process of one of the containers: its network is the Pod's. */
static int connections_visit(void *context, const char *name, bool is_directory, struct error *err)
{
	struct connections_search *search = context;
	autobuf path = BUF_INIT(64);
	autobuf group = BUF_INIT(CONNECTIONS_CGROUP_BYTES);
	struct error gone;
	uint64_t pid;

	(void)is_directory;
	(void)err;
	buf_printf(&path, "%s/cgroup", name);
	if (!number_parse_u64(str_of(name), &pid) ||
		file_read(search->proc_fd, path.data, &group, &gone) < 0)
		return 0;
	for (size_t i = 0; i < search->count; i++) {
		struct node_connections *pod = &search->pods[i];
		if (pod->is_counted || !str_contains(buf_str(&group), pod->container_id))
			continue;
		pod->is_counted = true;
		pod->established = connections_of(search->proc_fd, name, "tcp") +
			connections_of(search->proc_fd, name, "tcp6");
		break;
	}
	return 0;
}

int node_connections_count(
	int proc_fd, struct node_connections *pods, size_t count, struct error *err)
{
	struct connections_search search = {proc_fd, pods, count};

	return file_for_each(proc_fd, connections_visit, &search, err);
}
