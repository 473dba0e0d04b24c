/* --help of a sample, as a whole: groups, limits, defaults, units, lines that fit a terminal. */
#include "sample.h"

static const char expected[] =
	"Usage: sample [OPTION ...]\n"
	"\n"
	"Tests.\n"
	"\n"
	"  --config=PATH\n"
	"        A file of these options, YAML or JSON, by the same names without the\n"
	"        dashes: apiVersion: config.kcr.io/v1, kind: SampleConfiguration,\n"
	"        log-level: debug, and so on. A flag wins over the file. Options marked *\n"
	"        are taken up again when the file changes, and with SIGHUP.\n"
	"\n"
	"Things:\n"
	"  --text=PATH\n"
	"        What is told. (default d)\n"
	"  --flag[=false]\n"
	"        Whether it is so. (default true)\n"
	"  --number=COUNT *\n"
	"        How many. (from -5 to 5, default 4)\n"
	"\n"
	"Times:\n"
	"  --delay=DURATION\n"
	"        How late. (default 0s)\n"
	"  --pause-between=DURATION\n"
	"        How long. (from 1s to 1m30s, default 1m1s500ms)\n"
	"  --bytes=BYTES\n"
	"        How much. (default 3Mi)\n"
	"  --choice=COLOUR *\n"
	"        Which. (red or green, default red)\n"
	"\n"
	"  --help\n"
	"        Shows this text.\n"
	"\n"
	"A DURATION is written like 90s or 1h30m, BYTES like 500Mi or 10Gi.\n";

static void help_tells_everything(void **state)
{
	autobuf help = BUF_INIT(LIMIT_CONFIG_BYTES);

	(void)state;
	options_write_help(&sample_table, &help);
	assert_string_equal(help.data, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_tells_everything),
	};

	return cmocka_run_group_tests_name("options/help", tests, NULL, NULL);
}
