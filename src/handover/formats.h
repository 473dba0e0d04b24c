/*
 * What agent and kcr-runtime tell each other, as files of the node's store and as one line over a
 * socket. docs/formats/runtime.md shows them; the tables here are what is read and written.
 *
 *	plans/POD-UID/CONTAINER.json      struct handover_plan    agent, by rename
 *	records/POD-UID/CONTAINER.json    struct handover_record  kcr-runtime, by rename
 *	records/POD-UID/CONTAINER.lock    empty                   kcr-runtime, while it writes
 *	records/POD-UID/CONTAINER.told    the ID of a container   agent: told up to that attempt
 *	orders/CONTAINER-ID.json          struct handover_order   agent; kcr-runtime removes it
 *	containers/CONTAINER-ID           empty                   kcr-runtime runs it
 *	containers/CONTAINER-ID.killed    empty                   the engine has ended it
 *	containers/CONTAINER-ID.replaced  empty                   an order has ended it
 *	direct/REQUEST-UID/direct.json    struct handover_direct  kcr-runtime, last of all
 *	CHECKPOINT-UID/files.json         struct handover_files   agent, for itself
 *	agent.sock                        struct handover_question -> struct handover_answer
 *	host.json                         struct handover_host    installation, by rename
 *
 * Everything decoded lies in the caller's arena. What is read was written by root on this node; it
 * is checked nevertheless, because a flipped bit must give a cold start.
 */
#ifndef HANDOVER_FORMATS_H
#define HANDOVER_FORMATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "json/json.h"

#define HANDOVER_PLANS      "plans"
#define HANDOVER_RECORDS    "records"
#define HANDOVER_ORDERS     "orders"
#define HANDOVER_CONTAINERS "containers"
#define HANDOVER_DIRECT     "direct"
#define HANDOVER_SOCKET     "agent.sock"
#define HANDOVER_HOST       "host.json"
#define HANDOVER_RESULT     "direct.json"
#define HANDOVER_FILES      "files.json"

#define HANDOVER_KILLED   ".killed" /* behind a container's ID */
#define HANDOVER_REPLACED ".replaced" /* likewise */
#define HANDOVER_TOLD     ".told" /* behind a container's name */
#define HANDOVER_LOCK     ".lock" /* likewise */

enum {
	HANDOVER_FORMAT_VERSION = 1,
	/* A plan names each file of a few checkpoints: CRIU writes some tens for a process. */
	HANDOVER_PLAN_BYTES = 16 * 1024 * 1024,
	/* Files of a direct checkpoint, so that the eight candidates of a plan fit into it and its
	 * description into LIMIT_ARCHIVE_METADATA: CRIU writes some ten for a process. */
	HANDOVER_FILES_MAX = 15000,
	/* A question or an answer: some names and a sentence. */
	HANDOVER_ANSWER_BYTES = 64 * 1024,
	/* Of what was done, so many are kept: more than any retention keeps checkpoints. */
	HANDOVER_ATTEMPTS_MAX = 32,
	/* One `create`, all in all: the kubelet gives a runtime 2 min by default. */
	HANDOVER_CREATE_DEADLINE_MS = 90000,
	/* An engine that has nothing to do any more resumes within milliseconds. */
	HANDOVER_RESUME_PATIENCE_MS = 10000,
};

/*
 * Whether `name` may name a file here, as uids and containers' names do: letters, digits, "-_." and
 * no "." in front.
 */
bool handover_is_file_name(struct str name);

/* ---- The plan: from what to restore a container, if it ends. ---- */

/* A file that a restore reads. */
struct handover_file {
	struct str path; /* within the checkpoint's directory */
	int64_t bytes;
	struct str xxh3; /* XXH3-128 of the content, 32 hexadecimal digits */
};

extern const struct json_object handover_file_object;

/* All that a restore reads of one checkpoint. */
struct handover_files {
	int64_t version;
	struct json_list files; /* of struct handover_file */
};

must_check int handover_files_read(
	struct str text, struct arena *arena, struct handover_files *ret_files, struct error *err);
void handover_files_write(const struct handover_files *files, struct buf *out);

struct handover_candidate {
	struct str name; /* of the Checkpoint; for reports */
	struct str uid; /* of the Checkpoint; identifies it in attempts and answers */
	struct str directory; /* within the store: CRIU's images and the layer lie in it */
	struct str image; /* of the container when it was taken; empty: any */
	struct str layers; /* the root's lower layers then, as kcr-runtime said; empty: any */
	struct wall_time taken;
	struct json_list files; /* of struct handover_file */
};

/*
 * What a RestoreRequest wants of the next `create`: it counts once, until an attempt is on record
 * that names it, and until its time is over.
 */
struct handover_requested {
	struct str request; /* uid of the RestoreRequest */
	struct str checkpoint; /* uid of a candidate */
	bool is_required; /* until it was restored once, the container does not start without */
	struct wall_time until; /* from then on it is as if there were none; 0: no end */
};

struct handover_plan {
	int64_t version;
	struct str policy; /* "OnFailure", "Always", "Never" */
	int64_t retry_window_seconds; /* a restore that ends sooner has failed */
	int64_t max_age_seconds; /* 0: no limit */
	bool ask_agent; /* over agent.sock, before deciding alone */
	struct json_list candidates; /* of struct handover_candidate; newest first */
	struct handover_requested *requested; /* NULL: by the policy */
};

must_check int handover_plan_read(
	struct str text, struct arena *arena, struct handover_plan *ret_plan, struct error *err);
void handover_plan_write(const struct handover_plan *plan, struct buf *out);

/* ---- The record: what was done when the container was created, oldest first. ---- */

#define HANDOVER_RESTORED "Restored"
#define HANDOVER_FAILED   "Failed" /* CRIU or the layer: never again from this one */
#define HANDOVER_DAMAGED  "Damaged" /* a file is not what the plan says */
#define HANDOVER_COLD     "Cold" /* started cold though there is a plan */

/*
 * The reason of a Failed attempt whose restore has begun. What comes of it replaces it; so it stays
 * only where kcr-runtime was killed on the way, and it says so only once another attempt follows.
 */
#define HANDOVER_INTERRUPTED "Interrupted"

/* The reason of a Cold attempt that the node had no room, time or descriptor for: no blame. */
#define HANDOVER_NODE_TROUBLE "NodeTrouble"

struct handover_attempt {
	struct str outcome; /* one of the texts above */
	struct str checkpoint; /* uid; empty when cold by decision or StateUnwritable */
	struct str container_id;
	struct wall_time started; /* of `create` */
	struct wall_time ended; /* of the container that was restored; 0 while it lives */
	struct str reason; /* CamelCase; empty when restored */
	struct str message; /* for people, CRIU's Error lines included */
	struct str request; /* uid of the RestoreRequest that it was made for; else empty */
	struct wall_time taken; /* the checkpoint, when there was a request; else 0 */
	bool is_replaced; /* the container was ended to be restored: it has not failed */
	int64_t verify_us; /* reading and checking the files */
	int64_t layer_us; /* the file system's changes */
	int64_t restore_us; /* the runtime and CRIU */
};

struct handover_record {
	int64_t version;
	struct str namespace;
	struct str pod;
	struct json_list attempts; /* of struct handover_attempt */
};

must_check int handover_record_read(struct str text, struct arena *arena,
	struct handover_record *ret_record, struct error *err);
void handover_record_write(const struct handover_record *record, struct buf *out);

/*
 * The record with one attempt more, and without the oldest when there are too many; in the older
 * half those on request go last. What the one before has made had ended by then, though its engine
 * may delete it long after.
 */
void handover_record_add(struct handover_record *record, const struct handover_attempt *attempt,
	struct arena *arena);

/*
 * Whether what was taken at this time is of a past that was taken back: in the time between a
 * checkpoint and the restore from it on request. Such a restore is taken back itself by one from a
 * checkpoint before it, so what it took back counts again.
 */
bool handover_record_takes_back(const struct handover_record *record, struct wall_time taken);

/* ---- The agent is asked: one line of JSON each way. ---- */

struct handover_question {
	int64_t version;
	struct str pod_uid;
	struct str namespace;
	struct str pod;
	struct str container;
	struct str container_id; /* of the container that is being created */
};

#define HANDOVER_ANSWER_RESTORE "Restore" /* from `checkpoint`, or by the plan's order */
#define HANDOVER_ANSWER_COLD    "Cold"

struct handover_answer {
	int64_t version;
	struct str action;
	struct str checkpoint; /* uid; may be empty */
	struct str reason; /* CamelCase, for the record; when cold */
	struct str message;
};

void handover_question_write(const struct handover_question *question, struct buf *out);
must_check int handover_question_read(struct str text, struct arena *arena,
	struct handover_question *ret_question, struct error *err);
must_check int handover_answer_read(struct str text, struct arena *arena,
	struct handover_answer *ret_answer, struct error *err);
void handover_answer_write(const struct handover_answer *answer, struct buf *out);

/*
 * ---- Orders: what kcr-runtime does when the engine wants a checkpoint of the container. ----
 *
 * A direct checkpoint, with a result behind it; or to end the container, to be restored.
 */

struct handover_order {
	int64_t version;
	struct str directory; /* within the store; exists, is empty; empty text: end it */
	struct wall_time until; /* it is to be ended until then, or not at all */
	int64_t max_bytes; /* of the container's own files; 0: no limit */
};

must_check int handover_order_read(
	struct str text, struct arena *arena, struct handover_order *ret_order, struct error *err);
void handover_order_write(const struct handover_order *order, struct buf *out);

struct handover_direct {
	int64_t version;
	struct str container_id;
	struct str pod_uid;
	struct str namespace;
	struct str pod;
	struct str container;
	struct str image;
	struct str layers; /* the root's lower layers, which tell images of one name apart */
	struct wall_time taken; /* when the dump began */
	int64_t dump_us; /* the runtime and CRIU */
	int64_t layer_us; /* the file system's changes, still frozen */
	int64_t frozen_us; /* from our first step to the thaw */
	int64_t layer_bytes;
};

must_check int handover_direct_read(struct str text, struct arena *arena,
	struct handover_direct *ret_direct, struct error *err);
void handover_direct_write(const struct handover_direct *direct, struct buf *out);

/* ---- The configuration beside the program: NAME.json for a program called NAME. ---- */

struct handover_config {
	struct str runtime; /* path of runc or crun */
	struct str store; /* path of the store on the host */
	struct str state; /* directory for what lives as long as a container */
	int64_t agent_deadline_ms;
	int64_t create_deadline_ms; /* for all that a restore needs, CRIU included */
	int64_t plan_max_age_seconds; /* of plans, while the agent does not answer; 0: any */
	int64_t resume_patience_ms; /* for the engine's `resume` after a checkpoint */
};

must_check int handover_config_read(struct str text, struct arena *arena,
	struct handover_config *ret_config, struct error *err);
void handover_config_write(const struct handover_config *config, struct buf *out);

/* ---- What the installation found and did on the host. ---- */

/* Empty texts: not known. */
struct handover_host {
	int64_t version;
	struct wall_time installed;
	struct str engine; /* "containerd", "cri-o" */
	struct str engine_version;
	struct str program; /* path of kcr-runtime */
	struct str program_version;
	struct str runtime; /* path of the runtime behind kcr-runtime */
	struct str runtime_version;
	struct str criu_version;
	struct str criu_problem; /* what `criu check` complains about; empty: it works */
	struct str handler; /* of kcr-runtime in the engine's configuration */
	bool is_default; /* the engine uses it for Pods without a RuntimeClass */
	bool needs_restart; /* the engine has not read its configuration since */
	struct str image_problem; /* why the engine cannot restore images; empty: it can */
	struct str problem; /* why kcr-runtime is not installed as asked; empty: it is */
};

must_check int handover_host_read(
	struct str text, struct arena *arena, struct handover_host *ret_host, struct error *err);
void handover_host_write(const struct handover_host *host, struct buf *out);

#endif
