/* Member by member; what is not named here is taken over as it is, new fields included. */
#include "cli/pod_copy.h"

#include "api/names.h"

/*
 * What belongs to the other Pod: its place (the checkpoint lies on one node, and the other Pod's
 * rules about neighbours are against the other Pod itself), its names, and what admission works out
 * anew. Ephemeral containers cannot be made with a Pod.
 */
static const char *const copy_left_out[] = {"nodeName", "nodeSelector", "affinity",
	"topologySpreadConstraints", "schedulingGates", "hostname", "subdomain", "priority",
	"preemptionPolicy", "ephemeralContainers", NULL};

static bool copy_is_left_out(struct str member)
{
	for (const char *const *name = copy_left_out; *name != NULL; name++)
		if (str_is(member, *name))
			return true;
	return false;
}

/* ---- Containers ---- */

static bool copy_is_by_image(const struct cli_pod_copy *copy)
{
	return api_checkpoint_strategy(copy->checkpoint) == API_STRATEGY_IMAGE;
}

/* The image of its author; of the container that is restored, what the strategy needs. */
static struct str copy_image(
	const struct cli_pod_copy *copy, struct str container, struct str image, bool is_restored)
{
	if (!is_restored)
		return restore_original_image(
			restore_records_find(&copy->records, container), image);
	return copy_is_by_image(copy) ? copy->checkpoint->status.runtime_image
				      : copy->checkpoint->spec.image;
}

static void copy_write_container(
	struct json_writer *writer, const struct cli_pod_copy *copy, const struct json *container)
{
	struct str name = json_str(json_get(container, "name"));
	struct str image = json_str(json_get(container, "image"));
	bool is_restored = str_equal(name, copy->checkpoint->spec.container_name);
	bool is_pulled_anew = is_restored && copy_is_by_image(copy);

	json_begin_object(writer);
	for (struct json_iter it = json_iter(container); json_next(&it);) {
		if (str_is(it.key, "image") ||
			(is_pulled_anew && str_is(it.key, "imagePullPolicy")))
			continue;
		json_key(writer, it.key);
		json_add_value(writer, it.value);
	}
	json_set_str(writer, "image", copy_image(copy, name, image, is_restored));
	if (is_pulled_anew) /* the agent's registry has it, whatever the policy was for */
		json_set_text(writer, "imagePullPolicy", "IfNotPresent");
	json_end_object(writer);
}

static void copy_write_containers(
	struct json_writer *writer, const struct cli_pod_copy *copy, const struct json *containers)
{
	json_set_array(writer, "containers");
	for (struct json_iter it = json_iter(containers); json_next(&it);)
		copy_write_container(writer, copy, it.value);
	json_end_array(writer);
}

static int copy_check_container(
	const struct cli_pod_copy *copy, const struct json *spec, struct error *err)
{
	struct str wanted = copy->checkpoint->spec.container_name;

	for (struct json_iter it = json_iter(json_get(spec, "containers")); json_next(&it);)
		if (str_equal(json_str(json_get(it.value, "name")), wanted))
			return 0;
	return error_set(err, ERROR_INVALID,
		"the Pod has no container '%.*s', which the checkpoint is of", STR_ARG(wanted));
}

/* ---- The runtime ---- */

static bool copy_needs_class(const struct cli_pod_copy *copy)
{
	return copy->runtime_class.size > 0 && !copy_is_by_image(copy);
}

/* Another runtime would start the container without its memory. */
static int copy_check_class(
	const struct cli_pod_copy *copy, const struct json *spec, struct error *err)
{
	struct str class = json_str(json_get(spec, "runtimeClassName"));

	if (!copy_needs_class(copy) || class.size == 0 || str_equal(class, copy->runtime_class))
		return 0;
	return error_set(err, ERROR_INVALID,
		"the Pod's RuntimeClass is '%.*s', and kcr-runtime, which restores on that node, "
		"runs those of '%.*s'",
		STR_ARG(class), STR_ARG(copy->runtime_class));
}

/* ---- Volumes ---- */

static int copy_check_volumes(
	const struct cli_pod_copy *copy, const struct json *spec, struct error *err)
{
	for (struct json_iter it = json_iter(json_get(spec, "volumes")); json_next(&it);) {
		const struct json *claim = json_get(it.value, "persistentVolumeClaim");

		if (claim == NULL || copy->shares_volumes ||
			json_bool(json_get(claim, "readOnly"), false))
			continue;
		return error_set(err, ERROR_INVALID,
			"the new Pod would write to the claim '%.*s', as the old one does; "
			"--share-volumes allows that",
			STR_ARG(json_str(json_get(claim, "claimName"))));
	}
	return 0;
}

/* ---- The Pod ---- */

/* As the DaemonSet controller binds a Pod to a node: by its name, which no label can belie. */
static void copy_write_affinity(struct json_writer *writer, struct str node)
{
	json_set_object(writer, "affinity");
	json_set_object(writer, "nodeAffinity");
	json_set_object(writer, "requiredDuringSchedulingIgnoredDuringExecution");
	json_set_array(writer, "nodeSelectorTerms");
	json_begin_object(writer);
	json_set_array(writer, "matchFields");
	json_begin_object(writer);
	json_set_text(writer, "key", "metadata.name");
	json_set_text(writer, "operator", "In");
	json_set_array(writer, "values");
	json_add_str(writer, node);
	json_end_array(writer);
	json_end_object(writer);
	json_end_array(writer);
	json_end_object(writer);
	json_end_array(writer);
	json_end_object(writer);
	json_end_object(writer);
	json_end_object(writer);
}

static void copy_write_gate(struct json_writer *writer)
{
	json_set_array(writer, "schedulingGates");
	json_begin_object(writer);
	json_set_text(writer, "name", API_GATE_RESTORE);
	json_end_object(writer);
	json_end_array(writer);
}

static void copy_write_metadata(struct json_writer *writer, const struct cli_pod_copy *copy)
{
	json_set_object(writer, "metadata");
	json_set_str(writer, "name", copy->name);
	json_set_str(writer, "namespace", copy->namespace);
	if (copy->labels->count > 0) {
		json_set_object(writer, "labels");
		for (size_t i = 0; i < copy->labels->count; i++) {
			json_key(writer, copy->labels->items[i].key);
			json_add_str(writer, copy->labels->items[i].value);
		}
		json_end_object(writer);
	}
	json_end_object(writer);
}

int cli_pod_copy_write(struct json_writer *writer, const struct cli_pod_copy *copy,
	const struct json *spec, struct error *err)
{
	if (copy_check_container(copy, spec, err) < 0 || copy_check_class(copy, spec, err) < 0 ||
		copy_check_volumes(copy, spec, err) < 0)
		return -1;
	json_begin_object(writer);
	json_set_text(writer, "apiVersion", "v1");
	json_set_text(writer, "kind", "Pod");
	copy_write_metadata(writer, copy);
	json_set_object(writer, "spec");
	for (struct json_iter it = json_iter(spec); json_next(&it);) {
		if (copy_is_left_out(it.key) || str_is(it.key, "containers"))
			continue;
		json_key(writer, it.key);
		json_add_value(writer, it.value);
	}
	if (copy_needs_class(copy) && json_get(spec, "runtimeClassName") == NULL)
		json_set_str(writer, "runtimeClassName", copy->runtime_class);
	copy_write_containers(writer, copy, json_get(spec, "containers"));
	copy_write_affinity(writer, copy->checkpoint->spec.node_name);
	if (!copy_is_by_image(copy))
		copy_write_gate(writer);
	json_end_object(writer);
	json_end_object(writer);
	return 0;
}
