/* For the tests of this room: a JSON text with an arena, gone at the end of the scope. */
#ifndef TESTS_API_PARSED_H
#define TESTS_API_PARSED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "json/json.h"

struct parsed {
	struct json_doc *doc;
	const struct json *value;
	struct arena *arena;
	struct error err;
};

static inline struct parsed parsed_of(const char *text)
{
	struct parsed parsed = {.arena = arena_new(1024)};

	if (json_parse(str_of(text), &parsed.doc, &parsed.err) < 0)
		fail_msg("%s: %s", text, parsed.err.text);
	parsed.value = json_doc_root(parsed.doc);
	return parsed;
}

static inline void parsed_done(struct parsed *parsed)
{
	json_doc_unref(parsed->doc);
	arena_free(parsed->arena);
}
#define autoparsed clean_up(parsed_done) struct parsed

static inline void assert_str(struct str actual, const char *expected)
{
	autofree char *text = str_dup(actual);

	assert_string_equal(text, expected);
}

#endif
