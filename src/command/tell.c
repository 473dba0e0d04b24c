/* What people are told beside a command's output. */
#include <stdio.h>

#include "command/command.h"

void cli_add_shown(struct buf *out, struct str text)
{
	while (text.size > 0) {
		size_t control = str_control(text);
		buf_add_byte(out, control > 0 ? ' ' : *text.data);
		text = str_from(text, control > 0 ? control : 1);
	}
}

void cli_tell(const char *format, ...)
{
	autobuf line = BUF_INIT(LIMIT_OBJECT_BYTES);
	autobuf shown = BUF_INIT(LIMIT_OBJECT_BYTES);
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(&line, format, arguments);
	va_end(arguments);
	cli_add_shown(&shown, buf_str(&line));
	fprintf(stderr, "%s\n", shown.data);
}
