/* The loop: order, cancelling from within callbacks, children and signals. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "loop/loop.h"
#include "sys/fd.h"

struct world {
	struct loop *loop;
	struct buf story;
	struct loop_source *a;
	struct loop_source *b;
	int status;
	int ends[2];
};

static int make_world(void **state)
{
	static struct world world;
	struct error err;

	world = (struct world){.story = BUF_INIT(1000), .ends = {-1, -1}};
	*state = &world;
	return loop_new(&world.loop, &err);
}

static int drop_world(void **state)
{
	struct world *world = *state;

	loop_source_free(world->a);
	loop_source_free(world->b);
	fd_close(&world->ends[0]);
	fd_close(&world->ends[1]);
	buf_done(&world->story);
	loop_free(world->loop);
	return 0;
}

static void run(struct world *world)
{
	struct error err;

	assert_int_equal(loop_run(world->loop, &err), 0);
}

static void say_a(void *context)
{
	struct world *world = context;

	buf_add_text(&world->story, "a");
}

static void say_b_and_stop(void *context)
{
	struct world *world = context;

	buf_add_text(&world->story, "b");
	loop_stop(world->loop);
}

static void timers_fire_in_the_order_of_their_deadlines(void **state)
{
	struct world *world = *state;

	world->b = loop_timer_new(world->loop, say_b_and_stop, world);
	world->a = loop_timer_new(world->loop, say_a, world);
	loop_timer_set(world->b, 6);
	loop_timer_set(world->a, 1);
	run(world);
	assert_string_equal(world->story.data, "ab");
	assert_false(loop_timer_is_set(world->a));
}

static void many_timers_stay_ordered_when_some_are_stopped(void **state)
{
	enum { COUNT = 200 };
	struct world *world = *state;
	struct loop_source *timers[COUNT];

	for (int i = 0; i < COUNT; i++) {
		timers[i] = loop_timer_new(world->loop, i == 77 ? say_b_and_stop : say_a, world);
		loop_timer_set(timers[i], (i * 7919) % COUNT + (i == 77 ? 1 : 1000));
	}
	for (int i = 0; i < COUNT; i += 3)
		loop_timer_stop(timers[i]);
	run(world);
	assert_string_equal(world->story.data, "b");
	for (int i = 0; i < COUNT; i++)
		loop_source_free(timers[i]);
}

static void a_stopped_timer_does_not_fire(void **state)
{
	struct world *world = *state;

	world->a = loop_timer_new(world->loop, say_a, world);
	world->b = loop_timer_new(world->loop, say_b_and_stop, world);
	loop_timer_set(world->a, 1);
	loop_timer_stop(world->a);
	loop_timer_set(world->b, 3);
	run(world);
	assert_string_equal(world->story.data, "b");
}

static void free_a_then_stop(void *context)
{
	struct world *world = context;

	loop_source_free(world->a);
	world->a = NULL;
	say_b_and_stop(world);
}

static void a_deferred_call_can_cancel_a_later_one(void **state)
{
	struct world *world = *state;

	world->b = loop_defer(world->loop, free_a_then_stop, world);
	world->a = loop_defer(world->loop, say_a, world);
	run(world);
	assert_string_equal(world->story.data, "b");
}

static void read_and_free_both(void *context, unsigned events)
{
	struct world *world = context;

	assert_true((events & LOOP_READ) != 0);
	buf_add_text(&world->story, "r");
	loop_source_free(world->a);
	loop_source_free(world->b);
	world->a = NULL;
	world->b = NULL;
	loop_stop(world->loop);
}

static void an_event_of_a_freed_source_is_not_delivered(void **state)
{
	struct world *world = *state;
	struct error err;

	assert_int_equal(pipe(world->ends), 0);
	int second = dup(world->ends[0]);
	assert_int_equal(loop_watch_fd(world->loop, world->ends[0], LOOP_READ, read_and_free_both,
				 world, &world->a, &err),
		0);
	assert_int_equal(loop_watch_fd(world->loop, second, LOOP_READ, read_and_free_both, world,
				 &world->b, &err),
		0);
	assert_int_equal(write(world->ends[1], "x", 1), 1);
	run(world);
	assert_string_equal(world->story.data, "r");
	fd_close(&second);
}

static void note_status(void *context, int status)
{
	struct world *world = context;

	world->status = status;
	loop_stop(world->loop);
}

static void the_end_of_a_child_is_told_with_its_status(void **state)
{
	struct world *world = *state;
	struct process process;
	struct error err;
	const char *const arguments[] = {"sh", "-c", "exit 7", NULL};

	assert_int_equal(
		process_start(&(struct process_spec){.arguments = arguments, .search_path = true},
			&process, &err),
		0);
	assert_int_equal(
		loop_watch_child(world->loop, &process, note_status, world, &world->a, &err), 0);
	run(world);
	assert_true(WIFEXITED(world->status));
	assert_int_equal(WEXITSTATUS(world->status), 7);
}

static void releasing_a_running_child_ends_it(void **state)
{
	struct world *world = *state;
	struct process process;
	struct error err;
	pid_t pid;
	const char *const arguments[] = {"sleep", "100", NULL};

	assert_int_equal(
		process_start(&(struct process_spec){.arguments = arguments, .search_path = true},
			&process, &err),
		0);
	pid = process.pid;
	assert_int_equal(
		loop_watch_child(world->loop, &process, note_status, world, &world->a, &err), 0);
	loop_source_free(world->a);
	world->a = NULL;
	assert_int_equal(kill(pid, 0), -1);
}

static void starting_a_program_that_is_not_there_fails_with_its_name(void **state)
{
	struct process process;
	struct error err;
	const char *const arguments[] = {"/nowhere/program", NULL};

	(void)state;
	assert_int_equal(
		process_start(&(struct process_spec){.arguments = arguments}, &process, &err), -1);
	assert_int_equal(err.kind, ERROR_ABSENT);
	assert_string_equal(err.text, "cannot start '/nowhere/program': No such file or directory");
}

static void note_signal(void *context, int number)
{
	note_status(context, number);
}

static void a_signal_is_told_by_its_number(void **state)
{
	struct world *world = *state;
	struct error err;

	assert_int_equal(
		loop_watch_signal(world->loop, SIGUSR1, note_signal, world, &world->a, &err), 0);
	assert_int_equal(raise(SIGUSR1), 0);
	run(world);
	assert_int_equal(world->status, SIGUSR1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			timers_fire_in_the_order_of_their_deadlines, make_world, drop_world),
		cmocka_unit_test_setup_teardown(
			many_timers_stay_ordered_when_some_are_stopped, make_world, drop_world),
		cmocka_unit_test_setup_teardown(
			a_stopped_timer_does_not_fire, make_world, drop_world),
		cmocka_unit_test_setup_teardown(
			a_deferred_call_can_cancel_a_later_one, make_world, drop_world),
		cmocka_unit_test_setup_teardown(
			an_event_of_a_freed_source_is_not_delivered, make_world, drop_world),
		cmocka_unit_test_setup_teardown(
			the_end_of_a_child_is_told_with_its_status, make_world, drop_world),
		cmocka_unit_test_setup_teardown(
			releasing_a_running_child_ends_it, make_world, drop_world),
		cmocka_unit_test(starting_a_program_that_is_not_there_fails_with_its_name),
		cmocka_unit_test_setup_teardown(
			a_signal_is_told_by_its_number, make_world, drop_world),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
