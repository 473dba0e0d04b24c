/*
 * Three sources of credentials under one question. Inline ones never change. Files are read again
 * each minute and after a refusal; a token that cannot be read stays what it was. A plugin's are
 * cached until shortly before they expire or until they are refused.
 */
#include "kube/credential.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "kube/exec.h"
#include "sys/clock.h"

enum {
	CREDENTIAL_REREAD_MS = 60 * 1000, /* as client-go; the kubelet renews at 80 % of the life */
	CREDENTIAL_EARLY_MS = 10 * 1000, /* so long before its end a plugin's answer is renewed */
};

/* Which contents a file had, without reading it. */
struct credential_file_state {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

enum { CREDENTIAL_TLS_FILES = 3 };

struct kube__credential {
	struct loop *loop;
	const struct kube_config *config;
	struct http_client *http;
	struct kube_material token;
	struct kube_material tls_parts[CREDENTIAL_TLS_FILES]; /* CA, certificate, key */
	struct credential_file_state tls_states[CREDENTIAL_TLS_FILES];
	struct http_tls *tls;
	unsigned generation;
	struct mono_time read_at; /* when the files were looked at */
	struct kube__exec_result plugin; /* the plugin's last answer */
	bool has_plugin_answer;
	struct mono_time answered_at; /* when the plugin gave it */
	struct kube__exec_run *run; /* the plugin that runs now; NULL: none */
	struct list waiters;
};

/* The plugin's certificate wins over a configured one, as in client-go. */
static struct http_tls *credential_make_tls(const struct kube__credential *credential)
{
	const struct kube_config *config = credential->config;
	bool by_plugin = credential->plugin.key.size > 0;
	struct http_tls_options options = {
		.ca_pem = kube_material_str(&credential->tls_parts[0]),
		.certificate_pem = kube_material_str(
			by_plugin ? &credential->plugin.certificate : &credential->tls_parts[1]),
		.key_pem = kube_material_str(
			by_plugin ? &credential->plugin.key : &credential->tls_parts[2]),
		.server_name = str_of(config->tls_server_name),
		.insecure_skip_verify = config->insecure_skip_tls_verify,
	};

	return http_tls_new(&options);
}

/* From here on another certificate or trust is used: open connections have the old one. */
static void credential_renew_tls(struct kube__credential *credential)
{
	http_tls_unref(credential->tls);
	credential->tls = credential_make_tls(credential);
	http_client_forget_connections(credential->http);
	credential->generation++;
}

/* ---- Files ---- */

static bool credential_look(const char *path, struct credential_file_state *ret_state)
{
	struct stat info;

	if (path == NULL || stat(path, &info) < 0)
		return false;
	*ret_state = (struct credential_file_state){
		info.st_dev, info.st_ino, info.st_size, info.st_mtim};
	return true;
}

static bool credential_state_equal(
	const struct credential_file_state *a, const struct credential_file_state *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
		a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static void credential_reread_tls(struct kube__credential *credential)
{
	bool has_changed = false;

	for (size_t i = 0; i < CREDENTIAL_TLS_FILES; i++) {
		struct credential_file_state state;
		struct error ignored; /* a file that is being replaced: the next look sees it */
		if (!credential_look(credential->tls_parts[i].path, &state) ||
			credential_state_equal(&state, &credential->tls_states[i]))
			continue;
		if (kube_material_read(&credential->tls_parts[i], &ignored) < 0)
			continue;
		credential->tls_states[i] = state;
		has_changed = true;
	}
	if (has_changed)
		credential_renew_tls(credential);
}

static void credential_reread_token(struct kube__credential *credential)
{
	autofree char *before = NULL;
	struct error ignored; /* the old token stays in use; the server judges it */

	if (credential->token.path == NULL)
		return;
	before = str_dup(kube_material_str(&credential->token));
	if (kube_material_read(&credential->token, &ignored) == 0 &&
		!str_is(kube_material_str(&credential->token), before))
		credential->generation++;
	explicit_bzero(before, strlen(before));
}

static void credential_reread(struct kube__credential *credential)
{
	credential->read_at = loop_now(credential->loop);
	credential_reread_tls(credential);
	credential_reread_token(credential);
}

static bool credential_reading_is_due(const struct kube__credential *credential)
{
	int64_t age_us = loop_now(credential->loop).us - credential->read_at.us;

	return age_us >= CREDENTIAL_REREAD_MS * INT64_C(1000);
}

/* ---- Plugins ---- */

static bool credential_plugin_is_needed(const struct kube__credential *credential)
{
	return credential->config->exec != NULL && credential->token.bytes == NULL;
}

static bool credential_plugin_is_fresh(const struct kube__credential *credential)
{
	int64_t left_us = credential->plugin.expires_at.us - clock_wall().us;
	int64_t age_us = loop_now(credential->loop).us - credential->answered_at.us;

	if (!credential->has_plugin_answer)
		return false;
	return !wall_time_is_set(credential->plugin.expires_at) ||
		left_us > CREDENTIAL_EARLY_MS * INT64_C(1000) ||
		age_us < CREDENTIAL_EARLY_MS * INT64_C(1000); /* else it would run for ever */
}

/* Those who waited so far are told; those who begin to wait meanwhile wait for the next run. */
static void credential_tell(struct kube__credential *credential, const struct error *err)
{
	struct list batch;

	list_init(&batch);
	while (!list_is_empty(&credential->waiters)) {
		struct list *link = credential->waiters.next;
		list_remove(link);
		list_append(&batch, link);
	}
	while (!list_is_empty(&batch)) {
		struct kube__waiter *waiter = list_item(batch.next, struct kube__waiter, link);
		list_remove(&waiter->link);
		waiter->ready(waiter->context, err);
	}
}

static void credential_plugin_ended(
	void *context, struct kube__exec_result *result, const struct error *err)
{
	struct kube__credential *credential = context;
	bool has_certificate;

	kube__exec_free(credential->run);
	credential->run = NULL;
	if (result != NULL) {
		has_certificate = result->key.size > 0 || credential->plugin.key.size > 0;
		kube__exec_result_done(&credential->plugin);
		credential->plugin = *result;
		*result = (struct kube__exec_result){.token.bytes = NULL};
		credential->has_plugin_answer = true;
		credential->answered_at = loop_now(credential->loop);
		credential->generation++;
		if (has_certificate)
			credential_renew_tls(credential);
	}
	credential_tell(credential, err);
}

/* ---- The question ---- */

struct kube__credential *kube__credential_new(
	struct loop *loop, const struct kube_config *config, struct http_client *http)
{
	struct kube__credential *credential = new_zeroed(struct kube__credential);
	const struct kube_material *parts[CREDENTIAL_TLS_FILES] = {
		&config->ca, &config->certificate, &config->key};

	credential->loop = loop;
	credential->config = config;
	credential->http = http;
	credential->read_at = loop_now(loop);
	list_init(&credential->waiters);
	for (size_t i = 0; i < CREDENTIAL_TLS_FILES; i++) {
		kube_material_copy(&credential->tls_parts[i], parts[i]);
		(void)credential_look(parts[i]->path, &credential->tls_states[i]);
	}
	kube_material_copy(&credential->token, &config->token);
	credential->tls = credential_make_tls(credential);
	return credential;
}

void kube__credential_free(struct kube__credential *credential)
{
	if (credential == NULL)
		return;
	kube__exec_free(credential->run);
	kube__exec_result_done(&credential->plugin);
	for (size_t i = 0; i < CREDENTIAL_TLS_FILES; i++)
		kube_material_done(&credential->tls_parts[i]);
	kube_material_done(&credential->token);
	http_tls_unref(credential->tls);
	free(credential);
}

const char *kube__credential_token(struct kube__credential *credential)
{
	if (credential_reading_is_due(credential))
		credential_reread(credential);
	return credential_plugin_is_needed(credential) ? credential->plugin.token.bytes
						       : credential->token.bytes;
}

int kube__credential_get(struct kube__credential *credential, struct kube__waiter *waiter,
	struct kube__identity *ret_identity, struct error *err)
{
	if (credential_plugin_is_needed(credential) && !credential_plugin_is_fresh(credential)) {
		if (credential->run == NULL &&
			kube__exec_start(credential->loop, credential->config,
				credential_plugin_ended, credential, &credential->run, err) < 0)
			return -1;
		list_append(&credential->waiters, &waiter->link);
		return 0;
	}
	ret_identity->token = kube__credential_token(credential);
	ret_identity->tls = credential->tls;
	ret_identity->generation = credential->generation;
	return 1;
}

bool kube__credential_refuse(struct kube__credential *credential, unsigned generation)
{
	if (generation != credential->generation)
		return true;
	if (credential_plugin_is_needed(credential)) {
		credential->has_plugin_answer = false;
		return true;
	}
	credential_reread(credential);
	return generation != credential->generation;
}
