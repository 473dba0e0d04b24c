/* Options that change while a program runs: by a file that is written, exchanged, or by SIGHUP. */
#include "sample.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "loop/loop.h"
#include "options/watch.h"
#include "sys/file.h"

#define HEAD "apiVersion: config.kcr.io/v1\nkind: SampleConfiguration\n"

enum { DEADLINE_MS = 10000, LONG_ENOUGH_MS = 300 };

struct running {
	char directory[40];
	char flag[120];
	char *arguments[1];
	struct loop *loop;
	struct options options;
	struct options_watch *watch;
	struct sample values;
	int changes;
};

static void put(const struct running *running, const char *name, const char *text)
{
	char path[100];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", running->directory, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void links(const struct running *running, const char *target)
{
	char from[100];
	char to[100];

	(void)snprintf(from, sizeof(from), "%s/..data_tmp", running->directory);
	(void)snprintf(to, sizeof(to), "%s/..data", running->directory);
	assert_int_equal(symlink(target, from), 0);
	assert_int_equal(rename(from, to), 0);
}

static void note_change(void *context)
{
	struct running *running = context;

	running->changes++;
	loop_stop(running->loop);
}

static void stop(void *context)
{
	loop_stop(context);
}

static void run(struct running *running, int64_t limit_ms)
{
	struct loop_source *limit = loop_timer_new(running->loop, stop, running->loop);
	struct error err;

	loop_timer_set(limit, limit_ms);
	assert_int_equal(loop_run(running->loop, &err), 0);
	loop_source_free(limit);
}

/* As the kubelet mounts a ConfigMap: the file is a link by way of ..data, which is exchanged. */
static int begin(void **state)
{
	struct running *running = calloc(1, sizeof(*running));
	char path[100];
	struct error err;
	int status;

	(void)snprintf(running->directory, sizeof(running->directory), "/tmp/kcr-watch-XXXXXX");
	if (mkdtemp(running->directory) == NULL)
		return -1;
	put(running, "one", HEAD "number: 1\ntext: t\n");
	links(running, "one");
	(void)snprintf(path, sizeof(path), "%s/f.yaml", running->directory);
	if (symlink("..data", path) < 0)
		return -1;
	(void)snprintf(running->flag, sizeof(running->flag), "--config=%s", path);
	running->arguments[0] = running->flag;
	if (!options_start(&running->options, &sample_table, 1, running->arguments,
		    &running->values, &status) ||
		loop_new(&running->loop, &err) < 0 ||
		options_watch_new(running->loop, &running->options, note_change, running,
			&running->watch, &err) < 0)
		return -1;
	*state = running;
	return 0;
}

static int end(void **state)
{
	struct running *running = *state;
	struct error err;

	options_watch_free(running->watch);
	loop_free(running->loop);
	options_done(&running->options);
	if (file_remove_tree(AT_FDCWD, running->directory, &err) < 0)
		return -1;
	free(running);
	return 0;
}

static void an_exchanged_file_is_taken_up(void **state)
{
	struct running *running = *state;

	put(running, "two", HEAD "number: 2\nchoice: green\ntext: t\n");
	links(running, "two");
	run(running, DEADLINE_MS);
	assert_int_equal(running->changes, 1);
	assert_int_equal(running->values.number, 2);
	assert_string_equal(running->values.choice, "green");
}

static void a_file_written_in_place_is_taken_up(void **state)
{
	struct running *running = *state;

	put(running, "one", HEAD "number: 3\ntext: t\n");
	run(running, DEADLINE_MS);
	assert_int_equal(running->values.number, 3);
}

static void what_is_not_live_waits_for_a_restart(void **state)
{
	struct running *running = *state;

	put(running, "one", HEAD "number: 2\ntext: other\ndelay: 5s\n");
	run(running, DEADLINE_MS);
	assert_int_equal(running->values.number, 2);
	assert_string_equal(running->values.text, "t");
	assert_int_equal(running->values.delay_ms, 0);
}

static void a_file_with_a_mistake_changes_nothing(void **state)
{
	struct running *running = *state;

	put(running, "one", HEAD "number: 2\nchoice: blue\n");
	run(running, LONG_ENOUGH_MS);
	assert_int_equal(running->changes, 0);
	assert_int_equal(running->values.number, 1);
	put(running, "one", HEAD "number: 2\nchoice: green\n");
	run(running, DEADLINE_MS);
	assert_int_equal(running->values.number, 2);
}

static void a_file_beside_it_is_no_change(void **state)
{
	struct running *running = *state;

	put(running, "other", HEAD "number: 2\n");
	run(running, LONG_ENOUGH_MS);
	assert_int_equal(running->changes, 0);
}

static void sighup_reads_at_once(void **state)
{
	struct running *running = *state;

	put(running, "one", HEAD "number: 5\ntext: t\n");
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	run(running, DEADLINE_MS);
	assert_int_equal(running->values.number, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_exchanged_file_is_taken_up, begin, end),
		cmocka_unit_test_setup_teardown(a_file_written_in_place_is_taken_up, begin, end),
		cmocka_unit_test_setup_teardown(what_is_not_live_waits_for_a_restart, begin, end),
		cmocka_unit_test_setup_teardown(a_file_with_a_mistake_changes_nothing, begin, end),
		cmocka_unit_test_setup_teardown(a_file_beside_it_is_no_change, begin, end),
		cmocka_unit_test_setup_teardown(sighup_reads_at_once, begin, end),
	};

	return cmocka_run_group_tests_name("options/watch", tests, NULL, NULL);
}
