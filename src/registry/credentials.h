/*
 * Who we are to registries: the "auths" of a docker config.json, which is also the content of a
 * Secret of type kubernetes.io/dockerconfigjson. Helpers (credsStore, credHelpers) are programs and
 * are not run. Secrets are wiped when they are released and never stand in an error text.
 */
#ifndef REGISTRY_CREDENTIALS_H
#define REGISTRY_CREDENTIALS_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct registry_credentials;

/* What one registry gets; terminated texts, empty when absent. Borrowed from the credentials. */
struct registry_login {
	const char *user;
	const char *password;
	const char *identity_token; /* exchanged for access tokens by OAuth2 (refresh_token) */
	const char *registry_token; /* used as the access token itself */
};

/*
 * Reads the JSON. The caller owns *ret_credentials. Entries without a secret are left out. Fails
 * with CORRUPT (no JSON), INVALID (not a docker config, an entry that is malformed), TOO_BIG.
 */
must_check int registry_credentials_parse(
	struct str json, struct registry_credentials **ret_credentials, struct error *err);
void registry_credentials_free(struct registry_credentials *credentials); /* may be NULL */

/*
 * The login for a registry ("host[:port]") and repository. Keys match as the kubelet matches them:
 * a scheme and /v1/, /v2/ are ignored, '*' stands for one label of the host, a key with a path is
 * for repositories below it and the longest path wins. docker.io has the key index.docker.io too.
 * Returns 1, or 0 when there is none.
 */
must_check int registry_credentials_find(const struct registry_credentials *credentials,
	struct str registry, struct str repository, struct registry_login *ret_login);

define_clean_up(struct registry_credentials, registry_credentials_free, registry_credentials_free)
#define autocredentials clean_up(registry_credentials_free_clean) struct registry_credentials

#endif
