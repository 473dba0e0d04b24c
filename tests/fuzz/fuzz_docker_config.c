/* Docker configs from any bytes: they are read or refused, and looked up without surprise. */
#include <assert.h>
#include <stdint.h>

#include "registry/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	autocredentials *credentials = NULL;
	struct registry_login login;
	struct error err;

	if (registry_credentials_parse(text, &credentials, &err) < 0)
		return 0;
	if (registry_credentials_find(credentials, STR("r.io:5000"), STR("a/b"), &login) == 1)
		assert(login.user != NULL && login.password != NULL);
	if (registry_credentials_find(credentials, STR("docker.io"), STR("library/x"), &login) == 1)
		assert(login.identity_token != NULL && login.registry_token != NULL);
	return 0;
}
