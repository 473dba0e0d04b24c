/* Flags: what is read, and every mistake with its place and what may have been meant. */
#include "sample.h"

/* Splits `line` at blanks and parses it into *sample, which keeps what it has. */
static int parse(const char *line, struct sample *sample, const char **ret_path,
	struct option_mistakes *mistakes)
{
	static char words[16][100];
	char *arguments[16];
	struct str rest = str_of(line);
	struct str word;
	int count = 0;

	while (rest.size > 0) {
		(void)str_cut(rest, ' ', &word, &rest);
		(void)snprintf(words[count], sizeof(words[count]), "%.*s", STR_ARG(word));
		arguments[count] = words[count];
		count++;
	}
	return options_read_flags(&sample_table, count, arguments, sample, ret_path, mistakes);
}

static void values_follow_or_stand_behind_an_equals_sign(void **state)
{
	static const char *const lines[] = {
		"--text x=y --flag --number -3 --delay 1m30s --bytes 2Ki --choice green --config f",
		"--text=x=y --flag=true --number=-3 --delay=90s --bytes=2048 --choice=green "
		"--config=f",
		"--text=a --text=x=y --flag --delay=90000ms --bytes 2Ki --number=-3 "
		"--choice=green --config=f",
	};

	(void)state;
	for (size_t i = 0; i < array_size(lines); i++) {
		autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
		struct sample sample = {.choice = "red"};
		const char *path = NULL;
		if (parse(lines[i], &sample, &path, &mistakes) != 0)
			fail_msg("%s", mistakes.lines.data);
		assert_given(&sample);
		assert_string_equal(path, "f");
	}
}

static void what_is_not_given_stays(void **state)
{
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	struct sample sample = sample_defaults;
	const char *path;

	(void)state;
	assert_int_equal(parse("", &sample, &path, &mistakes), 0);
	assert_string_equal(sample.text, "d");
	assert_true(sample.flag);
	assert_int_equal(sample.number, 4);
	assert_null(path);
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{"--unknown", "--unknown: there is no such option\n"},
		{"--unknown=5", "--unknown: there is no such option\n"},
		{"word", "word: there is no such option\n"},
		{"--", "--: there is no such option\n"},
		{"--numbr=3", "--numbr: there is no such option; did you mean --number?\n"},
		{"--pauseBetween=3s",
			"--pauseBetween: there is no such option; did you mean --pause-between?\n"},
		{"-text x",
			"-text: there is no such option; did you mean --text?\n"
			"x: there is no such option\n"},
		{"--text", "--text: it needs a value\n"},
		{"--flag=yes", "--flag: 'yes' is not true or false\n"},
		{"--number=6", "--number: '6' is not a number from -5 to 5\n"},
		{"--number=", "--number: '' is not a number from -5 to 5\n"},
		{"--number 1x", "--number: '1x' is not a number from -5 to 5\n"},
		{"--delay=5", "--delay: '5' is not a duration such as 90s or 1h30m\n"},
		{"--pause-between=91s",
			"--pause-between: '91s' is not a duration such as 90s or 1h30m, from 1s to "
			"1m30s\n"},
		{"--bytes=-1", "--bytes: '-1' is not a quantity of bytes such as 500Mi or 10Gi\n"},
		{"--choice=blue", "--choice: 'blue' is not red or green\n"},
		{"--choice=grene",
			"--choice: 'grene' is not red or green; did you mean 'green'?\n"},
		{"--number=9 --nope --choice=blue",
			"--number: '9' is not a number from -5 to 5\n"
			"--nope: there is no such option\n"
			"--choice: 'blue' is not red or green\n"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
		struct sample sample = {0};
		const char *path;
		assert_int_equal(parse(cases[i].line, &sample, &path, &mistakes), -1);
		assert_string_equal(mistakes.lines.data, cases[i].text);
	}
}

static void more_mistakes_than_fit_are_still_mistakes(void **state)
{
	static char name[2 * LIMIT_OPTION_MISTAKES];
	char *arguments[] = {name, name};
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	struct sample sample = {0};
	const char *path;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	assert_int_equal(
		options_read_flags(&sample_table, 2, arguments, &sample, &path, &mistakes), -1);
	assert_int_equal(mistakes.count, 2);
}

static void help_counts_before_mistakes(void **state)
{
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	struct sample sample = {0};
	const char *path;

	(void)state;
	assert_int_equal(parse("--nonsense --help", &sample, &path, &mistakes), 1);
	assert_int_equal(parse("-h", &sample, &path, &mistakes), 1);
}

static void a_program_without_a_file_has_no_such_flag(void **state)
{
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	struct option_table table = sample_table;
	char config[] = "--config=f";
	char *arguments[] = {config};
	struct sample sample = {0};
	const char *path;

	(void)state;
	table.kind = NULL;
	assert_int_equal(options_read_flags(&table, 1, arguments, &sample, &path, &mistakes), -1);
	assert_string_equal(mistakes.lines.data, "--config: there is no such option\n");
}

/* ---- Command lines of people ---- */

static int read_line(const char *line, struct sample *sample, struct option_words *words,
	struct option_mistakes *mistakes)
{
	static const char *items[16];
	static struct option_row rows[16];
	static char text[200];
	char *arguments[16];
	char *rest = text;
	struct option_table table = sample_table;
	int count = 0;

	memcpy(rows, sample_table.rows, sample_table.count * sizeof(*rows));
	for (size_t i = 0; i < sample_table.count; i++)
		rows[i].letter = rows[i].name[0]; /* t f n d p b c */
	table.rows = rows;
	(void)snprintf(text, sizeof(text), "%s", line);
	while ((arguments[count] = strsep(&rest, " ")) != NULL)
		count++;
	*words = (struct option_words){items, 0};
	return options_read_line(&table, count, arguments, sample, words, mistakes);
}

static void short_names_and_words_stand_anywhere(void **state)
{
	static const char *const lines[] = {
		"one -t x=y -f -n -3 two -c green -",
		"-tx=y one -fn-3 two --choice green -",
		"one -t=x=y -f=true --number=-3 -cgreen -- two -",
	};

	(void)state;
	for (size_t i = 0; i < array_size(lines); i++) {
		autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
		struct sample sample = {.choice = "red"};
		struct option_words words;
		if (read_line(lines[i], &sample, &words, &mistakes) != 0)
			fail_msg("%s", mistakes.lines.data);
		assert_string_equal(sample.text, "x=y");
		assert_true(sample.flag);
		assert_int_equal(sample.number, -3);
		assert_string_equal(sample.choice, "green");
		assert_int_equal(words.count, 3);
		assert_string_equal(words.items[0], "one");
		assert_string_equal(words.items[1], "two");
		assert_string_equal(words.items[2], "-");
	}
}

static void mistakes_of_a_command_line_are_named(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{"-x", "-x: there is no such option\n"},
		{"-fx", "-x: there is no such option\n"},
		{"word -n", "-n: it needs a value\n"},
		{"-n=9", "-n: '9' is not a number from -5 to 5\n"},
		{"--numbr=3", "--numbr: there is no such option; did you mean --number?\n"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
		struct sample sample = {0};
		struct option_words words;
		assert_int_equal(read_line(cases[i].line, &sample, &words, &mistakes), -1);
		assert_string_equal(mistakes.lines.data, cases[i].text);
	}
}

static void help_behind_two_dashes_is_a_word(void **state)
{
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	struct sample sample = {0};
	struct option_words words;

	(void)state;
	assert_int_equal(read_line("-- --help", &sample, &words, &mistakes), 0);
	assert_int_equal(words.count, 1);
	assert_int_equal(read_line("a -h", &sample, &words, &mistakes), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_follow_or_stand_behind_an_equals_sign),
		cmocka_unit_test(what_is_not_given_stays),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(more_mistakes_than_fit_are_still_mistakes),
		cmocka_unit_test(help_counts_before_mistakes),
		cmocka_unit_test(a_program_without_a_file_has_no_such_flag),
		cmocka_unit_test(short_names_and_words_stand_anywhere),
		cmocka_unit_test(mistakes_of_a_command_line_are_named),
		cmocka_unit_test(help_behind_two_dashes_is_a_word),
	};

	return cmocka_run_group_tests_name("options/flags", tests, NULL, NULL);
}
