/* Three parts, each inline or a file, and what was made of them last. */
#include "node/trust.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"

enum { TRUST_CA, TRUST_CERTIFICATE, TRUST_KEY, TRUST_PARTS };

#define TRUST_REREAD_US (60 * TIME_SECOND_US)

struct node_trust {
	struct kube_material parts[TRUST_PARTS];
	bool is_insecure;
	struct http_tls *tls;
	struct mono_time read_at;
};

/* A certificate and its key may be renewed between two reads: then the next minute has both. */
static int trust_read(struct node_trust *trust, struct error *err)
{
	trust->read_at = clock_mono();
	for (size_t i = 0; i < TRUST_PARTS; i++)
		if (kube_material_read(&trust->parts[i], err) < 0)
			return error_wrap(err, "cannot read what the kubelet is recognised by");
	http_tls_unref(trust->tls);
	trust->tls = http_tls_new(&(struct http_tls_options){
		.ca_pem = kube_material_str(&trust->parts[TRUST_CA]),
		.certificate_pem = kube_material_str(&trust->parts[TRUST_CERTIFICATE]),
		.key_pem = kube_material_str(&trust->parts[TRUST_KEY]),
		.insecure_skip_verify = trust->is_insecure,
	});
	return 0;
}

int node_trust_new(const struct kube_config *config, const char *ca_path, bool is_insecure,
	struct node_trust **ret_trust, struct error *err)
{
	struct node_trust *trust = new_zeroed(struct node_trust);

	trust->is_insecure = is_insecure;
	if (ca_path[0] != '\0')
		trust->parts[TRUST_CA].path = str_dup(str_of(ca_path));
	else if (!is_insecure)
		kube_material_copy(&trust->parts[TRUST_CA], &config->ca);
	kube_material_copy(&trust->parts[TRUST_CERTIFICATE], &config->certificate);
	kube_material_copy(&trust->parts[TRUST_KEY], &config->key);
	if (trust_read(trust, err) < 0) {
		node_trust_free(trust);
		return -1;
	}
	*ret_trust = trust;
	return 0;
}

void node_trust_free(struct node_trust *trust)
{
	if (trust == NULL)
		return;
	for (size_t i = 0; i < TRUST_PARTS; i++)
		kube_material_done(&trust->parts[i]);
	http_tls_unref(trust->tls);
	free(trust);
}

struct http_tls *node_trust_tls(struct node_trust *trust)
{
	struct error err;

	if (clock_mono().us - trust->read_at.us > TRUST_REREAD_US && trust_read(trust, &err) < 0)
		log_warning(&err, "Going on with what it was");
	return trust->tls;
}
