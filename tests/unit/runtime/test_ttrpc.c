/* Frames as containerd's client and its shims send them; recorded from ttrpc 1.2.9. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/ttrpc.h"

#define BYTES(literal) ((struct str){literal, sizeof(literal) - 1})
#define HEADER(size)   "\x00\x00\x00" size "\x00\x00\x00\x01\x02\x00"

static void test_a_call_is_a_frame(void **state)
{
	const struct runtime_ttrpc_call call = {.service = STR("containerd.task.v3.Task"),
		.method = STR("Resume"),
		.namespace = STR("k8s.io"),
		.id = STR("abc"),
		.timeout_ms = 30000};
	const struct str expected = BYTES("\x00\x00\x00\x54\x00\x00\x00\x01\x01\x00"
					  "\x0a\x17"
					  "containerd.task.v3.Task"
					  "\x12\x06"
					  "Resume"
					  "\x1a\x05\x0a\x03"
					  "abc"
					  "\x20\x80\xd8\x8e\xe1\x6f"
					  "\x2a\x24\x0a\x1a"
					  "containerd-namespace-ttrpc"
					  "\x12\x06"
					  "k8s.io");
	autobuf frame = BUF_INIT(4096);

	(void)state;
	runtime_ttrpc_call_write(&call, &frame);
	assert_int_equal(frame.size, expected.size);
	assert_memory_equal(frame.data, expected.data, expected.size);
}

static void test_a_long_id_has_a_length_of_two_bytes(void **state)
{
	char id[200];
	autobuf frame = BUF_INIT(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(id); i++)
		id[i] = 'a';
	runtime_ttrpc_call_write(
		&(struct runtime_ttrpc_call){.id = {id, sizeof(id)}, .timeout_ms = 1}, &frame);
	assert_true(str_contains(buf_str(&frame), BYTES("\x1a\xcb\x01\x0a\xc8\x01\x61\x61")));
}

/* What an honest shim says, and the same cut off anywhere. */
static void test_an_answer_is_read_when_all_of_it_has_come(void **state)
{
	static const struct {
		struct str bytes;
		int64_t code;
		const char *message;
	} answers[] = {
		{{HEADER("\x00"), 10}, 0, ""},
		{{HEADER("\x04") "\x0a\x00\x12\x00", 14}, 0, ""},
		{{HEADER("\x0a") "\x0a\x08\x08\x0c\x12\x04"
				 "none",
			 20},
			RUNTIME_TTRPC_UNIMPLEMENTED, "none"},
		/* fields that are not known, of each wire type */
		{{HEADER("\x14") "\x18\x01\x21"
				 "12345678"
				 "\x2d"
				 "1234"
				 "\x0a\x02\x08\x02",
			 30},
			2, ""},
	};

	(void)state;
	for (size_t i = 0; i < array_size(answers); i++) {
		struct str bytes = answers[i].bytes;
		struct runtime_ttrpc_answer answer;
		struct error err;

		for (size_t size = 0; size < bytes.size; size++)
			assert_int_equal(runtime_ttrpc_answer_read(
						 (struct str){bytes.data, size}, &answer, &err),
				0);
		assert_int_equal(runtime_ttrpc_answer_read(bytes, &answer, &err), 1);
		assert_int_equal(answer.code, answers[i].code);
		assert_true(str_is(answer.message, answers[i].message));
	}
}

static void test_what_is_no_answer_is_refused(void **state)
{
	static const struct {
		struct str bytes;
		enum error_kind kind;
	} answers[] = {
		{{"\xff\xff\xff\xff\x00\x00\x00\x01\x02\x00", 10}, ERROR_TOO_BIG},
		{{"\x00\x01\x00\x00\x00\x00\x00\x01\x02\x00", 10}, ERROR_TOO_BIG},
		/* another stream, another type */
		{{"\x00\x00\x00\x00\x00\x00\x00\x03\x02\x00", 10}, ERROR_CORRUPT},
		{{"\x00\x00\x00\x00\x00\x00\x00\x01\x01\x00", 10}, ERROR_CORRUPT},
		/* a field beyond the message, a varint without an end, one of eleven bytes */
		{{HEADER("\x02") "\x0a\x7f", 12}, ERROR_CORRUPT},
		{{HEADER("\x02") "\x08\x80", 12}, ERROR_CORRUPT},
		{{HEADER("\x0c") "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 22},
			ERROR_CORRUPT},
		{{HEADER("\x0b") "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 21},
			ERROR_CORRUPT},
		/* a group, and a status that is no message */
		{{HEADER("\x01") "\x0b", 11}, ERROR_CORRUPT},
		{{HEADER("\x03") "\x0a\x01\xff", 13}, ERROR_CORRUPT},
	};

	(void)state;
	for (size_t i = 0; i < array_size(answers); i++) {
		struct runtime_ttrpc_answer answer;
		struct error err;

		assert_int_equal(runtime_ttrpc_answer_read(answers[i].bytes, &answer, &err), -1);
		assert_int_equal(err.kind, answers[i].kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_call_is_a_frame),
		cmocka_unit_test(test_a_long_id_has_a_length_of_two_bytes),
		cmocka_unit_test(test_an_answer_is_read_when_all_of_it_has_come),
		cmocka_unit_test(test_what_is_no_answer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
