/* One strategy after the other: what stands in the way, what nobody knows, else it is offered. */
#include "node/offers.h"

#include <string.h>

#include "handover/engine.h"

enum offer_engine_kind {
	OFFER_ENGINE_NOT_KNOWN, /* the Node does not say, or not in a form that we read */
	OFFER_ENGINE_CONTAINERD,
	OFFER_ENGINE_CRIO,
	OFFER_ENGINE_OTHER,
};

struct offer_engine {
	enum offer_engine_kind kind;
	struct str name;
	struct str version; /* as it was written */
	struct handover_version number;
};

static struct offer_engine offer_engine_of(struct str text)
{
	struct offer_engine engine = {0};

	if (!str_cut(text, ':', &engine.name, &engine.version) ||
		!str_starts_with(engine.version, STR("//")))
		return (struct offer_engine){.name = text};
	engine.version = str_from(engine.version, 2);
	if (!str_is(engine.name, "containerd") && !str_is(engine.name, "cri-o"))
		engine.kind = OFFER_ENGINE_OTHER;
	else if (handover_version_read(engine.version, &engine.number))
		engine.kind =
			str_is(engine.name, "cri-o") ? OFFER_ENGINE_CRIO : OFFER_ENGINE_CONTAINERD;
	return engine;
}

static struct api_offer offer(const char *offered, const char *reason, struct str message)
{
	return (struct api_offer){
		.offered = str_of(offered), .reason = str_of(reason), .message = message};
}

/* What no strategy can do without; false when it is all there. */
static bool offer_find_obstacle(const struct node_facts *facts, const struct offer_engine *engine,
	struct arena *arena, struct api_offer *ret_offer)
{
	const struct handover_host *host = facts->host;

	if (engine->kind == OFFER_ENGINE_OTHER)
		*ret_offer = offer(API_NOT_OFFERED, "EngineUnsupported",
			arena_printf(arena,
				"%.*s cannot take checkpoints; containerd and CRI-O can",
				STR_ARG(engine->name)));
	else if (engine->kind == OFFER_ENGINE_CONTAINERD &&
		!handover_version_is_at_least(&engine->number, 2, 0, 0))
		*ret_offer = offer(API_NOT_OFFERED, "EngineTooOld",
			arena_printf(arena,
				"containerd %.*s cannot take checkpoints; upgrade to 2.0 or later",
				STR_ARG(engine->version)));
	else if (engine->kind == OFFER_ENGINE_CRIO &&
		!handover_version_is_at_least(&engine->number, 1, 25, 0))
		*ret_offer = offer(API_NOT_OFFERED, "EngineTooOld",
			arena_printf(arena,
				"CRI-O %.*s cannot take checkpoints; upgrade to 1.25 or later",
				STR_ARG(engine->version)));
	else if (host != NULL && host->criu_version.size == 0 && host->criu_problem.size > 0)
		*ret_offer = offer(API_NOT_OFFERED, "CRIUMissing",
			arena_printf(arena, "%.*s; install CRIU on the node",
				STR_ARG(host->criu_problem)));
	else
		return false;
	return true;
}

/* It is offered, unless CRIU has complained: that may matter for some containers only. */
static struct api_offer offer_yes(
	const struct handover_host *host, struct str message, struct arena *arena)
{
	if (host != NULL && host->criu_problem.size > 0)
		return offer(API_MAY_OFFER, "CRIUComplains",
			arena_printf(arena, "`criu check` on the node: %.*s",
				STR_ARG(host->criu_problem)));
	return offer(API_OFFERED, "Offered", message);
}

/*
 * Containers under kcr-runtime prove that the engine calls it, whatever the installation says: it
 * may have been another one, or the engine was restarted since.
 */
static struct api_offer offer_of_runtime(const struct node_facts *facts, struct arena *arena)
{
	const struct handover_host *host = facts->host;
	const char *doubt = facts->runs_containers ? API_MAY_OFFER : API_NOT_OFFERED;

	if (host == NULL && facts->runs_containers)
		return offer(API_MAY_OFFER, "InstallationNotKnown",
			STR("kcr-runtime runs containers here, but was not installed by "
			    "`kcr install-runtime`, or is being removed"));
	if (host == NULL)
		return offer(API_NOT_OFFERED, "NotInstalled",
			STR("kcr-runtime is not installed; deploy/install.yaml does it, or "
			    "`kcr install-runtime` on the node"));
	if (host->problem.size > 0)
		return offer(doubt, "NotInstalled",
			arena_printf(arena, "kcr-runtime is not installed as it should be: %.*s",
				STR_ARG(host->problem)));
	if (host->needs_restart && !facts->runs_containers)
		return offer(API_NOT_OFFERED, "EngineNotRestarted",
			arena_printf(arena,
				"restart %.*s on the node, so that it reads its configuration and "
				"calls kcr-runtime",
				STR_ARG(host->engine)));
	if (host->is_default)
		return offer_yes(host,
			STR("all Pods made since the engine's restart run under kcr-runtime"),
			arena);
	return offer_yes(host,
		arena_printf(arena,
			"Pods with a RuntimeClass of handler %.*s, made since the engine's "
			"restart, run under kcr-runtime",
			STR_ARG(host->handler)),
		arena);
}

/* What the installation read in the engine's configuration holds while the version is the same. */
static bool offer_is_examined(const struct node_facts *facts, const struct offer_engine *engine)
{
	struct handover_version examined;

	return facts->host != NULL && str_equal(facts->host->engine, engine->name) &&
		handover_version_read(facts->host->engine_version, &examined) &&
		memcmp(&examined, &engine->number, sizeof(examined)) == 0;
}

/* A release that never restores images; false when it may. */
static bool offer_find_release(
	const struct offer_engine *engine, struct arena *arena, struct api_offer *ret_offer)
{
	enum handover_image_restore images = handover_containerd_images(&engine->number);
	bool is_too_old = images == HANDOVER_IMAGE_NOT_YET;

	if (engine->kind != OFFER_ENGINE_CONTAINERD ||
		(!is_too_old && images != HANDOVER_IMAGE_REMOVED))
		return false;
	*ret_offer = offer(API_NOT_OFFERED, is_too_old ? "EngineTooOld" : "RemovedFromEngine",
		arena_printf(arena,
			"containerd %.*s cannot restore images, only 2.1 to 2.3 can; "
			"kcr-runtime needs no image",
			STR_ARG(engine->version)));
	return true;
}

/* Whether the engine's configuration decides: CRI-O's, and that of later patch releases. */
static bool offer_is_optional(const struct offer_engine *engine)
{
	return engine->kind == OFFER_ENGINE_CRIO ||
		handover_containerd_images(&engine->number) == HANDOVER_IMAGE_OPTIONAL;
}

static struct api_offer offer_by_option(const struct offer_engine *engine, struct arena *arena)
{
	const char *option = engine->kind == OFFER_ENGINE_CRIO
		? "container_level_enabled = \"checkpoint_restore\" (crio.checkpoint_restore)"
		: "enable_experimental_restore_via_create = true "
		  "(plugins.'io.containerd.cri.v1.runtime')";

	return offer(API_MAY_OFFER, "DependsOnConfiguration",
		arena_printf(arena, "%.*s %.*s restores images where its configuration has %s",
			STR_ARG(engine->name), STR_ARG(engine->version), option));
}

static struct api_offer offer_of_image(
	const struct node_facts *facts, const struct offer_engine *engine, struct arena *arena)
{
	bool is_examined = offer_is_examined(facts, engine);
	struct api_offer found;

	if (engine->kind == OFFER_ENGINE_NOT_KNOWN)
		return offer(API_MAY_OFFER, "EngineNotKnown",
			STR("the Node does not say which container engine it has"));
	if (offer_find_release(engine, arena, &found))
		return found;
	if (is_examined && facts->host->image_problem.size > 0)
		return offer(API_NOT_OFFERED, "SwitchedOff", facts->host->image_problem);
	if (!is_examined && offer_is_optional(engine))
		return offer_by_option(engine, arena);
	return offer_yes(facts->host, STR("the engine restores images of checkpoints"), arena);
}

void node_offers(const struct node_facts *facts, struct arena *arena,
	struct api_offer ret_offers[API_STRATEGIES])
{
	struct offer_engine engine = offer_engine_of(facts->engine);
	struct api_offer obstacle;
	bool is_impossible = offer_find_obstacle(facts, &engine, arena, &obstacle);

	ret_offers[0] = is_impossible ? obstacle : offer_of_runtime(facts, arena);
	ret_offers[0].strategy = api_strategy_text(API_STRATEGY_RUNTIME);
	ret_offers[1] = is_impossible ? obstacle : offer_of_image(facts, &engine, arena);
	ret_offers[1].strategy = api_strategy_text(API_STRATEGY_IMAGE);
}
