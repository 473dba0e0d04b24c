/*
 * The bytes of a watch to its events: one JSON object per line, in pieces of any size. Of this room
 * only; pure. Facts: Kubernetes API concepts, "Efficient detection of changes".
 */
#ifndef KUBE_WATCH_H
#define KUBE_WATCH_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "json/json.h"

enum kube__watch_type {
	KUBE__WATCH_ADDED,
	KUBE__WATCH_MODIFIED,
	KUBE__WATCH_DELETED,
	KUBE__WATCH_BOOKMARK,
	KUBE__WATCH_ERROR, /* the object is a Status */
	KUBE__WATCH_TYPE_COUNT,
};

/* The object is borrowed for the duration of the callback. Returning -1 stops the feeding. */
typedef int (*kube__watch_fn)(
	void *context, enum kube__watch_type type, const struct json *object, struct error *err);

struct kube__watch_decoder {
	struct buf line; /* the beginning of a line whose end has not come yet */
	kube__watch_fn event;
	void *context;
};

/* An initialiser; a line has at most LIMIT_OBJECT_BYTES. */
#define KUBE__WATCH_DECODER(event_fn, event_context)                                               \
	((struct kube__watch_decoder){                                                             \
		.line = BUF_INIT(LIMIT_OBJECT_BYTES),                                              \
		.event = (event_fn),                                                               \
		.context = (event_context),                                                        \
	})

void kube__watch_decoder_done(struct kube__watch_decoder *decoder);

/*
 * Takes the next bytes and calls back for each line that ends in them. Fails with TOO_BIG (a line),
 * CORRUPT (not an event), or as the callback does. After a failure the decoder is used no more.
 */
must_check int kube__watch_decode(
	struct kube__watch_decoder *decoder, struct str piece, struct error *err);

#endif
