/* Entries of images, byte by byte as CRIU 4.2.1 writes them, and what older ones lack. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "criu/files.h"
#include "criu/image.h"
#include "criu/memory.h"
#include "criu/process.h"
#include "criu/system.h"

static void entries_follow_the_magics(void **state)
{
	struct str file =
		STR("\x19\x43\x56\x54\x30\x30\x27\x50\x02\0\0\0\x08\x07\x01\0\0\0x\x09\0");
	struct str payload;
	struct error err;
	size_t needed;

	(void)state;
	assert_int_equal(criu_image_begin(&file, CRIU_IMAGE_PROCESSES, "pstree.img", &err), 0);
	assert_int_equal(criu_image_next(&file, "pstree.img", &payload, &needed, &err), 1);
	assert_true(str_is(payload, "\x08\x07"));
	assert_int_equal(criu_image_next(&file, "pstree.img", &payload, &needed, &err), 1);
	assert_true(str_is(payload, "x"));
	assert_int_equal(criu_image_next(&file, "pstree.img", &payload, &needed, &err), 0);
	assert_int_equal(needed, 4);
}

static void an_entry_says_how_much_it_needs(void **state)
{
	struct str part = STR("\x10\0\0\0abc");
	struct str huge = STR("\xff\xff\xff\x7f");
	struct str payload;
	struct error err = {0};
	size_t needed;

	(void)state;
	assert_int_equal(criu_image_next(&part, "a.img", &payload, &needed, &err), 0);
	assert_int_equal(needed, 20);
	assert_int_equal(part.size, 7);
	assert_int_equal(criu_image_next(&huge, "a.img", &payload, &needed, &err), -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
}

static void a_process_is_read(void **state)
{
	autoarena *arena = arena_new(256);
	struct criu_process process;
	struct error err;

	(void)state;
	assert_int_equal(criu_process_read(STR("\x08\x05\x10\x01\x18\x05\x20\x03\x28\x05\x28\x06"),
				 arena, &process, &err),
		0);
	assert_int_equal(process.pid, 5);
	assert_int_equal(process.parent_pid, 1);
	assert_int_equal(process.session, 3);
	assert_int_equal(process.thread_count, 2);
	assert_int_equal(process.threads[1], 6);
}

static void a_core_is_read_with_its_credentials(void **state)
{
	const struct str core = STR("\x08\x01" /* x86_64 */
				    "\x1a\x09\x08\x01\x10\x00\x32\x03top"
				    "\x2a\x0f\x52\x0b\x08\x21\x58\x80\x80\x80\x80\x08\x58\x03\x90"
				    "\x01" /* no_new_privs, cut off below */
				    "");
	autoarena *arena = arena_new(256);
	struct criu_core read;
	struct error err = {0};

	(void)state;
	assert_int_equal(criu_core_read(core, arena, &read, &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
	assert_int_equal(criu_core_read(STR("\x08\x01"
					    "\x1a\x09\x08\x01\x10\x00\x32\x03top"
					    "\x2a\x10\x52\x0c\x08\x21\x58\x80\x80\x80\x80\x08\x58"
					    "\x03\x18\x22\x58\x02"),
				 arena, &read, &err),
		0);
	assert_string_equal(read.machine, "x86_64");
	assert_string_equal(read.state, "running");
	assert_true(str_is(read.name, "top"));
	assert_true(read.has_credentials);
	assert_int_equal(read.credentials.uid, 33);
	assert_int_equal(read.credentials.capabilities, UINT64_C(0x380000000));
	assert_int_equal(read.credentials.effective_uid, 34);
	assert_string_equal(read.seccomp, "filter");
}

static void a_core_of_an_unknown_machine_is_read_as_far_as_it_goes(void **state)
{
	autoarena *arena = arena_new(256);
	struct criu_core core;
	struct error err;

	(void)state;
	assert_int_equal(
		criu_core_read(STR("\x08\x63\xf2\x07\x01x\x1a\x02\x08\x07"), arena, &core, &err),
		0);
	assert_null(core.machine);
	assert_null(core.state);
	assert_int_equal(core.name.size, 0);
}

static void mappings_have_a_kind(void **state)
{
	static const struct {
		struct str status; /* the fields flags and status */
		enum criu_mapping_kind kind;
	} cases[] = {
		{STR_INIT("\x38\x81\x04"), CRIU_MAPPING_ANONYMOUS},
		{STR_INIT("\x30\x80\x02\x38\x81\x04"), CRIU_MAPPING_STACK},
		{STR_INIT("\x38\xa1\x04"), CRIU_MAPPING_HEAP},
		{STR_INIT("\x38\x41"), CRIU_MAPPING_FILE_PRIVATE},
		{STR_INIT("\x38\x89\x04"), CRIU_MAPPING_KERNEL},
		{STR_INIT("\x38\x01"), CRIU_MAPPING_OTHER},
		{STR_INIT(""), CRIU_MAPPING_OTHER},
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autoarena *arena = arena_new(256);
		autobuf payload = BUF_INIT(64);
		struct criu_memory memory;
		buf_add_byte(&payload, '\x72');
		buf_add_byte(&payload, (char)cases[i].status.size);
		buf_add(&payload, cases[i].status);
		assert_int_equal(criu_memory_read(buf_str(&payload), arena, &memory, &err), 0);
		assert_int_equal(memory.mapping_count, 1);
		if (memory.mappings[0].kind != cases[i].kind)
			fail_msg("case %zu is '%s'", i,
				criu_mapping_kind_name(memory.mappings[0].kind));
	}
}

static void pages_are_told_by_new_images_and_old_ones(void **state)
{
	static const struct {
		struct str payload;
		struct criu_pages pages;
	} cases[] = {
		{STR_INIT("\x08\x80\x20\x10\x00\x20\x04\x28\x09"), {4096, 9, true, false, false}},
		{STR_INIT("\x08\x80\x20\x10\x03\x20\x01"), {4096, 3, false, true, false}},
		{STR_INIT("\x08\x80\x20\x10\x03"), {4096, 3, true, false, false}},
		{STR_INIT("\x08\x80\x20\x10\x03\x18\x01"), {4096, 3, false, true, false}},
		{STR_INIT("\x08\x80\x20\x10\x03\x20\x06"), {4096, 3, true, false, true}},
	};
	struct criu_pages pages;
	struct error err;

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		const struct criu_pages *expected = &cases[i].pages;
		assert_int_equal(criu_pages_read(cases[i].payload, &pages, &err), 0);
		assert_int_equal(pages.address, expected->address);
		assert_int_equal(pages.count, expected->count);
		assert_int_equal(pages.is_present, expected->is_present);
		assert_int_equal(pages.is_in_parent, expected->is_in_parent);
		assert_int_equal(pages.is_lazy, expected->is_lazy);
	}
}

static void a_listening_socket_has_an_address(void **state)
{
	const struct str file =
		STR("\x08\x04\x10\x07\x22\x1e\x10\x2a\x18\x02\x20\x01\x28\x06\x30\x0a"
		    "\x38\xeb\x32\x50\x80\x04\x58\xff\x80\x80\x08\x58\x00\x60\x00"
		    "\x48\x82\x10\x40\x00");
	autoarena *arena = arena_new(256);
	struct criu_file read;
	struct error err;

	(void)state;
	assert_int_equal(criu_file_read(file, arena, &read, &err), 0);
	assert_int_equal(read.type, CRIU_FILE_INET_SOCKET);
	assert_int_equal(read.id, 7);
	assert_int_equal(read.socket.inode, 42);
	assert_int_equal(read.socket.state, 10);
	assert_int_equal(read.socket.local.port, 6507);
	assert_int_equal(read.socket.local.size, 4);
	assert_memory_equal(read.socket.local.bytes, "\x7f\0\0\x01", 4);
	assert_int_equal(read.socket.remote.size, 4);
}

static void names_of_unix_sockets_are_paths_or_begin_with_nul(void **state)
{
	autoarena *arena = arena_new(256);
	struct criu_file file;
	struct error err;

	(void)state;
	assert_int_equal(
		criu_file_read(STR("\x08\x05\x82\x01\x07\x5a\x05/a/b\0"), arena, &file, &err), 0);
	assert_true(str_is(file.name, "/a/b"));
	assert_int_equal(file.socket.family, AF_UNIX);
	assert_int_equal(
		criu_file_read(STR("\x08\x05\x82\x01\x05\x5a\x03\0ab"), arena, &file, &err), 0);
	assert_int_equal(file.name.size, 3);
	assert_int_equal(criu_file_read(STR("\x08\x05\x82\x01\x09\x5a\x02xy\x72\x03/zz"), arena,
				 &file, &err),
		0);
	assert_true(str_is(file.name, "/zz/xy"));
}

static void a_file_of_an_unknown_type_has_its_number(void **state)
{
	autoarena *arena = arena_new(256);
	struct criu_file file;
	struct error err;

	(void)state;
	assert_int_equal(
		criu_file_read(STR("\x08\x63\x10\x07\xba\x06\x02\x08\x01"), arena, &file, &err), 0);
	assert_int_equal(file.type, 99);
	assert_null(criu_file_type_name(file.type));
	assert_string_equal(criu_file_type_name(CRIU_FILE_EVENTPOLL), "eventpoll");
}

static void a_mount_is_read(void **state)
{
	autoarena *arena = arena_new(256);
	struct criu_mount mount;
	struct error err;

	(void)state;
	assert_int_equal(criu_mount_read(STR("\x08\x10\x10\x05\x20\x04\x28\x01\x32\x01/\x3a\x04/etc"
					     "\x42\x04none\x68\x01\x72\x03xfs"),
				 arena, &mount, &err),
		0);
	assert_true(str_is(mount.type, "xfs"));
	assert_true(str_is(mount.target, "/etc"));
	assert_true(mount.is_external);
	assert_int_equal(mount.parent_id, 4);
}

static void a_message_that_would_fill_memory_is_refused(void **state)
{
	const size_t count = CRIU_IMAGE_ENTRY_BYTES / 2;
	autoarena *arena = arena_new(256);
	autobuf payload = BUF_INIT(CRIU_IMAGE_ENTRY_BYTES);
	struct criu_memory memory;
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < count; i++)
		buf_add(&payload, (struct str){"\x72\0", 2});
	assert_int_equal(criu_memory_read(buf_str(&payload), arena, &memory, &err), -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_follow_the_magics),
		cmocka_unit_test(an_entry_says_how_much_it_needs),
		cmocka_unit_test(a_process_is_read),
		cmocka_unit_test(a_core_is_read_with_its_credentials),
		cmocka_unit_test(a_core_of_an_unknown_machine_is_read_as_far_as_it_goes),
		cmocka_unit_test(mappings_have_a_kind),
		cmocka_unit_test(pages_are_told_by_new_images_and_old_ones),
		cmocka_unit_test(a_listening_socket_has_an_address),
		cmocka_unit_test(names_of_unix_sockets_are_paths_or_begin_with_nul),
		cmocka_unit_test(a_file_of_an_unknown_type_has_its_number),
		cmocka_unit_test(a_mount_is_read),
		cmocka_unit_test(a_message_that_would_fill_memory_is_refused),
	};

	return cmocka_run_group_tests_name("images", tests, NULL, NULL);
}
