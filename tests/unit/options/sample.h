/* The sample of options for the tests of this room. */
#ifndef TESTS_UNIT_OPTIONS_SAMPLE_H
#define TESTS_UNIT_OPTIONS_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sample_table.h"

/* The values that flags and files give in several ways. */
static inline void assert_given(const struct sample *sample)
{
	assert_string_equal(sample->text, "x=y");
	assert_true(sample->flag);
	assert_int_equal(sample->number, -3);
	assert_int_equal(sample->delay_ms, 90000);
	assert_int_equal(sample->bytes, 2048);
	assert_string_equal(sample->choice, "green");
}

#endif
