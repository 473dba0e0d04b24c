/* Credentials and challenges become headers; tokens are kept until the registry refuses them. */
#include "registry/authorization.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "registry/url.h"
#include "json/json.h"

struct registry__authorization {
	struct image_reference target;
	bool plain_http;
	const char *actions;
	bool is_basic; /* send user and password with every request */
	struct buf user;
	struct buf password;
	struct buf identity_token;
	struct buf registry_token;
	struct buf token; /* of the token service */
	struct buf token_url;
	char service[REGISTRY_CHALLENGE_VALUE_SIZE];
};

void registry__secret_done(struct buf *buf)
{
	explicit_bzero(buf->data, buf->size);
	buf_done(buf);
}

struct registry__authorization *registry__authorization_new(const struct image_reference *target,
	const struct registry_credentials *credentials, bool plain_http, const char *actions)
{
	struct registry__authorization *authorization = new_zeroed(struct registry__authorization);
	struct registry_login login;

	authorization->target = *target;
	authorization->plain_http = plain_http;
	authorization->actions = actions != NULL ? actions : "pull,push";
	authorization->user = BUF_INIT(REGISTRY_TOKEN_MAX);
	authorization->password = BUF_INIT(REGISTRY_TOKEN_MAX);
	authorization->identity_token = BUF_INIT(REGISTRY_TOKEN_MAX);
	authorization->registry_token = BUF_INIT(REGISTRY_TOKEN_MAX);
	authorization->token = BUF_INIT(REGISTRY_TOKEN_MAX);
	authorization->token_url = BUF_INIT(REGISTRY_URL_MAX);
	if (credentials == NULL ||
		registry_credentials_find(credentials, str_of(target->registry),
			str_of(target->repository), &login) == 0)
		return authorization;
	buf_add_text(&authorization->user, login.user);
	buf_add_text(&authorization->password, login.password);
	buf_add_text(&authorization->identity_token, login.identity_token);
	buf_add_text(&authorization->registry_token, login.registry_token);
	return authorization;
}

void registry__authorization_free(struct registry__authorization *authorization)
{
	if (authorization == NULL)
		return;
	registry__secret_done(&authorization->user);
	registry__secret_done(&authorization->password);
	registry__secret_done(&authorization->identity_token);
	registry__secret_done(&authorization->registry_token);
	registry__secret_done(&authorization->token);
	buf_done(&authorization->token_url);
	free(authorization);
}

static bool registry_has_password(const struct registry__authorization *authorization)
{
	return authorization->user.size > 0 && authorization->password.size > 0;
}

static void registry_add_basic(const struct registry__authorization *authorization, struct buf *out)
{
	clean_up(registry__secret_done) struct buf plain = BUF_INIT(2 * REGISTRY_TOKEN_MAX + 1);

	buf_add(&plain, buf_str(&authorization->user));
	buf_add_byte(&plain, ':');
	buf_add(&plain, buf_str(&authorization->password));
	buf_add_text(out, "Basic ");
	base64_encode(buf_str(&plain), out);
}

static void registry_add_scope(const struct registry__authorization *authorization, struct buf *out)
{
	buf_printf(
		out, "repository:%s:%s", authorization->target.repository, authorization->actions);
}

/* The realm with what we want to know from it. */
static int registry_set_token_url(struct registry__authorization *authorization,
	const struct registry__challenge *challenge, struct error *err)
{
	struct buf *url = &authorization->token_url;
	struct str realm = str_of(challenge->realm);
	autobuf scope = BUF_INIT(REGISTRY_URL_MAX);

	if (!str_starts_with(realm, STR("https://")) && !str_starts_with(realm, STR("http://")))
		return error_set(err, ERROR_INVALID, "the realm '%s' is no URL", challenge->realm);
	if (!authorization->plain_http && str_starts_with(realm, STR("http://")))
		return error_set(err, ERROR_DENIED,
			"credentials are not sent to '%s', which is not https", challenge->realm);
	if (registry__url_resolve(realm, realm, url, err) < 0)
		return error_wrap(err, "the realm '%s'", challenge->realm);
	memcpy(authorization->service, challenge->service, sizeof(authorization->service));
	if (authorization->identity_token.size > 0)
		return 0; /* the rest goes into the form */
	registry_add_scope(authorization, &scope);
	if (challenge->service[0] != '\0')
		registry__url_add_query(url, "service", str_of(challenge->service));
	registry__url_add_query(url, "scope", buf_str(&scope));
	return buf_check(url, "the URL of the token service", err);
}

int registry__authorization_answer(struct registry__authorization *authorization,
	const struct registry__challenge *challenge, enum registry__next *ret_next,
	struct error *err)
{
	bool has_used_token = authorization->token.size > 0;

	registry__secret_done(&authorization->token);
	if (challenge->scheme == REGISTRY_BASIC) {
		if (!registry_has_password(authorization))
			return error_set(err, ERROR_DENIED,
				"it wants user and password, and there are no credentials for it");
		authorization->is_basic = true;
		*ret_next = REGISTRY_SEND_AGAIN;
		return 0;
	}
	authorization->is_basic = false;
	if (authorization->registry_token.size > 0 && !has_used_token) {
		buf_add(&authorization->token, buf_str(&authorization->registry_token));
		*ret_next = REGISTRY_SEND_AGAIN;
		return 0;
	}
	*ret_next = REGISTRY_FETCH_TOKEN;
	return registry_set_token_url(authorization, challenge, err);
}

const char *registry__authorization_token_url(const struct registry__authorization *authorization)
{
	return authorization->token_url.data;
}

void registry__authorization_describe_token_request(
	const struct registry__authorization *authorization, struct buf *header, struct buf *form)
{
	autobuf scope = BUF_INIT(REGISTRY_URL_MAX);

	if (authorization->identity_token.size == 0) {
		if (registry_has_password(authorization))
			registry_add_basic(authorization, header);
		return;
	}
	registry_add_scope(authorization, &scope);
	buf_add_text(form, "grant_type=refresh_token&client_id=kcr&service=");
	registry__url_encode(form, str_of(authorization->service));
	buf_add_text(form, "&scope=");
	registry__url_encode(form, buf_str(&scope));
	buf_add_text(form, "&refresh_token=");
	registry__url_encode(form, buf_str(&authorization->identity_token));
}

/* A token is sent in a header: visible ASCII only. */
static bool registry_token_is_valid(struct str token)
{
	for (size_t i = 0; i < token.size; i++)
		if ((unsigned char)token.data[i] <= ' ' || (unsigned char)token.data[i] >= 0x7f)
			return false;
	return token.size > 0 && token.size <= REGISTRY_TOKEN_MAX;
}

int registry__authorization_take_token(
	struct registry__authorization *authorization, struct str body, struct error *err)
{
	autojson *document = NULL;
	struct str token;

	if (json_parse(body, &document, err) < 0)
		return error_wrap(err, "the token service's answer");
	token = json_str(json_get(json_doc_root(document), "token"));
	if (token.size == 0)
		token = json_str(json_get(json_doc_root(document), "access_token"));
	if (!registry_token_is_valid(token))
		return error_set(err, ERROR_CORRUPT, "the token service's answer has no token");
	registry__secret_done(&authorization->token);
	buf_add(&authorization->token, token);
	return 0;
}

void registry__authorization_write(
	const struct registry__authorization *authorization, struct buf *header)
{
	if (authorization->is_basic) {
		registry_add_basic(authorization, header);
	} else if (authorization->token.size > 0) {
		buf_add_text(header, "Bearer ");
		buf_add(header, buf_str(&authorization->token));
	}
}
