/*
 * The spec of the Pod that a checkpoint was taken of. The Pod itself has it, while it is there, and
 * so has the one that took its place in a StatefulSet; else its workload, as the template; else
 * somebody has to bring it as a file.
 */
#ifndef CLI_ORIGIN_H
#define CLI_ORIGIN_H

#include "api/kinds.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cli/session.h"
#include "restore/record.h"
#include "json/json.h"

struct cli_origin {
	struct json_doc *doc; /* owned; `spec` is in it */
	const struct json *spec;
	struct restore_records records; /* of the Pod, in the call's arena */
};

/*
 * `file` is the path of a Pod's manifest, YAML or JSON; NULL: the cluster is asked. What stands in
 * for a Pod that is gone is told on standard error. Fails with ABSENT when nothing has it, INVALID
 * and CORRUPT for the file, and as requests do.
 */
must_check int cli_origin_find(struct cli_session *session, const struct api_checkpoint *checkpoint,
	const char *file, struct cli_origin *ret_origin, struct error *err);
void cli_origin_done(struct cli_origin *origin); /* one that is all zero is fine */
#define autoorigin clean_up(cli_origin_done) struct cli_origin

#endif
