/* CRIU's inventory: read or refused. */
#include <assert.h>

#include "criu/inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct criu_inventory inventory;
	struct error err;

	if (criu_inventory_read((struct str){(const char *)data, size}, &inventory, &err) < 0)
		assert(err.kind == ERROR_CORRUPT);
	return 0;
}
