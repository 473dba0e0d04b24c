/* A file of options: what is read, its mistakes with their lines, and that a flag wins over it. */
#include "sample.h"

#include <stdlib.h>
#include <unistd.h>

#define HEAD "apiVersion: config.kcr.io/v1\nkind: SampleConfiguration\n"

static void read_text(const char *text, struct sample *sample, struct arena *texts,
	struct option_mistakes *mistakes)
{
	options_read_text(&sample_table, "f.yaml", str_of(text), sample, texts, mistakes);
}

static void members_are_options(void **state)
{
	static const char *const files[] = {
		HEAD "text: x=y\nflag: true\nnumber: -3\ndelay: 1m30s\nbytes: 2Ki\nchoice: green\n",
		HEAD "# a comment\nchoice: 'green'\nbytes: 2048\ndelay: \"90s\"\nnumber: '-3'\n"
		     "flag: yes\ntext: \"x=y\"\n",
		"{\"apiVersion\": \"config.kcr.io/v1\", \"kind\": \"SampleConfiguration\", "
		"\"text\": \"x=y\", \"flag\": true, \"number\": -3, \"delay\": \"90000ms\", "
		"\"bytes\": \"2Ki\", \"choice\": \"green\"}",
	};

	(void)state;
	for (size_t i = 0; i < array_size(files); i++) {
		autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
		autoarena *texts = arena_new(100);
		struct sample sample = {.choice = "red"};
		read_text(files[i], &sample, texts, &mistakes);
		assert_string_equal(mistakes.lines.data, "");
		assert_given(&sample);
	}
}

static void mistakes_are_named_with_their_line(void **state)
{
	static const struct {
		const char *file, *text;
	} cases[] = {
		{"",
			"f.yaml: apiVersion: it must be 'config.kcr.io/v1', and is missing\n"
			"f.yaml: kind: it must be 'SampleConfiguration', and is missing\n"},
		{"apiVersion: config.kcr.io/v2\nkind: AgentConfiguration\n",
			"f.yaml:1: apiVersion: it must be 'config.kcr.io/v1'\n"
			"f.yaml:2: kind: it must be 'SampleConfiguration'\n"},
		{HEAD "numbr: 3\n",
			"f.yaml:3: numbr: there is no such option; did you mean number?\n"},
		{HEAD "\npauseBetween: 3s\n",
			"f.yaml:4: pauseBetween: there is no such option; did you mean "
			"pause-between?\n"},
		{HEAD "number: 6\nchoice: greem\n",
			"f.yaml:3: number: '6' is not a number from -5 to 5\n"
			"f.yaml:4: choice: 'greem' is not red or green; did you mean 'green'?\n"},
		{HEAD "text: 1.10\n", "f.yaml:3: text: it takes a text; put it into quotes\n"},
		{HEAD "choice: off\n", "f.yaml:3: choice: it takes a text; put it into quotes\n"},
		{HEAD "text:\n", "f.yaml:3: text: it has no value\n"},
		{HEAD "text: \"a\\0b\"\n", "f.yaml:3: text: it has a NUL byte\n"},
		{HEAD "text: [a]\n",
			"f.yaml:3: text: it takes a single value, not a list or mapping\n"},
		{HEAD "text: {a: b}\n",
			"f.yaml:3: text: it takes a single value, not a list or mapping\n"},
		{HEAD "flag: 1\n", "f.yaml:3: flag: '1' is not true or false\n"},
		{HEAD "config: g.yaml\n", "f.yaml:3: config: there is no such option\n"},
		{"- a\n", "f.yaml: it is not a mapping of options\n"},
		{HEAD "text: a\ntext: b\n", "f.yaml: line 4: key 'text' stands twice\n"},
		{HEAD "text: [\n",
			"f.yaml: invalid YAML in line 4, column 1: did not find expected node "
			"content\n"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
		autoarena *texts = arena_new(100);
		struct sample sample = sample_defaults;
		read_text(cases[i].file, &sample, texts, &mistakes);
		assert_string_equal(mistakes.lines.data, cases[i].text);
	}
}

/* ---- The file and the flags together ---- */

static char path[] = "/tmp/kcr-options-XXXXXX";
static char config_flag[100];

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd >= 0)
		close(fd);
	(void)snprintf(config_flag, sizeof(config_flag), "--config=%s", path);
	return fd < 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int read_both(const char *file, char *flag, struct sample *sample, struct arena *texts,
	struct option_mistakes *mistakes)
{
	char *arguments[] = {config_flag, flag};
	struct options options = {.table = &sample_table,
		.count = flag != NULL ? 2 : 1,
		.arguments = arguments,
		.file = BUF_INIT(LIMIT_CONFIG_BYTES)};
	int result;

	if (file != NULL)
		write_file(file);
	result = options_read(&options, sample, texts, mistakes);
	buf_done(&options.file);
	return result;
}

static void a_flag_wins_over_the_file_and_the_file_over_the_default(void **state)
{
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	autoarena *texts = arena_new(100);
	char flag[] = "--number=2";
	struct sample sample;

	(void)state;
	assert_int_equal(
		read_both(HEAD "number: 3\ntext: t\n", flag, &sample, texts, &mistakes), 0);
	assert_int_equal(sample.number, 2);
	assert_string_equal(sample.text, "t");
	assert_string_equal(sample.choice, "red");
}

static void mistakes_of_both_are_told_once_each(void **state)
{
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	autoarena *texts = arena_new(100);
	autobuf expected = BUF_INIT(1000);
	char flag[] = "--numbr=2";
	struct sample sample;

	(void)state;
	assert_int_equal(read_both(HEAD "delay: 3\n", flag, &sample, texts, &mistakes), -1);
	buf_printf(&expected,
		"--numbr: there is no such option; did you mean --number?\n"
		"%s:3: delay: '3' is not a duration such as 90s or 1h30m\n",
		path);
	assert_string_equal(mistakes.lines.data, expected.data);
	assert_int_equal(mistakes.count, 2);
}

static void what_options_need_of_each_other_is_checked_at_the_end(void **state)
{
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	autoarena *texts = arena_new(100);
	char flag[] = "--number=1";
	struct sample sample;

	(void)state;
	assert_int_equal(read_both(HEAD "number: 0\n", NULL, &sample, texts, &mistakes), -1);
	assert_string_equal(mistakes.lines.data, "number: it must not be 0\n");
	assert_int_equal(read_both(NULL, flag, &sample, texts, &mistakes), 0);
}

static void a_file_that_cannot_be_read_is_a_mistake(void **state)
{
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	autoarena *texts = arena_new(100);
	struct sample sample;
	char flag[] = "--config=/nowhere/f.yaml";

	(void)state;
	assert_int_equal(read_both(NULL, flag, &sample, texts, &mistakes), -1);
	assert_true(str_starts_with(buf_str(&mistakes.lines), STR("--config: ")));
	assert_true(str_contains(buf_str(&mistakes.lines), STR("/nowhere/f.yaml")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_options),
		cmocka_unit_test(mistakes_are_named_with_their_line),
		cmocka_unit_test(a_flag_wins_over_the_file_and_the_file_over_the_default),
		cmocka_unit_test(mistakes_of_both_are_told_once_each),
		cmocka_unit_test(what_options_need_of_each_other_is_checked_at_the_end),
		cmocka_unit_test(a_file_that_cannot_be_read_is_a_mistake),
	};

	return cmocka_run_group_tests_name("options/file", tests, make_file, remove_file);
}
