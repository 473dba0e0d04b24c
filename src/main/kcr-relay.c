/* The program `kcr-relay`, in a Pod of its own on each node. See relay/program.h. */
#include "relay/program.h"

int main(int count, char **arguments)
{
	return relay_main(count - 1, arguments + 1);
}
