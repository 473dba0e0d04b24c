/* The secret leaves this process as its hash, and in requests to the agent's door. */
#include "cli/ticket.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "api/names.h"
#include "base/hex.h"
#include "cli/create.h"
#include "kube/informer.h"
#include "sys/clock.h"

enum {
	TICKET_OPEN_MS = 60 * 1000,
	TICKET_END_MS = 30 * 60 * 1000, /* a large archive is read and hashed twice */
	TICKET_MARK_DIGITS = 8, /* of the hash in the name: two of one second are different */
};

/* ---- The secret ---- */

static int ticket_make_secret(
	struct cli_ticket *ticket, struct str *ret_hash, struct arena *arena, struct error *err)
{
	uint8_t bytes[CLI_SECRET_BYTES];
	char hash[2 * ARCHIVE_DIGEST_BYTES + 1];
	struct archive_digest digest;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_set_errno(err, "cannot make a secret");
	hex_format(bytes, sizeof(bytes), ticket->secret);
	explicit_bzero(bytes, sizeof(bytes));
	if (archive_digest_of(str_of(ticket->secret), &digest, err) < 0)
		return -1;
	hex_format(digest.bytes, sizeof(digest.bytes), hash);
	*ret_hash = arena_str(arena, str_of(hash));
	return 0;
}

void cli_ticket_wipe(struct cli_ticket *ticket)
{
	explicit_bzero(ticket->secret, sizeof(ticket->secret));
}

/* ---- The object ---- */

static struct str ticket_body_export(const struct cli_ticket_order *order,
	const struct api_metadata *metadata, struct str hash, struct arena *arena)
{
	struct api_export export;

	api_init(&api_export_kind, &export);
	export.metadata = *metadata;
	export.spec.checkpoint_name = order->checkpoint;
	export.spec.secret_sha256 = hash;
	export.spec.lifetime_seconds = order->lifetime_seconds;
	return cli_encode(arena, &api_export_kind, &export);
}

static struct str ticket_body_import(const struct cli_ticket_order *order,
	const struct api_metadata *metadata, struct str hash, struct arena *arena)
{
	struct api_import import;

	api_init(&api_import_kind, &import);
	import.metadata = *metadata;
	import.spec.node_name = order->import->node_name;
	import.spec.pod = order->import->pod;
	import.spec.container_name = order->import->container_name;
	import.spec.size_bytes = order->import->size_bytes;
	import.spec.digest = order->import->digest;
	import.spec.secret_sha256 = hash;
	import.spec.lifetime_seconds = order->lifetime_seconds;
	return cli_encode(arena, &api_import_kind, &import);
}

static int ticket_create(struct cli_session *session, const struct cli_ticket_order *order,
	struct cli_ticket *ticket, struct error *err)
{
	struct arena *arena = session->call->arena;
	struct api_metadata metadata = {.namespace = session->namespace};
	struct cli_creation creation;
	struct str hash;

	if (ticket_make_secret(ticket, &hash, arena, err) < 0)
		return -1;
	metadata.name = api_request_name(arena, STR(""), order->name,
		(struct str){hash.data, TICKET_MARK_DIGITS}, wall_time_seconds(clock_wall()));
	creation.name = metadata.name;
	creation.body = order->import != NULL ? ticket_body_import(order, &metadata, hash, arena)
					      : ticket_body_export(order, &metadata, hash, arena);
	ticket->kind = order->import != NULL ? &cli_import_kind : &cli_export_kind;
	ticket->name = metadata.name;
	if (order->import != NULL)
		ticket->size_bytes = order->import->size_bytes;
	return cli_create_all(session, ticket->kind, &creation, 1, false, err);
}

void cli_ticket_take_back(struct cli_session *session, const struct cli_ticket *ticket)
{
	autofetch fetch = cli_fetch_get(session, ticket->kind, ticket->name);
	struct error ignored; /* it ends by itself when its time is over */

	fetch.request.verb = KUBE_DELETE;
	(void)(cli_fetch_all(session, &fetch, 1, &ignored) == 0);
}

/* ---- What the agent says of it ---- */

enum ticket_phase { TICKET_PENDING, TICKET_OPEN, TICKET_CLOSED, TICKET_COMPLETED, TICKET_FAILED };

/* What both kinds have; borrowed from the object. */
struct ticket_state {
	enum ticket_phase phase;
	struct str phase_text;
	struct str reason; /* empty: it has none */
	struct str message;
	const struct api_relay_reference *relay; /* NULL: not told */
	int64_t port;
	int64_t size_bytes;
	struct str digest;
	const struct api_checkpoint_reference *checkpoint; /* likewise */
};

static struct ticket_state ticket_state_of_export(const struct api_export *export)
{
	static const enum ticket_phase phases[] = {
		[API_EXPORT_PENDING] = TICKET_PENDING,
		[API_EXPORT_OPEN] = TICKET_OPEN,
		[API_EXPORT_CLOSED] = TICKET_CLOSED,
		[API_EXPORT_FAILED] = TICKET_FAILED,
	};

	return (struct ticket_state){
		.phase = phases[api_export_phase(export)],
		.phase_text = api_export_phase_text(api_export_phase(export)),
		.reason = export->status.reason,
		.message = export->status.message,
		.relay = export->status.relay,
		.port = export->status.port,
		.size_bytes = export->status.size_bytes,
		.digest = export->status.digest,
	};
}

static struct ticket_state ticket_state_of_import(const struct api_import *import)
{
	static const enum ticket_phase phases[] = {
		[API_IMPORT_PENDING] = TICKET_PENDING,
		[API_IMPORT_OPEN] = TICKET_OPEN,
		[API_IMPORT_COMPLETED] = TICKET_COMPLETED,
		[API_IMPORT_FAILED] = TICKET_FAILED,
	};

	return (struct ticket_state){
		.phase = phases[api_import_phase(import)],
		.phase_text = api_import_phase_text(api_import_phase(import)),
		.reason = import->status.reason,
		.message = import->status.message,
		.relay = import->status.relay,
		.port = import->status.port,
		.size_bytes = import->spec.size_bytes,
		.digest = import->spec.digest,
		.checkpoint = import->status.checkpoint,
	};
}

/* What the agent wrote goes into a command line and a URL. */
static int ticket_read_open(struct cli_ticket *ticket, const struct ticket_state *state,
	struct arena *arena, struct error *err)
{
	const struct api_relay_reference *relay = state->relay;

	if (relay == NULL || !kube_name_is_valid(relay->namespace) ||
		!kube_name_is_valid(relay->name) || state->port < 1 || state->port > UINT16_MAX ||
		state->size_bytes < 0 || !archive_digest_parse(state->digest, &ticket->digest))
		return error_set(err, ERROR_CORRUPT,
			"the status of %s '%.*s' does not say where its bytes are",
			ticket->kind->label, STR_ARG(ticket->name));
	ticket->relay = (struct cli_forward_target){
		.namespace = arena_str(arena, relay->namespace),
		.pod = arena_str(arena, relay->name),
		.port = state->port,
	};
	ticket->size_bytes = state->size_bytes;
	return 0;
}

static int ticket_read_over(struct cli_ticket *ticket, const struct ticket_state *state,
	struct arena *arena, struct error *err)
{
	if (state->phase == TICKET_COMPLETED && state->checkpoint != NULL) {
		ticket->checkpoint = arena_str(arena, state->checkpoint->name);
		if (state->reason.size > 0)
			ticket->remark = arena_str(arena, state->message);
		return 0;
	}
	return error_set(err, state->phase == TICKET_CLOSED ? ERROR_GONE : ERROR_UNSUPPORTED,
		"%s '%.*s' is %.*s: %.*s", ticket->kind->label, STR_ARG(ticket->name),
		STR_ARG(state->phase_text), STR_ARG(state->message));
}

/* ---- Waiting for the agent ---- */

struct ticket_watch {
	struct cli_session *session;
	struct cli_wait *wait;
	struct cli_ticket *ticket;
	bool wants_its_end; /* else that it is open */
	struct str message; /* while it is waited */
	int result; /* of what was waited for */
	struct error error;
};

static void ticket_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct ticket_watch *watch = context;
	struct arena *arena = watch->session->call->arena;
	struct cli_ticket *ticket = watch->ticket;
	struct ticket_state state;

	(void)old;
	if (new == NULL) {
		watch->result = error_set(&watch->error, ERROR_GONE, "%s '%.*s' was deleted",
			ticket->kind->label, STR_ARG(ticket->name));
		cli_wait_end(watch->wait);
		return;
	}
	state = ticket->kind == &cli_import_kind ? ticket_state_of_import(new->view)
						 : ticket_state_of_export(new->view);
	watch->message = arena_str(arena, state.message);
	if (state.phase == TICKET_PENDING || (state.phase == TICKET_OPEN && watch->wants_its_end))
		return;
	watch->result = state.phase == TICKET_OPEN
		? ticket_read_open(ticket, &state, arena, &watch->error)
		: ticket_read_over(ticket, &state, arena, &watch->error);
	cli_wait_end(watch->wait);
}

static void ticket_watch_failed(void *context, const struct error *err)
{
	struct ticket_watch *watch = context;

	if (error_is_retriable(err))
		return; /* it is tried again until the time is over */
	watch->error = *err;
	watch->result = -1;
	cli_wait_end(watch->wait);
}

static int ticket_late(const struct ticket_watch *watch, int64_t timeout_ms, struct error *err)
{
	const struct cli_ticket *ticket = watch->ticket;

	return error_set(err, ERROR_BUSY,
		"%s '%.*s' is not %s after %" PRIi64 " s%s%.*s; does the agent of the node run? "
		"'kubectl get %s %.*s -o yaml' shows more",
		ticket->kind->label, STR_ARG(ticket->name),
		watch->wants_its_end ? "completed" : "open", timeout_ms / 1000,
		watch->message.size > 0 ? ": " : "", STR_ARG(watch->message),
		ticket->kind->names[0], STR_ARG(ticket->name));
}

static int ticket_wait(struct ticket_watch *watch, int64_t timeout_ms, struct error *err)
{
	const struct cli_ticket *ticket = watch->ticket;
	const struct kube_informer_options options = {
		.resource = &ticket->kind->resource,
		.view = ticket->kind->api->object,
		.namespace = watch->session->namespace,
		.field_selector = arena_printf(
			watch->session->call->arena, "metadata.name=%.*s", STR_ARG(ticket->name)),
		.failed = ticket_watch_failed,
		.context = watch,
	};
	struct kube_informer *informer = kube_informer_new(watch->session->client, &options);
	int result;

	kube_informer_on_change(informer, ticket_changed, watch);
	kube_informer_start(informer);
	result = cli_wait_run(watch->wait, timeout_ms, "the agent", err);
	kube_informer_free(informer);
	if (result < 0)
		return err->kind == ERROR_TIMEOUT ? ticket_late(watch, timeout_ms, err) : -1;
	if (watch->result < 0)
		*err = watch->error;
	return watch->result;
}

int cli_ticket_look(struct cli_session *session, struct cli_wait *wait, struct cli_ticket *ticket,
	struct error *err)
{
	struct ticket_watch watch = {.session = session, .wait = wait, .ticket = ticket};

	return ticket_wait(&watch, TICKET_OPEN_MS, err);
}

int cli_ticket_finish(struct cli_session *session, struct cli_wait *wait, struct cli_ticket *ticket,
	struct error *err)
{
	struct ticket_watch watch = {
		.session = session, .wait = wait, .ticket = ticket, .wants_its_end = true};

	return ticket_wait(&watch, TICKET_END_MS, err);
}

int cli_ticket_open(struct cli_session *session, struct cli_wait *wait,
	const struct cli_ticket_order *order, struct cli_ticket *ret_ticket, struct error *err)
{
	struct cli_ticket ticket = {.kind = NULL};
	int result = ticket_create(session, order, &ticket, err);

	if (result == 0) {
		result = cli_ticket_look(session, wait, &ticket, err);
		if (result < 0 && err->kind != ERROR_UNSUPPORTED)
			cli_ticket_take_back(session, &ticket);
	}
	if (result == 0)
		*ret_ticket = ticket;
	cli_ticket_wipe(&ticket);
	return result;
}
