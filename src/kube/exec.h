/*
 * One run of a credential plugin: a program, started without a shell, that prints an ExecCredential
 * (client.authentication.k8s.io/v1 and v1beta1). Of this room only.
 */
#ifndef KUBE_EXEC_H
#define KUBE_EXEC_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"
#include "kube/config.h"
#include "loop/loop.h"

/* What a plugin told us; a token, a certificate with its key, or both. */
struct kube__exec_result {
	struct kube_material token;
	struct kube_material certificate;
	struct kube_material key;
	struct wall_time expires_at; /* not set: the credentials are good until they are refused */
};

void kube__exec_result_done(struct kube__exec_result *result);

/* Appends the value of KUBERNETES_EXEC_INFO. Pure. */
void kube__exec_write_info(struct buf *out, const struct kube_config *config, bool is_interactive);

/*
 * Reads a plugin's output. The caller owns *ret_result. Pure. Fails with INVALID, CORRUPT; the
 * texts show nothing of the output.
 */
must_check int kube__exec_parse(struct str output, const char *api_version,
	struct kube__exec_result *ret_result, struct error *err);

struct kube__exec_run;

/*
 * The end of a run, from the loop: `result` (move out of it what is kept) or, on failure, NULL and
 * `err` (DENIED: the plugin is missing or failed; TIMEOUT; INVALID, CORRUPT: its output).
 */
typedef void (*kube__exec_done_fn)(
	void *context, struct kube__exec_result *result, const struct error *err);

/*
 * Starts the plugin of `config` (borrowed until the run is released). The caller owns *ret_run.
 * Fails with DENIED, SYSTEM.
 */
must_check int kube__exec_start(struct loop *loop, const struct kube_config *config,
	kube__exec_done_fn done, void *context, struct kube__exec_run **ret_run, struct error *err);

/* Kills a plugin that still runs. May be NULL; may be called from `done`. */
void kube__exec_free(struct kube__exec_run *run);

#endif
