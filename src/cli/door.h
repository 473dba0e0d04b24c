/*
 * The agent's door (node/door.h), from wherever kubectl is: a ticket, a forwarded port and HTTP
 * over it. download.h and upload.h say what is asked for; here it is asked, and asked again when
 * the way has broken.
 */
#ifndef CLI_DOOR_H
#define CLI_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cli/session.h"
#include "cli/ticket.h"
#include "cli/wait.h"
#include "http/client.h"

struct cli_door;

/* A slower download needs several tickets. What is uploaded is of one ticket, which has the longest
 * time that the API allows. */
enum { CLI_DOWNLOAD_LIFETIME_S = 3600, CLI_UPLOAD_LIFETIME_S = 86400 };

struct cli_door_options {
	const struct cli_ticket_order *order; /* borrowed */
	int64_t patience_ms; /* how long it is tried when nothing moves */
	/* The way broke, and is tried again; may be NULL. */
	void (*broke)(void *context, const struct error *err);
	void *context;
};

/*
 * Gets the ticket and opens the way. `session` and `wait` are borrowed. The caller owns *ret_door.
 * Fails as cli_ticket_open() and cli_forward_open().
 */
must_check int cli_door_open(struct cli_session *session, struct cli_wait *wait,
	const struct cli_door_options *options, struct cli_door **ret_door, struct error *err);

/* The ticket; its size and digest are those of the bytes. */
const struct cli_ticket *cli_door_ticket(const struct cli_door *door);

/* One exchange. */
struct cli_door_question {
	const char *method;
	bool is_of_archive; /* else of the ticket itself */
	struct http_header header; /* name NULL: none */
	struct http_body body;
	http_head_fn head; /* these as in struct http_callbacks */
	http_data_fn data;
	/* A 2xx answer; may be NULL. */
	void (*answered)(void *context, const struct http_answer *answer);
	void *context;
};

/*
 * Asks once. Fails as http_call_start() tells; by status with GONE (410: the ticket is over), BUSY
 * (409, 429, 5xx; 401, for an agent that has just begun does not know the ticket yet), ABSENT
 * (404), CORRUPT (others), with the agent's words; and as cli_wait_run().
 */
must_check int cli_door_ask(
	struct cli_door *door, const struct cli_door_question *question, struct error *err);

/* What is tried until it succeeds. */
struct cli_door_work {
	int (*attempt)(void *context, struct error *err);
	const int64_t *moved_bytes; /* so far, by all attempts */
	const bool *is_hopeless; /* what failed was not the way */
	void *context;
};

/*
 * Attempts it; when that fails as the way may, opens the way anew and attempts again: with the same
 * ticket while that is open, else, for what is fetched, with another one, whose bytes have to be
 * the same. Fails with the last failure when nothing has moved for as long as the door's patience,
 * with UNSUPPORTED when the ticket has failed, and as cli_wait_run().
 */
must_check int cli_door_persist(
	struct cli_door *door, const struct cli_door_work *work, struct error *err);

/* Waits for the Checkpoint that becomes of what was brought. Fails as cli_ticket_finish(). */
must_check int cli_door_finish(struct cli_door *door, struct error *err);

/*
 * Gives the ticket back and ends the forwarding. Where the agent cannot be told, a ticket with
 * which nothing was fetched is deleted, and another one ends with its lifetime. May be NULL.
 */
void cli_door_close(struct cli_door *door);

define_clean_up(struct cli_door, cli_door_close, cli_door_close)
#define autodoor clean_up(cli_door_close_clean) struct cli_door

#endif
