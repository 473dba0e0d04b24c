/*
 * Writes tar archives for tests, honest and hostile, record by record: nothing is checked here.
 * Formats: POSIX.1 ustar and pax, and GNU tar's long names and base-256 sizes.
 */
#ifndef TESTS_TAR_BUILDER_H
#define TESTS_TAR_BUILDER_H

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"

enum { TAR_RECORD = 512 };

struct tar {
	struct buf bytes;
};

#define TAR_INIT ((struct tar){BUF_INIT(256u * 1024 * 1024)})

static inline void tar_done(struct tar *tar)
{
	buf_done(&tar->bytes);
}
#define autotar clean_up(tar_done) struct tar

static inline void tar_zeros(struct tar *tar, size_t size)
{
	char *room = buf_room(&tar->bytes, size);

	assert(room != NULL);
	memset(room, 0, size);
	buf_claim(&tar->bytes, size);
}

static inline void tar_pad(struct tar *tar)
{
	tar_zeros(tar, (TAR_RECORD - tar->bytes.size % TAR_RECORD) % TAR_RECORD);
}

/* The checksum of a header: the sum of its bytes with the checksum itself as spaces. */
static inline void tar_seal(char *header)
{
	unsigned sum = 0;

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < TAR_RECORD; i++)
		sum += (unsigned char)header[i];
	(void)snprintf(header + 148, 8, "%06o", sum);
}

/* Gives every record that looks like a header its checksum, so that fuzzers get past it. */
static inline void tar_seal_all(struct tar *tar)
{
	for (size_t at = 0; at + TAR_RECORD <= tar->bytes.size; at += TAR_RECORD)
		if (memcmp(tar->bytes.data + at + 257, "ustar", 5) == 0)
			tar_seal(tar->bytes.data + at);
}

/* A size field of 12 bytes: octal, or big-endian with the top bit set (GNU base-256). */
static inline void tar_put_size(char *field, uint64_t size, bool is_base256)
{
	if (!is_base256) {
		(void)snprintf(field, 12, "%011llo", (unsigned long long)size);
		return;
	}
	memset(field, 0, 12);
	field[0] = (char)0x80;
	for (int i = 11; i >= 4; i--, size >>= 8)
		field[i] = (char)(size & 0xff);
}

/* A text field of 100 bytes: the first ones of `text`. */
static inline void tar_put_text(char *field, const char *text)
{
	size_t size = strlen(text);

	memcpy(field, text, size < 100 ? size : 100);
}

struct tar_header {
	const char *name; /* its first 100 bytes are used */
	const char *link;
	char type; /* 0: '0' */
	uint64_t size;
	bool is_base256;
	bool is_gnu; /* the magic of old GNU tar instead of ustar's */
};

static inline void tar_add_header(struct tar *tar, const struct tar_header *spec)
{
	char header[TAR_RECORD] = {0};

	tar_put_text(header, spec->name);
	memcpy(header + 100, "0000600", 8);
	memcpy(header + 108, "0000000", 8);
	memcpy(header + 116, "0000000", 8);
	tar_put_size(header + 124, spec->size, spec->is_base256);
	memcpy(header + 136, "14712345670", 12);
	header[156] = spec->type != 0 ? spec->type : '0';
	if (spec->link != NULL)
		tar_put_text(header + 157, spec->link);
	memcpy(header + 257, spec->is_gnu ? "ustar  " : "ustar\00000", 8);
	tar_seal(header);
	buf_add(&tar->bytes, (struct str){header, sizeof(header)});
}

static inline void tar_add_content(struct tar *tar, struct str content)
{
	buf_add(&tar->bytes, content);
	tar_pad(tar);
}

static inline void tar_add_file(struct tar *tar, const char *name, struct str content)
{
	tar_add_header(tar, &(struct tar_header){.name = name, .size = content.size});
	tar_add_content(tar, content);
}

static inline void tar_add_text(struct tar *tar, const char *name, const char *content)
{
	tar_add_file(tar, name, str_of(content));
}

static inline void tar_add_directory(struct tar *tar, const char *name)
{
	tar_add_header(tar, &(struct tar_header){.name = name, .type = '5'});
}

/* One record "LENGTH KEY=VALUE\n" of a pax header, LENGTH counting itself. */
static inline void tar_pax_record(struct buf *records, const char *key, struct str value)
{
	size_t size = strlen(key) + value.size + 3;
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%zu", size);

	length = snprintf(digits, sizeof(digits), "%zu", size + (size_t)length);
	length = snprintf(digits, sizeof(digits), "%zu", size + (size_t)length);
	buf_printf(records, "%s %s=", digits, key);
	buf_add(records, value);
	buf_add_byte(records, '\n');
	assert(length > 0);
}

/* A pax header with one record, for the entry that follows. */
static inline void tar_add_pax(struct tar *tar, char type, const char *key, struct str value)
{
	autobuf records = BUF_INIT(8 * 1024 * 1024);

	tar_pax_record(&records, key, value);
	tar_add_header(tar,
		&(struct tar_header){.name = "PaxHeaders/x", .type = type, .size = records.size});
	tar_add_content(tar, buf_str(&records));
}

/* GNU tar's long name for the entry that follows. */
static inline void tar_add_gnu_name(struct tar *tar, struct str name)
{
	tar_add_header(tar,
		&(struct tar_header){.name = "././@LongLink",
			.type = 'L',
			.size = name.size + 1,
			.is_gnu = true});
	buf_add(&tar->bytes, name);
	buf_add_byte(&tar->bytes, '\0');
	tar_pad(tar);
}

static inline void tar_end(struct tar *tar)
{
	tar_zeros(tar, 2 * (size_t)TAR_RECORD);
}

/* A file with the first `size` bytes, at its beginning; the caller closes it. */
static inline int tar_open(const struct tar *tar, size_t size)
{
	int fd = memfd_create("tar", MFD_CLOEXEC);

	assert(fd >= 0 && size <= tar->bytes.size);
	for (size_t done = 0; done < size;) {
		ssize_t written = write(fd, tar->bytes.data + done, size - done);
		assert(written > 0);
		done += (size_t)written;
	}
	assert(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

#endif
