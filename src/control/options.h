/* What the controller can be told. Internal to the room, but for the table (control.h). */
#ifndef CONTROL_OPTIONS_H
#define CONTROL_OPTIONS_H

#include "options/log.h"

struct control_options {
	const char *kubeconfig; /* NULL: see kube/config.h */
	const char *health_address;
	int64_t health_port;
	bool leader_elect;
	const char *lease_namespace; /* empty: the Pod's own */
	const char *lease_name;
	int64_t lease_duration_ms;
	int64_t lease_renew_ms;
	int64_t lease_retry_ms;
	int64_t spread_ms;
	int64_t max_checkpoints; /* 0: no limit */
	const char *zones;
	struct log_options log;
};

#endif
