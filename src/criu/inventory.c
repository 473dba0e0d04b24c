/* One small message. */
#include "criu/inventory.h"

#include "criu/image.h"
#include "images.pb-c.h"

static void inventory_message_free(Criu__Inventory *message)
{
	criu__inventory__free_unpacked(message, NULL); /* NULL is fine */
}
define_clean_up(Criu__Inventory, inventory_message, inventory_message_free)

/* CRIU's enum lsmtype. */
static const char *const inventory_lsms[] = {NULL, "selinux", "apparmor"};

int criu_inventory_read(struct str file, struct criu_inventory *ret_inventory, struct error *err)
{
	clean_up(inventory_message_clean) Criu__Inventory *message = NULL;
	struct str payload;

	if (criu__image_first_entry(file, CRIU_IMAGE_INVENTORY, "inventory.img", &payload, err) < 0)
		return -1;
	message = criu__inventory__unpack(NULL, payload.size, (const uint8_t *)payload.data);
	if (message == NULL)
		return error_set(err, ERROR_CORRUPT, "inventory.img holds no valid protobuf");
	if (!message->has_img_version)
		return error_set(err, ERROR_CORRUPT, "inventory.img has no image version");
	*ret_inventory = (struct criu_inventory){
		.image_version = message->img_version,
		.lsm = message->lsmtype < array_size(inventory_lsms)
			? inventory_lsms[message->lsmtype]
			: NULL,
		.tcp_close = message->tcp_close,
	};
	return 0;
}
