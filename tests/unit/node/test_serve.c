/* What the registry is told about the store. */
#include "store_world.h"

#include "node/serve.h"

static void a_manifest_is_found_by_its_digest_only(void **state)
{
	static const struct {
		const char *repository;
		const char *reference;
		int found;
	} rows[] = {
		{"kcr/u1", "sha256:aa", 1},
		{"kcr/u1", NODE_TAG, 0},
		{"kcr/u1", "sha256:cc", 0},
		{"kcr/u1", "other", 0},
		{"kcr/u2", "sha256:aa", 0},
		{"u1", "sha256:aa", 0},
	};
	struct world *world = *state;
	struct registry_store served = node_serve(world->store);
	struct error err;

	world_add(world, "u1", "archive");
	for (size_t i = 0; i < array_size(rows); i++) {
		struct registry_manifest manifest = {.bytes = BUF_INIT(100)};
		assert_int_equal(served.find_manifest(served.context, str_of(rows[i].repository),
					 str_of(rows[i].reference), &manifest, &err),
			rows[i].found);
		assert_string_equal(manifest.bytes.data, rows[i].found ? "{}" : "");
		assert_string_equal(manifest.digest, rows[i].found ? "sha256:aa" : "");
		buf_done(&manifest.bytes);
	}
}

static void read_content(struct reader *reader, struct buf *bytes)
{
	size_t size = (size_t)reader->size_bytes;
	struct error err;

	if (reader_read(reader, 0, buf_room(bytes, size), size, &err) < 0)
		fail_msg("%s", err.text);
	buf_claim(bytes, size);
}

static void blobs_are_the_layer_and_the_config(void **state)
{
	static const struct {
		const char *digest;
		int found;
		const char *content;
	} rows[] = {
		{"sha256:cc", 1, "archive"},
		{"sha256:bb", 1, "{ }"},
		{"sha256:aa", 0, ""},
		{"sha256:dd", 0, ""},
	};
	struct world *world = *state;
	struct registry_store served = node_serve(world->store);
	struct error err;

	world_add(world, "u1", "archive");
	for (size_t i = 0; i < array_size(rows); i++) {
		struct registry_content content = {.bytes = BUF_INIT(100)};
		autobuf bytes = BUF_INIT(100);
		assert_int_equal(served.find_blob(served.context, STR("kcr/u1"),
					 str_of(rows[i].digest), &content, &err),
			rows[i].found);
		if (!rows[i].found)
			continue;
		read_content(content.reader, &bytes);
		assert_string_equal(bytes.data, rows[i].content);
		reader_free(content.reader);
	}
}

static struct reader *find_layer(struct world *world)
{
	struct registry_store served = node_serve(world->store);
	struct registry_content content = {.bytes = BUF_INIT(100)};
	struct error err;

	if (served.find_blob(served.context, STR("kcr/u1"), STR("sha256:cc"), &content, &err) < 0)
		fail_msg("%s", err.text);
	return content.reader;
}

static void the_layer_of_a_directory_is_a_tar_of_its_files(void **state)
{
	struct world *world = *state;
	autoreader *layer = NULL;
	autobuf bytes = BUF_INIT(WORLD_DIRECTORY_LAYER);

	world_add_directory(world, "u1");
	layer = find_layer(world);
	read_content(layer, &bytes);
	assert_int_equal(bytes.size, WORLD_DIRECTORY_LAYER);
	assert_string_equal(bytes.data, "checkpoint/");
	assert_string_equal(bytes.data + 512, "checkpoint/pages-1.img");
	assert_string_equal(bytes.data + 1024, "pages");
	assert_string_equal(bytes.data + 1536, "spec.dump");
	assert_string_equal(bytes.data + 2048, "{}");
}

static void a_layer_is_read_on_when_its_checkpoint_is_removed_meanwhile(void **state)
{
	struct world *world = *state;
	autoreader *layer = NULL;
	autobuf bytes = BUF_INIT(100);
	struct error err;

	world_add(world, "u1", "archive");
	layer = find_layer(world);
	assert_int_equal(node_store_remove(world->store, STR("u1"), &err), 0);
	read_content(layer, &bytes);
	assert_string_equal(bytes.data, "archive");
}

static void a_file_that_was_cut_is_told_when_it_is_read(void **state)
{
	struct world *world = *state;
	autoreader *layer = NULL;
	char bytes[WORLD_DIRECTORY_LAYER];
	struct error err;

	world_add_directory(world, "u1");
	layer = find_layer(world);
	world_write(world->archives, "store/u1/checkpoint/pages-1.img", "page");
	assert_int_equal(reader_read(layer, 0, bytes, sizeof(bytes), &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
	assert_non_null(strstr(err.text, "'checkpoint/pages-1.img'"));
}

static void a_list_of_files_that_makes_another_layer_is_an_error(void **state)
{
	struct world *world = *state;
	struct registry_store served = node_serve(world->store);
	struct registry_content content = {.bytes = BUF_INIT(100)};
	struct error err;

	world_add_directory(world, "u1");
	world_write(world->archives, "store/u1/files.json",
		"{\"version\":1,\"files\":[{\"path\":\"spec.dump\",\"bytes\":2,\"xxh3\":\"cd\"}]}");
	assert_int_equal(
		served.find_blob(served.context, STR("kcr/u1"), STR("sha256:cc"), &content, &err),
		-1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
	assert_null(content.reader);
}

static void a_blob_that_the_disk_has_lost_is_an_error(void **state)
{
	struct world *world = *state;
	struct registry_store served = node_serve(world->store);
	struct registry_content content = {.bytes = BUF_INIT(100)};
	struct error err;

	world_add(world, "u1", "archive");
	assert_int_equal(unlinkat(world->archives, "store/u1/layer.tar", 0), 0);
	assert_int_equal(
		served.find_blob(served.context, STR("kcr/u1"), STR("sha256:cc"), &content, &err),
		-1);
	assert_null(content.reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_manifest_is_found_by_its_digest_only),
		world_test(blobs_are_the_layer_and_the_config),
		world_test(the_layer_of_a_directory_is_a_tar_of_its_files),
		world_test(a_layer_is_read_on_when_its_checkpoint_is_removed_meanwhile),
		world_test(a_file_that_was_cut_is_told_when_it_is_read),
		world_test(a_list_of_files_that_makes_another_layer_is_an_error),
		world_test(a_blob_that_the_disk_has_lost_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
