/* Entries as protobuf-c's structs, for as long as one is read. Internal to the room. */
#ifndef CRIU_MESSAGE_H
#define CRIU_MESSAGE_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "criu/image.h"

enum {
	/* What one message may take in memory: two bytes can say a struct of a hundred. */
	CRIU_MESSAGE_BYTES = 32 * 1024 * 1024,
	/* Most messages need no more than this. */
	CRIU_MESSAGE_FIRST_BYTES = 1024,
};

/* The memory of one message. */
struct criu__message {
	size_t used;
	struct arena *more; /* what does not fit here */
	_Alignas(max_align_t) char first[CRIU_MESSAGE_FIRST_BYTES];
};

/* Releases the message. */
void criu__message_done(struct criu__message *message);
#define automessage clean_up(criu__message_done) struct criu__message

/*
 * The payload as a struct of the type that `descriptor` describes, as long as `message` (zeroed
 * before) lives; NULL when it is none. Fails with CORRUPT, and TOO_BIG (CRIU_MESSAGE_BYTES).
 */
must_check void *criu__message_read(struct criu__message *message,
	const ProtobufCMessageDescriptor *descriptor, struct str payload, struct error *err);

/* As above, of the first entry of a whole file; what follows it is not looked at. */
must_check void *criu__message_read_first(struct criu__message *message,
	const ProtobufCMessageDescriptor *descriptor, struct str file, enum criu_image_type type,
	const char *name, struct error *err);

/* A copy of a text or of numbers, from the arena. */
must_check struct str criu__text(struct arena *arena, ProtobufCBinaryData text);
must_check uint32_t *criu__numbers(struct arena *arena, const uint32_t *numbers, size_t count);

#endif
