/* Fields of protobuf (protobuf.dev, "Encoding"): a varint key of number and wire type, a value. */
#include "runtime/ttrpc.h"

enum {
	TTRPC_HEADER = 10,
	TTRPC_REQUEST = 1,
	TTRPC_RESPONSE = 2,
	TTRPC_STREAM = 1, /* the first of a connection; a client's are odd */
	TTRPC_CALL_BYTES = 4096,
};

/* Wire types; the groups of old are not written by anybody any more. */
enum { TTRPC_VARINT = 0, TTRPC_64_BITS = 1, TTRPC_BYTES = 2, TTRPC_32_BITS = 5 };

/* ---- writing ---- */

static void ttrpc_add_u32(struct buf *out, uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_add_byte(out, (char)(value >> shift & 0xff));
}

static void ttrpc_add_varint(struct buf *out, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		buf_add_byte(out, (char)(value & 0x7f) | (char)0x80);
	buf_add_byte(out, (char)value);
}

static void ttrpc_add_bytes(struct buf *out, unsigned number, struct str bytes)
{
	ttrpc_add_varint(out, number << 3 | TTRPC_BYTES);
	ttrpc_add_varint(out, bytes.size);
	buf_add(out, bytes);
}

void runtime_ttrpc_call_write(const struct runtime_ttrpc_call *call, struct buf *out)
{
	autobuf request = BUF_INIT(TTRPC_CALL_BYTES);
	autobuf metadata = BUF_INIT(TTRPC_CALL_BYTES);
	autobuf message = BUF_INIT(TTRPC_CALL_BYTES);

	ttrpc_add_bytes(&request, 1, call->id);
	ttrpc_add_bytes(&metadata, 1, STR("containerd-namespace-ttrpc"));
	ttrpc_add_bytes(&metadata, 2, call->namespace);
	ttrpc_add_bytes(&message, 1, call->service);
	ttrpc_add_bytes(&message, 2, call->method);
	ttrpc_add_bytes(&message, 3, buf_str(&request));
	ttrpc_add_varint(&message, 4 << 3 | TTRPC_VARINT);
	ttrpc_add_varint(&message, (uint64_t)call->timeout_ms * 1000000);
	ttrpc_add_bytes(&message, 5, buf_str(&metadata));
	ttrpc_add_u32(out, (uint32_t)message.size);
	ttrpc_add_u32(out, TTRPC_STREAM);
	buf_add_byte(out, TTRPC_REQUEST);
	buf_add_byte(out, 0);
	buf_add(out, buf_str(&message));
}

/* ---- reading ---- */

struct ttrpc_field {
	uint64_t number;
	uint64_t value; /* of a varint */
	struct str bytes; /* of the others */
};

static uint32_t ttrpc_u32(const char *bytes)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 8 | (unsigned char)bytes[i];
	return value;
}

static bool ttrpc_take_varint(struct str *rest, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (size_t i = 0; i < rest->size && i < 10; i++) {
		unsigned char byte = (unsigned char)rest->data[i];

		value |= (uint64_t)(byte & 0x7f) << 7 * i;
		if (byte < 0x80) {
			*rest = str_from(*rest, i + 1);
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static bool ttrpc_take_bytes(struct str *rest, uint64_t size, struct str *ret_bytes)
{
	if (size > rest->size)
		return false;
	*ret_bytes = (struct str){rest->data, (size_t)size};
	*rest = str_from(*rest, (size_t)size);
	return true;
}

static bool ttrpc_take_field(struct str *rest, struct ttrpc_field *ret_field)
{
	struct ttrpc_field field = {0};
	uint64_t key;
	uint64_t size = 0;

	if (!ttrpc_take_varint(rest, &key))
		return false;
	field.number = key >> 3;
	switch (key & 7) {
	case TTRPC_VARINT:
		if (!ttrpc_take_varint(rest, &field.value))
			return false;
		break;
	case TTRPC_64_BITS:
		size = 8;
		break;
	case TTRPC_32_BITS:
		size = 4;
		break;
	case TTRPC_BYTES:
		if (!ttrpc_take_varint(rest, &size))
			return false;
		break;
	default:
		return false;
	}
	if (!ttrpc_take_bytes(rest, size, &field.bytes))
		return false;
	*ret_field = field;
	return true;
}

/* google.rpc.Status: code 1, message 2. */
static bool ttrpc_read_status(struct str status, struct runtime_ttrpc_answer *answer)
{
	struct ttrpc_field field;

	while (status.size > 0) {
		if (!ttrpc_take_field(&status, &field))
			return false;
		if (field.number == 1)
			answer->code = (int64_t)field.value;
		if (field.number == 2)
			answer->message = field.bytes;
	}
	return true;
}

/* ttrpc.Response: status 1, payload 2. */
static bool ttrpc_read_response(struct str response, struct runtime_ttrpc_answer *answer)
{
	struct ttrpc_field field;

	while (response.size > 0) {
		if (!ttrpc_take_field(&response, &field))
			return false;
		if (field.number == 1 && !ttrpc_read_status(field.bytes, answer))
			return false;
	}
	return true;
}

int runtime_ttrpc_answer_read(
	struct str bytes, struct runtime_ttrpc_answer *ret_answer, struct error *err)
{
	struct runtime_ttrpc_answer answer = {0};
	size_t size;

	if (bytes.size < TTRPC_HEADER)
		return 0;
	size = ttrpc_u32(bytes.data);
	if (size > RUNTIME_TTRPC_ANSWER_BYTES - TTRPC_HEADER)
		return error_set(err, ERROR_TOO_BIG, "an answer of %zu bytes", size);
	if (ttrpc_u32(bytes.data + 4) != TTRPC_STREAM || bytes.data[8] != TTRPC_RESPONSE)
		return error_set(err, ERROR_CORRUPT, "this is no answer to the call");
	if (bytes.size < TTRPC_HEADER + size)
		return 0;
	if (!ttrpc_read_response((struct str){bytes.data + TTRPC_HEADER, size}, &answer))
		return error_set(err, ERROR_CORRUPT, "the answer is no protobuf");
	*ret_answer = answer;
	return 1;
}
