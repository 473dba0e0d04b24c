/* One look after the other, each with one request; the first that has the spec is taken. */
#include "cli/origin.h"

#include <fcntl.h>

#include "base/alloc.h"
#include "sys/file.h"
#include "json/yaml.h"

void cli_origin_done(struct cli_origin *origin)
{
	json_doc_unref(origin->doc);
}

/* ---- A file ---- */

static int origin_from_file(const char *path, struct cli_origin *origin, struct error *err)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	const struct json *root;

	if (file_read(AT_FDCWD, path, &text, err) < 0 ||
		yaml_parse(buf_str(&text), &origin->doc, err) < 0)
		return error_wrap(err, "'%s'", path);
	root = json_doc_root(origin->doc);
	origin->spec = json_get(root, "spec");
	if (!str_is(json_str(json_get(root, "kind")), "Pod") || origin->spec == NULL)
		return error_set(err, ERROR_INVALID, "'%s' is no manifest of a Pod", path);
	return 0;
}

/* ---- The cluster ---- */

/* Returns 1 with the object, or 0 when there is none of that name. */
static int origin_get(struct cli_session *session, const struct cli_kind *kind, struct str name,
	struct json_doc **ret_doc, struct error *err)
{
	autofetch fetch = cli_fetch_get(session, kind, name);

	fetch.is_optional = true;
	if (cli_fetch_all(session, &fetch, 1, err) < 0)
		return -1;
	if (fetch.error.kind == ERROR_DENIED) {
		*err = fetch.error;
		return -1;
	}
	if (fetch.doc_count == 0 || fetch.error.kind != ERROR_NONE)
		return 0;
	*ret_doc = json_doc_ref(fetch.docs[0]);
	return 1;
}

/* It, or the Pod that has its place: a StatefulSet's have the same name and claims. */
static bool origin_is_pod(const struct api_pod *pod, const struct api_checkpoint_spec *spec)
{
	const struct api_owner *owner = api_metadata_controller(&pod->metadata);

	if (str_equal(pod->metadata.uid, spec->pod->uid))
		return true;
	return owner != NULL && spec->workload != NULL && str_is(owner->kind, "StatefulSet") &&
		str_equal(owner->uid, spec->workload->uid);
}

/* Returns 1, or 0 when the Pod is not there any more. */
static int origin_from_pod(struct cli_session *session, const struct api_checkpoint_spec *spec,
	struct cli_origin *origin, struct error *err)
{
	struct arena *arena = session->call->arena;
	autojson *doc = NULL;
	struct api_pod pod;
	struct error unreadable; /* then the images are taken for the author's */
	int found = origin_get(session, &cli_pod_kind, spec->pod->name, &doc, err);

	if (found <= 0)
		return found;
	if (json_decode(json_doc_root(doc), &api_pod_object, false, arena, &pod, err) < 0)
		return -1;
	if (!origin_is_pod(&pod, spec))
		return 0;
	if (restore_records_parse(
		    pod.metadata.annotations.restores, arena, &origin->records, &unreadable) < 0)
		origin->records = (struct restore_records){0};
	origin->spec = json_get(json_doc_root(doc), "spec");
	origin->doc = take_ptr(&doc);
	return 1;
}

static const struct cli_kind *origin_kind(struct str kind)
{
	static const struct cli_kind *const kinds[] = {
		&cli_replicaset_kind, &cli_statefulset_kind, &cli_daemonset_kind};

	for (size_t i = 0; i < array_size(kinds); i++)
		if (str_is(kind, kinds[i]->resource.kind))
			return kinds[i];
	return NULL;
}

/* Returns 1, or 0 when it has no workload, or that is gone. */
static int origin_from_workload(struct cli_session *session, const struct api_checkpoint_spec *spec,
	struct cli_origin *origin, struct error *err)
{
	const struct api_workload_reference *workload = spec->workload;
	const struct cli_kind *kind = workload != NULL ? origin_kind(workload->kind) : NULL;
	autojson *doc = NULL;
	const struct json *root;
	int found = kind != NULL ? origin_get(session, kind, workload->name, &doc, err) : 0;

	if (found <= 0)
		return found;
	root = json_doc_root(doc);
	if (!str_equal(json_str(json_at(root, "metadata", "uid", NULL)), workload->uid))
		return 0;
	cli_tell("Pod '%.*s' is gone: the new one is made from the template that %s '%.*s' has "
		 "now.",
		STR_ARG(spec->pod->name), kind->label, STR_ARG(workload->name));
	origin->spec = json_at(root, "spec", "template", "spec", NULL);
	origin->doc = take_ptr(&doc);
	return 1;
}

static int origin_from_cluster(struct cli_session *session, const struct api_checkpoint *checkpoint,
	struct cli_origin *origin, struct error *err)
{
	const struct api_checkpoint_spec *spec = &checkpoint->spec;
	int found = 0;

	if (spec->pod != NULL)
		found = origin_from_pod(session, spec, origin, err);
	if (found == 0 && spec->pod != NULL)
		found = origin_from_workload(session, spec, origin, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	return error_set(err, ERROR_ABSENT,
		"the Pod that checkpoint '%.*s' was taken of is gone, and so is the template that "
		"it was made from; give a Pod's manifest by --filename",
		STR_ARG(checkpoint->metadata.name));
}

int cli_origin_find(struct cli_session *session, const struct api_checkpoint *checkpoint,
	const char *file, struct cli_origin *ret_origin, struct error *err)
{
	return file != NULL ? origin_from_file(file, ret_origin, err)
			    : origin_from_cluster(session, checkpoint, ret_origin, err);
}
