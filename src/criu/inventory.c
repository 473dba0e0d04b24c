/* One small message. */
#include "criu/inventory.h"

#include "criu/message.h"
#include "images.pb-c.h"

/* CRIU's enum lsmtype. */
static const char *const inventory_lsms[] = {NULL, "selinux", "apparmor"};

int criu_inventory_read(struct str file, struct criu_inventory *ret_inventory, struct error *err)
{
	automessage memory = {0};
	const Criu__Inventory *message = criu__message_read_first(&memory,
		&criu__inventory__descriptor, file, CRIU_IMAGE_INVENTORY, "inventory.img", err);

	if (message == NULL)
		return -1;
	if (!message->has_img_version)
		return error_set(err, ERROR_CORRUPT, "inventory.img has no image version");
	*ret_inventory = (struct criu_inventory){
		.image_version = message->img_version,
		.lsm = message->lsmtype < array_size(inventory_lsms)
			? inventory_lsms[message->lsmtype]
			: NULL,
		.tcp_close = message->tcp_close,
		.has_plugins = message->plugins != NULL && message->plugins->n_names > 0,
	};
	return 0;
}
