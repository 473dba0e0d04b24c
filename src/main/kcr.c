/* The program `kcr`: one binary, its parts chosen by the first argument. */
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "control/control.h"
#include "install/install.h"
#include "node/node.h"

static int kcr_version(int count, char *const *arguments)
{
	(void)count;
	(void)arguments;
	printf("kcr " KCR_VERSION "\n");
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int count, char *const *arguments);
	const char *help;
} kcr_parts[] = {
	{"controller", control_main, "schedules checkpoints and restores containers (Deployment)"},
	{"agent", node_main, "takes, keeps and serves the checkpoints of a node (DaemonSet)"},
	{"install-runtime", install_main, "puts kcr-runtime on a host (init container)"},
	{"uninstall-runtime", install_remove_main, "takes it away again"},
	{"version", kcr_version, "prints the version"},
};

static void kcr_print_help(FILE *out)
{
	fprintf(out,
		"Usage: kcr COMMAND [OPTION ...]\n\n"
		"Checkpoint and restore for Kubernetes.\n\nCommands:\n");
	for (size_t i = 0; i < array_size(kcr_parts); i++)
		fprintf(out, "  %-18s %s\n", kcr_parts[i].name, kcr_parts[i].help);
	fprintf(out, "\n'kcr COMMAND --help' lists a command's options.\n");
}

/*
 * A page of a list is megabytes for a moment, and what is kept of it is small. The large pieces get
 * mappings of their own, always (the C library would begin to put them on the heap, below what is
 * kept), so that they go back to the system.
 */
static void kcr_tune_memory(void)
{
	enum { KCR_OWN_MAPPING_BYTES = 128 * 1024 };

	(void)mallopt(M_MMAP_THRESHOLD, KCR_OWN_MAPPING_BYTES);
	(void)mallopt(M_ARENA_MAX, 1); /* the resolver's threads need none of their own */
}

int main(int count, char **arguments)
{
	kcr_tune_memory();
	if (count < 2) {
		kcr_print_help(stderr);
		return 2;
	}
	if (strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "help") == 0) {
		kcr_print_help(stdout);
		return 0;
	}
	for (size_t i = 0; i < array_size(kcr_parts); i++)
		if (strcmp(arguments[1], kcr_parts[i].name) == 0)
			return kcr_parts[i].run(count - 2, arguments + 2);
	fprintf(stderr, "kcr: there is no command '%s'\n\n", arguments[1]);
	kcr_print_help(stderr);
	return 2;
}
