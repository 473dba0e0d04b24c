/*
 * STORE/agent.sock, at which kcr-runtime asks before it creates a container anew: one line each
 * way, one question for each connection (handover/formats.h). A question that cannot be answered,
 * or not in time, is hung up on; the plan on the disk speaks then.
 */
#ifndef NODE_QUESTIONS_H
#define NODE_QUESTIONS_H

#include "base/attributes.h"
#include "base/error.h"

struct node;
struct node_questions;

/* Listens; the socket of an agent before is replaced. The caller owns *ret_questions. Fails with
 * SYSTEM. */
must_check int node_questions_start(
	struct node *node, struct node_questions **ret_questions, struct error *err);
void node_questions_free(struct node_questions *questions); /* may be NULL */

#endif
