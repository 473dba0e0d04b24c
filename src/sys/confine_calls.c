/*
 * A filter that refuses what is listed and lets the rest pass: libraries make calls that differ
 * from one release to the next, and what is dangerous here is known. Calls of another architecture
 * or of x32 end the process.
 */
#include "sys/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define CONFINE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CONFINE_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define CONFINE_ARCHITECTURE 0
#endif

static const int confine_opening[] = {
#ifdef SYS_open
	SYS_open,
	SYS_creat,
#endif
	SYS_openat,
	SYS_openat2,
};

static const int confine_refused[] = {
#ifdef SYS_fork
	SYS_fork,
	SYS_vfork,
#endif
	SYS_execve,
	SYS_execveat,
	SYS_socket,
	SYS_socketpair,
	SYS_connect,
	SYS_bind,
	SYS_listen,
	SYS_accept,
	SYS_accept4,
	/* A socket that it has may be read and written; no descriptor comes or goes by it. */
	SYS_sendto,
	SYS_sendmsg,
	SYS_sendmmsg,
	SYS_recvfrom,
	SYS_recvmsg,
	SYS_recvmmsg,
	SYS_kill,
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_pidfd_open,
	SYS_pidfd_getfd,
	SYS_open_by_handle_at,
	SYS_mount,
	SYS_umount2,
	SYS_unshare,
	SYS_setns,
	SYS_chroot,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_io_uring_setup,
	SYS_keyctl,
	SYS_add_key,
	SYS_request_key,
};

enum {
	CONFINE_X32 = 0x40000000, /* x86_64's other calls */
	CONFINE_STEPS = 7 + 2 * (array_size(confine_opening) + array_size(confine_refused)),
};

/* Refuses the calls; the steps are written behind the first `count`, of which there are more then.
 */
static size_t confine_refuse(
	struct sock_filter *steps, size_t count, const int *calls, size_t call_count)
{
	for (size_t i = 0; i < call_count; i++) {
		steps[count++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
		steps[count++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	return count;
}

static size_t confine_write(struct sock_filter *steps, bool may_open)
{
	const struct sock_filter begin[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CONFINE_ARCHITECTURE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, CONFINE_X32, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	size_t count = 0;

	for (size_t i = 0; i < array_size(begin); i++)
		steps[count++] = begin[i];
	if (!may_open)
		count = confine_refuse(steps, count, confine_opening, array_size(confine_opening));
	count = confine_refuse(steps, count, confine_refused, array_size(confine_refused));
	steps[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return count;
}

int confine_calls(bool may_open, bool *ret_is_complete, struct error *err)
{
	struct sock_filter steps[CONFINE_STEPS];
	struct sock_fprog filter = {.filter = steps};

	*ret_is_complete = false;
	if (CONFINE_ARCHITECTURE == 0)
		return 0;
	filter.len = (unsigned short)confine_write(steps, may_open);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0) {
		*ret_is_complete = true;
		return 0;
	}
	return errno == EINVAL || errno == EACCES
		? 0
		: error_set_errno(err, "cannot confine the process's calls");
}
