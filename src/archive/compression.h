/*
 * What a file is compressed by, as its first bytes tell. Apart from what undoes it, which is linked
 * only where archives are read.
 */
#ifndef ARCHIVE_COMPRESSION_H
#define ARCHIVE_COMPRESSION_H

#include "base/str.h"

enum archive_compression {
	ARCHIVE_PLAIN, /* or compressed by what nobody makes checkpoints with */
	ARCHIVE_GZIP,
	ARCHIVE_ZSTD,
};

/* Of bytes that begin so; 4 are enough. */
enum archive_compression archive_compression_of_bytes(struct str begin);

/* Of a file, whose position stays as it is. Plain, too, when it cannot be read. */
enum archive_compression archive_compression_of_file(int fd);

#endif
