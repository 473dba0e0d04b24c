/* A phrase has the state first and the reason last, as it may be long. */
#include "cli/words.h"

#include <inttypes.h>

#include "cli/checkpoints.h"

struct str cli_when(struct wall_time time, struct wall_time now, struct arena *arena)
{
	char text[TIME_TEXT_SIZE];
	bool is_ahead = time.us > now.us;

	if (!wall_time_is_set(time))
		return STR("never");
	time_format_age((is_ahead ? time.us - now.us : now.us - time.us) / TIME_SECOND_US, text);
	return is_ahead ? arena_printf(arena, "in %s", text) : arena_printf(arena, "%s ago", text);
}

struct cli_phrase cli_checkpoint_phrase(
	const struct api_checkpoint *checkpoint, struct wall_time now, struct arena *arena)
{
	const struct api_checkpoint_status *status = &checkpoint->status;
	const struct api_condition *restorable =
		api_condition_find(&status->conditions, API_CONDITION_RESTORABLE);
	struct str size = cli_bytes_text(arena, status->size_bytes);
	struct str frozen = cli_duration_text(arena, status->frozen_us);
	struct str when = cli_when(checkpoint->spec.timestamp, now, arena);
	struct cli_phrase phrase = {.style = CLI_WARNING};

	if (api_checkpoint_phase(checkpoint) == API_CHECKPOINT_FAILED)
		return (struct cli_phrase){arena_printf(arena, "%.*s, failed: %.*s", STR_ARG(when),
						   STR_ARG(status->failed_reason)),
			CLI_BAD};
	phrase.text = arena_printf(
		arena, "%.*s, frozen %.*s, %.*s", STR_ARG(size), STR_ARG(frozen), STR_ARG(when));
	if (restorable == NULL || str_is(restorable->status, "Unknown"))
		return (struct cli_phrase){arena_printf(arena, "%.*s, %.*s", STR_ARG(phrase.text),
						   STR_ARG(api_checkpoint_phase_text(
							   api_checkpoint_phase(checkpoint)))),
			CLI_FAINT};
	if (str_is(restorable->status, "True"))
		return (struct cli_phrase){
			arena_printf(arena, "%.*s, restorable", STR_ARG(phrase.text)), CLI_GOOD};
	phrase.text = arena_printf(arena, "%.*s, not restorable: %.*s", STR_ARG(phrase.text),
		STR_ARG(restorable->reason));
	return phrase;
}

struct cli_phrase cli_request_phrase(
	const struct api_request *request, struct wall_time now, struct arena *arena)
{
	enum api_request_phase phase = api_request_phase(request);
	struct str name = api_request_phase_text(phase);
	struct str created = cli_when(request->metadata.created, now, arena);
	struct str ended = cli_when(request->status.completed, now, arena);

	if (phase == API_REQUEST_COMPLETED)
		return (struct cli_phrase){
			arena_printf(arena, "%.*s %.*s", STR_ARG(name), STR_ARG(ended)), CLI_PLAIN};
	if (phase == API_REQUEST_FAILED)
		return (struct cli_phrase){
			arena_printf(arena, "%.*s %.*s: %.*s", STR_ARG(name), STR_ARG(ended),
				STR_ARG(request->status.message)),
			CLI_BAD};
	return (struct cli_phrase){
		arena_printf(arena, "%.*s, made %.*s", STR_ARG(name), STR_ARG(created)), CLI_FAINT};
}

struct cli_phrase cli_restore_phrase(
	const struct api_restore_request *restore, struct wall_time now, struct arena *arena)
{
	enum api_restore_phase phase = api_restore_phase(restore);
	bool is_finished = api_restore_is_finished(restore);
	struct str name = api_restore_phase_text(phase);
	struct str when = cli_when(
		is_finished ? restore->status.completed : restore->metadata.created, now, arena);
	struct str text = arena_printf(arena, "%.*s%s %.*s, pod %.*s", STR_ARG(name),
		is_finished ? "" : ", made", STR_ARG(when), STR_ARG(restore->spec.pod.name));

	if (phase == API_RESTORE_FAILED)
		return (struct cli_phrase){arena_printf(arena, "%.*s: %.*s", STR_ARG(text),
						   STR_ARG(restore->status.message)),
			CLI_BAD};
	return (struct cli_phrase){text, phase == API_RESTORE_COMPLETED ? CLI_PLAIN : CLI_FAINT};
}

struct cli_phrase cli_schedule_phrase(
	const struct api_schedule *schedule, struct wall_time now, struct arena *arena)
{
	const struct api_condition *ready =
		api_condition_find(&schedule->status.conditions, API_CONDITION_READY);
	struct str zone = schedule->spec.time_zone;
	struct str text = arena_printf(arena, "%.*s%s%.*s", STR_ARG(schedule->spec.schedule),
		zone.size > 0 ? " " : "", STR_ARG(zone));
	struct str next = cli_when(schedule->status.next_run, now, arena);

	if (schedule->spec.suspend)
		return (struct cli_phrase){
			arena_printf(arena, "%.*s, suspended", STR_ARG(text)), CLI_WARNING};
	if (ready != NULL && str_is(ready->status, "False"))
		return (struct cli_phrase){arena_printf(arena, "%.*s, not Ready: %.*s",
						   STR_ARG(text), STR_ARG(ready->message)),
			CLI_BAD};
	return (struct cli_phrase){
		arena_printf(arena, "%.*s, next run %.*s", STR_ARG(text), STR_ARG(next)),
		CLI_PLAIN};
}
