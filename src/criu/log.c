/* A line is collected, stripped of what stands before its words, and looked at once. */
#include "criu/log.h"

#include <stdio.h>
#include <string.h>

/*
 * Errors that CRIU goes on after, by how their messages begin: they come first in a log and would
 * be taken for the cause. Seen with CRIU 4.2.1 in dumps that worked.
 */
static const char *const log_harmless[] = {
	"rlimit: Can't setup RLIMIT_NOFILE for self", /* matters with very many files */
};

static bool log_is_harmless(struct str message)
{
	for (size_t i = 0; i < array_size(log_harmless); i++)
		if (str_starts_with(message, str_of(log_harmless[i])))
			return true;
	return false;
}

/* The size of "(00.002407)" at the front of `line`, 0 when there is none. */
static size_t log_timestamp_size(struct str line)
{
	size_t size = 1;

	if (!str_starts_with(line, STR("(")))
		return 0;
	while (size < line.size &&
		((line.data[size] >= '0' && line.data[size] <= '9') || line.data[size] == '.'))
		size++;
	return size < line.size && line.data[size] == ')' ? size + 1 : 0;
}

/* The size of "24411:" at the front of `line`, 0 when there is none. */
static size_t log_pid_size(struct str line)
{
	size_t size = 0;

	while (size < line.size && line.data[size] >= '0' && line.data[size] <= '9')
		size++;
	return size > 0 && size < line.size && line.data[size] == ':' ? size + 1 : 0;
}

/* Without time, "pie:" (code inside the dumped process) and process numbers. */
static struct str log_words(struct str line)
{
	line = str_trim(line);
	line = str_trim(str_from(line, log_timestamp_size(line)));
	if (str_starts_with(line, STR("pie:")))
		line = str_trim(str_from(line, 4));
	for (size_t size; (size = log_pid_size(line)) > 0;)
		line = str_trim(str_from(line, size));
	return line;
}

static bool log_has_error(const struct criu_log *log, const char *text)
{
	size_t kept = log->error_count < CRIU_LOG_ERRORS ? log->error_count : CRIU_LOG_ERRORS;

	for (size_t i = 0; i < kept; i++)
		if (strcmp(log->errors[i], text) == 0)
			return true;
	return false;
}

/* Keeps the error if it is a new one; the last place is for the newest. */
static void log_keep_error(struct criu_log *log, struct str location, struct str message)
{
	char text[CRIU_LOG_ERROR_SIZE];
	size_t place = log->error_count;

	(void)snprintf(text, sizeof(text), "%.*s (%.*s)", STR_ARG(message), STR_ARG(location));
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	if (log_has_error(log, text))
		return;
	if (place >= CRIU_LOG_ERRORS)
		place = CRIU_LOG_ERRORS - 1;
	memcpy(log->errors[place], text, sizeof(text));
	log->error_count++;
}

/* `rest` is what stands behind "Error (". */
static void log_read_error(struct criu_log *log, struct str rest)
{
	struct str location;
	struct str message;

	(void)str_cut(rest, ')', &location, &message); /* without one there is no message */
	if (str_starts_with(message, STR(":")))
		message = str_from(message, 1);
	message = str_trim(message);
	if (str_starts_with(message, STR("Dumping FAILED")) ||
		str_starts_with(message, STR("Restoring FAILED")))
		log->has_failed = true;
	else if (message.size > 0 && !log_is_harmless(message))
		log_keep_error(log, location, message);
}

static void log_read_line(struct criu_log *log)
{
	const struct str version = STR("Version: ");
	const struct str error = STR("Error (");
	struct str words = log_words((struct str){log->line, log->line_size});
	struct str rest;

	log->line_size = 0;
	if (str_starts_with(words, error)) {
		log_read_error(log, str_from(words, error.size));
	} else if (log->version[0] == '\0' && str_starts_with(words, version)) {
		(void)str_cut(str_from(words, version.size), ' ', &words, &rest); /* one or two */
		(void)snprintf(log->version, sizeof(log->version), "%.*s", STR_ARG(words));
	}
}

void criu_log_add(struct criu_log *log, struct str piece)
{
	bool has_end;

	do {
		struct str part;
		has_end = str_cut(piece, '\n', &part, &piece);
		if (part.size > sizeof(log->line) - log->line_size)
			part.size = sizeof(log->line) - log->line_size;
		if (part.size > 0)
			memcpy(log->line + log->line_size, part.data, part.size);
		log->line_size += part.size;
		if (has_end)
			log_read_line(log);
	} while (has_end);
}

void criu_log_end(struct criu_log *log)
{
	log_read_line(log);
}

void criu_log_excerpt(const struct criu_log *log, struct buf *out)
{
	size_t kept = log->error_count < CRIU_LOG_ERRORS ? log->error_count : CRIU_LOG_ERRORS;

	if (kept == 0 && log->has_failed)
		buf_add_text(out, "CRIU failed without saying why in its log");
	for (size_t i = 0; i < kept; i++) {
		if (i > 0)
			buf_add_text(out, "; ");
		if (i == CRIU_LOG_ERRORS - 1 && log->error_count > CRIU_LOG_ERRORS)
			buf_add_text(out, "...; ");
		buf_add_text(out, log->errors[i]);
	}
}
