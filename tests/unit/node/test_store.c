/* The store: whole or not there, found again after a restart, bounded. */
#include "store_world.h"

static void assert_layer(struct world *world, const char *uid, const char *text)
{
	const struct node_entry *entry = node_store_find(world->store, str_of(uid));
	autobuf content = BUF_INIT(1000);
	autoclose int fd = -1;
	struct error err;

	assert_non_null(entry);
	if (node_store_open_part(world->store, entry, NODE_PART_LAYER, &fd, &err) < 0 ||
		fd_read_all(fd, &content, "layer", &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(content.data, text);
}

static void an_archive_moves_into_the_store(void **state)
{
	struct world *world = *state;

	world_add(world, "u1", "archive");
	assert_layer(world, "u1", "archive");
	assert_false(world_has(world, "archive.tar"));
	assert_int_equal(node_store_usage(world->store).count, 1);
	assert_int_equal(node_store_usage(world->store).used_bytes, 7 + 2 + 3);
	assert_ptr_equal(node_store_find_repository(world->store, STR("kcr/u1")),
		node_store_find(world->store, STR("u1")));
}

static void a_new_agent_finds_what_the_last_one_stored(void **state)
{
	struct world *world = *state;

	world_add(world, "u1", "archive");
	world_add(world, "u2", "another");
	world_open(world);
	assert_layer(world, "u1", "archive");
	assert_layer(world, "u2", "another");
	assert_int_equal(node_store_usage(world->store).count, 2);
}

static void a_new_agent_finishes_what_the_last_one_had_all_of(void **state)
{
	struct world *world = *state;

	world_add(world, "u1", "archive");
	world_add(world, "u2", "archive");
	world_add(world, "u3", "archive");
	assert_int_equal(renameat(world->archives, "store/u1", world->archives, "store/.u1"), 0);
	assert_int_equal(renameat(world->archives, "store/u2", world->archives, "store/.u2"), 0);
	assert_int_equal(
		renameat(world->archives, "store/u3", world->archives, "store/.u3.removed"), 0);
	world_write(world->archives, "store/.u2/layer.tar", "arch");
	world_open(world);
	assert_layer(world, "u1", "archive");
	assert_null(node_store_find(world->store, STR("u2")));
	assert_null(node_store_find(world->store, STR("u3")));
	assert_false(world_has(world, "store/.u1"));
	assert_false(world_has(world, "store/.u2"));
	assert_false(world_has(world, "store/.u3.removed"));
	world_open(world);
	assert_layer(world, "u1", "archive");
}

static void the_same_checkpoint_again_replaces_the_first(void **state)
{
	struct world *world = *state;

	world_add(world, "u1", "archive");
	world_add(world, "u1", "again");
	assert_layer(world, "u1", "again");
	assert_int_equal(node_store_usage(world->store).count, 1);
	assert_int_equal(node_store_usage(world->store).used_bytes, 5 + 2 + 3);
}

static void what_is_removed_is_gone_from_the_disk_too(void **state)
{
	struct world *world = *state;
	struct error err;

	world_add(world, "u1", "archive");
	assert_int_equal(node_store_remove(world->store, STR("u1"), &err), 0);
	assert_null(node_store_find(world->store, STR("u1")));
	assert_null(node_store_find_repository(world->store, STR("kcr/u1")));
	assert_false(world_has(world, "store/u1"));
	assert_int_equal(node_store_usage(world->store).used_bytes, 0);
	assert_int_equal(node_store_remove(world->store, STR("u1"), &err), 0); /* fine */
}

static void what_a_crash_left_half_built_is_removed_at_the_start(void **state)
{
	struct world *world = *state;

	world_add(world, "u1", "archive");
	assert_int_equal(mkdirat(world->archives, "store/.u2", 0700), 0);
	world_write(world->archives, "store/.u2/layer.tar", "half");
	assert_int_equal(mkdirat(world->archives, "store/.u3.removed", 0700), 0);
	world_open(world);
	assert_false(world_has(world, "store/.u2"));
	assert_false(world_has(world, "store/.u3.removed"));
	assert_layer(world, "u1", "archive");
}

static void a_damaged_entry_is_left_out_and_goes_with_its_checkpoint(void **state)
{
	static const char *const entries[] = {"", "{", "[]", "{\"uid\":\"u1\"}", "{\"uid\":7}"};
	struct world *world = *state;
	struct error err;

	for (size_t i = 0; i < array_size(entries); i++) {
		world_add(world, "u1", "archive");
		world_write(world->archives, "store/u1/entry.json", entries[i]);
		world_open(world);
		assert_null(node_store_find(world->store, STR("u1")));
		assert_true(world_has(world, "store/u1"));
		assert_int_equal(node_store_remove(world->store, STR("u1"), &err), 0);
		assert_false(world_has(world, "store/u1"));
	}
}

static void an_entry_whose_layer_is_cut_or_missing_is_left_out(void **state)
{
	struct world *world = *state;

	world_add(world, "u1", "archive");
	world_add(world, "u2", "archive");
	world_write(world->archives, "store/u1/layer.tar", "arch");
	assert_int_equal(unlinkat(world->archives, "store/u2/layer.tar", 0), 0);
	world_open(world);
	assert_null(node_store_find(world->store, STR("u1")));
	assert_null(node_store_find(world->store, STR("u2")));
}

static void a_checkpoint_may_be_stored_where_a_damaged_one_lies(void **state)
{
	struct world *world = *state;

	world_add(world, "u1", "archive");
	world_write(world->archives, "store/u1/entry.json", "{");
	world_open(world);
	world_add(world, "u1", "again");
	assert_layer(world, "u1", "again");
}

static void an_archive_that_is_not_there_leaves_no_entry(void **state)
{
	struct world *world = *state;
	autoarena *arena = arena_new(256);
	struct node_entry entry = world_entry(arena, "u1", "archive");
	const struct node_entry *added;
	autodocuments documents = IMAGE_DOCUMENTS_INIT;
	struct error err;

	assert_int_equal(node_store_add(world->store,
				 &(struct node_store_content){
					 .parent_fd = world->archives, .name = "missing.tar"},
				 &entry, &documents, &added, &err),
		-1);
	assert_non_null(strstr(err.text, "cannot store checkpoint 'ns/checkpoint'"));
	assert_null(node_store_find(world->store, STR("u1")));
	assert_int_equal(node_store_usage(world->store).used_bytes, 0);
	assert_false(world_has(world, "store/.u1"));
	assert_false(world_has(world, "store/u1"));
}

static void a_directory_moves_in_as_it_is(void **state)
{
	struct world *world = *state;
	autoarena *arena = arena_new(256);
	const struct node_entry *entry;
	struct handover_files files;
	struct error err;

	world_add_directory(world, "u1");
	assert_false(world_has(world, "store/direct/r1"));
	world_open(world);
	entry = node_store_find(world->store, STR("u1"));
	assert_non_null(entry);
	assert_true(entry->is_directory);
	assert_true(str_is(entry->image_name, "docker.io/library/redis:8"));
	assert_true(str_is(entry->image_layers, "/snapshots/7/fs:/snapshots/6/fs"));
	assert_int_equal(node_store_read_files(world->store, entry, arena, &files, &err), 0);
	assert_int_equal(files.files.count, 2);
	assert_true(str_is(((const struct handover_file *)files.files.items)[1].xxh3, "cd"));
}

static void a_directory_that_could_not_be_taken_in_stays_where_it_was(void **state)
{
	struct world *world = *state;
	struct error err;

	world_make_direct(world);
	/* no file can be put in its place */
	assert_int_equal(mkdirat(world->archives, "store/direct/r1/manifest.json", 0700), 0);
	assert_int_equal(world_take_direct(world, "u1", &err), -1);
	assert_null(node_store_find(world->store, STR("u1")));
	assert_true(world_has(world, "store/direct/r1/checkpoint/pages-1.img"));
	assert_false(world_has(world, "store/.u1"));
	world_open(world); /* as after a crash on the way */
	assert_int_equal(
		unlinkat(world->archives, "store/direct/r1/manifest.json", AT_REMOVEDIR), 0);
	assert_int_equal(world_take_direct(world, "u1", &err), 0);
	world_open(world);
	assert_non_null(node_store_find(world->store, STR("u1")));
}

static void a_directory_whose_file_is_shorter_is_left_out(void **state)
{
	struct world *world = *state;

	world_add_directory(world, "u1");
	world_write(world->archives, "store/u1/checkpoint/pages-1.img", "page");
	world_open(world);
	assert_null(node_store_find(world->store, STR("u1")));
}

static void what_agent_and_runtime_share_is_no_entry(void **state)
{
	struct world *world = *state;

	assert_int_equal(mkdirat(world->archives, "store/plans", 0700), 0);
	world_write(world->archives, "store/agent.sock", "");
	world_open(world);
	assert_int_equal(node_store_usage(world->store).count, 0);
	assert_true(world_has(world, "store/plans"));
}

static void an_archive_of_another_mount_is_copied(void **state)
{
	struct world *world = *state;
	char place[] = "/dev/shm/kcr-store-XXXXXX";
	autoclose int other = -1;
	struct stat here;
	struct stat there;
	struct error err;

	world_make_directory(place);
	assert_int_equal(file_open_directory(place, &other, &err), 0);
	assert_int_equal(fstat(world->archives, &here), 0);
	assert_int_equal(fstat(other, &there), 0);
	if (here.st_dev != there.st_dev)
		assert_int_equal(world_add_from(world, other, "u1", "archive", &err), 0);
	assert_int_equal(rmdir(place), 0); /* the original is gone */
	if (here.st_dev == there.st_dev)
		skip();
	assert_layer(world, "u1", "archive");
}

static void the_limits_are_kept_and_named(void **state)
{
	struct world *world = *state;
	struct error err;

	world->limits.max_bytes = 20;
	world_open(world);
	world_add(world, "u1", "archive"); /* 12 bytes with its documents */
	assert_int_equal(node_store_check_room(world->store, 8, 0, &err), 0);
	assert_int_equal(node_store_check_room(world->store, 5, 4, &err), -1);
	assert_int_equal(node_store_check_room(world->store, 9, 0, &err), -1);
	assert_int_equal(node_store_room(world->store), 8);
	assert_int_equal(node_store_usage(world->store).room_bytes, 8);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
	assert_non_null(strstr(err.text, "--store-max-size"));
	world->limits = (struct node_store_limits){.min_free_bytes = UINT64_MAX / 2};
	world_open(world);
	assert_int_equal(node_store_check_room(world->store, 0, 0, &err), -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
	assert_non_null(strstr(err.text, "--store-min-free"));
	assert_int_equal(node_store_usage(world->store).room_bytes, 0);
	assert_int_equal(node_store_room(world->store), 1);
}

static void an_orphan_s_time_counts_from_the_first_look_until_it_is_adopted(void **state)
{
	struct world *world = *state;

	world_add(world, "u1", "archive");
	assert_int_equal(node_store_orphaned_us(world->store, STR("u1"), 1000), 0);
	assert_int_equal(node_store_orphaned_us(world->store, STR("u1"), 1500), 500);
	node_store_adopt(world->store, STR("u1"));
	assert_int_equal(node_store_orphaned_us(world->store, STR("u1"), 2000), 0);
	assert_int_equal(node_store_orphaned_us(world->store, STR("nobody"), 2000), 0);
}

static void every_entry_is_visited_once(void **state)
{
	struct world *world = *state;
	const struct node_entry *entry;
	size_t position = 0;
	size_t count = 0;

	world_add(world, "u1", "a");
	world_add(world, "u2", "b");
	world_add(world, "u3", "c");
	while ((entry = node_store_next(world->store, &position)) != NULL)
		count++;
	assert_int_equal(count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(an_archive_moves_into_the_store),
		world_test(a_new_agent_finds_what_the_last_one_stored),
		world_test(a_new_agent_finishes_what_the_last_one_had_all_of),
		world_test(the_same_checkpoint_again_replaces_the_first),
		world_test(what_is_removed_is_gone_from_the_disk_too),
		world_test(what_a_crash_left_half_built_is_removed_at_the_start),
		world_test(a_damaged_entry_is_left_out_and_goes_with_its_checkpoint),
		world_test(an_entry_whose_layer_is_cut_or_missing_is_left_out),
		world_test(a_checkpoint_may_be_stored_where_a_damaged_one_lies),
		world_test(an_archive_that_is_not_there_leaves_no_entry),
		world_test(a_directory_moves_in_as_it_is),
		world_test(a_directory_that_could_not_be_taken_in_stays_where_it_was),
		world_test(a_directory_whose_file_is_shorter_is_left_out),
		world_test(what_agent_and_runtime_share_is_no_entry),
		world_test(an_archive_of_another_mount_is_copied),
		world_test(the_limits_are_kept_and_named),
		world_test(an_orphan_s_time_counts_from_the_first_look_until_it_is_adopted),
		world_test(every_entry_is_visited_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
