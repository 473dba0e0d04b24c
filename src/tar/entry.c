/*
 * What ustar's fields cannot hold stands in the pax header: long paths, times to the nanosecond,
 * large numbers, attributes. Readers take the pax value where there is one, so the ustar field
 * then holds what fits.
 */
#include "tar/entry.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

const char tar_zeros[TAR_END_BYTES];

/* ustar's header; numbers are octal texts. */
struct tar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6];
	char version[2];
	char user[32];
	char group[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char padding[12];
};

_Static_assert(sizeof(struct tar_header) == TAR_BLOCK_BYTES, "ustar's header is one block");

/* The largest number that a field of `size` characters holds, its end included. */
static uint64_t tar_field_max(size_t size)
{
	return (UINT64_C(1) << (3 * (size - 1))) - 1;
}

/* Writes the number, or nothing but zeros when it stands in the pax header. */
static void tar_set_number(char *field, size_t size, uint64_t number)
{
	if (number > tar_field_max(size))
		number = 0;
	for (size_t i = size - 1; i-- > 0; number /= 8)
		field[i] = (char)('0' + number % 8);
	field[size - 1] = '\0';
}

static void tar_set_text(char *field, size_t size, struct str text)
{
	if (text.size > 0)
		memcpy(field, text.data, text.size < size ? text.size : size);
}

static size_t tar_digits(size_t number)
{
	size_t digits = 1;

	while (number >= 10) {
		number /= 10;
		digits++;
	}
	return digits;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static void tar_add_record(struct buf *pax, struct str prefix, struct str key, struct str value)
{
	size_t rest = 1 + prefix.size + key.size + 1 + value.size + 1;
	size_t size = rest + tar_digits(rest);

	if (tar_digits(size) > tar_digits(rest))
		size++;
	buf_printf(pax, "%zu ", size);
	buf_add(pax, prefix);
	buf_add(pax, key);
	buf_add_byte(pax, '=');
	buf_add(pax, value);
	buf_add_byte(pax, '\n');
}

void tar_xattr_add(struct buf *xattrs, const char *name, struct str value)
{
	tar_add_record(xattrs, STR("SCHILY.xattr."), str_of(name), value);
}

static void tar_add_number(struct buf *pax, const char *key, uint64_t number, size_t field_size)
{
	char text[32];

	if (number <= tar_field_max(field_size))
		return;
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	tar_add_record(pax, STR(""), str_of(key), str_of(text));
}

static char tar_type(const struct tar_entry *entry)
{
	if (entry->is_hard_link)
		return '1';
	switch (entry->status->st_mode & S_IFMT) {
	case S_IFLNK:
		return '2';
	case S_IFCHR:
		return '3';
	case S_IFBLK:
		return '4';
	case S_IFDIR:
		return '5';
	case S_IFIFO:
		return '6';
	default:
		return '0';
	}
}

static uint64_t tar_size(const struct tar_entry *entry)
{
	return tar_type(entry) == '0' ? (uint64_t)entry->status->st_size : 0;
}

static void tar_add_paths(struct buf *pax, struct str path, struct str link)
{
	const size_t field_size = sizeof(((struct tar_header *)0)->name);

	if (path.size <= field_size && link.size <= field_size)
		return;
	/* names are bytes: without this a reader may convert them */
	tar_add_record(pax, STR(""), STR("hdrcharset"), STR("BINARY"));
	tar_add_record(pax, STR(""), STR("path"), path);
	if (link.size > 0)
		tar_add_record(pax, STR(""), STR("linkpath"), link);
}

static void tar_add_time(struct buf *pax, struct timespec time)
{
	char text[48];

	if (time.tv_nsec == 0 && time.tv_sec >= 0 &&
		(uint64_t)time.tv_sec <= tar_field_max(sizeof(((struct tar_header *)0)->mtime)))
		return;
	(void)snprintf(text, sizeof(text), "%lld.%09ld", (long long)time.tv_sec, time.tv_nsec);
	tar_add_record(pax, STR(""), STR("mtime"), str_of(text));
}

/* Nothing, if ustar's fields hold it all. */
static void tar_make_pax(const struct tar_entry *entry, struct buf *pax)
{
	const struct stat *status = entry->status;

	tar_add_paths(pax, entry->path, entry->link);
	tar_add_time(pax, status->st_mtim);
	tar_add_number(pax, "uid", status->st_uid, sizeof(((struct tar_header *)0)->uid));
	tar_add_number(pax, "gid", status->st_gid, sizeof(((struct tar_header *)0)->gid));
	tar_add_number(pax, "size", tar_size(entry), sizeof(((struct tar_header *)0)->size));
	if (entry->xattrs != NULL)
		buf_add(pax, buf_str(entry->xattrs));
}

/* The sum of the header's bytes, its own field taken as spaces. */
static void tar_set_checksum(struct tar_header *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned sum = 0;

	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += bytes[i];
	tar_set_number(header->checksum, sizeof(header->checksum) - 1, sum);
}

static struct tar_header tar_make_header(const struct tar_entry *entry, char type, uint64_t size)
{
	const struct stat *status = entry->status;
	uint64_t seconds = status->st_mtim.tv_sec > 0 ? (uint64_t)status->st_mtim.tv_sec : 0;
	struct tar_header header = {.type = type, .magic = "ustar", .version = {'0', '0'}};

	tar_set_text(header.name, sizeof(header.name), entry->path);
	tar_set_text(header.link, sizeof(header.link), entry->link);
	tar_set_number(header.mode, sizeof(header.mode), status->st_mode & 07777);
	tar_set_number(header.uid, sizeof(header.uid), status->st_uid);
	tar_set_number(header.gid, sizeof(header.gid), status->st_gid);
	tar_set_number(header.size, sizeof(header.size), size);
	tar_set_number(header.mtime, sizeof(header.mtime), seconds);
	tar_set_number(header.major, sizeof(header.major), major(status->st_rdev));
	tar_set_number(header.minor, sizeof(header.minor), minor(status->st_rdev));
	tar_set_checksum(&header);
	return header;
}

static void tar_add_header(struct buf *out, const struct tar_entry *entry, char type, uint64_t size)
{
	struct tar_header header = tar_make_header(entry, type, size);

	buf_add(out, (struct str){(const char *)&header, sizeof(header)});
}

int tar_entry_write(const struct tar_entry *entry, struct buf *out, struct error *err)
{
	autobuf pax = BUF_INIT(TAR_PAX_BYTES);

	tar_make_pax(entry, &pax);
	if (buf_check(&pax, "the attributes of a file", err) < 0 ||
		(entry->xattrs != NULL &&
			buf_check(entry->xattrs, "the attributes of a file", err) < 0))
		return -1;
	if (pax.size > 0) {
		tar_add_header(out, entry, 'x', pax.size);
		buf_add(out, buf_str(&pax));
		buf_add(out, (struct str){tar_zeros, tar_padding((int64_t)pax.size)});
	}
	tar_add_header(out, entry, tar_type(entry), tar_size(entry));
	return buf_check(out, "the header of a file", err);
}

size_t tar_padding(int64_t bytes)
{
	return (size_t)((TAR_BLOCK_BYTES - bytes % TAR_BLOCK_BYTES) % TAR_BLOCK_BYTES);
}
