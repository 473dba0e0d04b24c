/* Slices: comparing, cutting and trimming without copying. */
#include "base/str.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"

struct str str_of(const char *text)
{
	return text != NULL ? (struct str){text, strlen(text)} : (struct str){0};
}

bool str_equal(struct str a, struct str b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool str_is(struct str a, const char *text)
{
	return str_equal(a, str_of(text));
}

int str_compare(struct str a, struct str b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

	if (order != 0)
		return order;
	return (a.size > b.size) - (a.size < b.size);
}

bool str_starts_with(struct str text, struct str prefix)
{
	return text.size >= prefix.size && str_equal((struct str){text.data, prefix.size}, prefix);
}

bool str_ends_with(struct str text, struct str suffix)
{
	return text.size >= suffix.size &&
		str_equal(str_from(text, text.size - suffix.size), suffix);
}

bool str_contains(struct str text, struct str part)
{
	if (part.size == 0)
		return true;
	return text.size > 0 && memmem(text.data, text.size, part.data, part.size) != NULL;
}

static bool str_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str text)
{
	while (text.size > 0 && str_is_space(text.data[0]))
		text = str_from(text, 1);
	while (text.size > 0 && str_is_space(text.data[text.size - 1]))
		text.size--;
	return text;
}

struct str str_from(struct str text, size_t from)
{
	assert(from <= text.size);
	return from == 0 ? text : (struct str){text.data + from, text.size - from};
}

bool str_cut(struct str text, char separator, struct str *ret_head, struct str *rest)
{
	const char *at = NULL;
	size_t before;

	assert(text.size <= PTRDIFF_MAX); /* no object is larger, which gcc's LTO wants to hear */
	if (text.size > 0)
		at = memchr(text.data, separator, text.size);
	if (at == NULL) {
		*ret_head = text;
		*rest = (struct str){0};
		return false;
	}
	before = (size_t)(at - text.data);
	*ret_head = (struct str){text.data, before};
	*rest = str_from(text, before + 1);
	return true;
}

bool str_cut_last(struct str text, char separator, struct str *ret_head, struct str *rest)
{
	const char *at = NULL;
	size_t before;

	assert(text.size <= PTRDIFF_MAX); /* no object is larger, which gcc's LTO wants to hear */
	if (text.size > 0)
		at = memrchr(text.data, separator, text.size);
	if (at == NULL) {
		*ret_head = (struct str){0};
		*rest = text;
		return false;
	}
	before = (size_t)(at - text.data);
	*ret_head = (struct str){text.data, before};
	*rest = str_from(text, before + 1);
	return true;
}

size_t str_control(struct str text)
{
	const unsigned char *bytes = (const unsigned char *)text.data;

	if (text.size == 0)
		return 0;
	if (bytes[0] < 0x20 || bytes[0] == 0x7f)
		return 1;
	return bytes[0] == 0xc2 && text.size > 1 && bytes[1] >= 0x80 && bytes[1] < 0xa0 ? 2 : 0;
}

char *str_dup(struct str text)
{
	return alloc_text(text.data, text.size);
}

uint64_t str_hash(struct str text)
{
	uint64_t hash = 14695981039346656037ull;

	for (size_t i = 0; i < text.size; i++) {
		hash ^= (unsigned char)text.data[i];
		hash *= 1099511628211ull;
	}
	return hash;
}
