/* States of our objects in words for people: one line, as trees and progress show them. Pure. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include "api/kinds.h"
#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"
#include "cli/table.h"

struct cli_phrase {
	struct str text;
	enum cli_style style;
};

/* "4.2Mi, frozen 131ms, 9s ago, restorable", "..., not restorable: NotStable". */
struct cli_phrase cli_checkpoint_phrase(
	const struct api_checkpoint *checkpoint, struct wall_time now, struct arena *arena);

/* "Completed 9s ago", "Failed 3m ago: <message>", "Pending since 2s". */
struct cli_phrase cli_request_phrase(
	const struct api_request *request, struct wall_time now, struct arena *arena);

/* "Completed 9s ago, pod web-x", "Failed 3m ago, pod web-x: <message>". */
struct cli_phrase cli_restore_phrase(
	const struct api_restore_request *restore, struct wall_time now, struct arena *arena);

/* "*\/10 * * * *, next run in 4m", "..., suspended", "..., not Ready: <message>". */
struct cli_phrase cli_schedule_phrase(
	const struct api_schedule *schedule, struct wall_time now, struct arena *arena);

/* "in 4m", "12s ago"; "never" when it is not set. */
struct str cli_when(struct wall_time time, struct wall_time now, struct arena *arena);

#endif
