/* The lock, and who else has it. */
#include "node/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "hold/message.h"
#include "node/state.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

static const struct metric_family node_handed_over_total = {
	.name = "kcr_calls_handed_over_total",
	.type = METRIC_COUNTER,
	.help = "Calls of the kubelet that kcr-hold was given, to outlive the agent, by result",
};

int node_claim(int store_fd, struct str container, int *ret_claim, struct error *err)
{
	struct flock byte = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)(str_hash(container) >> 2), /* two that share one only wait */
		.l_len = 1,
	};
	autoclose int fd = -1;

	if (file_open_beneath(store_fd, NODE_CALLS, O_RDWR | O_CREAT, 0600, &fd, err) < 0)
		return -1;
	if (fcntl(fd, F_OFD_SETLK, &byte) == 0) {
		*ret_claim = fd_take(&fd);
		return 1;
	}
	if (errno == EAGAIN || errno == EACCES)
		return 0;
	return error_set_errno(err, "cannot lock '%s'", NODE_CALLS);
}

void node_hand_over(struct node *node, int connection_fd, int claim)
{
	struct hold_pair pair = {.connection = connection_fd, .lock = claim};
	struct error err;
	bool is_held;

	if (node->hold_socket[0] == '\0')
		return;
	is_held = hold_send(node->hold_socket, &pair, &err) == 0;
	metric_add(metrics_series(node->metrics, &node_handed_over_total,
			   is_held ? "result=\"held\"" : "result=\"failed\""),
		1);
	if (!is_held && !node->is_hold_away)
		log_warning(&err,
			"Failed to hand a call over to kcr-hold, should the agent be killed "
			"meanwhile, containerd can leave the container frozen");
	if (is_held && node->is_hold_away)
		log_info("Handed a call over to kcr-hold again");
	node->is_hold_away = !is_held;
}
