/* From the text of an image name to its parts, each checked before it is copied. */
#include "image/reference.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

static bool image_is_lower_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool image_is_alphanumeric(char c)
{
	return image_is_lower_alphanumeric(c) || (c >= 'A' && c <= 'Z');
}

/* Whether the run of separators at the front of `text` is one of: . _ __ -+ */
static bool image_separator_is_valid(struct str run)
{
	if (run.data[0] != '-')
		return str_is(run, ".") || str_is(run, "_") || str_is(run, "__");
	for (size_t i = 0; i < run.size; i++)
		if (run.data[i] != '-')
			return false;
	return true;
}

static bool image_path_component_is_valid(struct str component)
{
	size_t at = 0;

	if (component.size == 0 || !image_is_lower_alphanumeric(component.data[component.size - 1]))
		return false;
	while (at < component.size) {
		size_t start = at;
		while (!image_is_lower_alphanumeric(component.data[at]))
			at++; /* ends: the last byte is one */
		if (at > start &&
			(start == 0 ||
				!image_separator_is_valid(
					(struct str){component.data + start, at - start})))
			return false;
		while (at < component.size && image_is_lower_alphanumeric(component.data[at]))
			at++;
	}
	return true;
}

bool image_repository_is_valid(struct str repository)
{
	struct str component;
	bool has_more = repository.size > 0 && repository.size <= IMAGE_NAME_MAX;

	if (!has_more)
		return false;
	while (has_more) {
		has_more = str_cut(repository, '/', &component, &repository);
		if (!image_path_component_is_valid(component))
			return false;
	}
	return true;
}

bool image_tag_is_valid(struct str tag)
{
	if (tag.size == 0 || tag.size > IMAGE_TAG_MAX || tag.data[0] == '.' || tag.data[0] == '-')
		return false;
	for (size_t i = 0; i < tag.size; i++)
		if (!image_is_alphanumeric(tag.data[i]) && memchr("_.-", tag.data[i], 3) == NULL)
			return false;
	return true;
}

bool image_digest_is_valid(struct str digest)
{
	struct str algorithm;
	struct str hex;
	size_t expected;

	if (!str_cut(digest, ':', &algorithm, &hex))
		return false;
	expected = str_is(algorithm, "sha256") ? 64 : str_is(algorithm, "sha512") ? 128 : 0;
	if (expected == 0 || hex.size != expected)
		return false;
	for (size_t i = 0; i < hex.size; i++)
		if (memchr("0123456789abcdef", hex.data[i], 16) == NULL)
			return false;
	return true;
}

static bool image_host_label_is_valid(struct str label)
{
	if (label.size == 0 || label.data[0] == '-' || label.data[label.size - 1] == '-')
		return false;
	for (size_t i = 0; i < label.size; i++)
		if (!image_is_alphanumeric(label.data[i]) && label.data[i] != '-')
			return false;
	return true;
}

static bool image_host_is_valid(struct str host)
{
	struct str label;
	bool has_more = true;

	while (has_more) {
		has_more = str_cut(host, '.', &label, &host);
		if (!image_host_label_is_valid(label))
			return false;
	}
	return true;
}

static bool image_ipv6_is_valid(struct str address)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr ignored;

	if (address.size >= sizeof(text) || memchr(address.data, '\0', address.size) != NULL)
		return false;
	(void)snprintf(text, sizeof(text), "%.*s", STR_ARG(address));
	return inet_pton(AF_INET6, text, &ignored) == 1;
}

/* Splits "host[:port]"; the host of "[::1]:5000" is "::1". False when the brackets are wrong. */
static bool image_registry_split(
	struct str registry, struct str *ret_host, bool *ret_is_ipv6, struct str *ret_port)
{
	*ret_is_ipv6 = registry.size > 0 && registry.data[0] == '[';
	*ret_port = (struct str){0};
	if (!*ret_is_ipv6)
		return !str_cut(registry, ':', ret_host, ret_port) || ret_port->size > 0;
	if (!str_cut(str_from(registry, 1), ']', ret_host, ret_port))
		return false;
	if (ret_port->size == 0)
		return true;
	if (ret_port->data[0] != ':' || ret_port->size == 1)
		return false;
	*ret_port = str_from(*ret_port, 1);
	return true;
}

static bool image_registry_is_valid(struct str registry)
{
	struct str host;
	struct str port;
	bool is_ipv6;
	uint64_t number = 1;

	if (!image_registry_split(registry, &host, &is_ipv6, &port))
		return false;
	if (port.size > 0 && (!number_parse_u64(port, &number) || number == 0 || number > 65535))
		return false;
	return is_ipv6 ? image_ipv6_is_valid(host) : image_host_is_valid(host);
}

bool image_registry_is_loopback(struct str registry)
{
	struct str host;
	struct str port;
	bool is_ipv6;
	char text[INET_ADDRSTRLEN];
	struct in_addr address;

	if (!image_registry_split(registry, &host, &is_ipv6, &port))
		return false;
	if (is_ipv6 || str_is(host, "localhost"))
		return is_ipv6 ? str_is(host, "::1") : true;
	if (host.size >= sizeof(text))
		return false;
	(void)snprintf(text, sizeof(text), "%.*s", STR_ARG(host));
	return inet_pton(AF_INET, text, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

static bool image_is_registry(struct str first)
{
	for (size_t i = 0; i < first.size; i++)
		if (first.data[i] == '.' || first.data[i] == ':' ||
			(first.data[i] >= 'A' && first.data[i] <= 'Z'))
			return true;
	return str_is(first, "localhost");
}

/* 64 hexadecimal digits name an image by its ID to docker and the runtimes, never a repository. */
static bool image_is_id(struct str repository)
{
	for (size_t i = 0; i < repository.size; i++)
		if (memchr("0123456789abcdef", repository.data[i], 16) == NULL)
			return false;
	return repository.size == 64;
}

static void image_copy(char *target, size_t size, struct str text)
{
	(void)snprintf(target, size, "%.*s", STR_ARG(text));
}

static int image_reference_set_name(struct image_reference *reference, struct str registry,
	struct str repository, struct error *err)
{
	bool is_docker = registry.size == 0 || str_is(registry, "docker.io") ||
		str_is(registry, "index.docker.io");
	bool is_official = is_docker && !str_contains(repository, STR("/"));

	if (registry.size == 0 && image_is_id(repository))
		return error_set(err, ERROR_INVALID, "it is an image ID, not a name");
	if (is_docker)
		registry = STR("docker.io");
	if (!image_registry_is_valid(registry))
		return error_set(err, ERROR_INVALID, "its registry is not 'host[:port]'");
	if (!image_repository_is_valid(repository))
		return error_set(err, ERROR_INVALID,
			"its repository is not made of lower-case letters, digits and '.', '_', "
			"'-', '/' between them");
	if (registry.size + 1 + (is_official ? 8 : 0) + repository.size > IMAGE_NAME_MAX)
		return error_set(
			err, ERROR_INVALID, "its name has more than %d bytes", (int)IMAGE_NAME_MAX);
	image_copy(reference->registry, sizeof(reference->registry), registry);
	(void)snprintf(reference->repository, sizeof(reference->repository), "%s%.*s",
		is_official ? "library/" : "", STR_ARG(repository));
	return 0;
}

static int image_reference_parse_parts(
	struct str text, struct image_reference *reference, struct error *err)
{
	struct str name;
	struct str tag;
	struct str digest;
	struct str first;
	struct str rest;
	struct str registry = {0};
	bool has_digest = str_cut(text, '@', &text, &digest);
	bool has_tag;

	if (has_digest && !image_digest_is_valid(digest))
		return error_set(err, ERROR_INVALID, "its digest is not 'sha256:' and 64 digits");
	if (str_cut(text, '/', &first, &rest) && image_is_registry(first)) {
		registry = first;
		text = rest;
	}
	has_tag = str_cut(text, ':', &name, &tag);
	if (has_tag && !image_tag_is_valid(tag))
		return error_set(err, ERROR_INVALID,
			"its tag is not 1 to %d letters, digits, '_', '.' or '-'",
			(int)IMAGE_TAG_MAX);
	if (image_reference_set_name(reference, registry, name, err) < 0)
		return -1;
	image_copy(reference->tag, sizeof(reference->tag), tag);
	image_copy(reference->digest, sizeof(reference->digest), digest);
	return 0;
}

/* The longest part of a hostile text that an error shows. */
enum { IMAGE_SHOWN_MAX = 200 };

int image_reference_parse(struct str text, struct image_reference *ret_reference, struct error *err)
{
	struct image_reference reference = {0};
	struct str shown = {text.data, text.size < IMAGE_SHOWN_MAX ? text.size : IMAGE_SHOWN_MAX};

	if (image_reference_parse_parts(text, &reference, err) < 0)
		return error_wrap(err, "'%.*s' is not an image reference", STR_ARG(shown));
	*ret_reference = reference;
	return 0;
}

void image_reference_format(const struct image_reference *reference, struct buf *out)
{
	buf_printf(out, "%s/%s", reference->registry, reference->repository);
	if (reference->tag[0] != '\0')
		buf_printf(out, ":%s", reference->tag);
	if (reference->digest[0] != '\0')
		buf_printf(out, "@%s", reference->digest);
}

/* Appends `text` as one valid path component of at most `max` bytes. */
static void image_add_component(struct buf *out, struct str text, size_t max)
{
	size_t start = out->size;

	for (size_t i = 0; i < text.size && out->size - start < max; i++) {
		char c = text.data[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (image_is_lower_alphanumeric(c))
			buf_add_byte(out, c);
		else if (out->size > start)
			buf_add_byte(out, '-');
	}
	while (out->size > start && out->data[out->size - 1] == '-')
		out->data[--out->size] = '\0';
	if (out->size == start)
		buf_add_byte(out, 'x');
}

void image_repository_make(
	struct str namespace, struct str name, char ret_text[static IMAGE_REPOSITORY_MADE_MAX + 1])
{
	enum { HASH_SIZE = 1 + 16, NAMESPACE_MAX = 63 };
	autobuf plain = BUF_INIT(IMAGE_REPOSITORY_MADE_MAX);
	autobuf made = BUF_INIT(IMAGE_REPOSITORY_MADE_MAX);
	uint64_t hash = str_hash(name) ^ (str_hash(namespace) * 31);

	buf_add(&plain, namespace);
	buf_add_byte(&plain, '/');
	buf_add(&plain, name);
	if (!plain.is_overflown && image_repository_is_valid(buf_str(&plain)) &&
		!str_contains(namespace, STR("/")) && !str_contains(name, STR("/"))) {
		image_copy(ret_text, IMAGE_REPOSITORY_MADE_MAX + 1, buf_str(&plain));
		return;
	}
	image_add_component(&made, namespace, NAMESPACE_MAX);
	buf_add_byte(&made, '/');
	image_add_component(&made, name, IMAGE_REPOSITORY_MADE_MAX - made.size - HASH_SIZE);
	buf_printf(&made, "_%016llx", (unsigned long long)hash);
	image_copy(ret_text, IMAGE_REPOSITORY_MADE_MAX + 1, buf_str(&made));
}
