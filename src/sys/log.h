/*
 * The program's log on standard error: one line per event, in Kubernetes' message style (a capital
 * first letter, no full stop) with the objects as key/value pairs. Only programs and the rooms that
 * hold effects log, each failure once.
 */
#ifndef SYS_LOG_H
#define SYS_LOG_H

#include <stdbool.h>

#include "base/error.h"

enum log_format { LOG_TEXT, LOG_JSON };
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* Called once at start; without it the format is text and the level info. */
void log_configure(enum log_format format, enum log_level lowest);

/* The same by the names that options have: "text", "json"; "debug", "info", "warning", "error". */
void log_configure_by_names(const char *format, const char *level);

/* Those names, ended by NULL. */
extern const char *const log_format_choices[];
extern const char *const log_level_choices[];

/*
 * Logs `message` with pairs of `const char *` key and value, ended by LOG_END. A NULL value is
 * logged as ""; of a pair that makes the line longer than 16 KiB only the key is. Use the macros
 * below.
 */
void log_event(enum log_level level, const struct error *err, const char *message, ...)
	__attribute__((sentinel));
#define LOG_END (const char *)NULL

#define log_debug(...)        log_event(LOG_DEBUG, NULL, __VA_ARGS__, LOG_END)
#define log_info(...)         log_event(LOG_INFO, NULL, __VA_ARGS__, LOG_END)
#define log_warning(err, ...) log_event(LOG_WARNING, (err), __VA_ARGS__, LOG_END)
#define log_error(err, ...)   log_event(LOG_ERROR, (err), __VA_ARGS__, LOG_END)

#endif
