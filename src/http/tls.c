/*
 * Certificates and keys as bytes in memory: kubeconfigs carry them inline, mounted ones are rotated
 * under our feet, and neither should pass through temporary files.
 */
#include "http/tls.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* libcurl caches the system's bundle; a rotated one is seen after so long. */
enum { SYSTEM_BUNDLE_SECONDS = 60 };

struct http_tls {
	size_t references;
	struct buf ca_pem;
	struct buf certificate_pem;
	struct buf key_pem;
	char *server_name;
	bool insecure_skip_verify;
};

static struct buf copy_of(struct str pem)
{
	struct buf copy = BUF_INIT(pem.size);

	buf_add(&copy, pem);
	return copy;
}

struct http_tls *http_tls_new(const struct http_tls_options *options)
{
	struct http_tls *tls = new_zeroed(struct http_tls);

	tls->references = 1;
	tls->ca_pem = copy_of(options->ca_pem);
	tls->certificate_pem = copy_of(options->certificate_pem);
	tls->key_pem = copy_of(options->key_pem);
	if (options->server_name.size > 0)
		tls->server_name = str_dup(options->server_name);
	tls->insecure_skip_verify = options->insecure_skip_verify;
	return tls;
}

struct http_tls *http_tls_ref(struct http_tls *tls)
{
	tls->references++;
	return tls;
}

void http_tls_unref(struct http_tls *tls)
{
	if (tls == NULL)
		return;
	assert(tls->references > 0);
	if (--tls->references > 0)
		return;
	explicit_bzero(tls->key_pem.data, tls->key_pem.size);
	buf_done(&tls->key_pem);
	buf_done(&tls->certificate_pem);
	buf_done(&tls->ca_pem);
	free(tls->server_name);
	free(tls);
}

static void set_blob(CURL *easy, CURLoption option, const struct buf *pem)
{
	struct curl_blob blob = {.data = pem->data, .len = pem->size, .flags = CURL_BLOB_NOCOPY};
	CURLcode code;

	if (pem->size == 0)
		return;
	code = curl_easy_setopt(easy, option, &blob);
	assert(code == CURLE_OK);
}

void http__tls_apply(const struct http_tls *tls, CURL *easy)
{
	(void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)SYSTEM_BUNDLE_SECONDS);
	if (tls == NULL)
		return;
	if (tls->ca_pem.size > 0) {
		/* Else the system's directory of certificates would be trusted as well. */
		(void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
		set_blob(easy, CURLOPT_CAINFO_BLOB, &tls->ca_pem);
	}
	set_blob(easy, CURLOPT_SSLCERT_BLOB, &tls->certificate_pem);
	set_blob(easy, CURLOPT_SSLKEY_BLOB, &tls->key_pem);
	if (tls->insecure_skip_verify) {
		(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

const char *http__tls_server_name(const struct http_tls *tls)
{
	return tls != NULL ? tls->server_name : NULL;
}
