/*
 * An owned, growing run of bytes with a maximum that is given at birth. data is never NULL and
 * always terminated, though the bytes may hold NULs. Appending beyond the maximum is remembered and
 * reported once by buf_check(), so that building a text needs one check at its end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct buf {
	char *data;
	size_t size;
	size_t capacity; /* allocated; 0 while data is the shared empty text */
	size_t max_size;
	bool is_overflown;
};

/* An empty buffer that holds at most `max` bytes; an initialiser. */
#define BUF_INIT(max) ((struct buf){.data = buf_empty_text, .max_size = (max)})
extern char buf_empty_text[1];

/* Releases the memory; the buffer is empty and usable again. */
void buf_done(struct buf *buf);
#define autobuf clean_up(buf_done) struct buf

/* Empties the buffer and keeps its memory. */
void buf_clear(struct buf *buf);

void buf_add(struct buf *buf, struct str bytes);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_byte(struct buf *buf, char byte);
void buf_printf(struct buf *buf, const char *format, ...) format_printf(2, 3);
void buf_vprintf(struct buf *buf, const char *format, va_list arguments) format_printf(2, 0);

/*
 * Room for `size` more bytes, to be written directly and then claimed by buf_claim(). NULL when the
 * maximum would be passed (and the buffer is then overflown).
 */
char *buf_room(struct buf *buf, size_t size);
void buf_claim(struct buf *buf, size_t size);

/* Drops the first `size` bytes (at most all). */
void buf_drop_front(struct buf *buf, size_t size);

/* The contents, borrowed until the next change. */
struct str buf_str(const struct buf *buf);

/* The terminated contents, owned by the caller; the buffer is empty afterwards. */
must_check char *buf_take(struct buf *buf);

/* Fails with TOO_BIG when something did not fit; `what` names the contents. */
must_check int buf_check(const struct buf *buf, const char *what, struct error *err);

#endif
