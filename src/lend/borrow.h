/* The end that reads: bytes of another process as a reader. */
#ifndef LEND_BORROW_H
#define LEND_BORROW_H

#include <stdint.h>

#include "base/attributes.h"
#include "sys/reader.h"

/*
 * `size` bytes of the lender behind the stream socket *fd, which is taken over and, but for its
 * end, only read and written (read(2), write(2)). The newest blocks are kept. The caller owns the
 * reader, which is never NULL; it fails with SYSTEM (the lender has ended; what it says), CORRUPT
 * (an answer is none).
 */
must_check struct reader *lend_borrow(int *fd, int64_t size);

#endif
