/* One row for each engine: the names under which it keeps the same five facts. */
#include "runtime/container.h"

#include "base/attributes.h"
#include "handover/formats.h"

static const struct container_names {
	const char *type; /* its value is "container" */
	const char *pod_uid;
	const char *namespace;
	const char *pod;
	const char *name;
	const char *image;
} container_engines[] = {
	{"io.kubernetes.cri.container-type", "io.kubernetes.cri.sandbox-uid",
		"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.cri.sandbox-name",
		"io.kubernetes.cri.container-name", "io.kubernetes.cri.image-name"},
	{"io.kubernetes.cri-o.ContainerType", "io.kubernetes.pod.uid",
		"io.kubernetes.pod.namespace", "io.kubernetes.pod.name",
		"io.kubernetes.container.name", "io.kubernetes.cri-o.ImageName"},
};

bool runtime_container_read(const struct json *annotations, struct runtime_container *ret_container)
{
	for (size_t i = 0; i < array_size(container_engines); i++) {
		const struct container_names *names = &container_engines[i];
		struct runtime_container container = {
			.pod_uid = json_str(json_get(annotations, names->pod_uid)),
			.namespace = json_str(json_get(annotations, names->namespace)),
			.pod = json_str(json_get(annotations, names->pod)),
			.name = json_str(json_get(annotations, names->name)),
			.image = json_str(json_get(annotations, names->image)),
		};

		if (!str_is(json_str(json_get(annotations, names->type)), "container"))
			continue;
		if (!handover_is_file_name(container.pod_uid) ||
			!handover_is_file_name(container.name))
			return false;
		*ret_container = container;
		return true;
	}
	return false;
}
