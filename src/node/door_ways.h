/* The two ways through the door (node/door.h). For its own files only. */
#ifndef NODE_DOOR_WAYS_H
#define NODE_DOOR_WAYS_H

#include <stdint.h>

#include "api/kinds.h"
#include "http/server.h"
#include "node/door.h"

/* `text` is static. */
void node_door_refuse(struct http_server_answer *answer, int status, const char *text);

/* Requests with the ticket's secret. door_send.c */
void node_door_answer_export(struct node *node, const struct node_door_target *target,
	const struct api_export *export, const struct http_server_request *request,
	struct http_server_answer *answer);

/* Likewise, and without a body. door_receive.c */
void node_door_answer_import(struct node *node, const struct node_door_target *target,
	const struct api_import *import, const struct http_server_request *request,
	struct http_server_answer *answer);

/* Likewise, with a body of `size` bytes; as an http_server_receive_fn. */
struct http_server_body *node_door_receive(struct node *node, const struct node_door_target *target,
	const struct api_import *import, const struct http_server_request *request, int64_t size,
	struct http_server_answer *answer);

#endif
