/*
 * One call of ttrpc, the protocol between containerd and its shims: a frame there, a frame back.
 * Pure. A frame is 10 bytes (length of what follows and number of the stream, big-endian; type;
 * flags) and a protobuf message. Facts: github.com/containerd/ttrpc, PROTOCOL.md, request.proto.
 * Two messages of strings do not need protobuf-c, whose one host is criu.
 */
#ifndef RUNTIME_TTRPC_H
#define RUNTIME_TTRPC_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum {
	/* An answer here is a status and nothing else; its text may be CRIU's or a runtime's. */
	RUNTIME_TTRPC_ANSWER_BYTES = 64 * 1024,
	/* google.rpc.Code: the peer does not know the service. */
	RUNTIME_TTRPC_UNIMPLEMENTED = 12,
};

/* All is borrowed. */
struct runtime_ttrpc_call {
	struct str service;
	struct str method;
	struct str namespace; /* containerd's, as metadata */
	struct str id; /* of a container: field 1 of the method's request */
	int64_t timeout_ms; /* the peer gives up then, too */
};

/* Appends the frame of the first call of a connection. */
void runtime_ttrpc_call_write(const struct runtime_ttrpc_call *call, struct buf *out);

/* Borrowed from the bytes that were read. */
struct runtime_ttrpc_answer {
	int64_t code; /* google.rpc.Code; 0: it was done */
	struct str message;
};

/*
 * Reads the answer to the first call from all that came so far: returns 1, or 0 when more has to
 * come. Fails with TOO_BIG, CORRUPT.
 */
must_check int runtime_ttrpc_answer_read(
	struct str bytes, struct runtime_ttrpc_answer *ret_answer, struct error *err);

#endif
