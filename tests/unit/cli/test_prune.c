/* What goes and what stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/prune.h"

enum { NOW = 1000000 };

static struct api_condition restorable = {
	.type = STR_INIT("Restorable"), .status = STR_INIT("True")};

/* name, Pod, age in seconds, restorable, phase; as many letters as there are checkpoints */
struct sample {
	const char *name;
	const char *pod;
	int64_t age;
	bool is_restorable;
	const char *phase;
	bool is_undated; /* only its creation tells how old it is */
};

static const struct sample samples[] = {
	{"a-new", "a", 10, false, "ImageBuilt"},
	{"a-mid", "a", 100, true, "ImageBuilt"},
	{"a-old", "a", 1000, true, "ImageBuilt"},
	{"a-bad", "a", 50, false, "Failed"},
	{"a-now", "a", 1, false, "Processing"},
	{"b-one", "b", 5000, false, "ImageBuilt"},
	{"c-two", "c", 2000, false, "ImageBuilt", true},
};

static void expect(const struct cli_prune_rule *rule, const char *gone)
{
	struct api_checkpoint checkpoints[array_size(samples)] = {0};
	struct api_checkpoint_pod pods[array_size(samples)] = {0};
	struct cli_prune_item items[array_size(samples)] = {0};
	autobuf text = BUF_INIT(1000);

	for (size_t i = 0; i < array_size(samples); i++) {
		struct api_checkpoint *checkpoint = &checkpoints[i];
		pods[i].name = str_of(samples[i].pod);
		checkpoint->metadata.name = str_of(samples[i].name);
		checkpoint->spec.pod = &pods[i];
		checkpoint->spec.container_name = STR("main");
		checkpoint->metadata.created = wall_time_of_seconds(NOW - samples[i].age);
		if (!samples[i].is_undated)
			checkpoint->spec.timestamp = checkpoint->metadata.created;
		checkpoint->status.phase = str_of(samples[i].phase);
		if (samples[i].is_restorable)
			checkpoint->status.conditions = (struct json_list){&restorable, 1};
		items[i].checkpoint = checkpoint;
	}
	cli_prune_mark(items, array_size(samples), rule, wall_time_of_seconds(NOW));
	for (size_t i = 0; i < array_size(samples); i++)
		if (items[i].why != CLI_PRUNE_STAYS)
			buf_printf(&text, "%.*s:%d ", STR_ARG(items[i].checkpoint->metadata.name),
				items[i].why);
	assert_string_equal(text.data, gone);
}

static void the_rule_says_what_goes_and_the_way_back_stays(void **state)
{
	static const struct {
		struct cli_prune_rule rule;
		const char *gone;
	} cases[] = {
		{{.keep = -1}, ""},
		{{.keep = 5}, ""},
		{{.keep = 1}, "a-old:1 "},
		{{.keep = 0}, "a-new:1 a-old:1 b-one:1 c-two:1 "},
		{{.keep = -1, .older_than_ms = 3000000}, "b-one:2 "},
		{{.keep = -1, .older_than_ms = 500000}, "a-old:2 b-one:2 c-two:2 "},
		{{.keep = -1, .older_than_ms = 5000}, "a-new:2 a-old:2 b-one:2 c-two:2 "},
		{{.keep = -1, .takes_failed = true}, "a-bad:3 "},
		{{.keep = 1, .older_than_ms = 2000000, .takes_failed = true},
			"a-bad:3 a-old:1 b-one:2 "},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		expect(&cases[i].rule, cases[i].gone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rule_says_what_goes_and_the_way_back_stays),
	};

	return cmocka_run_group_tests_name("cli/prune", tests, NULL, NULL);
}
