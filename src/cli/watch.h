/* --watch: what there is as a table, and then a line for each change, until Ctrl-C. */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli/kinds.h"
#include "cli/session.h"
#include "cli/table.h"
#include "kube/informer.h"

struct cli_watch_options {
	const struct cli_kind *kind;
	const struct cli_column *columns;
	size_t column_count;
	struct str label_selector;
	/*
	 * An object is there, or has changed; not for those that are gone. Adds a row to `table`,
	 * or writes its own line to `out`, or does nothing.
	 */
	void (*write)(void *context, const struct kube_object *object, struct cli_table *table,
		struct buf *out);
	void *context;
};

/*
 * Returns when standard output is closed, or fails: what is denied or absent at the first list is
 * an error; later failures are told once each, and tried again. Ctrl-C ends the program.
 */
must_check int cli_watch(
	struct cli_session *session, const struct cli_watch_options *options, struct error *err);

#endif
