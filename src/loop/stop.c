/* Two signals and a timer that asks until nothing is under way. */
#include "loop/stop.h"

#include <signal.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { STOP_STEP_MS = 20 };

struct loop_stop {
	struct loop_stop_options options;
	struct loop_source *terminate;
	struct loop_source *interrupt;
	struct loop_source *timer;
	int64_t left_ms;
	bool has_begun;
};

static void stop_step(void *context)
{
	struct loop_stop *stop = context;

	stop->left_ms -= STOP_STEP_MS;
	if (stop->options.unfinished(stop->options.context) > 0 && stop->left_ms > 0)
		loop_timer_set(stop->timer, STOP_STEP_MS);
	else
		stop->options.end(stop->options.context);
}

static void stop_signalled(void *context, int number)
{
	struct loop_stop *stop = context;

	(void)number;
	if (stop->has_begun)
		return;
	stop->has_begun = true;
	stop->left_ms = stop->options.limit_ms;
	stop->options.begin(stop->options.context);
	loop_timer_set(stop->timer, 0);
}

int loop_stop_new(struct loop *loop, const struct loop_stop_options *options,
	struct loop_stop **ret_stop, struct error *err)
{
	struct loop_stop *stop = new_zeroed(struct loop_stop);

	stop->options = *options;
	stop->timer = loop_timer_new(loop, stop_step, stop);
	if (loop_watch_signal(loop, SIGTERM, stop_signalled, stop, &stop->terminate, err) < 0 ||
		loop_watch_signal(loop, SIGINT, stop_signalled, stop, &stop->interrupt, err) < 0) {
		loop_stop_free(stop);
		return -1;
	}
	*ret_stop = stop;
	return 0;
}

void loop_stop_free(struct loop_stop *stop)
{
	if (stop == NULL)
		return;
	loop_source_free(stop->terminate);
	loop_source_free(stop->interrupt);
	loop_source_free(stop->timer);
	free(stop);
}

bool loop_stop_has_begun(const struct loop_stop *stop)
{
	return stop != NULL && stop->has_begun;
}
