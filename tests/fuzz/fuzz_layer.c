/* A layer that came with a checkpoint, applied to an empty directory. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "runtime/layer.h"
#include "sys/fd.h"
#include "sys/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char root[] = "/dev/shm/fuzz-layer-XXXXXX";
	autoclose int tar_fd = memfd_create("layer", MFD_CLOEXEC);
	autoclose int root_fd = -1;
	struct error err;

	if (mkdtemp(root) == NULL || file_open_directory(root, &root_fd, &err) < 0 ||
		fd_write_all(tar_fd, (struct str){(const char *)data, size}, "x", &err) < 0)
		abort();
	int applied = runtime_layer_apply(tar_fd, root_fd, &err);
	if (file_remove_tree(AT_FDCWD, root, &err) < 0)
		abort();
	return applied > 0 ? 1 : 0;
}
