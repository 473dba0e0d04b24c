/* From places to a report, or to what two reports have different. */
#include "look/dump.h"
#include "look/look.h"
#include "look/report.h"
#include "look/search.h"

static int look_compare(const struct cli_call *call, struct inspect_place *place,
	struct inspect_place *other, struct buf *out, struct error *err)
{
	autoinspect *before = NULL;
	autoinspect *after = NULL;

	if (look__read(call, place, &before, err) < 0 || look__read(call, other, &after, err) < 0)
		return -1;
	if (cli_wants_output(&call->flags, "json"))
		inspect_write_difference_json(inspect_report(before), inspect_report(after), out);
	else
		inspect_write_difference(inspect_report(before), inspect_report(after), out);
	return 0;
}

static int look_into_memory(
	const struct cli_call *call, const struct look_subject *subject, struct error *err)
{
	autoinspect *inspect = NULL;

	if (look__read(call, subject->place, &inspect, err) < 0)
		return -1;
	return call->flags.search != NULL ? look__search(call, inspect, err)
					  : look__dump(call, inspect, subject->file_fd, err);
}

static int look_report(
	const struct cli_call *call, const struct look_subject *subject, struct error *err)
{
	autobuf out = BUF_INIT(INSPECT_OUTPUT_BYTES);
	int result = subject->other != NULL
		? look_compare(call, subject->place, subject->other, &out, err)
		: look__show(call, subject->place, &out, err);

	return result < 0 ? -1 : cli_print(&out, err);
}

int look_inspect(const struct cli_call *call, const struct look_subject *subject, struct error *err)
{
	const struct cli_flags *flags = &call->flags;
	int result = flags->search != NULL || flags->dump_memory != 0
		? look_into_memory(call, subject, err)
		: look_report(call, subject, err);

	return result < 0 ? -1 : CLI_DONE;
}
