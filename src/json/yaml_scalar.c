/*
 * The rules that make `on` a boolean and 0644 a number. They are not the ones that one would
 * choose, but the ones that the same file meets in kubectl; checked against sigs.k8s.io/yaml 1.6.
 */
#include "json/yaml_scalar.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum scalar_word { WORD_NULL, WORD_TRUE, WORD_FALSE, WORD_NO_JSON_NUMBER };

static const struct {
	const char *text;
	enum scalar_word meaning;
} scalar_words[] = {
	{"", WORD_NULL},
	{"~", WORD_NULL},
	{"null", WORD_NULL},
	{"Null", WORD_NULL},
	{"NULL", WORD_NULL},
	{"true", WORD_TRUE},
	{"True", WORD_TRUE},
	{"TRUE", WORD_TRUE},
	{"yes", WORD_TRUE},
	{"Yes", WORD_TRUE},
	{"YES", WORD_TRUE},
	{"on", WORD_TRUE},
	{"On", WORD_TRUE},
	{"ON", WORD_TRUE},
	{"y", WORD_TRUE},
	{"Y", WORD_TRUE},
	{"false", WORD_FALSE},
	{"False", WORD_FALSE},
	{"FALSE", WORD_FALSE},
	{"no", WORD_FALSE},
	{"No", WORD_FALSE},
	{"NO", WORD_FALSE},
	{"off", WORD_FALSE},
	{"Off", WORD_FALSE},
	{"OFF", WORD_FALSE},
	{"n", WORD_FALSE},
	{"N", WORD_FALSE},
	{".nan", WORD_NO_JSON_NUMBER},
	{".NaN", WORD_NO_JSON_NUMBER},
	{".NAN", WORD_NO_JSON_NUMBER},
	{".inf", WORD_NO_JSON_NUMBER},
	{".Inf", WORD_NO_JSON_NUMBER},
	{".INF", WORD_NO_JSON_NUMBER},
	{"+.inf", WORD_NO_JSON_NUMBER},
	{"+.Inf", WORD_NO_JSON_NUMBER},
	{"+.INF", WORD_NO_JSON_NUMBER},
	{"-.inf", WORD_NO_JSON_NUMBER},
	{"-.Inf", WORD_NO_JSON_NUMBER},
	{"-.INF", WORD_NO_JSON_NUMBER},
};

static bool scalar_is_word(struct str text, struct yaml_scalar *ret_scalar)
{
	static const enum json_type types[] = {
		[WORD_NULL] = JSON_NULL,
		[WORD_TRUE] = JSON_BOOL,
		[WORD_FALSE] = JSON_BOOL,
		[WORD_NO_JSON_NUMBER] = JSON_NUMBER,
	};

	for (size_t i = 0; i < array_size(scalar_words); i++) {
		enum scalar_word meaning = scalar_words[i].meaning;
		if (!str_is(text, scalar_words[i].text))
			continue;
		*ret_scalar = (struct yaml_scalar){
			.type = types[meaning], .is_true = meaning == WORD_TRUE};
		return true;
	}
	return false;
}

static bool scalar_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Cuts "0x" and the like off, or the 0 in front of octal digits. */
static unsigned scalar_cut_base(struct str *digits)
{
	char letter;

	if (digits->size < 2 || digits->data[0] != '0')
		return 10;
	letter = (char)(digits->data[1] | 0x20); /* in lower case */
	if (letter != 'x' && letter != 'b' && letter != 'o') {
		*digits = str_from(*digits, 1);
		return 8;
	}
	*digits = str_from(*digits, 2);
	return letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
}

/* The value of a digit; something above every base when it is none. */
static unsigned scalar_digit(char c)
{
	char lower = (char)(c | 0x20);

	if (scalar_is_digit(c))
		return (unsigned)(c - '0');
	return lower >= 'a' && lower <= 'f' ? (unsigned)(lower - 'a') + 10 : 99;
}

static bool scalar_parse_digits(struct str digits, unsigned base, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (size_t i = 0; i < digits.size; i++) {
		unsigned digit = scalar_digit(digits.data[i]);
		if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
			__builtin_add_overflow(value, digit, &value))
			return false;
	}
	*ret_value = value;
	return digits.size > 0;
}

/* Unsigned up to 64 bits, with a sign up to 63, as Go's two functions. */
static bool scalar_is_integer(struct str text, char number[static 40])
{
	char sign = text.data[0];
	bool has_sign = sign == '-' || sign == '+';
	struct str digits = str_from(text, has_sign ? 1 : 0);
	unsigned base = scalar_cut_base(&digits);
	uint64_t limit = !has_sign ? UINT64_MAX : (uint64_t)INT64_MAX + (sign == '-');
	uint64_t value;

	if (!scalar_parse_digits(digits, base, &value) || value > limit)
		return false;
	(void)snprintf(number, 40, "%s%" PRIu64, sign == '-' && value > 0 ? "-" : "", value);
	return true;
}

static size_t scalar_skip_digits(struct str text, size_t at)
{
	while (at < text.size && scalar_is_digit(text.data[at]))
		at++;
	return at;
}

static bool scalar_has(struct str text, size_t at, const char *either)
{
	return at < text.size && (text.data[at] == either[0] || text.data[at] == either[1]);
}

/* Sign, digits with a point somewhere, exponent with a sign: all but one digit optional. */
static bool scalar_is_float_shaped(struct str text)
{
	size_t start = scalar_has(text, 0, "+-") ? 1 : 0;
	size_t point = scalar_skip_digits(text, start);
	size_t end = point;
	size_t exponent;

	if (scalar_has(text, point, ".."))
		end = scalar_skip_digits(text, point + 1);
	if (point == start && end <= point + 1)
		return false;
	if (!scalar_has(text, end, "eE"))
		return end == text.size;
	exponent = end + (scalar_has(text, end + 1, "+-") ? 2 : 1);
	end = scalar_skip_digits(text, exponent);
	return end > exponent && end == text.size;
}

/* The shortest text; without point and exponent when the value is a not too large integer. */
static void scalar_format_double(double value, char number[static 40])
{
	const double largest = 1e15;

	if (fabs(value) < largest && value == trunc(value)) {
		(void)snprintf(number, 40, "%.0f", value);
		return;
	}
	for (int precision = 15; precision <= 17; precision++) {
		(void)snprintf(number, 40, "%.*g", precision, value);
		if (strtod(number, NULL) == value)
			return;
	}
}

/* `text` is terminated. Beyond the range of a double it stays a string. */
static bool scalar_is_float(struct str text, char number[static 40])
{
	double value;

	if (!scalar_is_float_shaped(text))
		return false;
	value = strtod(text.data, NULL);
	if (isinf(value))
		return false;
	scalar_format_double(value, number);
	return true;
}

static bool scalar_begins_as_number(struct str text)
{
	return scalar_is_digit(text.data[0]) || scalar_has(text, 0, "+-") ||
		scalar_has(text, 0, "..");
}

static void scalar_add_without_underscores(struct buf *out, struct str text)
{
	while (text.size > 0) {
		struct str head;
		(void)str_cut(text, '_', &head, &text);
		buf_add(out, head);
	}
}

struct yaml_scalar yaml__resolve(struct str text)
{
	struct yaml_scalar scalar = {.type = JSON_STRING};
	autobuf plain = BUF_INIT(text.size);

	if (scalar_is_word(text, &scalar) || !scalar_begins_as_number(text))
		return scalar;
	scalar_add_without_underscores(&plain, text);
	if (text.data[0] == '.' && plain.size < text.size)
		return scalar;
	if (scalar_is_integer(buf_str(&plain), scalar.number) ||
		scalar_is_float(buf_str(&plain), scalar.number))
		scalar.type = JSON_NUMBER;
	return scalar;
}
