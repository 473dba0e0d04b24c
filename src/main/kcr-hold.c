/* The program `kcr-hold`, beside the agent in its Pod. See hold/program.h. */
#include "hold/program.h"

int main(int count, char **arguments)
{
	return hold_main(count - 1, arguments + 1);
}
