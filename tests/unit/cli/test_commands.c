/* The table of commands: whatever a row says must do for dispatch, help, completion and man pages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "cli/command.h"

enum { WIDTH = 80 };

static void names_and_aliases_are_found_and_unique(void **state)
{
	(void)state;
	for (const struct cli_command *const *command = cli_commands; *command != NULL; command++) {
		assert_ptr_equal(cli_command_find((*command)->name), *command);
		if ((*command)->alias != NULL)
			assert_ptr_equal(cli_command_find((*command)->alias), *command);
	}
	assert_null(cli_command_find("nothing"));
}

static void a_row_has_all_its_texts(void **state)
{
	(void)state;
	for (const struct cli_command *const *row = cli_commands; *row != NULL; row++) {
		const struct cli_command *command = *row;
		assert_non_null(command->run);
		assert_true(command->least_words <= command->most_words);
		assert_true((command->most_words == 0) == (command->arguments[0] == '\0'));
		assert_false(str_ends_with(str_of(command->summary), STR(".")));
		assert_true(str_ends_with(str_of(command->description), STR(".")));
		assert_true(str_starts_with(str_of(command->examples), STR("# ")));
		assert_true(str_contains(str_of(command->examples), STR("\nkubectl kcr ")));
	}
}

static void no_flag_of_a_command_stands_twice(void **state)
{
	(void)state;
	for (const struct cli_command *const *row = cli_commands; *row != NULL; row++) {
		autocommandoptions options;
		cli_command_options_init(&options, *row);
		for (size_t i = 0; i < options.table.count; i++) {
			const struct option_row *a = &options.rows[i];
			for (size_t j = i + 1; j < options.table.count; j++) {
				const struct option_row *b = &options.rows[j];
				assert_string_not_equal(a->name, b->name);
				assert_false(a->letter != 0 && a->letter == b->letter);
			}
		}
	}
}

static void help_fits_a_terminal(void **state)
{
	(void)state;
	for (const struct cli_command *const *row = cli_commands; *row != NULL; row++) {
		autobuf help = BUF_INIT(LIMIT_CONFIG_BYTES);
		struct str rest;
		struct str line;
		bool is_example = false; /* those are to be copied, as they are */
		cli_help_write(&help, *row);
		for (rest = buf_str(&help); rest.size > 0;) {
			(void)str_cut(rest, '\n', &line, &rest);
			is_example = (is_example || str_is(line, "Examples:")) && line.size > 0;
			if (!is_example && line.size > WIDTH)
				fail_msg("%.*s", STR_ARG(line));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_aliases_are_found_and_unique),
		cmocka_unit_test(a_row_has_all_its_texts),
		cmocka_unit_test(no_flag_of_a_command_stands_twice),
		cmocka_unit_test(help_fits_a_terminal),
	};

	return cmocka_run_group_tests_name("cli/commands", tests, NULL, NULL);
}
