/* The life of a ticket for bytes that come, as decisions of its two sides. */
#include "checkpoint/import.h"

enum {
	/* A relay that starts is waited for so long. */
	IMPORT_PATIENCE_MS = 60000,
	/* The controller gives the agent so much longer to say itself what comes of it. */
	IMPORT_AGENT_GRACE_MS = 15000,
	/* Looking at what has come takes as long as a worker may. */
	IMPORT_CHECK_MS = 900000,
};

static struct checkpoint_import_next import_fail(const char *reason, const char *message)
{
	return (struct checkpoint_import_next){
		.step = CHECKPOINT_IMPORT_FAIL, .reason = reason, .message = message};
}

/* Nothing until so long after that time; `otherwise` from then on. */
static struct checkpoint_import_next import_wait(struct wall_time time, int64_t ms,
	struct wall_time now, struct checkpoint_import_next otherwise)
{
	int64_t left_us = time.us + ms * 1000 - now.us;

	if (left_us <= 0)
		return otherwise;
	return (struct checkpoint_import_next){.wake_ms = (left_us + 999) / 1000};
}

static struct checkpoint_import_next import_lifetime(
	const struct api_import *import, int64_t grace_ms, struct wall_time now)
{
	bool has_all = import->status.received_bytes >= import->spec.size_bytes;

	return import_wait(import->status.opened, import->spec.lifetime_seconds * 1000 + grace_ms,
		now,
		has_all ? import_fail("Timeout",
				  "all has arrived, but the agent of the node has not made a "
				  "Checkpoint of it; its log says why")
			: import_fail("LifetimeOver",
				  "not all has arrived before spec.lifetimeSeconds were over"));
}

struct checkpoint_import_next checkpoint_import_for_controller(
	const struct api_import *import, bool has_agent, struct wall_time now)
{
	if (api_import_is_finished(import) || wall_time_is_set(import->metadata.deleted))
		return (struct checkpoint_import_next){0};
	if (api_import_phase(import) == API_IMPORT_OPEN)
		return import_lifetime(import, IMPORT_AGENT_GRACE_MS + IMPORT_CHECK_MS, now);
	return import_wait(import->metadata.created, IMPORT_PATIENCE_MS + IMPORT_AGENT_GRACE_MS,
		now,
		has_agent ? import_fail("Timeout",
				    "the agent of the node did not open it; is it running there?")
			  : import_fail("NoAgent",
				    "spec.nodeName has no agent of KCR: it has no "
				    "CheckpointNode"));
}

struct checkpoint_import_next checkpoint_import_for_agent(
	const struct checkpoint_import_view *view, struct wall_time now)
{
	const struct api_import *import = view->import;

	if (api_import_is_finished(import) || wall_time_is_set(import->metadata.deleted))
		return (struct checkpoint_import_next){0};
	if (view->is_made)
		return (struct checkpoint_import_next){.step = CHECKPOINT_IMPORT_COMPLETE};
	if (view->is_given_up)
		return import_fail("GivenUp", "who made it has given it up");
	if (view->failure != NULL)
		return import_fail(view->failure, view->failure_message);
	if (api_import_phase(import) == API_IMPORT_OPEN) {
		if (view->received_bytes >= import->spec.size_bytes)
			return (struct checkpoint_import_next){.step = CHECKPOINT_IMPORT_CHECK};
		return import_lifetime(import, 0, now);
	}
	if (!view->has_relay)
		return import_wait(import->metadata.created, IMPORT_PATIENCE_MS, now,
			import_fail("NoRelay",
				"no Pod of kcr-relay is ready on the node: was it installed with "
				"export.enabled?"));
	return (struct checkpoint_import_next){.step = CHECKPOINT_IMPORT_OPEN};
}

bool checkpoint_import_is_good(const struct checkpoint_import_view *view, struct wall_time now)
{
	enum checkpoint_import_step step = checkpoint_import_for_agent(view, now).step;

	if (wall_time_is_set(view->import->metadata.deleted))
		return false;
	return step == CHECKPOINT_IMPORT_OPEN || step == CHECKPOINT_IMPORT_CHECK ||
		(step == CHECKPOINT_IMPORT_NONE &&
			api_import_phase(view->import) == API_IMPORT_OPEN);
}
