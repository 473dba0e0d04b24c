/* Options by a table: what is read, and every mistake in one message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/str.h"
#include "sys/options.h"

struct sample {
	const char *text;
	bool flag;
	int64_t number;
	int64_t delay_ms;
	uint64_t bytes;
	const char *choice;
};

static const char *const choices[] = {"red", "green", NULL};
static const struct option_row rows[] = {
	{.name = "text", .type = OPTION_TEXT, .offset = offsetof(struct sample, text)},
	{.name = "flag", .type = OPTION_FLAG, .offset = offsetof(struct sample, flag)},
	{.name = "number",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct sample, number),
		.minimum = -5,
		.maximum = 5},
	{.name = "delay", .type = OPTION_DURATION, .offset = offsetof(struct sample, delay_ms)},
	{.name = "bytes", .type = OPTION_BYTES, .offset = offsetof(struct sample, bytes)},
	{.name = "choice",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct sample, choice),
		.choices = choices},
};
static const struct option_table table = {
	.usage = "sample", .purpose = "Tests.", .rows = rows, .count = array_size(rows)};

/* Splits `line` at blanks and parses it into *sample, which keeps what it has. */
static int parse(const char *line, struct sample *sample, struct error *err)
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
	return options_parse(&table, count, arguments, sample, err);
}

static void values_follow_or_stand_behind_an_equals_sign(void **state)
{
	static const char *const lines[] = {
		"--text x=y --flag --number -3 --delay 1m30s --bytes 2Ki --choice green",
		"--text=x=y --flag=true --number=-3 --delay=90s --bytes=2048 --choice=green",
		"--text=a --text=x=y --flag --delay=90000ms --bytes 2Ki --number=-3 --choice=green",
	};

	(void)state;
	for (size_t i = 0; i < array_size(lines); i++) {
		struct sample sample = {.choice = "red"};
		struct error err = {0};
		if (parse(lines[i], &sample, &err) != 0)
			fail_msg("%s", err.text);
		assert_string_equal(sample.text, "x=y");
		assert_true(sample.flag);
		assert_int_equal(sample.number, -3);
		assert_int_equal(sample.delay_ms, 90000);
		assert_int_equal(sample.bytes, 2048);
		assert_string_equal(sample.choice, "green");
	}
}

static void defaults_stay_when_nothing_is_given(void **state)
{
	struct sample sample = {.text = "d", .flag = true, .number = 4, .choice = "red"};
	struct error err;

	(void)state;
	assert_int_equal(parse("", &sample, &err), 0);
	assert_string_equal(sample.text, "d");
	assert_true(sample.flag);
	assert_int_equal(sample.number, 4);
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{"--unknown", "there is no option '--unknown'"},
		{"--unknown=5", "there is no option '--unknown'"},
		{"word", "there is no option 'word'"},
		{"--", "there is no option '--'"},
		{"-text x", "there is no option '-text'; there is no option 'x'"},
		{"--tex x", "there is no option '--tex'; there is no option 'x'"},
		{"--text", "--text needs a value"},
		{"--flag=yes", "--flag='yes' is not true or false"},
		{"--number=6", "--number='6' is not a number from -5 to 5"},
		{"--number=", "--number='' is not a number from -5 to 5"},
		{"--number 1x", "--number='1x' is not a number from -5 to 5"},
		{"--delay=5", "--delay='5' is not a duration such as 10s or 2m"},
		{"--bytes=-1", "--bytes='-1' is not a quantity of bytes such as 500Mi or 10Gi"},
		{"--choice=blue", "--choice='blue' is not one of red green"},
		{"--number=9 --nope --choice=blue",
			"--number='9' is not a number from -5 to 5; there is no option '--nope'; "
			"--choice='blue' is not one of red green"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct sample sample = {0};
		struct error err = {0};
		assert_int_equal(parse(cases[i].line, &sample, &err), -1);
		assert_int_equal(err.kind, ERROR_INVALID);
		assert_string_equal(err.text, cases[i].text);
	}
}

static void more_mistakes_than_fit_are_still_mistakes(void **state)
{
	char name[3000];
	char *arguments[] = {name, name};
	struct sample sample = {0};
	struct error err = {0};

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(options_parse(&table, 2, arguments, &sample, &err), -1);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_true(err.text[0] != '\0');
}

static void help_counts_before_mistakes(void **state)
{
	struct sample sample = {0};
	struct error err;

	(void)state;
	assert_int_equal(parse("--nonsense --help", &sample, &err), 1);
	assert_int_equal(parse("-h", &sample, &err), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_follow_or_stand_behind_an_equals_sign),
		cmocka_unit_test(defaults_stay_when_nothing_is_given),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(more_mistakes_than_fit_are_still_mistakes),
		cmocka_unit_test(help_counts_before_mistakes),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
