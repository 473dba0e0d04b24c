/*
 * The controller's life: configuration, informers on every replica, reconcilers on the leader,
 * health and metrics, and a stop that finishes what was begun and gives the lease back.
 */
#include "control/control.h"

#include <stdlib.h>

#include "control/options.h"
#include "control/state.h"
#include "http/health.h"
#include "kube/lease.h"
#include "loop/stop.h"
#include "options/watch.h"
#include "sys/clock.h"
#include "sys/log.h"

enum {
	CONTROL_STOP_MS = 3500, /* for what was begun; then a second for the lease: 5 s in all */
	CONTROL_MAX_ACTIVE = 16,
	CONTROL_CLOCK_MS = 10 * 1000, /* between two looks at the wall clock */
	CONTROL_CLOCK_STEP_MS = 1000, /* it was set if it is off by so much */
};

struct control_program {
	struct control control;
	struct control_options options;
	struct options sources; /* of these */
	struct options_watch *options_watch;
	struct kube_config *config;
	struct kube_lease *lease;
	struct http_health health;
	struct http_server *server;
	struct loop_stop *stop;
	struct loop_source *clock;
	int64_t clock_offset_us; /* of the wall clock to the monotonic one */
	bool is_leading;
	bool is_lease_lost;
};

/* ---- Leading ---- */

static void control_plan_failed(void *context, struct str key, const struct error *err)
{
	(void)context;
	if (err->kind == ERROR_CONFLICT)
		log_debug("Changed meanwhile, will decide anew", "key", key.data);
	else
		log_warning(err, "Failed to reconcile, will try again", "key", key.data);
}

/* A process that stood still for longer than the lease lasts must not go on where it was. */
static bool control_may_act(void *context)
{
	const struct control_program *program =
		container_of(context, struct control_program, control);

	return program->lease == NULL || kube_lease_is_leader(program->lease);
}

static void control_wake_schedule(void *context, struct str key)
{
	struct control *control = context;

	kube_reconciler_add(control->reconcilers[CONTROL_SCHEDULES], key);
}

static void control_make_reconcilers(struct control *control)
{
	static const struct {
		const char *name;
		kube_decide_fn decide;
	} reconcilers[CONTROL_RECONCILERS] = {
		[CONTROL_WORKLOADS] = {"workload", control_decide_workload},
		[CONTROL_SCHEDULES] = {"checkpointschedule", control_decide_schedule},
		[CONTROL_REQUESTS] = {"checkpointrequest", control_decide_request},
		[CONTROL_RESTORE_REQUESTS] = {"restorerequest", control_decide_restore_request},
		[CONTROL_EXPORTS] = {"checkpointexport", control_decide_export},
		[CONTROL_IMPORTS] = {"checkpointimport", control_decide_import},
		[CONTROL_CHECKPOINTS] = {"checkpoint", control_decide_checkpoint},
		[CONTROL_PODS] = {"pod", control_decide_pod},
	};

	for (size_t i = 0; i < CONTROL_RECONCILERS; i++) {
		struct kube_reconciler_options options = {
			.name = reconcilers[i].name,
			.max_active = CONTROL_MAX_ACTIVE,
			.first = i == CONTROL_SCHEDULES ? control->reconcilers[CONTROL_WORKLOADS]
							: NULL,
			.objects = i == CONTROL_SCHEDULES ? control->schedules : NULL,
			.decide = reconcilers[i].decide,
			.may_act = control_may_act,
			.failed = control_plan_failed,
			.context = control,
			.metrics = control->metrics,
		};
		control->reconcilers[i] =
			kube_reconciler_new(control->loop, control->client, &options);
	}
}

/* Begins to act once it is the leader and knows the whole cluster. */
static void control_start_when_ready(struct control_program *program)
{
	struct control *control = &program->control;

	if (!program->is_leading || loop_stop_has_begun(program->stop) ||
		control_informers_missing(control) != NULL)
		return;
	for (size_t i = 0; i < CONTROL_RECONCILERS; i++)
		kube_reconciler_start(control->reconcilers[i]);
	log_info("Started reconciling");
}

static void control_synced(void *context)
{
	struct control_program *program = container_of(context, struct control_program, control);

	if (control_informers_missing(&program->control) != NULL)
		return;
	log_info("Synced with the cluster");
	control_start_when_ready(program);
}

static void control_lease_changed(void *context, bool is_leader)
{
	struct control_program *program = context;

	if (is_leader) {
		log_info("Became the leader");
		program->is_leading = true;
		control_start_when_ready(program);
		return;
	}
	/* Nothing may be done any more, not even what was begun: the process ends. */
	log_error(NULL, "Lost the leader's lease, exiting");
	program->is_lease_lost = true;
	loop_stop(program->control.loop);
}

static void control_lease_failed(void *context, const struct error *err)
{
	(void)context;
	if (err->kind == ERROR_CONFLICT)
		log_debug("Another replica was first, will try again");
	else
		log_warning(err, "Failed to acquire or renew the lease, will try again");
}

/*
 * The wall clock may be set, or have gone on while the machine was suspended; the timers of what is
 * due by it have not.
 */
static void control_look_at_clock(void *context)
{
	struct control_program *program = context;
	int64_t offset_us = clock_wall().us - clock_mono().us;

	loop_timer_set(program->clock, CONTROL_CLOCK_MS);
	if (llabs(offset_us - program->clock_offset_us) < CONTROL_CLOCK_STEP_MS * 1000)
		return;
	program->clock_offset_us = offset_us;
	log_debug("The clock was set, judging anew what is due");
	control_judge_times_anew(&program->control);
}

static void control_start_clock(struct control_program *program)
{
	program->clock_offset_us = clock_wall().us - clock_mono().us;
	program->clock = loop_timer_new(program->control.loop, control_look_at_clock, program);
	loop_timer_set(program->clock, CONTROL_CLOCK_MS);
}

/* ---- Stopping ---- */

static void control_released(void *context, const struct error *err)
{
	struct control_program *program = context;

	if (err != NULL)
		log_warning(err, "Failed to give the lease back; it runs out by itself");
	loop_stop(program->control.loop);
}

static size_t control_unfinished(void *context)
{
	const struct control *control = &((const struct control_program *)context)->control;
	size_t count = kube_events_pending(control->events);

	for (size_t i = 0; i < CONTROL_RECONCILERS; i++)
		count += kube_reconciler_active(control->reconcilers[i]);
	return count;
}

static void control_stop_begin(void *context)
{
	struct control_program *program = context;

	log_info("Stopping");
	for (size_t i = 0; i < CONTROL_RECONCILERS; i++)
		kube_reconciler_stop(program->control.reconcilers[i]);
}

static void control_stop_end(void *context)
{
	struct control_program *program = context;

	if (program->lease != NULL)
		kube_lease_release(program->lease, control_released, program);
	else
		loop_stop(program->control.loop);
}

/* ---- Health ---- */

static const char *control_missing(void *context)
{
	return control_informers_missing(context);
}

static void control_before_metrics(void *context)
{
	struct control *control = context;

	for (size_t i = 0; i < CONTROL_RECONCILERS; i++)
		kube_reconciler_update_metrics(control->reconcilers[i]);
	control_metrics_update(control);
}

/* Of one replica, or a sum over replicas would count twice. */
static void control_more_metrics(void *context, struct buf *out)
{
	const struct control_program *program =
		container_of(context, struct control_program, control);

	if (program->is_leading)
		control_metrics_write_ages(&program->control, out);
}

static int control_serve_health(struct control_program *program, struct error *err)
{
	static struct http_health_check check = {.name = "informers", .missing = control_missing};
	struct http_server_options options = {
		.address = program->options.health_address,
		.port = (uint16_t)program->options.health_port,
		.max_connections = 32,
		.idle_seconds = 60,
	};

	check.context = &program->control;
	program->health = (struct http_health){
		.metrics = program->control.metrics,
		.checks = &check,
		.check_count = 1,
		.before_metrics = control_before_metrics,
		.more_metrics = control_more_metrics,
		.context = &program->control,
		.text = HTTP_HEALTH_TEXT,
	};
	return http_server_start(program->control.loop, &options, http_health_handle,
		&program->health, &program->server, err);
}

/* ---- Starting ---- */

static void control_options_changed(void *context)
{
	struct control_program *program = context;
	const struct log_options *log = &program->options.log;

	log_configure_by_names(log->format, log->level);
	program->control.spread_seconds = program->options.spread_ms / 1000;
}

static void control_start_lease(struct control_program *program)
{
	const struct control_options *options = &program->options;
	autobuf identity = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct kube_lease_options lease = {
		.namespace =
			str_of(options->lease_namespace[0] != '\0' ? options->lease_namespace
								   : program->config->namespace),
		.name = str_of(options->lease_name),
		.duration_ms = options->lease_duration_ms,
		.renew_deadline_ms = options->lease_renew_ms,
		.retry_period_ms = options->lease_retry_ms,
		.changed = control_lease_changed,
		.failed = control_lease_failed,
		.context = program,
		.metrics = program->control.metrics,
	};

	kube_lease_write_identity(&identity);
	lease.identity = buf_str(&identity);
	program->lease = kube_lease_new(program->control.client, &lease);
	kube_lease_start(program->lease);
}

static int control_start(struct control_program *program, struct error *err)
{
	struct control *control = &program->control;
	struct kube_config_options config = {.path = program->options.kubeconfig};
	const char *host = getenv("HOSTNAME");
	struct kube_events_options events = {
		.controller = STR("kcr.io/controller"),
		.instance = str_of(host != NULL ? host : "kcr-controller"),
		.metrics = control->metrics,
	};
	struct loop_stop_options stop = {
		.begin = control_stop_begin,
		.unfinished = control_unfinished,
		.end = control_stop_end,
		.context = program,
		.limit_ms = CONTROL_STOP_MS,
	};

	if (kube_config_load(&config, &program->config, err) < 0 ||
		kube_client_new(control->loop, program->config, control->metrics, &control->client,
			err) < 0 ||
		loop_stop_new(control->loop, &stop, &program->stop, err) < 0 ||
		options_watch_new(control->loop, &program->sources, control_options_changed,
			program, &program->options_watch, err) < 0 ||
		control_serve_health(program, err) < 0)
		return -1;
	control->events = kube_events_new(control->client, &events);
	control_informers_new(control, control_synced);
	control_make_reconcilers(control);
	control_informers_start(control);
	control_start_clock(program);
	if (program->options.leader_elect) {
		control_start_lease(program);
	} else {
		program->is_leading = true;
	}
	log_info("Started", "server", program->config->server, "version", KCR_VERSION);
	return 0;
}

static void control_end(struct control_program *program)
{
	struct control *control = &program->control;

	http_server_free(program->server);
	buf_done(&program->health.text);
	kube_lease_free(program->lease);
	for (size_t i = 0; i < CONTROL_RECONCILERS; i++)
		kube_reconciler_free(control->reconcilers[i]);
	if (control->pods != NULL)
		control_informers_free(control);
	kube_events_free(control->events);
	kube_client_free(control->client);
	kube_config_free(program->config);
	loop_stop_free(program->stop);
	options_watch_free(program->options_watch);
	loop_source_free(program->clock);
	control_zones_free(control->zones);
	control_turns_free(control->turns);
	control_begun_free(control->begun);
	metrics_free(control->metrics);
	loop_free(control->loop);
}

static int control_run(struct control_program *program, struct error *err)
{
	if (loop_new(&program->control.loop, err) < 0)
		return -1;
	program->control.metrics = metrics_new();
	control_metrics_init(&program->control);
	program->control.zones = control_zones_new(program->options.zones);
	control_options_changed(program);
	program->control.begun = control_begun_new();
	program->control.turns = control_turns_new(
		(size_t)program->options.max_checkpoints, control_wake_schedule, &program->control);
	if (control_start(program, err) < 0)
		return -1;
	return loop_run(program->control.loop, err);
}

int control_main(int count, char *const *arguments)
{
	struct control_program program = {.is_leading = false};
	struct error err;
	int result;

	if (!options_start(&program.sources, &control_option_table, count, arguments,
		    &program.options, &result))
		return result;
	result = control_run(&program, &err);
	if (result < 0)
		log_error(&err, "Cannot run the controller");
	control_end(&program);
	options_done(&program.sources);
	return result < 0 || program.is_lease_lost ? 1 : 0;
}
