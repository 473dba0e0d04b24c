/* The program `kubectl-kcr-inspect`, which kubectl runs for `kubectl kcr inspect`. See look/look.h.
 */
#include "look/look.h"

int main(int count, char **arguments)
{
	look_main(count - 1, arguments + 1);
}
