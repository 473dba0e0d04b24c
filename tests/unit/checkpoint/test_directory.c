/* A checkpoint as kcr-runtime leaves it: images in a directory, metadata in the engine's archive.
 */
#include <stdlib.h>

#include "../sys/scratch.h"
#include "archive/compose.h"
#include "archive/digest.h"
#include "checkpoint/data.h"
#include "checkpoint/describe.h"
#include "sample_archives.h"

static void assert_str(struct str actual, const char *expected)
{
	if (!str_is(actual, expected))
		fail_msg("'%.*s' is not '%s'", STR_ARG(actual), expected);
}

static void write_bytes(const struct scratch *scratch, const char *name, struct str bytes)
{
	autoclose int fd =
		openat(scratch->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct error err;

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, bytes, name, &err), 0);
}

/* What kcr-runtime leaves, what it does not own, and what the engine's archive adds. */
static void make_checkpoint(const struct scratch *scratch, const struct tar *engine)
{
	int archive = tar_open(engine, engine->bytes.size);
	struct error err;

	assert_int_equal(mkdirat(scratch->fd, "checkpoint", 0700), 0);
	write_bytes(scratch, "checkpoint/inventory.img", SAMPLE_INVENTORY);
	scratch_write(scratch, "checkpoint/pages-1.img", "pages");
	scratch_write(scratch, "checkpoint/empty.img", "");
	scratch_write(scratch, "rootfs-diff.tar", "changes");
	scratch_write(scratch, "direct.json", "{}");
	if (checkpoint_absorb(archive, scratch->fd, &err) < 0)
		fail_msg("%s", err.text);
	(void)close(archive);
}

/* The engine's archive: its images and its changes are of no use. */
static void sample_engine(struct tar *tar)
{
	tar_add_directory(tar, "checkpoint/");
	tar_add_text(tar, "checkpoint/kcr.json", "{}");
	tar_add_text(tar, "config.dump", sample_containerd_config);
	tar_add_text(tar, "spec.dump", sample_containerd_spec);
	tar_add_text(tar, "rootfs-diff.tar", "of a later moment");
	tar_add_text(tar, "dump.log", sample_dump_log);
	tar_add_file(tar, "stats-dump", SAMPLE_STATS);
	tar_add_text(tar, "foreign", "?");
	tar_end(tar);
}

static void the_engine_s_metadata_is_added_and_nothing_else(void **state)
{
	const struct scratch *scratch = *state;
	autotar tar = TAR_INIT;

	sample_engine(&tar);
	make_checkpoint(scratch, &tar);
	assert_file(scratch, "config.dump", sample_containerd_config);
	assert_file(scratch, "dump.log", sample_dump_log);
	assert_file(scratch, "rootfs-diff.tar", "changes");
	assert_int_equal(faccessat(scratch->fd, "foreign", F_OK, 0), -1);
	assert_int_equal(faccessat(scratch->fd, "checkpoint/kcr.json", F_OK, 0), -1);
}

static void absorbing_twice_changes_nothing(void **state)
{
	const struct scratch *scratch = *state;
	autotar tar = TAR_INIT;
	int archive;
	struct error err;

	sample_engine(&tar);
	make_checkpoint(scratch, &tar);
	archive = tar_open(&tar, tar.bytes.size);
	assert_int_equal(checkpoint_absorb(archive, scratch->fd, &err), 0);
	(void)close(archive);
	assert_file(scratch, "config.dump", sample_containerd_config);
}

/* `archive` is closed. */
static struct checkpoint_description unpack(
	const struct scratch *scratch, int archive, struct arena *arena)
{
	struct checkpoint_description description;
	struct error err;

	assert_true(archive >= 0);
	assert_int_equal(mkdirat(scratch->fd, CHECKPOINT_IMAGES, 0700), 0);
	if (checkpoint_unpack(archive, 1 << 20, scratch->fd, arena, &description, &err) < 0)
		fail_msg("%s", err.text);
	(void)close(archive);
	return description;
}

static void an_archive_that_has_all_becomes_a_directory(void **state)
{
	const struct scratch *scratch = *state;
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;
	struct checkpoint_description description;

	tar_add_directory(&tar, "checkpoint/");
	tar_add_file(&tar, "checkpoint/inventory.img", SAMPLE_INVENTORY);
	tar_add_text(&tar, "checkpoint/pages-1.img", "pages");
	tar_add_text(&tar, "checkpoint/deeper/pages-2.img", "?");
	tar_add_text(&tar, "config.dump", sample_containerd_config);
	tar_add_text(&tar, "spec.dump", sample_containerd_spec);
	tar_add_text(&tar, "rootfs-diff.tar", "changes");
	tar_add_text(&tar, "deleted.files", "[]");
	tar_add_text(&tar, "direct.json", "not ours");
	tar_add_text(&tar, "foreign", "?");
	tar_end(&tar);
	description = unpack(scratch, tar_open(&tar, tar.bytes.size), arena);
	assert_file(scratch, "checkpoint/pages-1.img", "pages");
	assert_file(scratch, "rootfs-diff.tar", "changes");
	assert_file(scratch, "deleted.files", "[]");
	assert_int_equal(faccessat(scratch->fd, "foreign", F_OK, 0), -1);
	assert_int_equal(faccessat(scratch->fd, "direct.json", F_OK, 0), -1);
	assert_int_equal(faccessat(scratch->fd, "checkpoint/deeper", F_OK, 0), -1);
	assert_int_equal(description.files.count, 6);
	assert_int_equal(description.missing.count, 0);
	assert_str(description.pod_name, "cache-0");
	assert_str(description.left_out, "");
}

static void a_real_archive_of_podman_becomes_a_directory(void **state)
{
	const struct scratch *scratch = *state;
	autoarena *arena = arena_new(1024);
	struct checkpoint_description description = unpack(scratch,
		open(CHECKPOINT_DATA "/podman-5.8.6.tar.zst", O_RDONLY | O_CLOEXEC), arena);

	assert_str(description.engine, "podman");
	assert_str(description.left_out, "devshm-checkpoint.tar, volumes/data.tar");
	assert_int_equal(description.missing.count, 0);
	assert_int_equal(description.memory_bytes, 143360);
	assert_file(scratch, "deleted.files", "[\n  \"/etc/gone\"\n]");
	assert_int_equal(faccessat(scratch->fd, "rootfs-diff.tar", F_OK, 0), 0);
	assert_int_equal(faccessat(scratch->fd, "volumes", F_OK, 0), -1);
	assert_int_equal(faccessat(scratch->fd, "network.status", F_OK, 0), -1);
}

static void an_archive_that_unpacks_to_too_much_is_refused(void **state)
{
	const struct scratch *scratch = *state;
	autoarena *arena = arena_new(1024);
	autoclose int archive = open(CHECKPOINT_DATA "/podman-5.8.6.tar.zst", O_RDONLY | O_CLOEXEC);
	struct checkpoint_description description;
	struct error err = {0};

	assert_int_equal(mkdirat(scratch->fd, CHECKPOINT_IMAGES, 0700), 0);
	assert_int_equal(
		checkpoint_unpack(archive, 100000, scratch->fd, arena, &description, &err), -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
}

static void a_directory_is_described_with_its_files_in_order(void **state)
{
	static const char *const paths[] = {"checkpoint/empty.img", "checkpoint/inventory.img",
		"checkpoint/pages-1.img", "config.dump", "dump.log", "rootfs-diff.tar", "spec.dump",
		"stats-dump"};
	const struct scratch *scratch = *state;
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;
	struct checkpoint_description description;
	const struct handover_file *files;
	struct error err;

	sample_engine(&tar);
	make_checkpoint(scratch, &tar);
	if (checkpoint_describe_directory(scratch->fd, arena, &description, &err) < 0)
		fail_msg("%s", err.text);
	files = description.files.items;
	assert_int_equal(description.files.count, array_size(paths));
	for (size_t i = 0; i < array_size(paths); i++)
		assert_str(files[i].path, paths[i]);
	assert_str(files[0].xxh3, "99aa06d3014798d86001c324468d497f"); /* of nothing */
	assert_int_equal(files[5].bytes, strlen("changes"));
	assert_str(description.engine, "containerd");
	assert_str(description.pod_name, "cache-0");
	assert_int_equal(description.memory_bytes, strlen("pages"));
	assert_int_equal(description.frozen_us, 74565);
	assert_int_equal(description.criu_image_version, 2);
	assert_int_equal(description.missing.count, 0);
}

static void its_digest_is_that_of_the_composed_tar(void **state)
{
	const struct scratch *scratch = *state;
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;
	autoreader *reader = NULL;
	struct checkpoint_description description;
	struct archive_digest digest;
	char text[ARCHIVE_DIGEST_TEXT_SIZE];
	int directory = dup(scratch->fd);
	char *bytes;
	struct error err;

	sample_engine(&tar);
	make_checkpoint(scratch, &tar);
	assert_int_equal(checkpoint_describe_directory(scratch->fd, arena, &description, &err), 0);
	assert_int_equal(
		archive_compose(&directory, checkpoint_tar_files(&description.files, arena),
			description.files.count, &reader, &err),
		0);
	assert_int_equal(description.size_bytes, reader->size_bytes);
	bytes = arena_zeroed(arena, (size_t)reader->size_bytes, 1);
	assert_int_equal(reader_read(reader, 0, bytes, (size_t)reader->size_bytes, &err), 0);
	assert_int_equal(
		archive_digest_of((struct str){bytes, (size_t)reader->size_bytes}, &digest, &err),
		0);
	archive_digest_format(&digest, text);
	assert_str(description.digest, text);
}

static void what_a_restore_needs_and_is_not_there_is_named(void **state)
{
	const struct scratch *scratch = *state;
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;
	struct checkpoint_description description;
	struct error err;

	tar_add_text(&tar, "dump.log", sample_dump_log);
	tar_end(&tar);
	make_checkpoint(scratch, &tar);
	assert_int_equal(checkpoint_describe_directory(scratch->fd, arena, &description, &err), 0);
	assert_int_equal(description.missing.count, 2);
	assert_str(description.missing.items[0], "config.dump");
}

static void without_images_there_is_no_checkpoint(void **state)
{
	const struct scratch *scratch = *state;
	autoarena *arena = arena_new(1024);
	struct checkpoint_description description;
	struct error err;

	assert_int_equal(checkpoint_describe_directory(scratch->fd, arena, &description, &err), -1);
	assert_int_equal(err.kind, ERROR_ABSENT);
}

static void the_files_survive_the_way_as_json(void **state)
{
	const struct scratch *scratch = *state;
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;
	autobuf text = BUF_INIT(65536);
	struct checkpoint_description description;
	struct checkpoint_description again;
	const struct handover_file *files;
	struct error err;

	sample_engine(&tar);
	make_checkpoint(scratch, &tar);
	assert_int_equal(checkpoint_describe_directory(scratch->fd, arena, &description, &err), 0);
	checkpoint_description_encode(&description, &text);
	assert_int_equal(checkpoint_description_decode(buf_str(&text), arena, &again, &err), 0);
	assert_int_equal(again.files.count, description.files.count);
	files = again.files.items;
	assert_str(files[1].path, "checkpoint/inventory.img");
	assert_int_equal(files[1].xxh3.size, 32);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(the_engine_s_metadata_is_added_and_nothing_else),
		IN_SCRATCH(absorbing_twice_changes_nothing),
		IN_SCRATCH(an_archive_that_has_all_becomes_a_directory),
		IN_SCRATCH(a_real_archive_of_podman_becomes_a_directory),
		IN_SCRATCH(an_archive_that_unpacks_to_too_much_is_refused),
		IN_SCRATCH(a_directory_is_described_with_its_files_in_order),
		IN_SCRATCH(its_digest_is_that_of_the_composed_tar),
		IN_SCRATCH(what_a_restore_needs_and_is_not_there_is_named),
		IN_SCRATCH(without_images_there_is_no_checkpoint),
		IN_SCRATCH(the_files_survive_the_way_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
