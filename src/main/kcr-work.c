/* The program `kcr-work`, which the agent starts. */
#include "node/worker.h"

int main(int count, char **arguments)
{
	return node_worker_main(count - 1, arguments + 1);
}
