/*
 * Challenges are "Scheme name=value, name="value", OtherScheme ...": the comma divides both
 * parameters and challenges, so a token is a new scheme when no '=' follows it.
 */
#include "registry/challenge.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* The unread rest of the header. */
struct registry_reader {
	struct str rest;
};

/* What stands in front of the reader: "Scheme" or "name=value". */
struct registry_piece {
	struct str name;
	bool is_scheme;
	char value[REGISTRY_CHALLENGE_VALUE_SIZE];
};

static bool registry_is_token_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool registry_equal_fold(struct str text, const char *name)
{
	return text.size == strlen(name) && strncasecmp(text.data, name, text.size) == 0;
}

static void registry_skip(struct registry_reader *reader, const char *bytes)
{
	while (reader->rest.size > 0 && reader->rest.data[0] != '\0' &&
		strchr(bytes, reader->rest.data[0]) != NULL)
		reader->rest = str_from(reader->rest, 1);
}

static struct str registry_take_token(struct registry_reader *reader)
{
	struct str token = {reader->rest.data, 0};

	while (token.size < reader->rest.size && registry_is_token_byte(token.data[token.size]))
		token.size++;
	reader->rest = str_from(reader->rest, token.size);
	return token;
}

/* "..." with backslash escapes; the reader stands behind the first quote. */
static bool registry_take_quoted(
	struct registry_reader *reader, char value[static REGISTRY_CHALLENGE_VALUE_SIZE])
{
	size_t used = 0;
	struct str rest = reader->rest;

	for (size_t i = 0; i < rest.size; i++) {
		char c = rest.data[i];
		if (c == '"') {
			value[used] = '\0';
			reader->rest = str_from(rest, i + 1);
			return true;
		}
		if (c == '\\' && ++i < rest.size)
			c = rest.data[i];
		if ((unsigned char)c < ' ' || c == 0x7f ||
			used + 1 >= REGISTRY_CHALLENGE_VALUE_SIZE)
			return false;
		value[used++] = c;
	}
	return false; /* no closing quote */
}

static bool registry_take_value(
	struct registry_reader *reader, char value[static REGISTRY_CHALLENGE_VALUE_SIZE])
{
	struct str token;

	registry_skip(reader, " \t");
	if (reader->rest.size > 0 && reader->rest.data[0] == '"') {
		reader->rest = str_from(reader->rest, 1);
		return registry_take_quoted(reader, value);
	}
	token = registry_take_token(reader);
	registry_skip(reader, "="); /* padding of a token68, as in "Negotiate abc==" */
	if (token.size >= REGISTRY_CHALLENGE_VALUE_SIZE)
		return false;
	memcpy(value, token.data, token.size);
	value[token.size] = '\0';
	return true;
}

/* 1 with a piece, 0 at the end, -1 when the header is malformed. */
static int registry_next_piece(struct registry_reader *reader, struct registry_piece *ret_piece)
{
	registry_skip(reader, " \t,");
	if (reader->rest.size == 0)
		return 0;
	ret_piece->name = registry_take_token(reader);
	if (ret_piece->name.size == 0)
		return -1;
	registry_skip(reader, " \t");
	ret_piece->is_scheme = reader->rest.size == 0 || reader->rest.data[0] != '=';
	if (ret_piece->is_scheme)
		return 1;
	reader->rest = str_from(reader->rest, 1);
	return registry_take_value(reader, ret_piece->value) ? 1 : -1;
}

static void registry_set_parameter(
	struct registry__challenge *challenge, const struct registry_piece *piece)
{
	char *target = NULL;

	if (registry_equal_fold(piece->name, "realm"))
		target = challenge->realm;
	else if (registry_equal_fold(piece->name, "service"))
		target = challenge->service;
	if (target != NULL)
		memcpy(target, piece->value, strlen(piece->value) + 1);
}

/* How much a challenge is worth to us: Bearer 2, Basic 1, others 0. */
static int registry_rank(struct str scheme)
{
	return registry_equal_fold(scheme, "Bearer") ? 2 : registry_equal_fold(scheme, "Basic");
}

int registry__challenge_parse(
	struct str header, struct registry__challenge *ret_challenge, struct error *err)
{
	struct registry_reader reader = {header};
	struct registry_piece piece;
	struct registry__challenge best = {0};
	struct registry__challenge current = {0};
	int best_rank = 0;
	int rank = 0;
	int found;

	do {
		found = registry_next_piece(&reader, &piece);
		if (found < 0)
			return error_set(
				err, ERROR_INVALID, "the WWW-Authenticate header is malformed");
		if (found > 0 && !piece.is_scheme) {
			registry_set_parameter(&current, &piece);
			continue;
		}
		if (rank > best_rank && (rank == 1 || current.realm[0] != '\0')) {
			best = current; /* complete: the next scheme or the end has come */
			best_rank = rank;
		}
		if (found > 0) {
			rank = registry_rank(piece.name);
			current = (struct registry__challenge){
				.scheme = rank == 2 ? REGISTRY_BEARER : REGISTRY_BASIC};
		}
	} while (found > 0);
	if (best_rank == 0)
		return error_set(err, ERROR_UNSUPPORTED,
			"the registry asks for neither Basic nor Bearer authentication");
	*ret_challenge = best;
	return 0;
}
