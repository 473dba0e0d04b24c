/*
 * How the agent and its kubelet recognise each other: the kubelet's certificate is checked against
 * the CA that was given, else the cluster's; we show it the client certificate that we show the API
 * server, if there is one. Files are renewed while we run, so they are read again, as those for the
 * API server are.
 */
#ifndef NODE_TRUST_H
#define NODE_TRUST_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/error.h"
#include "http/client.h"
#include "kube/config.h"

struct node_trust;

/*
 * `ca_path` is the CA that was given; empty: none was. `is_insecure`: without one any certificate
 * is taken. The caller owns *ret_trust. Fails when a file cannot be read, as kube_material_read().
 */
must_check int node_trust_new(const struct kube_config *config, const char *ca_path,
	bool is_insecure, struct node_trust **ret_trust, struct error *err);
void node_trust_free(struct node_trust *trust); /* may be NULL */

/*
 * For a call of the kubelet that begins now; borrowed until the next time. Files that were read
 * more than a minute ago are read again; where that fails, what they were goes on to count.
 */
struct http_tls *node_trust_tls(struct node_trust *trust);

#endif
