/*
 * pstree.img names the processes; the images of each have its number in their names. Each image is
 * read once, however often a hostile tree names it.
 */
#include "inspect/build.h"

static bool processes_read_core(
	struct inspect_build *build, uint32_t id, struct criu_core *ret_core)
{
	autoimage image = INSPECT_IMAGE_INIT;
	struct str payload;
	struct error err;

	if (!inspect__image_open(build, &image, CRIU_IMAGE_CORE, "core-%u.img", (unsigned)id) ||
		!inspect__image_next(&image, &payload))
		return false;
	if (criu_core_read(payload, build->arena, ret_core, &err) == 0)
		return true;
	inspect__image_problem(&image, &err);
	return false;
}

static void processes_read_ids(struct inspect_build *build, uint32_t pid, struct criu_ids *ids)
{
	autoimage image = INSPECT_IMAGE_INIT;
	struct str payload;
	struct error err;

	if (inspect__image_open(build, &image, CRIU_IMAGE_IDS, "ids-%u.img", (unsigned)pid) &&
		inspect__image_next(&image, &payload) && criu_ids_read(payload, ids, &err) < 0)
		inspect__image_problem(&image, &err);
}

static struct str processes_path(const struct inspect_build *build, uint32_t id)
{
	const struct criu_file *file = inspect__file(build, id);

	return file != NULL ? file->name : (struct str){0};
}

static void processes_read_directories(
	struct inspect_build *build, uint32_t pid, struct inspect_process *process)
{
	autoimage image = INSPECT_IMAGE_INIT;
	struct criu_directories directories;
	struct str payload;
	struct error err;

	if (!inspect__image_open(
		    build, &image, CRIU_IMAGE_DIRECTORIES, "fs-%u.img", (unsigned)pid) ||
		!inspect__image_next(&image, &payload))
		return;
	if (criu_directories_read(payload, &directories, &err) < 0) {
		inspect__image_problem(&image, &err);
		return;
	}
	process->working_directory = processes_path(build, directories.working_file);
	process->root = processes_path(build, directories.root_file);
}

static void processes_add_threads(struct inspect_build *build, const struct criu_process *found,
	const struct criu_core *first, struct inspect_process *process)
{
	struct inspect_list threads = {0};

	for (size_t i = 0; i < found->thread_count && !build->is_too_big; i++) {
		struct criu_core core = {0};
		struct inspect_thread *thread =
			inspect__list_add(build->arena, &threads, sizeof(*thread));
		bool is_read = found->threads[i] != found->pid &&
			processes_read_core(build, found->threads[i], &core);
		thread->id = found->threads[i];
		thread->name = is_read && core.name.size > 0 ? core.name : first->name;
	}
	process->threads = (struct json_list){threads.items, threads.count};
}

static void processes_set_core(
	struct inspect_build *build, const struct criu_core *core, struct inspect_process *process)
{
	const struct criu_credentials *credentials = &core->credentials;

	process->name = core->name;
	process->state = str_of(core->state);
	process->exit_code = core->exit_code;
	process->seccomp = str_of(core->seccomp);
	process->nice = core->nice;
	process->oom_score_adjustment = core->oom_score_adjustment;
	if (core->machine != NULL)
		build->report->dump.architecture = str_of(core->machine);
	if (!core->has_credentials)
		return;
	process->uid = credentials->uid;
	process->gid = credentials->gid;
	process->effective_uid = credentials->effective_uid;
	process->effective_gid = credentials->effective_gid;
	process->no_new_privileges = credentials->no_new_privileges;
	process->security_profile = credentials->lsm_profile;
	process->capabilities = arena_printf(
		build->arena, "%016llx", (unsigned long long)credentials->capabilities);
}

static void processes_set_cgroups(
	struct inspect_build *build, uint32_t set, struct inspect_process *process)
{
	struct inspect_list cgroups = {0};

	for (size_t i = 0; i < build->cgroup_count; i++)
		if (build->cgroups[i].set == set)
			*(struct str *)inspect__list_add(build->arena, &cgroups,
				sizeof(struct str)) = arena_printf(build->arena, "%.*s:%.*s",
				STR_ARG(build->cgroups[i].controller),
				STR_ARG(build->cgroups[i].path));
	process->cgroups = (struct json_strings){cgroups.items, cgroups.count};
}

static void processes_add(struct inspect_build *build, const struct criu_process *found)
{
	struct criu_core core = {0};
	struct criu_ids ids;
	struct inspect_process process = {
		.pid = found->pid,
		.parent_pid = found->parent_pid,
		.group = found->group,
		.session = found->session,
	};

	if (processes_read_core(build, found->pid, &core))
		processes_set_core(build, &core, &process);
	ids = core.ids;
	processes_read_ids(build, found->pid, &ids);
	processes_add_threads(build, found, &core, &process);
	processes_read_directories(build, found->pid, &process);
	processes_set_cgroups(build, core.cgroup_set, &process);
	if (ids.descriptors != 0)
		process.descriptors = inspect__read_descriptors(build, ids.descriptors);
	build->descriptor_count += process.descriptors.count;
	if (build->descriptor_count > INSPECT_DESCRIPTORS_MAX)
		build->is_too_big = true;
	inspect__read_memory(build, &process);
	inspect__read_mounts(build, &ids);
	inspect__read_host_name(build, &ids);
	*(struct inspect_process *)inspect__list_add(
		build->arena, &build->processes, sizeof(process)) = process;
}

void inspect__read_processes(struct inspect_build *build)
{
	autoimage image = INSPECT_IMAGE_INIT;
	struct criu_process process;
	struct str payload;
	struct error err;

	if (!inspect__image_open(build, &image, CRIU_IMAGE_PROCESSES, "pstree.img"))
		return;
	while (inspect__image_next(&image, &payload))
		if (criu_process_read(payload, build->arena, &process, &err) < 0)
			inspect__image_problem(&image, &err);
		else
			processes_add(build, &process);
	build->report->processes =
		(struct json_list){build->processes.items, build->processes.count};
}
