/*
 * URLs are taken apart by libcurl's own parser, so that we and the transfer never disagree about
 * which host is meant.
 */
#include "http/url.h"

#include <arpa/inet.h>
#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"

enum { URL_MAX_BYTES = 64 * 1024 };

define_clean_up(CURLU, curl_url_cleanup, curl_url_cleanup)
#define autourl clean_up(curl_url_cleanup_clean) CURLU

/* What libcurl allocated is released by curl_free(). */
static void curl_text_clean(char **text)
{
	curl_free(*text);
}
#define autocurltext clean_up(curl_text_clean) char

static int refuse(const char *url, CURLUcode code, struct error *err)
{
	size_t shown = strcspn(url, "?#");

	if (strchr(url, '@') != NULL)
		return error_set(err, ERROR_INVALID,
			"a URL with a user name cannot be used; give credentials apart from it");
	return error_set(err, ERROR_INVALID, "'%.*s' is not a URL that can be used: %s",
		(int)(shown < 200 ? shown : 200), url, curl_url_strerror(code));
}

static char *part_of(CURLU *parts, CURLUPart part, unsigned flags)
{
	char *text = NULL;

	(void)curl_url_get(parts, part, &text, flags); /* leaves NULL behind when it fails */
	return text;
}

static char *text_of_url(CURLU *parts)
{
	autocurltext *whole = part_of(parts, CURLUPART_URL, 0);

	return whole != NULL ? str_dup(str_of(whole)) : NULL;
}

static bool is_loopback(const char *host)
{
	struct in_addr address;

	if (inet_pton(AF_INET, host, &address) == 1)
		return ntohl(address.s_addr) >> 24 == 127;
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

/* libcurl asks for the name in the URL, so that name goes there and the host elsewhere. */
static void put_server_name(
	struct http__url *url, CURLU *parts, const char *host, const char *port, const char *name)
{
	autocurltext *explicit_port = part_of(parts, CURLUPART_PORT, 0);
	autobuf header = BUF_INIT(URL_MAX_BYTES);
	autobuf connect_to = BUF_INIT(URL_MAX_BYTES);

	if (curl_url_set(parts, CURLUPART_HOST, name, 0) != CURLUE_OK)
		return; /* no host name: the certificate cannot match and says so */
	buf_printf(&header, "Host: %s", host);
	if (explicit_port != NULL)
		buf_printf(&header, ":%s", explicit_port);
	buf_printf(&connect_to, "%s:%s:%s:%s", name, port, host, port);
	url->host_header = buf_take(&header);
	url->connect_to = buf_take(&connect_to);
}

int http__url_parse(
	const char *url, const char *server_name, struct http__url *ret_url, struct error *err)
{
	autourl *parts = curl_url();
	CURLUcode code = curl_url_set(parts, CURLUPART_URL, url, CURLU_DISALLOW_USER);
	autocurltext *scheme = part_of(parts, CURLUPART_SCHEME, 0);
	autocurltext *host = part_of(parts, CURLUPART_HOST, 0);
	autocurltext *port = part_of(parts, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	autobuf peer = BUF_INIT(URL_MAX_BYTES);
	struct http__url parsed = {0};

	if (code == CURLUE_OK && strlen(url) > URL_MAX_BYTES / 2)
		return error_set(
			err, ERROR_TOO_BIG, "the URL is longer than %d bytes", URL_MAX_BYTES / 2);
	if (code != CURLUE_OK || host == NULL || port == NULL)
		return refuse(url, code != CURLUE_OK ? code : CURLUE_NO_HOST, err);
	parsed.is_https = strcmp(scheme, "https") == 0;
	if (!parsed.is_https && strcmp(scheme, "http") != 0)
		return refuse(url, CURLUE_UNSUPPORTED_SCHEME, err);
	parsed.is_loopback = is_loopback(host);
	buf_printf(&peer, "%s:%s", host, port);
	parsed.peer = buf_take(&peer);
	if (server_name != NULL && parsed.is_https)
		put_server_name(&parsed, parts, host, port, server_name);
	parsed.text = text_of_url(parts);
	assert(parsed.text != NULL);
	*ret_url = parsed;
	return 0;
}

void http__url_done(struct http__url *url)
{
	free(url->text);
	free(url->peer);
	free(url->host_header);
	free(url->connect_to);
	*url = (struct http__url){0};
}
