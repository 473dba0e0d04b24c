/*
 * Where the API server is and who we are: a kubeconfig (merged from several files), or what the
 * kubelet mounts into a Pod. Facts: k8s.io/client-go/tools/clientcmd (v1 kubeconfig and merging
 * rules) and rest.InClusterConfig.
 */
#ifndef KUBE_CONFIG_H
#define KUBE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "kube/material.h"

enum kube_exec_interaction {
	KUBE_EXEC_IF_AVAILABLE, /* the plugin gets our standard input when that is a terminal */
	KUBE_EXEC_NEVER,
	KUBE_EXEC_ALWAYS, /* without a terminal it fails */
};

/* A credential plugin: a program that prints an ExecCredential (client.authentication.k8s.io). */
struct kube_exec {
	const char *api_version; /* "client.authentication.k8s.io/v1" or ".../v1beta1" */
	const char *const *arguments; /* NULL-terminated, the command first */
	const char *const *variables; /* "NAME=value" added to our environment; NULL-terminated */
	const char *install_hint; /* shown when the program is missing; NULL: none */
	const char *cluster_config_json; /* the cluster's extension for plugins; NULL: none */
	bool wants_cluster_info;
	enum kube_exec_interaction interaction;
};

/* Texts live in the arena; secrets and certificates have memory of their own that is wiped. */
struct kube_config {
	struct arena *arena;
	const char *context; /* the context in use; NULL in a cluster */
	const char *server; /* "https://host:port[/path]", no slash at the end */
	const char *namespace; /* the context's or the Pod's; "default" when not told */
	const char *tls_server_name; /* NULL: the server's host */
	bool insecure_skip_tls_verify;
	struct kube_material ca; /* absent: the system's trust */
	struct kube_material certificate; /* client certificate and its key: both or none */
	struct kube_material key;
	struct kube_material token; /* wins over the plugin */
	const struct kube_exec *exec; /* NULL: none */
	const char *impersonate_user; /* NULL: we act as ourselves */
	const char *impersonate_uid;
	const char *const *impersonate_groups; /* NULL-terminated; NULL: none */
};

struct kube_config_options {
	const char *path; /* a kubeconfig that must be used; NULL: look for one */
	const char *context; /* instead of its current-context; NULL: that one */
	const char *cluster; /* instead of the context's; NULL: that one */
	const char *user; /* likewise */
	const char *service_account_directory; /* NULL: where the kubelet mounts it */
	bool home_before_pod; /* as kubectl: a Pod's service account only when there is no file */
};

/*
 * Finds and reads the configuration: `path`; else the files of $KUBECONFIG (a list separated by
 * colons, missing ones are skipped, for each name the first one wins); else the Pod's service
 * account, when KUBERNETES_SERVICE_HOST and _PORT are set; else $HOME/.kube/config (these two the
 * other way round with `home_before_pod`). Reads files synchronously. The caller owns *ret_config.
 * Fails with ABSENT (no configuration anywhere, or a file it names), INVALID, UNSUPPORTED
 * (auth-provider, password, proxy-url), CORRUPT, SYSTEM.
 */
must_check int kube_config_load(const struct kube_config_options *options,
	struct kube_config **ret_config, struct error *err);

/* One kubeconfig: its text, and the directory that relative paths in it start from. */
struct kube_config_file {
	struct str text;
	const char *directory; /* "" for the working directory */
};

/*
 * The pure part of kube_config_load: merges the files and takes out one context (NULL: the first
 * current-context), with the cluster and user of the options in place of its own. Files that the
 * configuration names are not read. Fails with INVALID, UNSUPPORTED, CORRUPT, TOO_BIG.
 */
must_check int kube_config_parse(const struct kube_config_file *files, size_t count,
	const struct kube_config_options *options, struct kube_config **ret_config,
	struct error *err);

void kube_config_free(struct kube_config *config); /* may be NULL; wipes */

define_clean_up(struct kube_config, kube_config_free, kube_config_free)
#define autokubeconfig clean_up(kube_config_free_clean) struct kube_config

#endif
