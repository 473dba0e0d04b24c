/*
 * Every maximum for sizes and counts that come from outside, in one place. A value is generous for
 * honest input and small enough that a hostile one harms nobody.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
	/* An error's text: a condition's message with CRIU's Error lines fits. */
	LIMIT_ERROR_TEXT = 1024,
	/* One object of the API server: etcd refuses more than 1.5 MiB, managedFields included. */
	LIMIT_OBJECT_BYTES = 4 * 1024 * 1024,
	/* One page of a list: 500 objects of ordinary size. */
	LIMIT_LIST_BYTES = 256 * 1024 * 1024,
	/* JSON nesting that our recursive walkers accept; Kubernetes itself stays under 32. */
	LIMIT_JSON_DEPTH = 64,
	/* Aliases and nodes of a YAML document (kubeconfig), against "billion laughs". */
	LIMIT_YAML_NODES = 100000,
	/* A configuration file, kubeconfig, token or certificate bundle. */
	LIMIT_CONFIG_BYTES = 4 * 1024 * 1024,
	/* Members of a file of options: there are some tens of options. */
	LIMIT_OPTION_MEMBERS = 256,
	/* What is told of mistakes in a program's options. */
	LIMIT_OPTION_MISTAKES = 64 * 1024,
	/* Output of an exec credential plugin. */
	LIMIT_PLUGIN_BYTES = 1024 * 1024,
	/* A cron expression; the longest useful one has far less. */
	LIMIT_CRON_BYTES = 1024,
	/* An IANA zone file (the largest in tzdata 2026 is under 4 KiB). */
	LIMIT_ZONE_BYTES = 64 * 1024,
	/* Entries in a checkpoint archive: CRIU writes some tens per process. */
	LIMIT_ARCHIVE_ENTRIES = 200000,
	/* A path in an archive. */
	LIMIT_ARCHIVE_PATH = 4096,
	/* A metadata file that we read out of an archive (spec.dump, config.dump, dump.log tail).
	 */
	LIMIT_ARCHIVE_METADATA = 4 * 1024 * 1024,
	/* Of the window of an archive that zstd has compressed, 32 MiB of memory: its levels 1 to
	 * 20 need no more, podman's 8 MiB. */
	LIMIT_ARCHIVE_WINDOW_LOG = 25,
	/* An OCI manifest: the distribution spec asks registries to accept 4 MiB. */
	LIMIT_MANIFEST_BYTES = 4 * 1024 * 1024,
	/* The answer of a kubelet, a token server or a registry that is not a blob. */
	LIMIT_REPLY_BYTES = 4 * 1024 * 1024,
	/* The kubelet's list of its Pods, a few hundred of some tens of KB: it takes several times
	 * that of the agent's memory. */
	LIMIT_PODS_BYTES = 8 * 1024 * 1024,
	/* Request head of our HTTP servers. */
	LIMIT_HTTP_HEAD_BYTES = 32 * 1024,
};

#endif
