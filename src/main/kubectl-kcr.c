/* The program `kubectl-kcr`, which kubectl runs for `kubectl kcr`. See cli/cli.h. */
#include "cli/cli.h"

int main(int count, char **arguments)
{
	return cli_main(count - 1, arguments + 1);
}
