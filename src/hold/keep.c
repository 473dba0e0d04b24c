/* An array in no order: it is small, and all of it is looked at whenever something happens. */
#include "hold/keep.h"

void hold_keep_done(struct hold_keep *keep)
{
	while (keep->count > 0)
		hold_pair_close(&keep->kept[--keep->count].pair);
}

int hold_keep_add(
	struct hold_keep *keep, struct hold_pair *pair, struct mono_time until, struct error *err)
{
	if (keep->count == HOLD_MAX)
		return error_set(err, ERROR_TOO_BIG, "%d connections are held already", HOLD_MAX);
	keep->kept[keep->count++] = (struct hold_kept){.pair = *pair, .until = until};
	*pair = HOLD_PAIR_NONE;
	return 0;
}

/* Nothing is read: what the peer has sent stays in the kernel. Hang-ups and errors always tell. */
void hold_keep_watch(const struct hold_keep *keep, struct pollfd polled[static HOLD_MAX])
{
	for (size_t i = 0; i < keep->count; i++)
		polled[i] =
			(struct pollfd){.fd = keep->kept[i].pair.connection, .events = POLLRDHUP};
}

int hold_keep_wait_ms(const struct hold_keep *keep, struct mono_time now)
{
	enum { LONGEST_MS = 60 * 1000 };
	int64_t left_ms = keep->count > 0 ? LONGEST_MS : -1;

	for (size_t i = 0; i < keep->count; i++) {
		int64_t ms = (keep->kept[i].until.us - now.us + 999) / 1000;

		if (ms < left_ms)
			left_ms = ms > 0 ? ms : 0;
	}
	return (int)left_ms;
}

/* From the back, so that the last one, which takes the place of one that goes, was looked at. */
struct hold_dropped hold_keep_drop(
	struct hold_keep *keep, const struct pollfd polled[static HOLD_MAX], struct mono_time now)
{
	struct hold_dropped dropped = {0};

	for (size_t i = keep->count; i-- > 0;) {
		struct hold_kept *kept = &keep->kept[i];

		if (polled[i].revents != 0)
			dropped.ended++;
		else if (now.us >= kept->until.us)
			dropped.late++;
		else
			continue;
		hold_pair_close(&kept->pair);
		*kept = keep->kept[--keep->count];
	}
	return dropped;
}
