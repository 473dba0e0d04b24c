/* Errors as values: one table says what each kind means to a caller. */
#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *reason;
	bool is_retriable;
} error_kinds[ERROR_KIND_COUNT] = {
	[ERROR_NONE] = {"None", false},
	[ERROR_INVALID] = {"Invalid", false},
	[ERROR_ABSENT] = {"NotFound", false},
	[ERROR_CONFLICT] = {"Conflict", true},
	[ERROR_GONE] = {"Expired", true},
	[ERROR_DENIED] = {"Forbidden", false},
	[ERROR_BUSY] = {"Busy", true},
	[ERROR_TIMEOUT] = {"Timeout", true},
	[ERROR_TOO_BIG] = {"TooLarge", false},
	[ERROR_CORRUPT] = {"Corrupt", false},
	[ERROR_UNSUPPORTED] = {"Unsupported", false},
	[ERROR_SYSTEM] = {"SystemError", true},
};

format_printf(2, 0) static void error_format(
	struct error *err, const char *format, va_list arguments)
{
	(void)vsnprintf(err->text, sizeof(err->text), format, arguments); /* cut is fine */
}

int error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list arguments;

	assert(err != NULL && kind != ERROR_NONE && kind < ERROR_KIND_COUNT);
	err->kind = kind;
	err->system_errno = 0;
	err->status = 0;
	va_start(arguments, format);
	error_format(err, format, arguments);
	va_end(arguments);
	return -1;
}

int error_set_errno(struct error *err, const char *format, ...)
{
	int number = errno;
	size_t used;
	va_list arguments;

	assert(err != NULL);
	err->kind = number == ENOENT ? ERROR_ABSENT : ERROR_SYSTEM;
	err->system_errno = number;
	err->status = 0;
	va_start(arguments, format);
	error_format(err, format, arguments);
	va_end(arguments);
	used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(number));
	return -1;
}

int error_wrap(struct error *err, const char *format, ...)
{
	char inner[LIMIT_ERROR_TEXT];
	size_t used;
	va_list arguments;

	assert(err != NULL && err->kind != ERROR_NONE);
	memcpy(inner, err->text, sizeof(inner));
	va_start(arguments, format);
	error_format(err, format, arguments);
	va_end(arguments);
	used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner);
	return -1;
}

bool error_is_retriable(const struct error *err)
{
	return error_kinds[err->kind].is_retriable;
}

const char *error_reason(enum error_kind kind)
{
	assert(kind < ERROR_KIND_COUNT);
	return error_kinds[kind].reason;
}
