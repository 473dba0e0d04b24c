/* Tables: widths, what is empty, sorting by cells and by fields, colours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "cli/table.h"

static const struct cli_column columns[] = {
	{"NAME", false, ""}, {"SIZE", false, ""}, {"NODE", true, ""}};

struct world {
	struct arena *arena;
	struct json_doc *docs[3];
	struct cli_table table;
};

static void add(struct world *world, size_t i, const char *name, int64_t bytes, const char *raw)
{
	struct cli_cell cells[] = {
		cli_cell_text(str_of(name)),
		cli_cell_bytes(world->arena, bytes),
		cli_cell_text(STR("node-1")),
	};
	struct error err;

	assert_int_equal(json_parse(str_of(raw), &world->docs[i], &err), 0);
	cli_table_add(&world->table, cells, json_doc_root(world->docs[i]));
}

static int make_world(void **state)
{
	static struct world world;

	world = (struct world){.arena = arena_new(1024)};
	world.table = (struct cli_table){.arena = world.arena,
		.columns = columns,
		.column_count = array_size(columns),
		.has_headers = true};
	add(&world, 0, "bé", INT64_C(10) << 20, "{\"a\":{\"b\":3}}");
	add(&world, 1, "c", 0, "{\"a\":{\"b\":\"text\"}}");
	add(&world, 2, "longer", 1536, "{\"a\":{\"b\":20}}");
	*state = &world;
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < array_size(world->docs); i++)
		json_doc_unref(world->docs[i]);
	arena_free(world->arena);
	return 0;
}

static void expect(struct world *world, const char *text)
{
	autobuf out = BUF_INIT(10000);

	cli_table_write(&world->table, &out);
	assert_string_equal(out.data, text);
}

static void columns_are_as_wide_as_their_longest_cell(void **state)
{
	expect(*state,
		"NAME     SIZE\n"
		"bé       10Mi\n"
		"c        <none>\n"
		"longer   1.5Ki\n");
}

static void wide_tables_have_more_columns_and_headers_can_be_left_out(void **state)
{
	struct world *world = *state;

	world->table.is_wide = true;
	world->table.has_headers = false;
	expect(world,
		"bé       10Mi     node-1\n"
		"c        <none>   node-1\n"
		"longer   1.5Ki    node-1\n");
}

static void lines_that_come_later_are_aligned_with_those_before(void **state)
{
	struct world *world = *state;
	autobuf out = BUF_INIT(10000);

	cli_table_write(&world->table, &out);
	world->table.has_headers = false;
	world->table.count = 1;
	expect(world, "bé       10Mi\n");
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
	struct world *world = *state;

	world->table.rows[0].cells[0].text = STR("a\033[31m\n\xc2\x9b"
						 "b");
	world->table.count = 1;
	world->table.has_headers = false;
	expect(world, "a [31m  b   10Mi\n");
}

static void colours_are_put_around_texts_not_around_blanks(void **state)
{
	struct world *world = *state;

	world->table.rows[1].cells[0].style = CLI_BAD;
	world->table.has_colours = true;
	expect(world,
		"NAME     SIZE\n"
		"bé       10Mi\n"
		"\033[31mc\033[0m        <none>\n"
		"longer   1.5Ki\n");
}

static void rows_are_sorted_by_numbers_texts_and_fields(void **state)
{
	static const struct {
		const char *by;
		const char *names[3];
	} cases[] = {
		{"NAME", {"bé", "c", "longer"}},
		{"-name", {"longer", "c", "bé"}},
		{"size", {"c", "longer", "bé"}},
		{"-size", {"bé", "longer", "c"}},
		{".a.b", {"c", "bé", "longer"}}, /* what is no number comes first */
		{"-{.a.b}", {"longer", "bé", "c"}},
		{".not.there", {"bé", "c", "longer"}},
	};
	struct world *world = *state;
	struct cli_row rows[3];
	struct error err;

	memcpy(rows, world->table.rows, sizeof(rows));
	for (size_t i = 0; i < array_size(cases); i++) {
		memcpy(world->table.rows, rows, sizeof(rows));
		assert_int_equal(cli_table_sort(&world->table, cases[i].by, &err), 0);
		for (size_t j = 0; j < 3; j++)
			assert_string_equal(
				world->table.rows[j].cells[0].text.data, cases[i].names[j]);
	}
}

static void an_unknown_column_is_refused_with_those_there_are(void **state)
{
	struct world *world = *state;
	struct error err;

	assert_int_equal(cli_table_sort(&world->table, "weight", &err), -1);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_string_equal(err.text,
		"--sort-by: there is no column 'weight'; there are: NAME, SIZE, NODE, and fields "
		"such as .metadata.name");
}

static void amounts_read_well(void **state)
{
	static const struct {
		int64_t value;
		const char *bytes, *duration;
	} cases[] = {
		{1, "1B", "1us"},
		{999, "999B", "999us"},
		{1024, "1Ki", "1ms"},
		{1536, "1.5Ki", "1.5ms"},
		{131000, "128Ki", "131ms"},
		{2500000, "2.4Mi", "2.5s"},
		{INT64_MAX, "8388608Ti", "9223372036855s"},
	};
	struct world *world = *state;

	for (size_t i = 0; i < array_size(cases); i++) {
		struct str bytes = cli_bytes_text(world->arena, cases[i].value);
		struct str duration = cli_duration_text(world->arena, cases[i].value);
		assert_string_equal(bytes.data, cases[i].bytes);
		assert_string_equal(duration.data, cases[i].duration);
	}
}

#define table_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		table_test(columns_are_as_wide_as_their_longest_cell),
		table_test(wide_tables_have_more_columns_and_headers_can_be_left_out),
		table_test(lines_that_come_later_are_aligned_with_those_before),
		table_test(control_characters_do_not_reach_the_terminal),
		table_test(colours_are_put_around_texts_not_around_blanks),
		table_test(rows_are_sorted_by_numbers_texts_and_fields),
		table_test(an_unknown_column_is_refused_with_those_there_are),
		table_test(amounts_read_well),
	};

	return cmocka_run_group_tests_name("cli/table", tests, NULL, NULL);
}
