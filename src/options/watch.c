/* The file's changes: read anew, checked as at the start, and compared row by row. */
#include "options/watch.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"
#include "options/row.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

/* Who writes a file may not be done with the first event. */
enum { WATCH_PAUSE_MS = 100 };

struct options_watch {
	struct loop *loop;
	struct options *options;
	void (*changed)(void *context);
	void *context;
	int inotify_fd;
	struct loop_source *inotify;
	struct loop_source *hangup;
	struct loop_source *pause;
};

/* ---- Taking up ---- */

static size_t watch_value_size(const struct option_row *row)
{
	switch (row->type) {
	case OPTION_TEXT:
	case OPTION_CHOICE:
		return sizeof(const char *);
	case OPTION_FLAG:
		return sizeof(bool);
	case OPTION_NUMBER:
	case OPTION_DURATION:
	case OPTION_BYTES:
		break;
	}
	return sizeof(int64_t);
}

static bool watch_is_equal(const struct option_row *row, const void *a, const void *b)
{
	autobuf text_a = BUF_INIT(LIMIT_CONFIG_BYTES);
	autobuf text_b = BUF_INIT(LIMIT_CONFIG_BYTES);

	option_write_value(row, a, &text_a);
	option_write_value(row, b, &text_b);
	return str_equal(buf_str(&text_a), buf_str(&text_b));
}

static void watch_tell_mistakes(
	const struct options *options, const struct option_mistakes *mistakes)
{
	struct str rest = buf_str(&mistakes->lines);
	struct str line;

	while (rest.size > 0) {
		autofree char *text = NULL;
		(void)str_cut(rest, '\n', &line, &rest);
		text = str_dup(line);
		log_error(NULL, "Left the options as they are, their file has a mistake", "file",
			options->path, "mistake", text);
	}
}

static void watch_add_to_list(struct buf *list, const char *text)
{
	buf_printf(list, "%s%s", list->size > 0 ? ", " : "", text);
}

/* Takes what may change from `fresh`, and lists both, what it took and what it did not. */
static void watch_take(struct options *options, void *fresh, struct buf *taken, struct buf *waiting)
{
	for (size_t i = 0; i < options->table->count; i++) {
		const struct option_row *row = &options->table->rows[i];
		if (watch_is_equal(row, options->values, fresh))
			continue;
		if (!row->is_live) {
			watch_add_to_list(waiting, row->name);
			continue;
		}
		assert(row->type != OPTION_TEXT); /* it would point into the file's texts */
		memcpy(options__field(row, options->values), options__field(row, fresh),
			watch_value_size(row));
		watch_add_to_list(taken, row->name);
		buf_add_byte(taken, '=');
		option_write_value(row, fresh, taken);
	}
}

static void watch_compare(struct options_watch *watch, void *fresh)
{
	autobuf taken = BUF_INIT(LIMIT_OPTION_MISTAKES);
	autobuf waiting = BUF_INIT(LIMIT_OPTION_MISTAKES);

	watch_take(watch->options, fresh, &taken, &waiting);
	if (taken.size > 0) {
		watch->changed(watch->context);
		log_info("Took up changed options", "options", taken.data);
	}
	if (waiting.size > 0)
		log_warning(NULL, "Changed options need a restart", "options", waiting.data);
}

static void watch_read(struct options_watch *watch)
{
	struct options *options = watch->options;
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	autoarena *texts = arena_new(1024);
	autofree void *fresh = alloc_zeroed(1, options->table->size);

	if (options_read(options, fresh, texts, &mistakes) < 0)
		watch_tell_mistakes(options, &mistakes);
	else
		watch_compare(watch, fresh);
}

/* ---- Noticing ---- */

static void watch_hung_up(void *context, int number)
{
	struct options_watch *watch = context;

	(void)number;
	if (watch->options->path == NULL)
		log_info("There is no file of options to read again");
	else
		watch_read(watch);
}

/* Many events are no change of the file's content: others lie in the directory. */
static void watch_pause_over(void *context)
{
	struct options_watch *watch = context;
	autobuf before = BUF_INIT(LIMIT_CONFIG_BYTES);
	autobuf now = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct error err;

	if (file_read(AT_FDCWD, watch->options->path, &now, &err) == 0 &&
		str_equal(buf_str(&now), buf_str(&watch->options->file)))
		return;
	watch_read(watch);
}

static void watch_notified(void *context, unsigned events)
{
	struct options_watch *watch = context;
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	(void)events;
	while (read(watch->inotify_fd, buffer, sizeof(buffer)) > 0)
		continue;
	loop_timer_set(watch->pause, WATCH_PAUSE_MS);
}

/* The directory, because files are exchanged by renames: the file itself would be the old one. */
static int watch_file(struct options_watch *watch, struct error *err)
{
	struct str directory;
	struct str name = str_of(watch->options->path);
	autofree char *path = NULL;

	if (!str_cut_last(name, '/', &directory, &name))
		directory = STR(".");
	path = str_dup(directory.size > 0 ? directory : STR("/"));
	watch->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->inotify_fd < 0)
		return error_set_errno(err, "inotify_init1");
	if (inotify_add_watch(watch->inotify_fd, path, IN_CLOSE_WRITE | IN_MOVED_TO) < 0)
		return error_set_errno(err, "cannot watch '%s'", path);
	return loop_watch_fd(watch->loop, watch->inotify_fd, LOOP_READ, watch_notified, watch,
		&watch->inotify, err);
}

int options_watch_new(struct loop *loop, struct options *options, void (*changed)(void *context),
	void *context, struct options_watch **ret_watch, struct error *err)
{
	struct options_watch *watch = new_zeroed(struct options_watch);
	struct error unwatched;

	watch->loop = loop;
	watch->options = options;
	watch->changed = changed;
	watch->context = context;
	watch->inotify_fd = -1;
	watch->pause = loop_timer_new(loop, watch_pause_over, watch);
	if (loop_watch_signal(loop, SIGHUP, watch_hung_up, watch, &watch->hangup, err) < 0) {
		options_watch_free(watch);
		return -1;
	}
	if (options->path != NULL && watch_file(watch, &unwatched) < 0)
		log_warning(&unwatched,
			"Changes of the options' file are taken up with SIGHUP only", "file",
			options->path);
	*ret_watch = watch;
	return 0;
}

void options_watch_free(struct options_watch *watch)
{
	if (watch == NULL)
		return;
	loop_source_free(watch->inotify);
	loop_source_free(watch->hangup);
	loop_source_free(watch->pause);
	fd_close(&watch->inotify_fd);
	free(watch);
}
