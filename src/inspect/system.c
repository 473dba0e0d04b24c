/* What was around the processes; each image of it is small. */
#include <sys/mount.h>

#include "inspect/build.h"

static void system_read_ttys(struct inspect_build *build)
{
	autoimage image = INSPECT_IMAGE_INIT;
	struct criu_tty tty;
	struct str payload;
	struct error err;

	if (!inspect__image_open(build, &image, CRIU_IMAGE_TTYS, "tty-info.img"))
		return;
	while (inspect__image_next(&image, &payload))
		if (criu_tty_read(payload, &tty, &err) < 0)
			inspect__image_problem(&image, &err);
		else if (build->ttys.count < INSPECT_OBJECTS_MAX)
			*(struct criu_tty *)inspect__list_add(
				build->arena, &build->ttys, sizeof(tty)) = tty;
}

static void system_read_memfds(struct inspect_build *build)
{
	autoimage image = INSPECT_IMAGE_INIT;
	struct criu_memfd memfd;
	struct str payload;
	struct error err;

	if (!inspect__image_open(build, &image, CRIU_IMAGE_MEMFDS, "memfd.img"))
		return;
	while (inspect__image_next(&image, &payload))
		if (criu_memfd_read(payload, build->arena, &memfd, &err) < 0)
			inspect__image_problem(&image, &err);
		else if (build->memfds.count < INSPECT_OBJECTS_MAX)
			*(struct criu_memfd *)inspect__list_add(
				build->arena, &build->memfds, sizeof(memfd)) = memfd;
}

static void system_read_deleted(struct inspect_build *build)
{
	autoimage image = INSPECT_IMAGE_INIT;
	struct str payload;
	struct error err;
	uint32_t file;

	if (!inspect__image_open(build, &image, CRIU_IMAGE_REMAPS, "remap-fpath.img"))
		return;
	while (inspect__image_next(&image, &payload))
		if (criu_remap_read(payload, &file, &err) < 0)
			inspect__image_problem(&image, &err);
		else
			*(uint32_t *)inspect__list_add(
				build->arena, &build->deleted, sizeof(file)) = file;
}

static void system_read_cgroups(struct inspect_build *build)
{
	autoimage image = INSPECT_IMAGE_INIT;
	struct str payload;
	struct error err;

	if (inspect__image_open(build, &image, CRIU_IMAGE_CGROUPS, "cgroup.img") &&
		inspect__image_next(&image, &payload) &&
		criu_cgroups_read(
			payload, build->arena, &build->cgroups, &build->cgroup_count, &err) < 0)
		inspect__image_problem(&image, &err);
	if (build->cgroup_count > INSPECT_OBJECTS_MAX)
		build->cgroup_count = INSPECT_OBJECTS_MAX;
}

static void system_read_seccomp(struct inspect_build *build)
{
	autoimage image = INSPECT_IMAGE_INIT;
	struct str payload;
	struct error err;
	size_t filters = 0;

	if (inspect__image_open(build, &image, CRIU_IMAGE_SECCOMP, "seccomp.img") &&
		inspect__image_next(&image, &payload) &&
		criu_seccomp_read(payload, &filters, &err) < 0)
		inspect__image_problem(&image, &err);
	build->report->dump.seccomp_filters = (int64_t)filters;
}

/* The clocks' image has the number of its namespace in its name; there is one of them at most. */
static void system_read_clocks(struct inspect_build *build, uint32_t id)
{
	autoimage image = INSPECT_IMAGE_INIT;
	struct criu_time time;
	struct str payload;
	struct error err;

	if (!inspect__image_open(build, &image, CRIU_IMAGE_TIME, "timens-%u.img", (unsigned)id) ||
		!inspect__image_next(&image, &payload))
		return;
	if (criu_time_read(payload, &time, &err) < 0) {
		inspect__image_problem(&image, &err);
		return;
	}
	build->report->dump.monotonic_ns = time.monotonic_ns;
	build->report->dump.boot_ns = time.boot_ns;
}

void inspect__read_system(struct inspect_build *build)
{
	system_read_ttys(build);
	system_read_memfds(build);
	system_read_deleted(build);
	system_read_cgroups(build);
	system_read_seccomp(build);
	system_read_clocks(build, 0);
}

static struct inspect_mount system_mount(const struct criu_mount *mount)
{
	return (struct inspect_mount){
		.target = mount->target,
		.type = mount->type,
		.source = mount->source,
		.root = mount->root,
		.options = mount->options,
		.is_read_only = (mount->flags & MS_RDONLY) != 0,
		.is_external = mount->is_external,
	};
}

void inspect__read_mounts(struct inspect_build *build, const struct criu_ids *ids)
{
	struct inspect_list mounts = {build->report->mounts.items, build->report->mounts.count,
		build->report->mounts.count};
	autoimage image = INSPECT_IMAGE_INIT;
	struct criu_mount mount;
	struct str payload;
	struct error err;

	if (!inspect__image_open(build, &image, CRIU_IMAGE_MOUNTS, "mountpoints-%u.img",
		    (unsigned)ids->mount_namespace))
		return;
	while (inspect__image_next(&image, &payload))
		if (criu_mount_read(payload, build->arena, &mount, &err) < 0)
			inspect__image_problem(&image, &err);
		else
			*(struct inspect_mount *)inspect__list_add(build->arena, &mounts,
				sizeof(struct inspect_mount)) = system_mount(&mount);
	build->report->mounts = (struct json_list){mounts.items, mounts.count};
}

void inspect__read_host_name(struct inspect_build *build, const struct criu_ids *ids)
{
	autoimage image = INSPECT_IMAGE_INIT;
	struct str payload;
	struct error err;

	system_read_clocks(build, ids->time_namespace);
	if (inspect__image_open(build, &image, CRIU_IMAGE_HOST_NAME, "utsns-%u.img",
		    (unsigned)ids->uts_namespace) &&
		inspect__image_next(&image, &payload) &&
		criu_host_name_read(
			payload, build->arena, &build->report->container.host_name, &err) < 0)
		inspect__image_problem(&image, &err);
}
