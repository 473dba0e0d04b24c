/* The life of a ticket, as decisions of its two sides. */
#include "checkpoint/export.h"

enum {
	/* A Checkpoint that a new ticket names may reach us a little later than the ticket. */
	EXPORT_LATE_CHECKPOINT_MS = 5000,
	/* A Checkpoint that is being taken in, or a relay that starts, is waited for so long. */
	EXPORT_PATIENCE_MS = 60000,
	/* The controller gives the agent so much longer to say itself what comes of it. */
	EXPORT_AGENT_GRACE_MS = 15000,
};

static struct checkpoint_export_next export_fail(const char *reason, const char *message)
{
	return (struct checkpoint_export_next){
		.step = CHECKPOINT_EXPORT_FAIL, .reason = reason, .message = message};
}

static struct checkpoint_export_next export_close(const char *reason, const char *message)
{
	return (struct checkpoint_export_next){
		.step = CHECKPOINT_EXPORT_CLOSE, .reason = reason, .message = message};
}

static struct wall_time export_after(struct wall_time time, int64_t ms)
{
	return (struct wall_time){time.us + ms * 1000};
}

static struct wall_time export_end(const struct api_export *export)
{
	return export_after(export->status.opened, export->spec.lifetime_seconds * 1000);
}

/* Nothing until then; `otherwise` from then on. */
static struct checkpoint_export_next export_wait(
	struct wall_time until, struct wall_time now, struct checkpoint_export_next otherwise)
{
	if (now.us >= until.us)
		return otherwise;
	return (struct checkpoint_export_next){.wake_ms = (until.us - now.us + 999) / 1000};
}

static struct checkpoint_export_next export_lifetime(
	const struct api_export *export, int64_t grace_ms, struct wall_time now)
{
	return export_wait(export_after(export_end(export), grace_ms), now,
		export_close("LifetimeOver", "spec.lifetimeSeconds are over"));
}

/* ---- The controller ---- */

static struct checkpoint_export_next export_assign(const struct api_export *export,
	const struct api_checkpoint *checkpoint, struct wall_time now)
{
	if (checkpoint == NULL)
		return export_wait(
			export_after(export->metadata.created, EXPORT_LATE_CHECKPOINT_MS), now,
			export_fail("CheckpointNotFound",
				"there is no Checkpoint of this name in the namespace"));
	if (checkpoint->spec.node_name.size == 0)
		return export_fail(
			"NoNode", "the Checkpoint names no node: it was not made by this version");
	return (struct checkpoint_export_next){
		.step = CHECKPOINT_EXPORT_ASSIGN, .node = checkpoint->spec.node_name};
}

struct checkpoint_export_next checkpoint_export_for_controller(const struct api_export *export,
	const struct api_checkpoint *checkpoint, bool has_agent, struct wall_time now)
{
	struct wall_time patience =
		export_after(export->metadata.created, EXPORT_PATIENCE_MS + EXPORT_AGENT_GRACE_MS);

	if (api_export_is_finished(export) || wall_time_is_set(export->metadata.deleted))
		return (struct checkpoint_export_next){0};
	if (export->spec.node_name.size == 0)
		return export_assign(export, checkpoint, now);
	if (api_export_phase(export) == API_EXPORT_OPEN)
		return export_lifetime(export, EXPORT_AGENT_GRACE_MS, now);
	if (!has_agent)
		return export_wait(patience, now,
			export_fail("NoAgent",
				"the node of the Checkpoint has no agent of KCR: it has no "
				"CheckpointNode"));
	return export_wait(patience, now,
		export_fail(
			"Timeout", "the agent of the node did not open it; is it running there?"));
}

/* ---- The agent ---- */

static struct checkpoint_export_next export_follow(
	const struct checkpoint_export_view *view, struct wall_time now)
{
	const struct api_export *export = view->export;
	const struct api_checkpoint_reference *opened = export->status.checkpoint;

	if (now.us >= export_end(export).us)
		return export_lifetime(export, 0, now);
	if (view->checkpoint == NULL || opened == NULL ||
		!str_equal(opened->uid, view->checkpoint->metadata.uid))
		return export_fail("CheckpointGone", "the Checkpoint was deleted");
	if (!view->is_stored)
		return export_fail("NotStored", "it is not in the node's store any more");
	return export_lifetime(export, 0, now);
}

struct checkpoint_export_next checkpoint_export_for_agent(
	const struct checkpoint_export_view *view, struct wall_time now)
{
	const struct api_export *export = view->export;
	const struct api_checkpoint *checkpoint = view->checkpoint;
	struct wall_time created = export->metadata.created;
	struct wall_time patience = export_after(created, EXPORT_PATIENCE_MS);

	if (api_export_is_finished(export) || wall_time_is_set(export->metadata.deleted))
		return (struct checkpoint_export_next){0};
	if (view->is_finished)
		return export_close("Finished", "who made it has finished");
	if (api_export_phase(export) == API_EXPORT_OPEN)
		return export_follow(view, now);
	if (checkpoint == NULL)
		return export_wait(export_after(created, EXPORT_LATE_CHECKPOINT_MS), now,
			export_fail("CheckpointNotFound",
				"spec.nodeName keeps no Checkpoint of this name"));
	switch (api_checkpoint_phase(checkpoint)) {
	case API_CHECKPOINT_FAILED:
		return export_fail("CheckpointFailed",
			"there are no bytes: the Checkpoint has failed, its status says why");
	case API_CHECKPOINT_CREATED:
	case API_CHECKPOINT_PROCESSING:
		return export_wait(patience, now,
			export_fail("NotStored", "the Checkpoint is still being taken in"));
	case API_CHECKPOINT_IMAGE_BUILT:
		break;
	}
	if (!view->is_stored)
		return export_fail("NotStored", "it is not in the node's store any more");
	if (!view->has_relay)
		return export_wait(patience, now,
			export_fail("NoRelay",
				"no Pod of kcr-relay is ready on the node: was it installed with "
				"export.enabled?"));
	return (struct checkpoint_export_next){.step = CHECKPOINT_EXPORT_OPEN};
}

bool checkpoint_export_is_good(const struct checkpoint_export_view *view, struct wall_time now)
{
	struct checkpoint_export_next next = checkpoint_export_for_agent(view, now);

	if (wall_time_is_set(view->export->metadata.deleted))
		return false;
	return next.step == CHECKPOINT_EXPORT_OPEN ||
		(next.step == CHECKPOINT_EXPORT_NONE &&
			api_export_phase(view->export) == API_EXPORT_OPEN);
}
