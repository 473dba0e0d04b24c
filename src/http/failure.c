/*
 * One table says what each CURLcode means: the kind for the caller, the words for people. libcurl's
 * own detail is shown only where it cannot hold parts of the URL or a header.
 */
#include "http/failure.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "http/url.h"

static const struct meaning {
	CURLcode code;
	enum error_kind kind;
	bool shows_detail;
	const char *before; /* the peer */
	const char *after;
} meanings[] = {
	{CURLE_COULDNT_RESOLVE_HOST, ERROR_SYSTEM, false, "cannot reach",
		"its name does not resolve; check the URL and DNS"},
	{CURLE_COULDNT_RESOLVE_PROXY, ERROR_SYSTEM, false, "cannot reach",
		"the name of the proxy does not resolve; check the proxy variables"},
	{CURLE_COULDNT_CONNECT, ERROR_SYSTEM, false, "cannot connect to",
		"check that it runs and that the address is right"},
	{CURLE_PROXY, ERROR_SYSTEM, true, "cannot reach", "the proxy refused"},
	{CURLE_PEER_FAILED_VERIFICATION, ERROR_DENIED, true, "the certificate of",
		"it is not trusted; give the certificate of its authority"},
	{CURLE_SSL_CONNECT_ERROR, ERROR_SYSTEM, true, "no TLS connection to",
		"check that it speaks TLS on this port"},
	{CURLE_SSL_CERTPROBLEM, ERROR_INVALID, true, "for",
		"the client certificate or its key cannot be used"},
	{CURLE_SSL_CACERT_BADFILE, ERROR_INVALID, true, "for",
		"the certificates to trust cannot be read"},
	{CURLE_SSL_CIPHER, ERROR_INVALID, true, "for", "the cipher cannot be used"},
	{CURLE_PARTIAL_FILE, ERROR_SYSTEM, false, "the answer of", "it ended before its end"},
	{CURLE_GOT_NOTHING, ERROR_SYSTEM, false, "no answer from",
		"it closed the connection without one"},
	{CURLE_RECV_ERROR, ERROR_SYSTEM, true, "the answer of", "the connection broke"},
	{CURLE_SEND_ERROR, ERROR_SYSTEM, true, "the request to", "the connection broke"},
	{CURLE_SEND_FAIL_REWIND, ERROR_SYSTEM, false, "the request to",
		"the connection broke within the body"},
	{CURLE_HTTP2, ERROR_SYSTEM, true, "the connection to", "HTTP/2 failed"},
	{CURLE_HTTP2_STREAM, ERROR_SYSTEM, true, "the connection to", "HTTP/2 failed"},
	{CURLE_WEIRD_SERVER_REPLY, ERROR_CORRUPT, false, "the answer of", "it is not HTTP"},
	{CURLE_BAD_CONTENT_ENCODING, ERROR_CORRUPT, false, "the answer of",
		"its compressed body is damaged"},
	{CURLE_TOO_MANY_REDIRECTS, ERROR_CORRUPT, false, "the answer of", "too many redirects"},
	/* libcurl's buffers for a head have a maximum; memory itself does not run out here. */
	{CURLE_OUT_OF_MEMORY, ERROR_TOO_BIG, false, "the answer of", "its head is too large"},
};

static const struct meaning *meaning_of(CURLcode code)
{
	for (size_t i = 0; i < array_size(meanings); i++) {
		if (meanings[i].code == code)
			return &meanings[i];
	}
	return NULL;
}

static bool contains(const char *text, const char *part)
{
	return str_contains(str_of(text), str_of(part));
}

/* In TLS 1.3 the server's refusal arrives after our side of the handshake is done. */
static bool is_refused_certificate(const struct http__failure *failure)
{
	return contains(failure->detail, " alert ") &&
		(contains(failure->detail, "certificate") ||
			contains(failure->detail, "unknown ca"));
}

static void describe_timeout(
	const struct http__failure *failure, const char *peer, struct error *err)
{
	double seconds = (double)failure->timeout_ms / 1000.0;
	curl_off_t connected = 0;
	curl_off_t received = 0;

	(void)curl_easy_getinfo(failure->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
	(void)curl_easy_getinfo(failure->easy, CURLINFO_STARTTRANSFER_TIME_T, &received);
	if (connected == 0)
		(void)error_set(err, ERROR_TIMEOUT,
			"no connection to '%s' in time; check that the "
			"address is right and no firewall is between",
			peer);
	else if (received == 0)
		(void)error_set(
			err, ERROR_TIMEOUT, "no answer from '%s' within %g s", peer, seconds);
	else
		(void)error_set(err, ERROR_TIMEOUT,
			"the answer of '%s' was not complete within %g s", peer, seconds);
}

/* 1: received HTTP/0.9, or was redirected to something that we do not follow. */
static void describe_protocol(
	const struct http__failure *failure, const char *peer, struct error *err)
{
	long redirects = 0;

	(void)curl_easy_getinfo(failure->easy, CURLINFO_REDIRECT_COUNT, &redirects);
	if (redirects > 0)
		(void)error_set(err, ERROR_CORRUPT,
			"'%s' redirects to a URL of another protocol; that is not followed", peer);
	else
		(void)error_set(err, ERROR_CORRUPT, "the answer of '%s' is not HTTP", peer);
}

static void describe_by_table(
	const struct http__failure *failure, const char *peer, struct error *err)
{
	const struct meaning *meaning = meaning_of(failure->code);
	const char *detail = failure->detail;
	long number = 0;

	if (meaning == NULL) {
		(void)error_set(err, ERROR_SYSTEM, "the request to '%s' failed: %s", peer,
			curl_easy_strerror(failure->code));
		return;
	}
	(void)curl_easy_getinfo(failure->easy, CURLINFO_OS_ERRNO, &number);
	if (failure->code == CURLE_COULDNT_CONNECT && number != 0)
		detail = strerror((int)number);
	else if (!meaning->shows_detail)
		detail = "";
	(void)error_set(err, meaning->kind, "%s '%s': %s%s%s%s", meaning->before, peer,
		meaning->after, detail[0] != '\0' ? " (" : "", detail,
		detail[0] != '\0' ? ")" : "");
	err->system_errno = (int)number;
}

/* After a redirect it is another host that failed. */
static char *redirected_peer(const struct http__failure *failure)
{
	struct http__url url;
	struct error ignored;
	long redirects = 0;
	const char *effective = NULL;
	char *peer;

	(void)curl_easy_getinfo(failure->easy, CURLINFO_REDIRECT_COUNT, &redirects);
	(void)curl_easy_getinfo(failure->easy, CURLINFO_EFFECTIVE_URL, &effective);
	if (redirects == 0 || effective == NULL ||
		http__url_parse(effective, NULL, &url, &ignored) < 0)
		return NULL;
	peer = take_ptr(&url.peer);
	http__url_done(&url);
	return peer;
}

void http__failure_describe(const struct http__failure *failure, struct error *err)
{
	autofree char *redirected = redirected_peer(failure);
	const char *peer = redirected != NULL ? redirected : failure->peer;

	if (failure->code == CURLE_OPERATION_TIMEDOUT)
		describe_timeout(failure, peer, err);
	else if (failure->code == CURLE_UNSUPPORTED_PROTOCOL)
		describe_protocol(failure, peer, err);
	else if (is_refused_certificate(failure))
		(void)error_set(err, ERROR_DENIED,
			"'%s' wants a client certificate that it trusts (%s)", peer,
			failure->detail);
	else
		describe_by_table(failure, peer, err);
}
