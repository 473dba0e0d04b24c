/* Names made from names: joined, made valid, and cut to size with a hash of what was meant. */
#include "api/names.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/number.h"

enum { NAME_HASH_DIGITS = 8, NAME_TIME_DIGITS = 10 };

static bool name_is_alphanumeric(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= '0' && byte <= '9');
}

/* Without anything but letters and digits at both ends. */
static struct str name_trim(struct str text)
{
	while (text.size > 0 && !name_is_alphanumeric(text.data[0]))
		text = str_from(text, 1);
	while (text.size > 0 && !name_is_alphanumeric(text.data[text.size - 1]))
		text.size--;
	return text;
}

/*
 * `meant` when `tidy` is the same and fits; else as much of `tidy` as leaves room for '-' and the
 * hash of `meant`.
 */
static struct str name_finish(
	struct arena *arena, struct str meant, struct str tidy, size_t max_size)
{
	size_t room = max_size - 1 - NAME_HASH_DIGITS;
	uint64_t hash = str_hash(meant);
	uint32_t folded = (uint32_t)(hash ^ hash >> 32);

	tidy = name_trim(tidy);
	if (str_equal(tidy, meant) && meant.size <= max_size)
		return arena_str(arena, meant);
	if (tidy.size > room)
		tidy = name_trim((struct str){tidy.data, room});
	return arena_printf(
		arena, "%.*s%s%08" PRIx32, STR_ARG(tidy), tidy.size > 0 ? "-" : "", folded);
}

struct str api_label_value(struct arena *arena, struct str text)
{
	struct str tidy = arena_str(arena, text);
	char *bytes = arena_zeroed(arena, text.size + 1, 1);

	for (size_t i = 0; i < text.size; i++) {
		char byte = tidy.data[i];
		bool is_valid =
			name_is_alphanumeric(byte) || byte == '-' || byte == '_' || byte == '.';
		bytes[i] = is_valid ? byte : '-';
	}
	tidy.data = bytes;
	return name_finish(arena, text, tidy, API_LABEL_VALUE_SIZE);
}

static bool name_is_plain(struct str text, size_t position)
{
	return position < text.size && name_is_alphanumeric(text.data[position]);
}

/* One byte of a subdomain: lower case, and a dot only between two letters or digits. */
static char name_tidy_byte(struct str text, size_t position)
{
	char byte = text.data[position];

	if (byte >= 'A' && byte <= 'Z')
		return (char)(byte - 'A' + 'a');
	if (name_is_alphanumeric(byte))
		return byte;
	if (byte == '.' && position > 0 && name_is_plain(text, position - 1) &&
		name_is_plain(text, position + 1))
		return byte;
	return '-';
}

/* The parts that are not empty and the time, joined by '-', as an object's name. */
static struct str name_join(
	struct arena *arena, const struct str *parts, size_t count, int64_t unix_seconds)
{
	struct str meant = {0};
	char *bytes;

	for (size_t i = 0; i < count; i++)
		if (parts[i].size > 0)
			meant = arena_printf(arena, "%.*s%s%.*s", STR_ARG(meant),
				meant.size > 0 ? "-" : "", STR_ARG(parts[i]));
	meant = arena_printf(arena, "%.*s-%" PRIi64, STR_ARG(meant), unix_seconds);
	bytes = arena_zeroed(arena, meant.size + 1, 1);
	for (size_t i = 0; i < meant.size; i++)
		bytes[i] = name_tidy_byte(meant, i);
	return name_finish(arena, meant, (struct str){bytes, meant.size}, API_NAME_SIZE);
}

struct str api_request_name(struct arena *arena, struct str schedule, struct str pod,
	struct str container, int64_t unix_time)
{
	const struct str parts[] = {schedule, pod, container};

	return name_join(arena, parts, array_size(parts), unix_time);
}

bool api_request_name_time(struct str name, int64_t *ret_unix_seconds)
{
	size_t digits = 0;

	while (digits < name.size && name.data[name.size - digits - 1] != '-')
		digits++;
	return digits >= NAME_TIME_DIGITS &&
		number_parse_i64(str_from(name, name.size - digits), ret_unix_seconds);
}

struct str api_checkpoint_name(struct arena *arena, struct str pod, struct str namespace,
	struct str container, int64_t unix_seconds)
{
	const struct str parts[] = {pod, namespace, container};

	return name_join(arena, parts, array_size(parts), unix_seconds);
}

struct str api_name_apart(struct arena *arena, struct str name, struct str whose)
{
	struct str meant = arena_printf(arena, "%.*s/%.*s", STR_ARG(name), STR_ARG(whose));

	return name_finish(arena, meant, name, API_NAME_SIZE);
}

struct json_strings api_split_names(struct arena *arena, struct str text)
{
	struct json_strings names = {0};
	struct str rest = text;
	struct str name;
	size_t most = 1;

	while (str_cut(rest, ',', &name, &rest))
		most++;
	names.items = arena_zeroed(arena, most, sizeof(struct str));
	rest = text;
	for (size_t i = 0; i < most; i++) {
		(void)str_cut(rest, ',', &name, &rest); /* the last one has no comma */
		name = str_trim(name);
		if (name.size > 0)
			names.items[names.count++] = arena_str(arena, name);
	}
	return names;
}
