/* What is found out about archives of both runtimes, and about bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "archive/digest.h"
#include "checkpoint/data.h"
#include "checkpoint/describe.h"
#include "sample_archives.h"
#include "sys/fd.h"

enum { DESCRIBE_UNPACKED_MAX = 1 << 20 };

static void assert_str(struct str actual, const char *expected)
{
	if (!str_is(actual, expected))
		fail_msg("'%.*s' is not '%s'", STR_ARG(actual), expected);
}

static int describe(const struct tar *tar, struct arena *arena,
	struct checkpoint_description *ret_description, struct error *err)
{
	int fd = tar_open(tar, tar->bytes.size);
	int result = checkpoint_describe(fd, DESCRIBE_UNPACKED_MAX, arena, ret_description, err);

	(void)close(fd);
	return result;
}

static struct checkpoint_description describe_good(const struct tar *tar, struct arena *arena)
{
	struct checkpoint_description description;
	struct error err;

	if (describe(tar, arena, &description, &err) < 0)
		fail_msg("refused: %s", err.text);
	return description;
}

static void assert_refused(const struct tar *tar, enum error_kind kind, const char *text)
{
	autoarena *arena = arena_new(1024);
	struct checkpoint_description description;
	struct error err = {0};

	assert_int_equal(describe(tar, arena, &description, &err), -1);
	assert_string_equal(err.text, text);
	assert_int_equal(err.kind, kind);
}

static void an_archive_of_containerd_is_described(void **state)
{
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;
	struct checkpoint_description description;

	(void)state;
	sample_containerd(&tar);
	description = describe_good(&tar, arena);
	assert_str(description.engine, "containerd");
	assert_str(description.pod_namespace, "shop");
	assert_str(description.pod_name, "cache-0");
	assert_str(description.pod_uid, "0f4b2c1e-8d2a-4a53-9f1e-2d9be6a1a001");
	assert_str(description.container_name, "redis");
	assert_str(description.container_id, "4d5b9c0a6b0e");
	assert_str(description.image_name, "docker.io/library/redis:8");
	assert_str(description.image_ref,
		"docker.io/library/redis@sha256:"
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_str(description.runtime, "io.containerd.runc.v2");
	assert_int_equal(description.created.us, INT64_C(1795294800500000));
	assert_int_equal(description.checkpointed.us, INT64_C(1795294800123456));
}

static void an_archive_of_cri_o_is_described(void **state)
{
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;
	struct checkpoint_description description;

	(void)state;
	sample_crio(&tar);
	description = describe_good(&tar, arena);
	assert_str(description.engine, "cri-o");
	assert_str(description.pod_namespace, "shop");
	assert_str(description.pod_name, "cache-0");
	assert_str(description.pod_uid, "0f4b2c1e-8d2a-4a53-9f1e-2d9be6a1a001");
	assert_str(description.container_name, "redis");
	assert_str(description.container_id, "77aa");
	assert_str(description.image_name, "docker.io/library/redis:8");
	assert_str(description.image_ref, "b1a2c3");
	assert_str(description.runtime, "crun");
}

static void sizes_times_and_versions_are_found(void **state)
{
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;
	struct checkpoint_description description;
	struct archive_digest digest;
	char text[ARCHIVE_DIGEST_TEXT_SIZE];
	struct error err;

	(void)state;
	sample_containerd(&tar);
	description = describe_good(&tar, arena);
	assert_int_equal(archive_digest_of(buf_str(&tar.bytes), &digest, &err), 0);
	archive_digest_format(&digest, text);
	assert_str(description.digest, text);
	assert_int_equal(description.size_bytes, tar.bytes.size);
	assert_int_equal(description.entry_count, 15);
	assert_int_equal(description.memory_bytes, 10000);
	assert_int_equal(description.frozen_us, 74565);
	assert_int_equal(description.criu_image_version, 2);
	assert_str(description.criu_version, "4.2.1");
	assert_str(description.dump_error, "");
	assert_int_equal(description.missing.count, 0);
}

/*
 * The kubelet's archive of a Redis, from containerd 2.3.7, runc 1.3.6 and CRIU 4.2.1 on
 * Debian, with the large images and most of dump.log left out.
 */
static void a_real_archive_is_described(void **state)
{
	autoarena *arena = arena_new(1024);
	int fd = open(CHECKPOINT_DATA "/containerd-2.3.7.tar", O_RDONLY | O_CLOEXEC);
	struct checkpoint_description description;
	struct error err = {0};

	(void)state;
	assert_true(fd >= 0);
	if (checkpoint_describe(fd, DESCRIBE_UNPACKED_MAX, arena, &description, &err) < 0)
		fail_msg("refused: %s", err.text);
	(void)close(fd);
	assert_str(description.engine, "containerd");
	assert_str(description.pod_namespace, "default");
	assert_str(description.pod_name, "redis");
	assert_str(description.pod_uid, "2e22d0b7-d347-4f0c-940d-3227ac5cae9e");
	assert_str(description.container_name, "redis");
	assert_str(description.image_name, "kcr.test/redis:1");
	assert_str(description.image_ref,
		"kcr.test/redis@sha256:"
		"cafe24f14880eb8114e977cfc89785853fbb4aaac1f0a9062cab7edd73f1dfea");
	assert_str(description.digest,
		"sha256:424d5579039bf5401257ac0f6c598d2ef30a84e4f85b8c6307cf1289f8f3b827");
	assert_int_equal(description.memory_bytes, 4096);
	assert_int_equal(description.frozen_us, 138341);
	assert_str(description.criu_version, "4.2.1");
	assert_str(description.dump_error, "");
	assert_int_equal(description.missing.count, 0);
}

/* What podman 5.8.6 has exported, as data/make-podman makes it, compressed by zstd. */
static void a_real_archive_of_podman_is_described(void **state)
{
	autoarena *arena = arena_new(1024);
	autoclose int fd = open(CHECKPOINT_DATA "/podman-5.8.6.tar.zst", O_RDONLY | O_CLOEXEC);
	struct checkpoint_description description;
	struct error err = {0};

	(void)state;
	assert_true(fd >= 0);
	if (checkpoint_describe(fd, DESCRIBE_UNPACKED_MAX, arena, &description, &err) < 0)
		fail_msg("refused: %s", err.text);
	assert_str(description.engine, "podman");
	assert_str(description.pod_name, "");
	assert_str(description.container_name, "");
	assert_str(description.image_name, "localhost/app:1");
	assert_str(description.digest,
		"sha256:132d2826f3608a3fdb98f169812ddce45e1cfa9cee426ce45c9f9cc34d43f04e");
	assert_str(description.file_digest,
		"sha256:074cbed3dd2ba9b1d9fbdcf9a24610562d9e2050d461196056f33fb26663aef1");
	assert_int_equal(description.size_bytes, 268800);
	assert_int_equal(description.memory_bytes, 143360);
	assert_int_equal(description.frozen_us, 79307);
	assert_int_equal(description.missing.count, 0);
	assert_str(description.left_out, "devshm-checkpoint.tar, volumes/data.tar");
}

static void what_podman_found_empty_is_not_left_out(void **state)
{
	static const char empty[1536];
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_file(&tar, "devshm-checkpoint.tar", (struct str){empty, sizeof(empty)});
	tar_add_directory(&tar, "volumes/");
	tar_add_file(&tar, "volumes/data.tar", (struct str){empty, sizeof(empty)});
	tar_end(&tar);
	assert_str(describe_good(&tar, arena).left_out, "");
}

static void an_archive_without_anything_misses_what_a_restore_needs(void **state)
{
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;
	struct checkpoint_description description;

	(void)state;
	tar_add_directory(&tar, "config.dump/");
	tar_end(&tar);
	description = describe_good(&tar, arena);
	assert_int_equal(description.missing.count, 3);
	assert_str(description.missing.items[0], "checkpoint/inventory.img");
	assert_str(description.missing.items[1], "config.dump");
	assert_str(description.missing.items[2], "spec.dump");
	assert_str(description.engine, "");
}

static void the_log_of_a_failed_dump_gives_the_error(void **state)
{
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;
	autobuf log = BUF_INIT(16 * 1024 * 1024);
	struct checkpoint_description description;

	(void)state;
	buf_add_text(&log, "(00.000064) Version: 3.17.1 (gitid 0)\n");
	while (log.size < LIMIT_ARCHIVE_METADATA + 1000) /* a log may be larger than that */
		buf_add_text(&log, "(00.000115) vma 7f0000000000-7f0000001000 and so on\n");
	buf_add_text(&log,
		"(00.1) Error (criu/sk-inet.c:191): inet: Connected TCP socket\n"
		"(00.2) Error (criu/cr-dump.c:2098): Dumping FAILED.\n");
	tar_add_file(&tar, "dump.log", buf_str(&log));
	tar_end(&tar);
	description = describe_good(&tar, arena);
	assert_str(description.criu_version, "3.17.1");
	assert_str(description.dump_error, "inet: Connected TCP socket (criu/sk-inet.c:191)");
}

static void errors_in_the_log_of_a_dump_that_worked_do_not_count(void **state)
{
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;
	struct checkpoint_description description;

	(void)state;
	tar_add_text(&tar, "dump.log", "(00.1) Error (criu/kerndat.c:1): minor\n");
	tar_end(&tar);
	description = describe_good(&tar, arena);
	assert_str(description.dump_error, "");
}

static void unreadable_statistics_are_as_good_as_none(void **state)
{
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;
	struct checkpoint_description description;

	(void)state;
	tar_add_text(&tar, "stats-dump", "of a future version");
	tar_end(&tar);
	description = describe_good(&tar, arena);
	assert_int_equal(description.frozen_us, 0);
}

/* As containerd 2.3.7 writes both files for a container that it restored. */
static void a_restored_container_has_its_name_whatever_the_annotation_says(void **state)
{
	static const char config[] =
		"{\"name\":\"main_again_shop_536c55c0-1010-4619-94cc-58671edb3198_1\"}";
	static const char spec[] = "{\"annotations\":{"
				   "\"io.kubernetes.cri.container-type\":\"container\","
				   "\"io.kubernetes.cri.container-name\":\"containerd\"}}";

	(void)state;
	for (int config_first = 0; config_first < 2; config_first++) {
		autoarena *arena = arena_new(1024);
		autotar tar = TAR_INIT;

		if (config_first)
			tar_add_text(&tar, "config.dump", config);
		tar_add_text(&tar, "spec.dump", spec);
		if (!config_first)
			tar_add_text(&tar, "config.dump", config);
		tar_end(&tar);
		assert_str(describe_good(&tar, arena).container_name, "main");
	}
}

static void the_container_is_found_in_the_name_that_cri_o_gives(void **state)
{
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_text(&tar, "config.dump", "{\"name\":\"k8s_main_again_shop_536c55c0_1\"}");
	tar_end(&tar);
	assert_str(describe_good(&tar, arena).container_name, "main");
}

/* podman's own are two words (hopeful_darwin), and people give others. */
static void a_name_that_is_no_runtime_s_names_no_container(void **state)
{
	static const char *const names[] = {"one", "hopeful_darwin", "a_b_c_1",
		"my_shop_s_cache_one", "main_again_shop_536c55c0_1_1", "main_again_shop_536c55c0_",
		"_again_shop_536c55c0_1", "k8s_main", "____1"};

	(void)state;
	for (size_t i = 0; i < array_size(names); i++) {
		autoarena *arena = arena_new(1024);
		autobuf config = BUF_INIT(1000);
		autotar tar = TAR_INIT;

		buf_printf(&config, "{\"name\":\"%s\"}", names[i]);
		tar_add_text(&tar, "config.dump", config.data);
		tar_end(&tar);
		assert_str(describe_good(&tar, arena).container_name, "");
	}
}

static void an_engine_that_we_do_not_know_stays_empty(void **state)
{
	autoarena *arena = arena_new(1024);
	autotar tar = TAR_INIT;
	struct checkpoint_description description;

	(void)state;
	tar_add_text(&tar, "spec.dump",
		"{\"annotations\":{\"io.container.manager\":\"another\",\"x\":1}}");
	tar_add_text(&tar, "config.dump", "{\"id\":1,\"rootfsImage\":\"only this\",\"x\":{}}");
	tar_end(&tar);
	description = describe_good(&tar, arena);
	assert_str(description.engine, "");
	assert_str(description.container_id, "");
	assert_str(description.image_name, "only this");
}

static void files_that_are_not_what_their_names_say_are_corrupt(void **state)
{
	static const struct {
		const char *path;
		const char *content;
		const char *text;
	} cases[] = {
		{"config.dump", "{\"id\":", "config.dump of the archive: "},
		{"config.dump", "", "config.dump of the archive: "},
		{"spec.dump", "\xff", "spec.dump of the archive: "},
		{"checkpoint/inventory.img", "", "inventory.img is cut short"},
		{"checkpoint/inventory.img", "{}{}",
			"inventory.img begins with an unknown magic 0x7d7b7d7b"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autoarena *arena = arena_new(1024);
		autotar tar = TAR_INIT;
		struct checkpoint_description description;
		struct error err = {0};

		tar_add_text(&tar, cases[i].path, cases[i].content);
		tar_end(&tar);
		assert_int_equal(describe(&tar, arena, &description, &err), -1);
		assert_int_equal(err.kind, ERROR_CORRUPT);
		if (!str_starts_with(str_of(err.text), str_of(cases[i].text)))
			fail_msg("'%s' does not begin with '%s'", err.text, cases[i].text);
	}
}

static void metadata_has_a_maximum(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_header(&tar,
		&(struct tar_header){.name = "spec.dump", .size = LIMIT_ARCHIVE_METADATA + 1});
	tar_zeros(&tar, LIMIT_ARCHIVE_METADATA + 1);
	tar_pad(&tar);
	tar_end(&tar);
	assert_refused(
		&tar, ERROR_TOO_BIG, "spec.dump of the checkpoint is larger than 4194304 bytes");
}

static void a_hostile_or_truncated_archive_is_not_described(void **state)
{
	autotar tar = TAR_INIT;
	autotar cut = TAR_INIT;

	(void)state;
	tar_add_header(
		&tar, &(struct tar_header){.name = "dump.log", .type = '2', .link = "/etc/shadow"});
	tar_end(&tar);
	assert_refused(
		&tar, ERROR_INVALID, "archive entry 'dump.log' is refused: it is a symbolic link");
	sample_containerd(&cut);
	cut.bytes.size -= 2048;
	assert_refused(&cut, ERROR_CORRUPT,
		"archive ends after 'status' without an end-of-archive marker");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_archive_of_containerd_is_described),
		cmocka_unit_test(an_archive_of_cri_o_is_described),
		cmocka_unit_test(sizes_times_and_versions_are_found),
		cmocka_unit_test(a_real_archive_is_described),
		cmocka_unit_test(a_real_archive_of_podman_is_described),
		cmocka_unit_test(what_podman_found_empty_is_not_left_out),
		cmocka_unit_test(an_archive_without_anything_misses_what_a_restore_needs),
		cmocka_unit_test(the_log_of_a_failed_dump_gives_the_error),
		cmocka_unit_test(errors_in_the_log_of_a_dump_that_worked_do_not_count),
		cmocka_unit_test(unreadable_statistics_are_as_good_as_none),
		cmocka_unit_test(a_restored_container_has_its_name_whatever_the_annotation_says),
		cmocka_unit_test(the_container_is_found_in_the_name_that_cri_o_gives),
		cmocka_unit_test(a_name_that_is_no_runtime_s_names_no_container),
		cmocka_unit_test(an_engine_that_we_do_not_know_stays_empty),
		cmocka_unit_test(files_that_are_not_what_their_names_say_are_corrupt),
		cmocka_unit_test(metadata_has_a_maximum),
		cmocka_unit_test(a_hostile_or_truncated_archive_is_not_described),
	};

	return cmocka_run_group_tests_name("describe", tests, NULL, NULL);
}
