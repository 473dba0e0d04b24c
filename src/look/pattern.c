/* Bytes are found by memmem(3), expressions by PCRE2's compiler for this processor where it works.
 */
#include "look/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/hex.h"

enum {
	/* Of backtracking at one place; the library's own default, said here. */
	PATTERN_STEPS = 10 * 1000 * 1000,
	PATTERN_STACK_BYTES = 1024 * 1024,
};

struct look_pattern {
	struct buf bytes; /* without `code` */
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
};

void look_pattern_free(struct look_pattern *pattern)
{
	if (pattern == NULL)
		return;
	pcre2_match_data_free(pattern->match);
	pcre2_match_context_free(pattern->context);
	pcre2_jit_stack_free(pattern->stack);
	pcre2_code_free(pattern->code);
	buf_done(&pattern->bytes);
	free(pattern);
}

static int pattern_read_hexadecimal(
	struct look_pattern *pattern, struct str digits, struct error *err)
{
	if (digits.size == 0 || digits.size % 2 != 0)
		return error_set(err, ERROR_INVALID,
			"'0x%.*s' is no row of bytes: it needs two digits for each",
			STR_ARG(digits));
	for (size_t i = 0; i < digits.size; i += 2) {
		int high = hex_value(digits.data[i]);
		int low = hex_value(digits.data[i + 1]);
		if (high < 0 || low < 0)
			return error_set(err, ERROR_INVALID,
				"'0x%.*s' is no row of bytes: '%.2s' is no hexadecimal number",
				STR_ARG(digits), digits.data + i);
		buf_add_byte(&pattern->bytes, (char)(high << 4 | low));
	}
	return 0;
}

static int pattern_compile(struct look_pattern *pattern, const char *text, struct error *err)
{
	PCRE2_UCHAR message[256];
	PCRE2_SIZE offset;
	int code;

	pattern->code = pcre2_compile(
		(PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_NEVER_UTF, &code, &offset, NULL);
	if (pattern->code == NULL) {
		(void)pcre2_get_error_message(code, message, sizeof(message));
		return error_set(err, ERROR_INVALID,
			"'%s' is no regular expression: %s, at its byte %zu", text,
			(const char *)message, (size_t)offset);
	}
	pattern->match = pcre2_match_data_create_from_pattern(pattern->code, NULL);
	pattern->context = pcre2_match_context_create(NULL);
	if (pattern->match == NULL || pattern->context == NULL)
		return error_set(err, ERROR_SYSTEM, "cannot prepare a search: out of memory");
	(void)pcre2_set_match_limit(pattern->context, PATTERN_STEPS);
	if (pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE) == 0) {
		pattern->stack = pcre2_jit_stack_create(32 * 1024, PATTERN_STACK_BYTES, NULL);
		pcre2_jit_stack_assign(pattern->context, NULL, pattern->stack);
	}
	return 0;
}

int look_pattern_new(
	const char *text, bool is_regex, struct look_pattern **ret_pattern, struct error *err)
{
	autopattern *pattern = new_zeroed(struct look_pattern);
	struct str bytes = str_of(text);
	int result = 0;

	pattern->bytes = BUF_INIT(LOOK_PATTERN_BYTES);
	if (bytes.size == 0)
		return error_set(err, ERROR_INVALID, "there is nothing to search for");
	if (bytes.size > LOOK_PATTERN_BYTES)
		return error_set(err, ERROR_TOO_BIG,
			"what is searched for has %zu bytes; at most %d", bytes.size,
			LOOK_PATTERN_BYTES);
	if (is_regex)
		result = pattern_compile(pattern, text, err);
	else if (str_starts_with(bytes, STR("0x")))
		result = pattern_read_hexadecimal(pattern, str_from(bytes, 2), err);
	else
		buf_add(&pattern->bytes, bytes);
	if (result < 0)
		return -1;
	*ret_pattern = take_ptr(&pattern);
	return 0;
}

static int pattern_find_expression(struct look_pattern *pattern, struct str bytes, size_t from,
	bool is_last, size_t *ret_start, size_t *ret_end, struct error *err)
{
	uint32_t options = PCRE2_NOTEMPTY | (is_last ? 0 : PCRE2_NOTEOL);
	PCRE2_UCHAR message[256];
	const PCRE2_SIZE *places;
	int code = pcre2_match(pattern->code, (PCRE2_SPTR)bytes.data, bytes.size, from, options,
		pattern->match, pattern->context);

	if (code == PCRE2_ERROR_NOMATCH)
		return 0;
	if (code < 0) {
		(void)pcre2_get_error_message(code, message, sizeof(message));
		return error_set(err, ERROR_TOO_BIG, "the expression takes too much here: %s",
			(const char *)message);
	}
	places = pcre2_get_ovector_pointer(pattern->match);
	*ret_start = places[0];
	*ret_end = places[1];
	return 1;
}

int look_pattern_find(struct look_pattern *pattern, struct str bytes, size_t from, bool is_last,
	size_t *ret_start, size_t *ret_end, struct error *err)
{
	const char *found;

	if (pattern->code != NULL)
		return pattern_find_expression(
			pattern, bytes, from, is_last, ret_start, ret_end, err);
	found = memmem(
		bytes.data + from, bytes.size - from, pattern->bytes.data, pattern->bytes.size);
	if (found == NULL)
		return 0;
	*ret_start = (size_t)(found - bytes.data);
	*ret_end = *ret_start + pattern->bytes.size;
	return 1;
}
