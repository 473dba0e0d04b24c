/*
 * One table says what each verb is in HTTP. Names are checked here because a name that is empty or
 * ".." would turn a request for one object into one for its collection.
 */
#include "kube/request.h"

#include <assert.h>

#include "json/json.h"

static const struct {
	const char *method;
	const char *content_type;
	const char *word; /* for error texts */
	bool needs_name;
	bool is_repeatable; /* sent twice it does what it does once */
} request_verbs[KUBE_VERB_COUNT] = {
	[KUBE_GET] = {"GET", NULL, "get", true, true},
	[KUBE_LIST] = {"GET", NULL, "list", false, true},
	[KUBE_CREATE] = {"POST", "application/json", "create", false, false},
	[KUBE_MERGE] = {"PATCH", "application/merge-patch+json", "patch", true, true},
	[KUBE_STRATEGIC_MERGE] = {"PATCH", "application/strategic-merge-patch+json", "patch", true,
		true},
	[KUBE_JSON_PATCH] = {"PATCH", "application/json-patch+json", "patch", true, false},
	[KUBE_APPLY] = {"PATCH", "application/apply-patch+yaml", "apply", true, true},
	[KUBE_DELETE] = {"DELETE", "application/json", "delete", true, true},
};

static const char *const request_propagations[] = {
	[KUBE_PROPAGATION_DEFAULT] = NULL,
	[KUBE_PROPAGATION_BACKGROUND] = "Background",
	[KUBE_PROPAGATION_FOREGROUND] = "Foreground",
	[KUBE_PROPAGATION_ORPHAN] = "Orphan",
};

const char *kube__request_method(enum kube_verb verb)
{
	return request_verbs[verb].method;
}

const char *kube__request_content_type(enum kube_verb verb)
{
	return request_verbs[verb].content_type;
}

bool kube__request_is_repeatable(enum kube_verb verb)
{
	return request_verbs[verb].is_repeatable;
}

int kube__request_check(const struct kube_request *request, struct error *err)
{
	bool needs_name = request_verbs[request->verb].needs_name;
	bool needs_namespace = request->resource->namespaced && request->verb != KUBE_LIST;

	assert(request->verb != KUBE_APPLY || request->field_manager.size > 0);
	if (needs_name != (request->name.size > 0) ||
		(needs_name && !kube_name_is_valid(request->name)))
		return error_set(err, ERROR_INVALID, "'%.*s' is not a name of an object",
			STR_ARG(request->name));
	if ((needs_namespace && request->namespace.size == 0) ||
		(request->namespace.size > 0 && !kube_name_is_valid(request->namespace)))
		return error_set(err, ERROR_INVALID, "'%.*s' is not a name of a namespace",
			STR_ARG(request->namespace));
	return 0;
}

/*
 * "Not older than" has to be said: without it a list in pages is one of exactly that version, and
 * who lists anew because a watch has expired would get what it has already. "0" is any version.
 * (kubernetes.io, "Kubernetes API Concepts", semantics for get and list)
 */
static void request_write_version(struct buf *out, struct str version)
{
	kube_query_add(out, "resourceVersion", version);
	if (version.size > 0 && !str_is(version, "0"))
		kube_query_add(out, "resourceVersionMatch", STR("NotOlderThan"));
}

static void request_write_list_query(struct buf *out, const struct kube_request *request)
{
	bool is_first_page = request->continue_token.size == 0;

	kube_query_add(out, "labelSelector", request->label_selector);
	kube_query_add(out, "fieldSelector", request->field_selector);
	if (request->limit > 0)
		kube_query_add_number(out, "limit", request->limit);
	kube_query_add(out, "continue", request->continue_token);
	if (is_first_page) /* a later page has the version in its token */
		request_write_version(out, request->resource_version);
}

void kube__request_write_url(struct buf *out, const struct kube_request *request)
{
	kube_resource_write_path(
		out, request->resource, request->namespace, request->name, request->subresource);
	if (request->verb == KUBE_LIST)
		request_write_list_query(out, request);
	if (request->body.size > 0)
		kube_query_add(out, "fieldManager", request->field_manager);
	if (request->verb == KUBE_APPLY)
		kube_query_add(out, "force", STR("true"));
	if (request->is_dry_run)
		kube_query_add(out, "dryRun", STR("All"));
}

static void request_write_delete_options(struct buf *out, const struct kube_request *request)
{
	const char *policy = request_propagations[request->propagation];
	struct json_writer writer = json_writer(out);

	json_begin_object(&writer);
	json_set_text(&writer, "apiVersion", "v1");
	json_set_text(&writer, "kind", "DeleteOptions");
	if (policy != NULL)
		json_set_text(&writer, "propagationPolicy", policy);
	if (request->uid.size > 0 || request->resource_version.size > 0) {
		json_set_object(&writer, "preconditions");
		if (request->uid.size > 0)
			json_set_str(&writer, "uid", request->uid);
		if (request->resource_version.size > 0)
			json_set_str(&writer, "resourceVersion", request->resource_version);
		json_end_object(&writer);
	}
	json_end_object(&writer);
}

void kube__request_write_body(struct buf *out, const struct kube_request *request)
{
	if (request->verb == KUBE_DELETE)
		request_write_delete_options(out, request);
	else
		buf_add(out, request->body);
}

void kube__request_write_subject(struct buf *out, const struct kube_request *request)
{
	buf_printf(out, "%s %s", request_verbs[request->verb].word, request->resource->plural);
	if (request->subresource.size > 0)
		buf_printf(out, "/%.*s", STR_ARG(request->subresource));
	if (request->name.size > 0) {
		buf_add_text(out, " '");
		kube_key_write(out, request->namespace, request->name);
		buf_add_byte(out, '\'');
	} else if (request->namespace.size > 0) {
		buf_printf(out, " in namespace '%.*s'", STR_ARG(request->namespace));
	}
}
