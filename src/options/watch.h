/*
 * Options that may change while the program runs: those whose row says is_live are taken from the
 * file again when it has changed (inotify, which sees a ConfigMap's exchange, too) and on SIGHUP.
 * A file with mistakes changes nothing. Of other options that differ now a warning is logged.
 */
#ifndef OPTIONS_WATCH_H
#define OPTIONS_WATCH_H

#include "loop/loop.h"
#include "options/options.h"

struct options_watch;

/*
 * Watches for as long as the handle lives. `changed` is called after options->values have changed.
 * A file that cannot be watched is left to SIGHUP, with a warning. The caller owns *ret_watch.
 * Fails with SYSTEM.
 */
must_check int options_watch_new(struct loop *loop, struct options *options,
	void (*changed)(void *context), void *context, struct options_watch **ret_watch,
	struct error *err);
void options_watch_free(struct options_watch *watch); /* may be NULL */

#endif
