/* A line: ID PARENT MAJOR:MINOR ROOT TARGET OPTIONS [TAG...] - TYPE SOURCE SUPER */
#include "runtime/mounts.h"

#include <fcntl.h>

#include "sys/file.h"

bool runtime__mount_next(struct str *text, struct runtime_mount *ret_mount)
{
	struct runtime_mount mount = {0};
	struct str line;
	struct str field;

	if (text->size == 0)
		return false;
	*ret_mount = mount;
	(void)str_cut(*text, '\n', &line, text);
	for (int i = 0; i < 3; i++)
		(void)str_cut(line, ' ', &field, &line);
	(void)str_cut(line, ' ', &mount.root, &line);
	(void)str_cut(line, ' ', &mount.target, &line);
	(void)str_cut(line, ' ', &mount.options, &line);
	do {
		if (!str_cut(line, ' ', &field, &line))
			return true;
	} while (!str_is(field, "-"));
	(void)str_cut(line, ' ', &mount.type, &line);
	(void)str_cut(line, ' ', &field, &mount.super); /* the source says nothing to us */
	*ret_mount = mount;
	return true;
}

static bool mount_is_octal(struct str text)
{
	return text.size >= 4 && text.data[1] >= '0' && text.data[1] <= '3' &&
		text.data[2] >= '0' && text.data[2] <= '7' && text.data[3] >= '0' &&
		text.data[3] <= '7';
}

struct str runtime__mount_decode(struct str text, struct arena *arena)
{
	autobuf decoded = BUF_INIT(RUNTIME_MOUNTINFO_BYTES);

	while (text.size > 0) {
		if (text.data[0] == '\\' && mount_is_octal(text)) {
			buf_add_byte(&decoded,
				(char)((text.data[1] - '0') * 64 + (text.data[2] - '0') * 8 +
					(text.data[3] - '0')));
			text = str_from(text, 4);
		} else {
			buf_add_byte(&decoded, text.data[0]);
			text = str_from(text, 1);
		}
	}
	return arena_str(arena, buf_str(&decoded));
}

int runtime__mounts_read(struct buf *out, struct error *err)
{
	return file_read(AT_FDCWD, "/proc/self/mountinfo", out, err);
}
