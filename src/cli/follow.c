/* Informers, one timer, one signal. */
#include "cli/follow.h"

#include <signal.h>

static void follow_interrupted(void *context, int number)
{
	struct cli_follow *follow = context;

	(void)number;
	follow->is_interrupted = true;
	if (follow->is_watching)
		loop_stop(follow->session->loop);
}

int cli_follow_start(struct cli_follow *follow, struct cli_session *session, struct error *err)
{
	*follow = (struct cli_follow){.session = session};
	return loop_watch_signal(
		session->loop, SIGINT, follow_interrupted, follow, &follow->interrupt, err);
}

void cli_follow_done(struct cli_follow *follow)
{
	loop_source_free(follow->interrupt);
}

void cli_follow_end(struct cli_follow *follow)
{
	follow->is_over = true;
	loop_stop(follow->session->loop);
}

static void follow_failed(void *context, const struct error *err)
{
	struct cli_follow *follow = context;

	if (error_is_retriable(err))
		return; /* it is tried again until the time is over */
	follow->error = *err;
	loop_stop(follow->session->loop);
}

static void follow_timed_out(void *context)
{
	struct cli_follow *follow = context;

	loop_stop(follow->session->loop);
}

static int follow_loop(struct cli_follow *follow, struct error *err)
{
	if (follow->is_interrupted) /* before there was anything to be watched */
		return CLI_INTERRUPTED;
	if (loop_run(follow->session->loop, err) < 0)
		return -1;
	if (follow->error.kind != ERROR_NONE) {
		*err = follow->error;
		return -1;
	}
	if (follow->is_over)
		return CLI_DONE;
	return follow->is_interrupted ? CLI_INTERRUPTED : CLI_WAITED_IN_VAIN;
}

static void follow_open(struct cli_follow *follow, struct cli_followed *one, void *context)
{
	const struct kube_informer_options options = {
		.resource = &one->kind->resource,
		.view = one->kind->api != NULL ? one->kind->api->object : one->kind->object,
		.namespace = follow->session->namespace,
		.failed = follow_failed,
		.context = follow,
	};

	one->informer = kube_informer_new(follow->session->client, &options);
	kube_informer_on_change(one->informer, one->changed, context);
	kube_informer_start(one->informer);
}

int cli_follow_watch(struct cli_follow *follow, struct cli_followed *followed, size_t count,
	void *context, struct error *err)
{
	struct cli_session *session = follow->session;
	struct loop_source *timer = loop_timer_new(session->loop, follow_timed_out, follow);
	int result;

	for (size_t i = 0; i < count; i++)
		follow_open(follow, &followed[i], context);
	loop_timer_set(timer, session->call->flags.timeout_ms);
	follow->is_watching = true;
	result = follow_loop(follow, err);
	follow->is_watching = false;
	loop_source_free(timer);
	for (size_t i = 0; i < count; i++) {
		kube_informer_free(followed[i].informer);
		followed[i].informer = NULL;
	}
	return result;
}
