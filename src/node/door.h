/*
 * The door: HTTP/1.1 on a Unix socket of the node, through which the bytes of checkpoints leave it
 * and come to it. Who comes is nobody in particular (kcr-relay hands on whatever the kubelet
 * forwards to it), so what counts is the secret of a CheckpointExport or CheckpointImport of this
 * node:
 *
 *   GET, HEAD /v1/exports/NAMESPACE/NAME/archive.tar   its Checkpoint's tar; ranges, conditions
 *   DELETE    /v1/exports/NAMESPACE/NAME               no more is wanted: closes it
 *   HEAD      /v1/imports/NAMESPACE/NAME/archive.tar   Upload-Offset: how much is there
 *   PUT       /v1/imports/NAMESPACE/NAME/archive.tar   the rest, or what Content-Range says
 *   DELETE    /v1/imports/NAMESPACE/NAME               it is given up
 *
 * with "Authorization: Bearer SECRET". A PUT begins where Upload-Offset is; it is answered with 204
 * and the new Upload-Offset, or with 409 and the one that it should have begun at. 401: there is no
 * such ticket, or not with that secret, which is not told apart. 503: it is not open yet, or is
 * a Checkpoint by now and will say so. 410: it was closed or has failed.
 */
#ifndef NODE_DOOR_H
#define NODE_DOOR_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "http/server.h"

struct node;

/* What a path names; borrowed from it. */
struct node_door_target {
	struct str namespace;
	struct str name;
	bool is_import; /* else an export */
	bool is_archive; /* its tar; else the ticket itself */
};

/* False for any other path. */
must_check bool node_door_parse(struct str path, struct node_door_target *ret_target);

/* Opens it. The caller owns *ret_server. Fails as http_server_start. */
must_check int node_door_start(
	struct node *node, const char *path, struct http_server **ret_server, struct error *err);

#endif
