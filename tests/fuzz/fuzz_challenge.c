/* WWW-Authenticate from any bytes: no value holds control bytes; locations and URLs as well. */
#include <assert.h>
#include <stdint.h>
#include <strings.h>

#include "registry/challenge.h"
#include "registry/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	autobuf url = BUF_INIT(REGISTRY_URL_MAX);
	struct registry__challenge challenge;
	struct error err;

	if (registry__url_resolve(STR("https://r.io/v2/a/blobs/uploads/?x"), text, &url, &err) == 0)
		assert(strncasecmp(url.data, "https://", 8) == 0);
	if (registry__challenge_parse(text, &challenge, &err) < 0)
		return 0;
	for (const char *at = challenge.realm; *at != '\0'; at++)
		assert((unsigned char)*at >= ' ');
	assert(challenge.scheme == REGISTRY_BASIC || challenge.realm[0] != '\0');
	return 0;
}
