/* What a command prints: objects as they came, names, tables, and where it goes. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "cli/kinds.h"
#include "cli/session.h"
#include "cli/table.h"

enum {
	/* What one command prints at most: a thousand objects of the size that etcd takes. */
	CLI_OUTPUT_BYTES = 1024 * 1024 * 1024,
};

/* Whether colours and lines of a terminal are wanted on the descriptor: it is one, and neither
 * NO_COLOR (no-color.org) nor TERM=dumb say otherwise. */
bool cli_has_colours(int fd);

/*
 * Appends objects as JSON or YAML, without managedFields, as kubectl does: one as it is, others as
 * a List.
 */
void cli_write_json(struct buf *out, const struct json *const *objects, size_t count, bool is_one);
must_check int cli_write_yaml(struct buf *out, const struct json *const *objects, size_t count,
	bool is_one, struct error *err);

/* Appends "checkpoint.checkpoint-restore.kcr.io/NAME", a line. */
void cli_write_name(struct buf *out, const struct cli_kind *kind, struct str name);

/* A table by the call's flags, for standard output. */
struct cli_table cli_table_make(
	struct cli_call *call, const struct cli_column *columns, size_t column_count);

#endif
