/* Any bytes as a watch in two pieces, the first byte says where it is cut; objects go to a store.
 */
#include <stddef.h>
#include <stdint.h>

#include "kube/store.h"
#include "kube/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int put_object(
	void *context, enum kube__watch_type type, const struct json *value, struct error *err)
{
	struct kube_object *object = kube__object_new(value, NULL, NULL);

	(void)type;
	(void)err;
	if (object != NULL)
		kube_object_unref(kube__store_put(context, object));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kube__store store = KUBE__STORE_INIT;
	struct kube__watch_decoder decoder = KUBE__WATCH_DECODER(put_object, &store);
	struct str all = {(const char *)data, size};
	size_t cut = size > 0 && data[0] < size ? data[0] : size;
	struct error err;

	if (kube__watch_decode(&decoder, (struct str){all.data, cut}, &err) == 0)
		(void)!kube__watch_decode(&decoder, str_from(all, cut), &err); /* either is fine */
	kube__watch_decoder_done(&decoder);
	kube__store_done(&store);
	return 0;
}
