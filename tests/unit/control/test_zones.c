/* Zone names to zones, from the machine's own database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "control/zones.h"

static int make_zones(void **state)
{
	*state = control_zones_new("/usr/share/zoneinfo");
	return 0;
}

static int drop_zones(void **state)
{
	control_zones_free(*state);
	return 0;
}

static void no_name_and_utc_are_utc(void **state)
{
	const struct schedule_zone *zone = NULL;
	struct error err;

	assert_int_equal(control_zones_get(*state, STR(""), &zone, &err), 0);
	assert_ptr_equal(zone, &schedule_zone_utc);
	assert_int_equal(control_zones_get(*state, STR("UTC"), &zone, &err), 0);
	assert_ptr_equal(zone, &schedule_zone_utc);
}

static void a_zone_is_read_once_and_kept(void **state)
{
	const struct schedule_zone *zone = NULL;
	const struct schedule_zone *again = NULL;
	struct error err;

	if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) < 0)
		skip();
	assert_int_equal(control_zones_get(*state, STR("Europe/Berlin"), &zone, &err), 0);
	assert_int_equal(control_zones_get(*state, STR("Europe/Berlin"), &again, &err), 0);
	assert_non_null(zone);
	assert_ptr_equal(zone, again);
}

static void what_is_no_zone_is_refused_by_name(void **state)
{
	static const char *const names[] = {"Mars/Olympus", "../../etc/passwd", "/etc/passwd",
		"Local", "Europe", "Europe/../../../etc/passwd", "zone.tab", "tzdata.zi", ".",
		"a\nb"};
	struct error err;

	for (size_t i = 0; i < array_size(names); i++) {
		const struct schedule_zone *zone = NULL;
		if (control_zones_get(*state, str_of(names[i]), &zone, &err) == 0)
			fail_msg("'%s' was taken for a zone", names[i]);
		assert_null(zone);
		assert_true(strlen(err.text) > 0);
	}
}

static void without_a_database_the_reason_names_the_package(void **state)
{
	struct control_zones *zones = control_zones_new("/nonexistent");
	const struct schedule_zone *zone = NULL;
	struct error err;

	(void)state;
	assert_int_equal(control_zones_get(zones, STR("Europe/Berlin"), &zone, &err), -1);
	assert_non_null(strstr(err.text, "tzdata"));
	assert_int_equal(control_zones_get(zones, STR(""), &zone, &err), 0);
	control_zones_free(zones);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_name_and_utc_are_utc),
		cmocka_unit_test(a_zone_is_read_once_and_kept),
		cmocka_unit_test(what_is_no_zone_is_refused_by_name),
		cmocka_unit_test(without_a_database_the_reason_names_the_package),
	};

	return cmocka_run_group_tests(tests, make_zones, drop_zones);
}
