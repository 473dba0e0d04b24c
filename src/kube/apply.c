/* One call at a time; the next is started when the one before has succeeded. */
#include "kube/apply.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "kube/exchange.h"

struct kube_apply {
	struct kube_client *client;
	struct arena *arena;
	const struct kube_request *requests;
	size_t count;
	size_t done_count;
	kube_apply_done_fn done;
	void *context;
	struct kube_call *call;
	struct loop_source *nothing; /* tells that there was nothing to do, from the loop */
};

static void apply_next(struct kube_apply *apply);

static void apply_call_ended(
	void *context, const struct kube_answer *answer, const struct error *err)
{
	struct kube_apply *apply = context;

	if (err == NULL && ++apply->done_count < apply->count)
		apply_next(apply);
	else
		apply->done(apply->context, apply->done_count, answer, err);
}

static void apply_next(struct kube_apply *apply)
{
	kube_call_free(apply->call);
	apply->call = kube_call_start(
		apply->client, &apply->requests[apply->done_count], apply_call_ended, apply);
}

static void apply_tell_nothing(void *context)
{
	struct kube_apply *apply = context;

	apply->done(apply->context, 0, NULL, NULL);
}

struct kube_apply *kube_apply_start(struct kube_client *client, struct arena *arena,
	const struct kube_request *requests, size_t count, kube_apply_done_fn done, void *context)
{
	struct kube_apply *apply = new_zeroed(struct kube_apply);

	apply->client = client;
	apply->arena = arena;
	apply->requests = requests;
	apply->count = count;
	apply->done = done;
	apply->context = context;
	if (count > 0)
		apply_next(apply);
	else
		apply->nothing = loop_defer(kube__client_loop(client), apply_tell_nothing, apply);
	return apply;
}

void kube_apply_free(struct kube_apply *apply)
{
	if (apply == NULL)
		return;
	loop_source_free(apply->nothing);
	kube_call_free(apply->call);
	arena_free(apply->arena);
	free(apply);
}
