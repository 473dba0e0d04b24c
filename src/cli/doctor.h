/*
 * What `doctor` makes of a cluster: each node and workload is looked at by a table of checks, one
 * row for each thing that can stand against a checkpoint or a restore. Pure; what is looked at was
 * fetched before, and what could not be read is told as unknown, never as well.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include <stdbool.h>

#include "api/kinds.h"
#include "cli/gather.h"
#include "cli/pod.h"

enum cli_doctor_verdict {
	CLI_DOCTOR_SILENT, /* it is not about this one */
	CLI_DOCTOR_WELL,
	CLI_DOCTOR_NOTE, /* it works, but one should know, or could do better */
	CLI_DOCTOR_UNKNOWN, /* a right lacks to see it */
	CLI_DOCTOR_CANNOT,
	CLI_DOCTOR_VERDICTS,
};

/* What a check is about: a set. */
enum {
	CLI_DOCTOR_TAKES = 1, /* checkpoints */
	CLI_DOCTOR_RESTORES = 2,
	CLI_DOCTOR_BOTH = CLI_DOCTOR_TAKES | CLI_DOCTOR_RESTORES,
};

struct cli_doctor_finding {
	enum cli_doctor_verdict verdict;
	unsigned affects; /* 0: what the row says */
	struct str words;
	struct str fix; /* commands, one a line; empty: none would do */
	bool is_on_node; /* they are for a root shell on the node, not for kubectl */
};

/* For the checks. `fix` may be empty. */
struct cli_doctor_finding cli_doctor_say(
	enum cli_doctor_verdict verdict, struct str words, struct str fix);
struct cli_doctor_finding cli_doctor_say_on_node(
	enum cli_doctor_verdict verdict, struct str words, struct str fix);

/* Whether the version of one of our programs in the cluster is the plugin's, and what to do. */
struct cli_doctor_finding cli_doctor_compare_version(
	struct arena *arena, const char *program, struct str version);

/* What was fetched. */
enum cli_doctor_part {
	CLI_DOCTOR_CHECKPOINTS,
	CLI_DOCTOR_SCHEDULES,
	CLI_DOCTOR_REQUESTS,
	CLI_DOCTOR_PODS, /* struct cli_pod */
	CLI_DOCTOR_DEPLOYMENTS,
	CLI_DOCTOR_STATEFULSETS,
	CLI_DOCTOR_DAEMONSETS,
	CLI_DOCTOR_NAMESPACED, /* how many of them are of a namespace */
	CLI_DOCTOR_DESCRIPTIONS = CLI_DOCTOR_NAMESPACED, /* CheckpointNodes */
	CLI_DOCTOR_NODES, /* struct api_node */
	CLI_DOCTOR_OWN_PODS, /* of controller and agents; struct cli_pod */
	CLI_DOCTOR_RESTORE_REQUESTS, /* of this and the next only whether there is such a kind */
	CLI_DOCTOR_EXPORTS,
	CLI_DOCTOR_PARTS,
};

struct cli_doctor_list {
	void *items; /* the structs of the kind; each begins with its metadata */
	size_t count;
	bool is_denied;
	bool is_absent; /* the cluster has no such kind */
};

/* Whether it could be read. */
static inline bool cli_doctor_has(const struct cli_doctor_list *list)
{
	return !list->is_denied && !list->is_absent;
}

struct cli_doctor_result {
	const char *check;
	struct cli_doctor_finding finding; /* its `affects` is set */
	struct str where; /* "pod/web-1, container main"; empty: all of it */
	size_t others; /* of which the same is true */
};

/* What was looked at: "cluster", "node/node1", "deployment/web". */
struct cli_doctor_subject {
	struct str namespace;
	struct str name;
	bool is_node;
	bool is_wanted; /* it was named, or is to be checkpointed: it counts for the exit status */
	struct cli_doctor_result *results;
	size_t count;
	size_t capacity;
	struct str strategy; /* how it is restored; empty: not known */
};

struct cli_doctor_facts {
	struct arena *arena;
	struct wall_time now;
	struct cli_doctor_list lists[CLI_DOCTOR_PARTS];
	struct cli_gathered gathered; /* of the namespace at hand, to find from one to another */
	bool is_about_nodes; /* all of them were asked for */
	struct cli_doctor_subject *nodes; /* those that were looked at */
	size_t node_count;
};

/* What a check looks at. Members that it is not about are empty. */
struct cli_doctor_view {
	const struct cli_doctor_facts *facts;
	struct str node; /* itself, or the Pod's */
	const struct api_checkpoint_node *description; /* of that; NULL: none */
	struct str namespace;
	struct str workload; /* "deployment/web", as kubectl takes it */
	struct cli_owner owner; /* the same; empty: a Pod of its own */
	const struct api_annotations *annotations; /* of the workload; NULL: not known */
	size_t pod_count;
	const struct cli_pod *pod;
	const struct cli_container *container;
};

struct cli_doctor_check {
	const char *name;
	unsigned affects;
	struct cli_doctor_finding (*look)(const struct cli_doctor_view *view);
};

/* The tables; each ends with a row without a name. */
extern const struct cli_doctor_check cli_doctor_cluster_checks[];
extern const struct cli_doctor_check cli_doctor_node_checks[];
extern const struct cli_doctor_check cli_doctor_workload_checks[];
extern const struct cli_doctor_check cli_doctor_pod_checks[];
extern const struct cli_doctor_check cli_doctor_container_checks[];

/* Whether the workload of the view is to be checkpointed by itself. */
bool cli_doctor_is_scheduled(const struct cli_doctor_view *view);

/* Looks by all rows and adds what they find; `where` is borrowed. */
void cli_doctor_look(struct cli_doctor_subject *subject, const struct cli_doctor_check *checks,
	const struct cli_doctor_view *view, struct str where);

/* ---- The examination ---- */

/* All subjects of the facts: the cluster, its nodes, the workloads. */
struct cli_doctor_report {
	struct cli_doctor_subject *subjects;
	size_t count;
	const struct cli_target *missing; /* one that was named and is not there; NULL: none */
};

/* What is to be looked at. */
struct cli_doctor_wish {
	const struct cli_target *targets; /* none: all */
	size_t target_count;
	bool has_nodes; /* all nodes; else those of the Pods */
	bool has_workloads;
};

/*
 * Examines. `facts` are sorted, and `nodes` and `gathered` filled on the way; the report is from
 * their arena and borrows from them.
 */
struct cli_doctor_report cli_doctor_examine(
	struct cli_doctor_facts *facts, const struct cli_doctor_wish *wish);

/* The worst that was found about these: SILENT when nothing is against it. */
enum cli_doctor_verdict cli_doctor_worst(
	const struct cli_doctor_subject *subject, unsigned affects);

/* The worst of all subjects that are wanted. */
enum cli_doctor_verdict cli_doctor_conclude(const struct cli_doctor_report *report);

/* ---- How it is told ---- */

/* With `is_wide` also what is well. */
void cli_doctor_write_text(
	const struct cli_doctor_report *report, bool is_wide, bool has_colours, struct buf *out);
void cli_doctor_write_json(const struct cli_doctor_report *report, struct buf *out);
/* The commands, as a script that nobody has run. */
void cli_doctor_write_fixes(const struct cli_doctor_report *report, struct buf *out);
/* "Cannot", for programs; static. */
const char *cli_doctor_verdict_text(enum cli_doctor_verdict verdict);

#endif
