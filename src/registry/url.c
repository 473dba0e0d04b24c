/* A small part of RFC 3986; dot segments are left to libcurl, which removes them. */
#include "registry/url.h"

#include <string.h>
#include <strings.h>

struct registry_url_parts {
	struct str scheme;
	struct str authority;
	struct str path; /* begins with '/', or is empty */
};

/* Splits an absolute URL; false when it is none with "//" and a host. The path has the query. */
static bool registry_url_split(struct str url, struct registry_url_parts *ret_parts)
{
	struct str rest;
	size_t end = 0;

	if (!str_cut(url, ':', &ret_parts->scheme, &rest) || !str_starts_with(rest, STR("//")))
		return false;
	rest = str_from(rest, 2);
	while (end < rest.size && memchr("/?", rest.data[end], 2) == NULL)
		end++;
	ret_parts->authority = (struct str){rest.data, end};
	ret_parts->path = str_from(rest, end);
	return end > 0;
}

static bool registry_equal_fold(struct str a, struct str b)
{
	return a.size == b.size && strncasecmp(a.data, b.data, a.size) == 0;
}

/* Whether all bytes may stand in a URL: no white space, no control bytes, nothing to be quoted. */
static bool registry_url_is_clean(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.data[i] <= ' ' || (unsigned char)text.data[i] >= 0x7f ||
			memchr("\"<>\\^`{|}", text.data[i], 9) != NULL)
			return false;
	return true;
}

/* The base's path up to and with its last '/', without the query. */
static struct str registry_url_directory(struct str path)
{
	struct str plain;
	struct str ignored;

	(void)str_cut(path, '?', &plain, &ignored);
	while (plain.size > 0 && plain.data[plain.size - 1] != '/')
		plain.size--;
	return plain;
}

static void registry_url_join(
	const struct registry_url_parts *base, struct str location, struct buf *url)
{
	struct str directory = registry_url_directory(base->path);
	struct str plain;
	struct str ignored;

	buf_add(url, base->scheme);
	buf_add_byte(url, ':');
	if (str_starts_with(location, STR("//"))) {
		buf_add(url, location);
		return;
	}
	buf_add_text(url, "//");
	buf_add(url, base->authority);
	if (str_starts_with(location, STR("?"))) {
		(void)str_cut(base->path, '?', &plain, &ignored);
		buf_add(url, plain);
	} else if (!str_starts_with(location, STR("/"))) {
		buf_add(url, directory.size > 0 ? directory : STR("/"));
	}
	buf_add(url, location);
}

/* "scheme:" at the front, as RFC 3986 defines it. */
static bool registry_url_has_scheme(struct str location)
{
	struct str scheme;
	struct str ignored;

	return str_cut(location, ':', &scheme, &ignored) && scheme.size > 0 &&
		!str_contains(scheme, STR("/")) && !str_contains(scheme, STR("?"));
}

int registry__url_resolve(struct str base, struct str location, struct buf *url, struct error *err)
{
	autobuf joined = BUF_INIT(REGISTRY_URL_MAX);
	struct registry_url_parts base_parts;
	struct registry_url_parts parts;
	struct str ignored;

	(void)str_cut(location, '#', &location, &ignored);
	if (!registry_url_split(base, &base_parts) || location.size == 0 ||
		!registry_url_is_clean(location))
		return error_set(err, ERROR_INVALID, "the registry named no usable location");
	if (registry_url_has_scheme(location))
		buf_add(&joined, location);
	else
		registry_url_join(&base_parts, location, &joined);
	if (buf_check(&joined, "the location that the registry named", err) < 0)
		return -1;
	if (!registry_url_split(buf_str(&joined), &parts) ||
		str_contains(parts.authority, STR("@")) ||
		(!registry_equal_fold(parts.scheme, STR("https")) &&
			!registry_equal_fold(parts.scheme, STR("http"))))
		return error_set(err, ERROR_INVALID, "the registry named no usable location");
	if (registry_equal_fold(base_parts.scheme, STR("https")) &&
		!registry_equal_fold(parts.scheme, STR("https")))
		return error_set(err, ERROR_INVALID,
			"the registry leads from https to plain http at '%.*s'; behind a proxy it "
			"must be told its external URL",
			STR_ARG(parts.authority));
	buf_clear(url);
	buf_add(url, buf_str(&joined));
	return buf_check(url, "the location that the registry named", err);
}

/* The authority without a port that goes without saying. */
static struct str registry_url_origin(const struct registry_url_parts *parts)
{
	struct str port =
		registry_equal_fold(parts->scheme, STR("https")) ? STR(":443") : STR(":80");
	struct str authority = parts->authority;

	if (str_ends_with(authority, port))
		authority.size -= port.size;
	return authority;
}

bool registry__url_same_origin(struct str a, struct str b)
{
	struct registry_url_parts left;
	struct registry_url_parts right;

	return registry_url_split(a, &left) && registry_url_split(b, &right) &&
		registry_equal_fold(left.scheme, right.scheme) &&
		registry_equal_fold(registry_url_origin(&left), registry_url_origin(&right));
}

struct str registry__url_shown(struct str url)
{
	struct str shown;
	struct str ignored;

	(void)str_cut(url, '?', &shown, &ignored);
	return shown;
}

void registry__url_encode(struct buf *out, struct str value)
{
	for (size_t i = 0; i < value.size; i++) {
		char c = value.data[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			memchr("-._~", c, 4) != NULL)
			buf_add_byte(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}

void registry__url_add_query(struct buf *url, const char *name, struct str value)
{
	buf_printf(url, "%c%s=", str_contains(buf_str(url), STR("?")) ? '&' : '?', name);
	registry__url_encode(url, value);
}
