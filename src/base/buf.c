/* Growing bytes with a maximum. */
#include "base/buf.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

char buf_empty_text[1];

void buf_done(struct buf *buf)
{
	if (buf->capacity > 0)
		free(buf->data);
	*buf = BUF_INIT(buf->max_size);
}

void buf_clear(struct buf *buf)
{
	buf->size = 0;
	buf->is_overflown = false;
	if (buf->capacity > 0)
		buf->data[0] = '\0';
}

/* Afterwards `size` more bytes and the terminator fit, unless false is returned. */
static bool buf_reserve(struct buf *buf, size_t size)
{
	size_t needed;
	size_t capacity = buf->capacity > 0 ? buf->capacity : 64;

	assert(buf->max_size <= PTRDIFF_MAX / 2); /* doubling does not wrap */
	if (buf->is_overflown || size > buf->max_size - buf->size) {
		buf->is_overflown = true;
		return false;
	}
	needed = buf->size + size + 1;
	if (needed <= buf->capacity)
		return true;
	while (capacity < needed)
		capacity *= 2;
	buf->data = alloc_resize(buf->capacity > 0 ? buf->data : NULL, capacity, 1);
	buf->data[buf->size] = '\0';
	buf->capacity = capacity;
	return true;
}

void buf_add(struct buf *buf, struct str bytes)
{
	if (bytes.size == 0 || !buf_reserve(buf, bytes.size))
		return;
	memcpy(buf->data + buf->size, bytes.data, bytes.size);
	buf_claim(buf, bytes.size);
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, str_of(text));
}

void buf_add_byte(struct buf *buf, char byte)
{
	buf_add(buf, (struct str){&byte, 1});
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(buf, format, arguments);
	va_end(arguments);
}

void buf_vprintf(struct buf *buf, const char *format, va_list arguments)
{
	va_list again;
	int size;

	va_copy(again, arguments);
	size = vsnprintf(NULL, 0, format, again);
	va_end(again);
	assert(size >= 0);
	if (size == 0 || !buf_reserve(buf, (size_t)size))
		return;
	(void)vsnprintf(buf->data + buf->size, (size_t)size + 1, format, arguments);
	buf_claim(buf, (size_t)size);
}

char *buf_room(struct buf *buf, size_t size)
{
	return buf_reserve(buf, size) ? buf->data + buf->size : NULL;
}

void buf_claim(struct buf *buf, size_t size)
{
	assert(buf->size + size < buf->capacity);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void buf_drop_front(struct buf *buf, size_t size)
{
	if (size >= buf->size) {
		buf_clear(buf);
		return;
	}
	memmove(buf->data, buf->data + size, buf->size - size);
	buf->size -= size;
	buf->data[buf->size] = '\0';
}

struct str buf_str(const struct buf *buf)
{
	return (struct str){buf->data, buf->size};
}

char *buf_take(struct buf *buf)
{
	char *text = buf->capacity > 0 ? buf->data : alloc_text("", 0);

	*buf = BUF_INIT(buf->max_size);
	return text;
}

int buf_check(const struct buf *buf, const char *what, struct error *err)
{
	if (!buf->is_overflown)
		return 0;
	return error_set(err, ERROR_TOO_BIG, "%s is larger than %zu bytes", what, buf->max_size);
}
