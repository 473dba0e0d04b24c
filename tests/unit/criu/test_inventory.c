/* inventory.img, byte by byte as CRIU writes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "criu/inventory.h"

#define MAGIC "\x16\x31\x31\x58"

static void an_inventory_is_read(void **state)
{
	struct criu_inventory inventory;
	struct error err;

	(void)state;
	assert_int_equal(criu_inventory_read(STR(MAGIC "\x19\0\0\0"
						       "\x08\x02\x10\x01" /* version 2 */
						       "\x1a\x04\x08\x01\x10\x01" /* root_ids */
						       "\x20\x01\x28\x01" /* ns, cgroups */
						       "\x30\x02" /* AppArmor */
						       "\x40\xff\xff\xff\x0f" /* uptime */
						       "\x50\x01\x58\x01"),
				 &inventory, &err),
		0);
	assert_int_equal(inventory.image_version, 2);
	assert_string_equal(inventory.lsm, "apparmor");
	assert_true(inventory.tcp_close);
}

static void an_inventory_of_criu_4_2_1_is_read(void **state)
{
	const struct str file = STR(MAGIC "\x50\x00\x00\x00\x08\x02\x10\x01\x1a\x18\x08\x01\x10\x01"
					  "\x18\x01\x20\x01\x28\x01\x30"
					  "\x02\x38\x03\x40\x04\x48\x06\x50\x07\x58\x08\x60\x05\x20"
					  "\x01\x28\x01\x30\x00\x50\x01"
					  "\x58\x00\x62\x00\x6a\x24"
					  "d42d526f-b69d-4c8d-8473-bfb0ce15490f");
	struct criu_inventory inventory;
	struct error err;

	(void)state;
	assert_int_equal(criu_inventory_read(file, &inventory, &err), 0);
	assert_int_equal(inventory.image_version, 2);
	assert_null(inventory.lsm);
	assert_true(inventory.tcp_close);
}

static void a_version_is_enough(void **state)
{
	struct criu_inventory inventory;
	struct error err;

	(void)state;
	assert_int_equal(criu_inventory_read(STR(MAGIC "\x02\0\0\0\x08\x01"), &inventory, &err), 0);
	assert_int_equal(inventory.image_version, 1);
	assert_null(inventory.lsm);
	assert_false(inventory.tcp_close);
}

static void an_unknown_security_module_is_none(void **state)
{
	struct criu_inventory inventory;
	struct error err;

	(void)state;
	assert_int_equal(
		criu_inventory_read(STR(MAGIC "\x04\0\0\0\x08\x02\x30\x63"), &inventory, &err), 0);
	assert_null(inventory.lsm);
}

static void what_is_no_inventory_is_corrupt(void **state)
{
	static const struct {
		struct str file;
		const char *text;
	} cases[] = {
		{{"", 0}, "inventory.img is cut short"},
		{{MAGIC "\x04\0\0\0\x08\x02", 10}, "inventory.img is cut short"},
		{{MAGIC "\xff\xff\xff\xff\x08\x02", 10}, "inventory.img is cut short"},
		{{"\x19\x43\x56\x54", 4}, "inventory.img is cut short"},
		{{"abcd\x02\0\0\0\x08\x02", 10},
			"inventory.img begins with an unknown magic 0x64636261"},
		{{MAGIC "\x02\0\0\0\x0a\x7f", 10}, "inventory.img holds no valid protobuf"},
		{{MAGIC "\x02\0\0\0\x10\x01", 10}, "inventory.img has no image version"},
	};
	struct criu_inventory inventory;
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_int_equal(criu_inventory_read(cases[i].file, &inventory, &err), -1);
		assert_string_equal(err.text, cases[i].text);
		assert_int_equal(err.kind, ERROR_CORRUPT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_inventory_is_read),
		cmocka_unit_test(an_inventory_of_criu_4_2_1_is_read),
		cmocka_unit_test(a_version_is_enough),
		cmocka_unit_test(an_unknown_security_module_is_none),
		cmocka_unit_test(what_is_no_inventory_is_corrupt),
	};

	return cmocka_run_group_tests_name("inventory", tests, NULL, NULL);
}
