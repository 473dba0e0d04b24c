/* A program of a host that has no libraries: says its version, as runc does, to whoever asks. */
#include <stdio.h>

int main(void)
{
	return puts("runc version 1.2.3") < 0;
}
