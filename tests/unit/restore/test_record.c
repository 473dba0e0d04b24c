/* Records: from the annotation and back, bounded lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "restore/record.h"

static void records_survive_being_written_and_read(void **state)
{
	autoarena *arena = arena_new(1000);
	struct restore_records records = {0};
	struct restore_records again;
	struct restore_record record = {
		.container = STR("web"),
		.phase = restore_phase_text(RESTORE_PHASE_SERVING),
		.original_image = STR("a:1"),
		.image = STR("b@sha256:0"),
		.checkpoint = STR("c"),
		.checkpoint_uid = STR("u"),
		.since = {1234567},
		.attempts = 2,
	};
	const struct restore_record *found;
	autobuf text = BUF_INIT(4000);
	struct error err;

	(void)state;
	restore_list_add(&record.handled, STR("id1"), arena);
	restore_list_add(&record.failed, STR("u0"), arena);
	restore_records_set(&records, &record, arena);
	restore_records_write(&records, &text);
	assert_int_equal(restore_records_parse(buf_str(&text), arena, &again, &err), 0);
	found = restore_records_find(&again, STR("web"));
	assert_non_null(found);
	assert_int_equal(restore_record_phase(found), RESTORE_PHASE_SERVING);
	assert_int_equal(found->since.us, 1234567);
	assert_int_equal(found->attempts, 2);
	assert_true(restore_list_has(&found->handled, STR("id1")));
	assert_true(restore_list_has(&found->failed, STR("u0")));
	assert_null(restore_records_find(&again, STR("other")));
}

static void setting_a_record_replaces_the_containers_own(void **state)
{
	autoarena *arena = arena_new(1000);
	struct restore_records records = {0};

	(void)state;
	restore_records_set(
		&records, &(struct restore_record){.container = STR("a"), .attempts = 1}, arena);
	restore_records_set(
		&records, &(struct restore_record){.container = STR("b"), .attempts = 2}, arena);
	restore_records_set(
		&records, &(struct restore_record){.container = STR("a"), .attempts = 3}, arena);
	assert_int_equal(records.containers.count, 2);
	assert_int_equal(restore_records_find(&records, STR("a"))->attempts, 3);
	restore_records_drop(&records, STR("a"), arena);
	assert_null(restore_records_find(&records, STR("a")));
	assert_non_null(restore_records_find(&records, STR("b")));
}

static void lists_keep_their_newest_items(void **state)
{
	autoarena *arena = arena_new(1000);
	struct json_strings list = {0};

	(void)state;
	for (int i = 0; i < RESTORE_LIST_MAX + 3; i++)
		restore_list_add(&list, arena_printf(arena, "id%d", i), arena);
	restore_list_add(&list, STR("id5"), arena);
	restore_list_add(&list, (struct str){0}, arena);
	assert_int_equal(list.count, RESTORE_LIST_MAX);
	assert_false(restore_list_has(&list, STR("id2")));
	assert_true(restore_list_has(&list, STR("id3")));
	assert_true(restore_list_has(&list, STR("id10")));
}

static void a_damaged_annotation_is_told_by_its_name(void **state)
{
	autoarena *arena = arena_new(1000);
	struct restore_records records;
	struct error err;

	(void)state;
	assert_int_equal(
		restore_records_parse(STR("{\"containers\":["), arena, &records, &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
	assert_non_null(strstr(err.text, "kcr.io/restores"));
	assert_int_equal(restore_records_parse((struct str){0}, arena, &records, &err), 0);
	assert_int_equal(records.containers.count, 0);
}

static void the_original_image_is_the_author_s(void **state)
{
	const struct restore_record running = {
		.original_image = STR("app:1"), .image = STR("localhost:1/c@sha256:1")};
	const struct restore_record cold = {.original_image = STR("app:1")};

	(void)state;
	assert_true(str_is(restore_original_image(NULL, STR("app:2")), "app:2"));
	assert_true(str_is(restore_original_image(&cold, STR("app:2")), "app:2"));
	assert_true(str_is(
		restore_original_image(&running, STR("app:2")), "app:2")); /* changed since */
	assert_true(
		str_is(restore_original_image(&running, STR("localhost:1/c@sha256:1")), "app:1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_survive_being_written_and_read),
		cmocka_unit_test(setting_a_record_replaces_the_containers_own),
		cmocka_unit_test(the_original_image_is_the_author_s),
		cmocka_unit_test(lists_keep_their_newest_items),
		cmocka_unit_test(a_damaged_annotation_is_told_by_its_name),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
