/* `version`. */
#include <stdio.h>

#include "cli/rows.h"

static int version_run(struct cli_call *call, struct error *err)
{
	(void)call;
	(void)err;
	printf("kubectl-kcr " KCR_VERSION "\n");
	return CLI_DONE;
}

const struct cli_command cli_version_command = {
	.name = "version",
	.arguments = "",
	.summary = "Prints the version",
	.description = "Prints the version of this program.",
	.examples = "# the version\nkubectl kcr version",
	.words = CLI_WORDS_NONE,
	.run = version_run,
};
