/* Lines of mountinfo, as containerd 2.4.2 and CRI-O leave them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "runtime/overlay.h"

#define BUNDLE "/run/containerd/io.containerd.runtime.v2.task/k8s.io/89f4/rootfs"
#define LAYERS "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots"
#define OTHER  "24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
#define LINE(options, super)                                                                       \
	"639 810 0:264 / " BUNDLE " " options " shared:235 - overlay overlay " super "\n"
#define SUPER "lowerdir=" LAYERS "/1/fs,upperdir=" LAYERS "/4/fs,workdir=" LAYERS "/4/work,uuid=on"

static struct runtime_overlay overlay;
static struct arena *arena;

static int make_arena(void **state)
{
	(void)state;
	arena = arena_new(1024);
	return 0;
}

static int free_arena(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static int read_overlay(const char *mountinfo)
{
	return runtime_overlay_read(str_of(mountinfo), STR(BUNDLE), arena, &overlay);
}

static void test_the_overlay_of_containerd_is_found(void **state)
{
	(void)state;
	assert_int_equal(read_overlay(OTHER LINE("rw,relatime", "rw," SUPER) OTHER), 1);
	assert_true(str_is(overlay.target, BUNDLE));
	assert_true(str_is(overlay.upper, LAYERS "/4/fs"));
	assert_true(str_is(overlay.lower, LAYERS "/1/fs"));
	assert_true(str_is(overlay.options, SUPER));
	assert_true(str_is(overlay.directory, "/"));
	assert_int_equal(overlay.flags, MS_RELATIME);
}

static void test_the_last_mount_hides_those_before(void **state)
{
	(void)state;
	assert_int_equal(read_overlay(LINE("rw,relatime", "rw," SUPER) "640 639 0:9 / " BUNDLE
								       " rw - tmpfs tmpfs rw\n"),
		0);
	assert_int_equal(read_overlay("640 639 0:9 / " BUNDLE " rw - tmpfs tmpfs rw\n" LINE(
				 "rw,nodev,nosuid", "rw," SUPER)),
		1);
	assert_int_equal(overlay.flags, MS_NODEV | MS_NOSUID);
}

static void test_what_could_not_be_mounted_again_is_not_found(void **state)
{
	static const char *const lines[] = {
		"",
		OTHER,
		LINE("ro,relatime", "ro,lowerdir=/a:/b"),
		LINE("rw,relatime", "rw,lowerdir=/a:/b"),
		LINE("rw,relatime,unheard-of", "rw," SUPER),
		LINE("rw,relatime", "rw,lowerdir=nowhere/1:nowhere/2,upperdir=/a/b/c,workdir=/a/w"),
		LINE("rw,relatime", "rw,lowerdir=/a,upperdir=relative,workdir=/a/w"),
		"639 810 0:264 / " BUNDLE " rw,relatime shared:235",
		"639 810 0:264 / " BUNDLE,
		"639",
		"\n\n\n",
	};

	(void)state;
	for (size_t i = 0; i < array_size(lines); i++)
		assert_int_equal(read_overlay(lines[i]), 0);
}

static void test_spaces_in_paths_are_decoded(void **state)
{
	(void)state;
	assert_int_equal(
		runtime_overlay_read(STR("1 2 0:3 / /a\\040b rw - overlay overlay "
					 "rw,lowerdir=/l\\0401,upperdir=/u\\0111,workdir=/w\n"),
			STR("/a b"), arena, &overlay),
		1);
	assert_true(str_is(overlay.upper, "/u\t1"));
	assert_true(str_is(overlay.options, "lowerdir=/l 1,upperdir=/u\t1,workdir=/w"));
}

static void test_relative_layers_are_found_above_the_writable_one(void **state)
{
	char base[] = "/tmp/test-overlay-XXXXXX";
	autobuf line = BUF_INIT(4096);
	autobuf path = BUF_INIT(4096);

	(void)state;
	assert_non_null(mkdtemp(base));
	buf_printf(&path, "%s/12", base);
	assert_int_equal(mkdir(path.data, 0700), 0);
	buf_printf(&line,
		"1 2 0:3 / " BUNDLE " rw - overlay overlay "
		"rw,lowerdir=12:11,upperdir=%s/13/fs,workdir=%s/13/work\n",
		base, base);
	assert_int_equal(read_overlay(line.data), 1);
	assert_true(str_is(overlay.directory, base));
	assert_int_equal(rmdir(path.data), 0);
	assert_int_equal(rmdir(base), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_overlay_of_containerd_is_found),
		cmocka_unit_test(test_the_last_mount_hides_those_before),
		cmocka_unit_test(test_what_could_not_be_mounted_again_is_not_found),
		cmocka_unit_test(test_spaces_in_paths_are_decoded),
		cmocka_unit_test(test_relative_layers_are_found_above_the_writable_one),
	};

	return cmocka_run_group_tests(tests, make_arena, free_arena);
}
