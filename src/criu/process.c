/* From protobuf-c's structs to ours: absent numbers are zero there already. */
#include "criu/process.h"

#include "criu/message.h"
#include "images.pb-c.h"

/* CRIU's enum march. */
static const char *const process_machines[] = {
	NULL, "x86_64", "arm", "aarch64", "ppc64", "s390", "mips", "loongarch64", "riscv64"};

/* CRIU's TASK_ALIVE and so on; dead is how it writes what was a zombie. */
static const char *const process_states[] = {
	NULL, "running", "zombie", "stopped", NULL, NULL, "zombie"};

static const char *const process_seccomp[] = {NULL, "strict", "filter"};

#define PROCESS_NAME(names, number) ((number) < array_size(names) ? (names)[number] : NULL)

int criu_process_read(struct str payload, struct arena *arena, struct criu_process *ret_process,
	struct error *err)
{
	automessage memory = {0};
	const Criu__Process *message =
		criu__message_read(&memory, &criu__process__descriptor, payload, err);

	if (message == NULL)
		return -1;
	*ret_process = (struct criu_process){
		.pid = message->pid,
		.parent_pid = message->ppid,
		.group = message->pgid,
		.session = message->sid,
		.threads = criu__numbers(arena, message->threads, message->n_threads),
		.thread_count = message->n_threads,
	};
	return 0;
}

static struct criu_ids process_ids(const Criu__Ids *message)
{
	return (struct criu_ids){
		.memory = message->vm_id,
		.descriptors = message->files_id,
		.pid_namespace = message->pid_ns_id,
		.net_namespace = message->net_ns_id,
		.ipc_namespace = message->ipc_ns_id,
		.uts_namespace = message->uts_ns_id,
		.mount_namespace = message->mnt_ns_id,
		.user_namespace = message->user_ns_id,
		.cgroup_namespace = message->cgroup_ns_id,
		.time_namespace = message->time_ns_id,
	};
}

int criu_ids_read(struct str payload, struct criu_ids *ret_ids, struct error *err)
{
	automessage memory = {0};
	const Criu__Ids *message =
		criu__message_read(&memory, &criu__ids__descriptor, payload, err);

	if (message == NULL)
		return -1;
	*ret_ids = process_ids(message);
	return 0;
}

static struct criu_credentials process_credentials(
	const Criu__Credentials *message, struct arena *arena)
{
	const uint32_t *words = message->cap_eff;
	size_t count = message->n_cap_eff;

	return (struct criu_credentials){
		.uid = message->uid,
		.gid = message->gid,
		.effective_uid = message->euid,
		.effective_gid = message->egid,
		.capabilities =
			(count > 0 ? words[0] : 0) | (uint64_t)(count > 1 ? words[1] : 0) << 32,
		.no_new_privileges = message->no_new_privs != 0,
		.lsm_profile = criu__text(arena, message->lsm_profile),
	};
}

static void process_read_task(
	const Criu__TaskCore *task, struct arena *arena, struct criu_core *core)
{
	core->state = PROCESS_NAME(process_states, task->task_state);
	core->exit_code = task->exit_code;
	core->cgroup_set = task->cg_set;
	core->oom_score_adjustment = task->oom_score_adj;
	core->seccomp = PROCESS_NAME(process_seccomp, task->old_seccomp_mode);
	core->name = criu__text(arena, task->comm);
}

static void process_read_thread(
	const Criu__ThreadCore *thread, struct arena *arena, struct criu_core *core)
{
	core->nice = thread->sched_nice;
	if (thread->has_seccomp_mode)
		core->seccomp = PROCESS_NAME(process_seccomp, thread->seccomp_mode);
	if (thread->comm.len > 0)
		core->name = criu__text(arena, thread->comm);
	if (thread->cg_set != 0)
		core->cgroup_set = thread->cg_set;
	core->has_credentials = thread->creds != NULL;
	if (thread->creds != NULL)
		core->credentials = process_credentials(thread->creds, arena);
}

int criu_core_read(
	struct str payload, struct arena *arena, struct criu_core *ret_core, struct error *err)
{
	automessage memory = {0};
	const Criu__Core *message =
		criu__message_read(&memory, &criu__core__descriptor, payload, err);

	if (message == NULL)
		return -1;
	*ret_core = (struct criu_core){
		.machine = PROCESS_NAME(process_machines, message->machine),
		.has_ids = message->ids != NULL,
	};
	if (message->ids != NULL)
		ret_core->ids = process_ids(message->ids);
	if (message->task != NULL)
		process_read_task(message->task, arena, ret_core);
	if (message->thread != NULL)
		process_read_thread(message->thread, arena, ret_core);
	return 0;
}

int criu_directories_read(
	struct str payload, struct criu_directories *ret_directories, struct error *err)
{
	automessage memory = {0};
	const Criu__Directories *message =
		criu__message_read(&memory, &criu__directories__descriptor, payload, err);

	if (message == NULL)
		return -1;
	*ret_directories = (struct criu_directories){message->cwd_id, message->root_id};
	return 0;
}
