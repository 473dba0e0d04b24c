/* The processes as a tree under the container, each with what it has in one line. */
#include "base/alloc.h"
#include "base/map.h"
#include "inspect/report.h"
#include "inspect/text.h"

enum { TREE_DEPTH = 64 }; /* deeper processes are drawn at this depth */

/* A process in the tree; places are those among the report's processes, plus one; 0: none. */
struct tree_node {
	size_t parent;
	size_t first_child;
	size_t last_child;
	size_t next; /* sibling */
};

static void tree_add_named(struct buf *out, const char *before, struct str text)
{
	if (text.size == 0)
		return;
	buf_add_text(out, before);
	inspect_add_escaped(out, text);
}

static void tree_write_head(const struct inspect_report *report, struct buf *out)
{
	const struct inspect_container *container = &report->container;
	char text[TIME_TEXT_SIZE];
	char size[INSPECT_SIZE_TEXT];

	tree_add_named(out, "", container->pod_namespace);
	tree_add_named(out, "/", container->pod_name);
	tree_add_named(out, container->pod_name.size > 0 ? "/" : "",
		container->name.size > 0 ? container->name : report->source);
	tree_add_named(out, "  ", container->image);
	if (wall_time_is_set(container->checkpointed)) {
		wall_time_format(container->checkpointed, text);
		buf_printf(out, "  %s", text);
	}
	inspect__format_size(report->dump.size_bytes, size);
	buf_printf(out, "  %s", size);
	if (report->dump.frozen_us > 0) {
		inspect__format_duration(report->dump.frozen_us, size);
		buf_printf(out, "  frozen %s", size);
	}
	tree_add_named(out, "  CRIU ", report->dump.criu_version);
	buf_add_byte(out, '\n');
}

static void tree_write_process(const struct inspect_process *process, struct buf *out)
{
	char memory[INSPECT_SIZE_TEXT];
	char dumped[INSPECT_SIZE_TEXT];

	buf_printf(out, "%lld ", (long long)process->pid);
	if (process->arguments.count > 0)
		inspect__add_words(out, &process->arguments);
	else
		inspect_add_escaped(out, process->name);
	buf_add_text(out, process->are_arguments_cut && process->arguments.count > 0 ? "..." : "");
	if (process->state.size > 0 && !str_is(process->state, "running"))
		tree_add_named(out, "  ", process->state);
	inspect__format_size(process->memory_bytes, memory);
	inspect__format_size(process->dumped_bytes, dumped);
	buf_printf(out, "  [%zu thread%s, %zu file%s, %s mapped, %s dumped]\n",
		process->threads.count, process->threads.count == 1 ? "" : "s",
		process->descriptors.count, process->descriptors.count == 1 ? "" : "s", memory,
		dumped);
}

/* Hangs the node under its parent, which has a smaller place: so there is no circle. */
static void tree_hang(struct tree_node *nodes, size_t place, size_t parent)
{
	struct tree_node *above = &nodes[parent];

	nodes[place].parent = parent;
	if (above->first_child == 0)
		above->first_child = place;
	else
		nodes[above->last_child].next = place;
	above->last_child = place;
}

/* The nodes of all processes behind the first one, which stands above the roots; owned. */
static struct tree_node *tree_build(const struct inspect_process *processes, size_t count)
{
	struct tree_node *nodes = alloc_zeroed(count + 1, sizeof(*nodes));
	automap places = MAP_INIT;

	for (size_t place = 1; place <= count; place++) {
		const struct inspect_process *process = &processes[place - 1];
		struct str parent = {
			(const char *)&process->parent_pid, sizeof(process->parent_pid)};
		struct str pid = {(const char *)&process->pid, sizeof(process->pid)};
		const struct tree_node *above = map_get(&places, parent);
		tree_hang(nodes, place, above != NULL ? (size_t)(above - nodes) : 0);
		(void)map_set(&places, pid, &nodes[place]);
	}
	return nodes;
}

/* "|  `- " in front of the process: what is below a last child has no line beside it. */
static void tree_write_lines(const struct tree_node *nodes, size_t place, struct buf *out)
{
	const char *parts[TREE_DEPTH];
	size_t count = 0;

	if (nodes[place].parent != 0)
		parts[count++] = nodes[place].next == 0 ? "`- " : "|- ";
	for (size_t at = nodes[place].parent;
		at != 0 && nodes[at].parent != 0 && count < TREE_DEPTH; at = nodes[at].parent)
		parts[count++] = nodes[at].next == 0 ? "   " : "|  ";
	while (count > 0)
		buf_add_text(out, parts[--count]);
}

/* The next one from top to bottom: a child, a sibling, or the sibling of one above. */
static size_t tree_next(const struct tree_node *nodes, size_t place)
{
	if (nodes[place].first_child != 0)
		return nodes[place].first_child;
	while (place != 0 && nodes[place].next == 0)
		place = nodes[place].parent;
	return nodes[place].next;
}

void inspect_write_tree(const struct inspect_report *report, struct buf *out)
{
	const struct inspect_process *processes = report->processes.items;
	autofree struct tree_node *nodes = tree_build(processes, report->processes.count);

	tree_write_head(report, out);
	for (size_t place = nodes[0].first_child; place != 0; place = tree_next(nodes, place)) {
		tree_write_lines(nodes, place, out);
		tree_write_process(&processes[place - 1], out);
	}
}
