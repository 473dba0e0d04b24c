/* Phases and messages of the requests, as lines where something is new. */
#include "cli/restores.h"

#include <stdio.h>

#include "cli/output.h"

struct restores {
	struct cli_follow *follow;
	struct cli_restore *items;
	size_t count;
};

static bool restores_item_is_over(const struct cli_restore *item)
{
	return str_is(item->phase, "Completed") || str_is(item->phase, "Failed");
}

static bool restores_are_over(const struct restores *restores)
{
	for (size_t i = 0; i < restores->count; i++)
		if (!restores_item_is_over(&restores->items[i]))
			return false;
	return true;
}

/* A line where something is new. */
static void restores_see(
	struct restores *restores, struct cli_restore *item, struct str phase, struct str message)
{
	struct arena *arena = restores->follow->session->call->arena;

	if (restores_item_is_over(item) ||
		(str_equal(phase, item->phase) && str_equal(message, item->message)))
		return;
	item->phase = arena_str(arena, phase);
	item->message = arena_str(arena, message);
	cli_tell("%.*s/%.*s: %.*s%s%.*s", STR_ARG(item->pod), STR_ARG(item->container),
		STR_ARG(phase), message.size > 0 ? ": " : "", STR_ARG(message));
	if (restores_are_over(restores))
		cli_follow_end(restores->follow);
}

static void restores_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct restores *restores = context;
	struct str name = (new != NULL ? new : old)->name;
	const struct api_restore_request *request = new != NULL ? new->view : NULL;

	for (size_t i = 0; i < restores->count; i++) {
		if (!str_equal(restores->items[i].request, name))
			continue;
		if (request == NULL)
			restores_see(restores, &restores->items[i], STR("Failed"),
				STR("the request was deleted"));
		else
			restores_see(restores, &restores->items[i],
				api_restore_phase_text(api_restore_phase(request)),
				request->status.message);
	}
}

static int restores_end(const struct restores *restores, struct error *err)
{
	for (size_t i = 0; i < restores->count; i++) {
		const struct cli_restore *item = &restores->items[i];

		if (str_is(item->phase, "Failed"))
			return error_set(err, ERROR_SYSTEM,
				"container '%.*s' of pod '%.*s' was not restored: %.*s; 'kubectl "
				"kcr describe restore/%.*s' shows more",
				STR_ARG(item->container), STR_ARG(item->pod),
				STR_ARG(item->message), STR_ARG(item->request));
	}
	return CLI_DONE;
}

static void restores_tell_unfinished(const struct restores *restores, bool is_interrupted)
{
	fprintf(stderr, "%s. What is not finished goes on in the cluster:\n",
		is_interrupted ? "Interrupted" : "The time of --timeout is over");
	for (size_t i = 0; i < restores->count; i++)
		if (!restores_item_is_over(&restores->items[i]))
			fprintf(stderr, "  restore/%.*s\n", STR_ARG(restores->items[i].request));
	fprintf(stderr, "'kubectl kcr describe restore/NAME' shows what becomes of it.\n");
}

int cli_restores_wait(
	struct cli_follow *follow, struct cli_restore *items, size_t count, struct error *err)
{
	struct restores restores = {.follow = follow, .items = items, .count = count};
	struct cli_followed requests = {
		.kind = &cli_restore_request_kind, .changed = restores_changed};
	int result = cli_follow_watch(follow, &requests, 1, &restores, err);

	if (result == CLI_INTERRUPTED || result == CLI_WAITED_IN_VAIN)
		restores_tell_unfinished(&restores, result == CLI_INTERRUPTED);
	return result == CLI_DONE ? restores_end(&restores, err) : result;
}
