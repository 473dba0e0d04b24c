/* A plan's arrays, and the steps that many plans have. */
#include "kube/plan.h"

#include <assert.h>
#include <string.h>

/* Room for one more item in an array of the arena. */
static void *plan_grow(
	struct arena *arena, const void *items, size_t count, size_t *capacity, size_t size)
{
	void *larger;

	if (count < *capacity)
		return NULL;
	*capacity = *capacity == 0 ? 4 : *capacity * 2;
	larger = arena_zeroed(arena, *capacity, size);
	if (count > 0)
		memcpy(larger, items, count * size);
	return larger;
}

void kube_plan_add(struct kube_plan *plan, const struct kube_request *request)
{
	struct kube_request *larger = plan_grow(
		plan->arena, plan->requests, plan->count, &plan->capacity, sizeof(*plan->requests));

	if (larger != NULL)
		plan->requests = larger;
	plan->requests[plan->count++] = *request;
}

void kube_plan_ask(struct kube_plan *plan, const struct kube_request *request,
	kube_answered_fn answered, void *context)
{
	assert(plan->count == 0 && plan->answered == NULL);
	kube_plan_add(plan, request);
	plan->answered = answered;
	plan->answered_context = context;
	kube_plan_wake(plan, 1);
}

void kube_plan_then(struct kube_plan *plan, kube_then_fn call, void *context, const void *data)
{
	struct kube_then *larger = plan_grow(plan->arena, plan->thens, plan->then_count,
		&plan->then_capacity, sizeof(*plan->thens));

	if (larger != NULL)
		plan->thens = larger;
	plan->thens[plan->then_count++] = (struct kube_then){call, context, data};
}

void kube_plan_wake(struct kube_plan *plan, int64_t ms)
{
	if (ms > 0 && (plan->wake_ms == 0 || ms < plan->wake_ms))
		plan->wake_ms = ms;
}

void kube_plan_apply(struct kube_plan *plan, const struct kube_resource *resource,
	struct str namespace, struct str name, const char *subresource, struct str body,
	const char *field_manager)
{
	kube_plan_add(plan,
		&(struct kube_request){
			.verb = KUBE_APPLY,
			.resource = resource,
			.namespace = arena_str(plan->arena, namespace),
			.name = arena_str(plan->arena, name),
			.subresource = arena_str(plan->arena, str_of(subresource)),
			.body = arena_str(plan->arena, body),
			.field_manager = arena_str(plan->arena, str_of(field_manager)),
			.absent_is_fine = true,
		});
}

struct plan_event {
	struct kube_events *events;
	struct kube_event event;
};

static void plan_emit(void *context, const void *data)
{
	const struct plan_event *planned = data;

	(void)context;
	kube_events_emit(planned->events, &planned->event);
}

void kube_plan_event(
	struct kube_plan *plan, struct kube_events *events, const struct kube_event *event)
{
	struct plan_event *planned = arena_zeroed(plan->arena, 1, sizeof(*planned));
	struct str *texts[] = {
		&planned->event.regarding.api_version,
		&planned->event.regarding.kind,
		&planned->event.regarding.namespace,
		&planned->event.regarding.name,
		&planned->event.regarding.uid,
		&planned->event.regarding.field_path,
		&planned->event.reason,
		&planned->event.action,
		&planned->event.note,
	};

	planned->events = events;
	planned->event = *event;
	for (size_t i = 0; i < array_size(texts); i++)
		*texts[i] = arena_str(plan->arena, *texts[i]);
	kube_plan_then(plan, plan_emit, NULL, planned);
}
