/* An informer whose changes become lines. */
#include "cli/watch.h"

#include "cli/output.h"

struct watch {
	struct cli_session *session;
	const struct cli_watch_options *options;
	struct kube_informer *informer;
	struct cli_table table; /* its widths are kept, its rows are those of one change */
	struct error error;
	bool has_headers; /* they were not written yet */
};

/* Rows are made in an arena of their own, for a watch may last for days. */
static void watch_write(struct watch *watch, const struct kube_object *const *objects, size_t count)
{
	autobuf out = BUF_INIT(CLI_OUTPUT_BYTES);
	autoarena *arena = arena_new(1024);
	struct cli_table table = watch->table;

	table.arena = arena;
	table.has_headers = watch->has_headers;
	for (size_t i = 0; i < count; i++)
		watch->options->write(watch->options->context, objects[i], &table, &out);
	if (table.count > 0)
		cli_table_write(&table, &out);
	watch->has_headers = watch->has_headers && table.count == 0;
	if (cli_print(&out, &watch->error) < 0)
		loop_stop(watch->session->loop);
}

static void watch_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct watch *watch = context;

	(void)old;
	if (new != NULL && kube_informer_is_synced(watch->informer))
		watch_write(watch, &new, 1);
}

static int watch_compare(const void *left, const void *right)
{
	const struct kube_object *a = *(const struct kube_object *const *)left;
	const struct kube_object *b = *(const struct kube_object *const *)right;
	int order = str_compare(a->namespace, b->namespace);

	return order != 0 ? order : str_compare(a->name, b->name);
}

static void watch_synced(void *context)
{
	struct watch *watch = context;
	autoarena *arena = arena_new(1024);
	size_t count = kube_informer_count(watch->informer);
	const struct kube_object **objects = arena_zeroed(arena, count + 1, sizeof(*objects));
	size_t position = 0;

	for (size_t i = 0; i < count; i++)
		objects[i] = kube_informer_next(watch->informer, &position);
	if (count > 1)
		qsort(objects, count, sizeof(*objects), watch_compare);
	watch_write(watch, objects, count);
}

static void watch_failed(void *context, const struct error *err)
{
	struct watch *watch = context;

	if (kube_informer_is_synced(watch->informer)) {
		cli_tell("The watch is interrupted and begins again: %s", err->text);
		return;
	}
	watch->error = *err;
	loop_stop(watch->session->loop);
}

int cli_watch(
	struct cli_session *session, const struct cli_watch_options *options, struct error *err)
{
	struct watch watch = {.session = session, .options = options, .has_headers = true};
	const struct kube_informer_options informer_options = {
		.resource = &options->kind->resource,
		.view = options->kind->api != NULL ? options->kind->api->object
						   : options->kind->object,
		.namespace = session->scope,
		.label_selector = options->label_selector,
		.synced = watch_synced,
		.failed = watch_failed,
		.context = &watch,
	};
	int result;

	watch.table = cli_table_make(session->call, options->columns, options->column_count);
	watch.table.widths = arena_zeroed(
		session->call->arena, options->column_count, sizeof(*watch.table.widths));
	watch.has_headers = watch.table.has_headers;
	watch.informer = kube_informer_new(session->client, &informer_options);
	kube_informer_on_change(watch.informer, watch_changed, &watch);
	kube_informer_start(watch.informer);
	result = loop_run(session->loop, err);
	kube_informer_free(watch.informer);
	if (result == 0 && watch.error.kind != ERROR_NONE) {
		*err = watch.error;
		result = -1;
	}
	return result;
}
