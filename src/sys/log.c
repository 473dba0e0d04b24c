/* The log sink: the one piece of mutable global state of the programs. */
#include "sys/log.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "sys/clock.h"

enum {
	LOG_LINE_BYTES = 16 * 1024,
	LOG_END_BYTES = 256, /* kept free for the end of the line and for what it lacks */
};

static enum log_format log_chosen_format = LOG_TEXT;
static enum log_level log_lowest = LOG_INFO;

const char *const log_format_choices[] = {
	[LOG_TEXT] = "text", [LOG_JSON] = "json", [LOG_JSON + 1] = NULL};
const char *const log_level_choices[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARNING] = "warning",
	[LOG_ERROR] = "error",
	[LOG_ERROR + 1] = NULL,
};

void log_configure(enum log_format format, enum log_level lowest)
{
	log_chosen_format = format;
	log_lowest = lowest;
}

void log_configure_by_names(const char *format, const char *level)
{
	enum log_level lowest = LOG_DEBUG;

	while (lowest < LOG_ERROR && strcmp(level, log_level_choices[lowest]) != 0)
		lowest++;
	log_configure(strcmp(format, "json") == 0 ? LOG_JSON : LOG_TEXT, lowest);
}

/* A quoted JSON string; text lines use the same quoting, so that one line stays one line. */
static void log_add_quoted(struct buf *line, const char *text)
{
	buf_add_byte(line, '"');
	for (const char *c = text != NULL ? text : ""; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			buf_printf(line, "\\%c", *c);
		else if (*c == '\n')
			buf_add_text(line, "\\n");
		else if ((unsigned char)*c < 0x20)
			buf_printf(line, "\\u%04x", (unsigned)(unsigned char)*c);
		else
			buf_add_byte(line, *c);
	}
	buf_add_byte(line, '"');
}

static void log_write_pair(struct buf *line, const char *key, const char *value)
{
	if (log_chosen_format == LOG_JSON) {
		buf_add_byte(line, ',');
		log_add_quoted(line, key);
		buf_add_byte(line, ':');
	} else {
		buf_printf(line, " %s=", key);
	}
	log_add_quoted(line, value);
}

/* A pair that makes the line too long is left out and named, so that the line stays well-formed. */
static void log_add_pair(struct buf *line, const char *key, const char *value)
{
	autobuf pair = BUF_INIT(LOG_LINE_BYTES - LOG_END_BYTES);

	log_write_pair(&pair, key, value);
	if (!pair.is_overflown && line->size + pair.size <= pair.max_size) {
		buf_add(line, buf_str(&pair));
		return;
	}
	buf_clear(&pair);
	log_write_pair(&pair, "leftOut", key);
	if (line->size + pair.size + LOG_END_BYTES / 2 <= LOG_LINE_BYTES)
		buf_add(line, buf_str(&pair));
}

static void log_add_head(struct buf *line, enum log_level level, const char *message)
{
	char now[TIME_TEXT_SIZE];

	wall_time_format_micro(clock_wall(), now);
	if (log_chosen_format == LOG_JSON) {
		buf_printf(line, "{\"ts\":\"%s\",\"level\":\"%s\",\"msg\":", now,
			log_level_choices[level]);
		log_add_quoted(line, message);
		return;
	}
	buf_printf(line, "%s %-7s %s", now, log_level_choices[level], message);
}

void log_event(enum log_level level, const struct error *err, const char *message, ...)
{
	autobuf line = BUF_INIT(LOG_LINE_BYTES);
	va_list pairs;
	const char *key;

	if (level < log_lowest)
		return;
	log_add_head(&line, level, message);
	va_start(pairs, message);
	while ((key = va_arg(pairs, const char *)) != NULL) {
		const char *value = va_arg(pairs, const char *);
		log_add_pair(&line, key, value);
	}
	va_end(pairs);
	if (err != NULL)
		log_add_pair(&line, "error", err->text);
	buf_add_text(&line, log_chosen_format == LOG_JSON ? "}\n" : "\n");
	(void)!write(STDERR_FILENO, line.data, line.size); /* nowhere left to report to */
}
