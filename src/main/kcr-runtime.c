/* kcr-runtime: containerd and CRI-O call it in place of runc or crun. See runtime/program.h. */
#include "runtime/program.h"

int main(int argc, char **argv)
{
	return runtime_program(argc, argv);
}
