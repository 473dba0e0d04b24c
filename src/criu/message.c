/*
 * protobuf-c asks for memory piece by piece and is told no when a message takes more than it may:
 * so a hostile one fails as a damaged one does. What it gives back before the end of the message is
 * kept until then.
 */
#include "criu/message.h"

#include <string.h>

static void *message_allocate(void *context, size_t size)
{
	struct criu__message *message = context;
	const size_t alignment = _Alignof(max_align_t);
	size_t taken = (size + alignment - 1) / alignment * alignment;
	size_t used = message->used;

	if (size > CRIU_MESSAGE_BYTES || message->used > CRIU_MESSAGE_BYTES - taken) {
		message->used = CRIU_MESSAGE_BYTES + 1;
		return NULL;
	}
	message->used += taken;
	if (message->used <= sizeof(message->first))
		return message->first + used;
	if (message->more == NULL)
		message->more = arena_new(taken > 16384 ? taken : 16384);
	return arena_zeroed(message->more, 1, taken);
}

static void message_release(void *context, void *pointer)
{
	(void)context;
	(void)pointer;
}

void criu__message_done(struct criu__message *message)
{
	arena_free(message->more);
}

void *criu__message_read(struct criu__message *message,
	const ProtobufCMessageDescriptor *descriptor, struct str payload, struct error *err)
{
	ProtobufCAllocator allocator = {message_allocate, message_release, message};
	void *unpacked = protobuf_c_message_unpack(
		descriptor, &allocator, payload.size, (const uint8_t *)payload.data);

	if (unpacked == NULL && message->used > CRIU_MESSAGE_BYTES)
		(void)error_set(err, ERROR_TOO_BIG, "a message takes more than %d bytes",
			CRIU_MESSAGE_BYTES);
	else if (unpacked == NULL)
		(void)error_set(err, ERROR_CORRUPT, "an entry holds no valid protobuf");
	return unpacked;
}

void *criu__message_read_first(struct criu__message *message,
	const ProtobufCMessageDescriptor *descriptor, struct str file, enum criu_image_type type,
	const char *name, struct error *err)
{
	struct str payload;
	size_t needed;
	void *unpacked;

	if (criu_image_begin(&file, type, name, err) < 0)
		return NULL;
	if (criu_image_next(&file, name, &payload, &needed, err) <= 0) {
		(void)error_set(err, ERROR_CORRUPT, "%s is cut short", name);
		return NULL;
	}
	unpacked = criu__message_read(message, descriptor, payload, err);
	if (unpacked == NULL && err->kind == ERROR_CORRUPT)
		(void)error_set(err, ERROR_CORRUPT, "%s holds no valid protobuf", name);
	return unpacked;
}

struct str criu__text(struct arena *arena, ProtobufCBinaryData text)
{
	return arena_str(arena, (struct str){(const char *)text.data, text.len});
}

uint32_t *criu__numbers(struct arena *arena, const uint32_t *numbers, size_t count)
{
	uint32_t *copy = arena_zeroed(arena, count, sizeof(*copy));

	if (count > 0)
		memcpy(copy, numbers, count * sizeof(*copy));
	return copy;
}
