/* The work queue on a real loop: de-duplication, order, parallel work, back-off, counting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "kube/queue.h"
#include "sys/clock.h"

struct world {
	struct loop *loop;
	struct metrics *metrics;
	struct kube_queue *queue;
	struct buf story; /* keys in the order their work began */
	bool ends_at_once; /* the worker says done itself */
	enum kube_queue_outcome outcome;
	struct loop_source *stop;
	int begun; /* how often work began */
	int wanted; /* the loop stops when so much has begun */
};

static void begin_work(void *context, struct str key)
{
	struct world *world = context;

	buf_add(&world->story, key);
	buf_add_byte(&world->story, ' ');
	if (++world->begun == world->wanted)
		loop_stop(world->loop);
	if (world->ends_at_once)
		kube_queue_done(world->queue, key, world->outcome);
}

static void stop_loop(void *context)
{
	loop_stop(context);
}

static void run_for(struct world *world, int64_t ms)
{
	struct error err;

	loop_timer_set(world->stop, ms);
	assert_int_equal(loop_run(world->loop, &err), 0);
}

static void run_until_begun(struct world *world, int wanted)
{
	world->wanted = wanted;
	run_for(world, 10000);
	loop_timer_stop(world->stop);
	assert_int_equal(world->begun, wanted);
}

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);
	struct kube_queue_options options = {
		.name = "pod",
		.max_active = 2,
		.work = begin_work,
		.context = world,
	};
	struct error err;

	*state = world;
	world->story = BUF_INIT(100000);
	assert_int_equal(loop_new(&world->loop, &err), 0);
	world->metrics = metrics_new();
	options.metrics = world->metrics;
	world->stop = loop_timer_new(world->loop, stop_loop, world->loop);
	world->queue = kube_queue_new(world->loop, &options);
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	kube_queue_free(world->queue);
	loop_source_free(world->stop);
	loop_free(world->loop);
	metrics_free(world->metrics);
	buf_done(&world->story);
	free(world);
	return 0;
}

static bool metrics_say(struct world *world, const char *line)
{
	autobuf text = BUF_INIT(100000);

	kube_queue_update_metrics(world->queue);
	metrics_write(world->metrics, &text);
	return str_contains(buf_str(&text), str_of(line));
}

static void nothing_begins_before_the_start(void **state)
{
	struct world *world = *state;

	kube_queue_add(world->queue, STR("a/x"));
	run_for(world, 5);
	assert_string_equal(world->story.data, "");
	assert_int_equal(kube_queue_depth(world->queue), 1);
	kube_queue_start(world->queue);
	run_for(world, 5);
	assert_string_equal(world->story.data, "a/x ");
}

static void a_key_is_queued_once(void **state)
{
	struct world *world = *state;

	world->ends_at_once = true;
	for (int i = 0; i < 3; i++)
		kube_queue_add(world->queue, STR("a/x"));
	kube_queue_add(world->queue, STR("a/y"));
	kube_queue_start(world->queue);
	run_for(world, 5);
	assert_string_equal(world->story.data, "a/x a/y ");
	assert_true(
		metrics_say(world, "workqueue_adds_total{name=\"pod\",controller=\"pod\"} 2\n"));
	assert_true(metrics_say(world, "workqueue_depth{name=\"pod\",controller=\"pod\"} 0\n"));
	assert_true(metrics_say(world,
		"workqueue_work_duration_seconds_count{name=\"pod\",controller=\"pod\"} 2\n"));
}

static void at_most_so_many_keys_are_in_work(void **state)
{
	struct world *world = *state;

	kube_queue_start(world->queue);
	kube_queue_add(world->queue, STR("1"));
	kube_queue_add(world->queue, STR("2"));
	kube_queue_add(world->queue, STR("3"));
	run_for(world, 5);
	assert_string_equal(world->story.data, "1 2 ");
	assert_int_equal(kube_queue_active(world->queue), 2);
	kube_queue_done(world->queue, STR("1"), KUBE_QUEUE_SUCCEEDED);
	run_for(world, 5);
	assert_string_equal(world->story.data, "1 2 3 ");
}

static void a_key_added_while_in_work_is_worked_on_again_afterwards(void **state)
{
	struct world *world = *state;

	kube_queue_start(world->queue);
	kube_queue_add(world->queue, STR("1"));
	run_for(world, 5);
	kube_queue_add(world->queue, STR("1"));
	kube_queue_add(world->queue, STR("1"));
	run_for(world, 5);
	assert_string_equal(world->story.data, "1 ");
	kube_queue_done(world->queue, STR("1"), KUBE_QUEUE_SUCCEEDED);
	run_for(world, 5);
	assert_string_equal(world->story.data, "1 1 ");
	kube_queue_done(world->queue, STR("1"), KUBE_QUEUE_SUCCEEDED);
	run_for(world, 5);
	assert_string_equal(world->story.data, "1 1 ");
}

static void a_failed_key_comes_back_ever_later(void **state)
{
	struct world *world = *state;
	struct mono_time start = clock_mono();

	world->ends_at_once = true;
	world->outcome = KUBE_QUEUE_FAILED;
	kube_queue_start(world->queue);
	kube_queue_add(world->queue, STR("1"));
	run_until_begun(world, 4);
	assert_true(clock_mono().us - start.us >= (5 + 10 + 20) * 1000);
	assert_int_equal(kube_queue_failures(world->queue, STR("1")), 4);
	assert_true(
		metrics_say(world, "workqueue_retries_total{name=\"pod\",controller=\"pod\"} 4\n"));
	world->outcome = KUBE_QUEUE_SUCCEEDED;
	run_until_begun(world, 5);
	assert_int_equal(kube_queue_failures(world->queue, STR("1")), 0);
}

static void a_delayed_key_comes_once_and_at_the_earlier_time(void **state)
{
	struct world *world = *state;

	world->ends_at_once = true;
	kube_queue_start(world->queue);
	kube_queue_add_after(world->queue, STR("1"), 10);
	kube_queue_add_after(world->queue, STR("1"), 5000);
	kube_queue_add_after(world->queue, STR("2"), 5000);
	kube_queue_add_after(world->queue, STR("2"), 10);
	run_until_begun(world, 2);
	run_for(world, 5);
	assert_true(
		str_is(buf_str(&world->story), "1 2 ") || str_is(buf_str(&world->story), "2 1 "));
}

static void a_delay_may_be_asked_for_by_the_work_itself(void **state)
{
	struct world *world = *state;

	kube_queue_start(world->queue);
	kube_queue_add(world->queue, STR("1"));
	run_for(world, 5);
	kube_queue_add_after(world->queue, STR("1"), 10);
	kube_queue_done(world->queue, STR("1"), KUBE_QUEUE_SUCCEEDED);
	run_until_begun(world, 2);
	assert_string_equal(world->story.data, "1 1 ");
}

static void many_keys_do_not_starve_the_loop(void **state)
{
	struct world *world = *state;
	char key[16];

	world->ends_at_once = true;
	kube_queue_start(world->queue);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		kube_queue_add(world->queue, str_of(key));
	}
	run_for(world, 0);
	assert_true(kube_queue_depth(world->queue) > 0);
	run_until_begun(world, 1000);
	assert_int_equal(kube_queue_depth(world->queue), 0);
}

static void keep_working(void *context, struct str key)
{
	int *begun = context;

	(void)key;
	++*begun;
}

static void a_queue_holds_back_while_more_urgent_keys_wait_in_another(void **state)
{
	struct world *world = *state;
	int begun = 0;
	struct kube_queue_options options = {
		.name = "schedule",
		.max_active = 8,
		.first = world->queue,
		.work = keep_working,
		.context = &begun,
		.metrics = world->metrics,
	};
	struct kube_queue *second = kube_queue_new(world->loop, &options);
	static const char *const keys[] = {"a", "b", "c", "d", "e", "f"};

	kube_queue_start(world->queue);
	for (size_t i = 0; i < 3; i++)
		kube_queue_add(world->queue, str_of(keys[i]));
	kube_queue_start(second);
	for (size_t i = 0; i < array_size(keys); i++)
		kube_queue_add(second, str_of(keys[i]));
	run_for(world, 5);
	assert_string_equal(world->story.data, "a b ");
	assert_int_equal(begun, 1);
	kube_queue_done(second, STR("a"), KUBE_QUEUE_SUCCEEDED);
	run_for(world, 5);
	assert_int_equal(begun, 2);
	kube_queue_done(world->queue, STR("a"), KUBE_QUEUE_SUCCEEDED);
	run_for(world, 5);
	assert_string_equal(world->story.data, "a b c ");
	kube_queue_done(second, STR("b"), KUBE_QUEUE_SUCCEEDED);
	run_for(world, 5);
	assert_int_equal(begun, 6);
	kube_queue_free(second);
}

#define queue_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		queue_test(nothing_begins_before_the_start),
		queue_test(a_key_is_queued_once),
		queue_test(at_most_so_many_keys_are_in_work),
		queue_test(a_key_added_while_in_work_is_worked_on_again_afterwards),
		queue_test(a_failed_key_comes_back_ever_later),
		queue_test(a_delayed_key_comes_once_and_at_the_earlier_time),
		queue_test(a_delay_may_be_asked_for_by_the_work_itself),
		queue_test(many_keys_do_not_starve_the_loop),
		queue_test(a_queue_holds_back_while_more_urgent_keys_wait_in_another),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
