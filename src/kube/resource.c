/* Names to paths: every byte that is not unreserved (RFC 3986, 2.3) is percent-encoded. */
#include "kube/resource.h"

#include <string.h>

enum { RESOURCE_NAME_MAX = 253 };

static bool resource_is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '.' || c == '_' || c == '~';
}

static void resource_write_encoded(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (resource_is_unreserved(text.data[i]))
			buf_add_byte(out, text.data[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)text.data[i]);
	}
}

static void resource_write_segment(struct buf *out, struct str segment)
{
	buf_add_byte(out, '/');
	resource_write_encoded(out, segment);
}

bool kube_name_is_valid(struct str name)
{
	if (name.size == 0 || name.size > RESOURCE_NAME_MAX || str_is(name, ".") ||
		str_is(name, ".."))
		return false;
	for (size_t i = 0; i < name.size; i++) {
		unsigned char c = (unsigned char)name.data[i];
		if (c < ' ' || c == 0x7f || c == '/' || c == '%')
			return false;
	}
	return true;
}

void kube_key_write(struct buf *out, struct str namespace, struct str name)
{
	buf_add(out, namespace);
	if (namespace.size > 0)
		buf_add_byte(out, '/');
	buf_add(out, name);
}

void kube_key_split(struct str key, struct str *ret_namespace, struct str *ret_name)
{
	if (str_cut(key, '/', ret_namespace, ret_name))
		return;
	*ret_namespace = STR("");
	*ret_name = key;
}

void kube_resource_write_path(struct buf *out, const struct kube_resource *resource,
	struct str namespace, struct str name, struct str subresource)
{
	buf_add_text(out, resource->group[0] == '\0' ? "/api" : "/apis");
	if (resource->group[0] != '\0')
		resource_write_segment(out, str_of(resource->group));
	resource_write_segment(out, str_of(resource->version));
	if (resource->namespaced && namespace.size > 0) {
		buf_add_text(out, "/namespaces");
		resource_write_segment(out, namespace);
	}
	resource_write_segment(out, str_of(resource->plural));
	if (name.size > 0)
		resource_write_segment(out, name);
	if (subresource.size > 0)
		resource_write_segment(out, subresource);
}

void kube_query_add(struct buf *url, const char *name, struct str value)
{
	if (value.size == 0)
		return;
	buf_add_byte(url, str_contains(buf_str(url), STR("?")) ? '&' : '?');
	buf_printf(url, "%s=", name);
	resource_write_encoded(url, value);
}

void kube_query_add_number(struct buf *url, const char *name, long long value)
{
	autobuf text = BUF_INIT(32);

	buf_printf(&text, "%lld", value);
	kube_query_add(url, name, buf_str(&text));
}
