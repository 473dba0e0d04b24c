/* /proc/self, getrusage(2) and getrlimit(2) become seven series. */
#include "sys/usage.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/number.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"

enum {
	USAGE_STAT_BYTES = 4096,
	/* proc_pid_stat(5): numbered from 1; what is counted here begins behind the program's name
	 */
	USAGE_FIELD_STATE = 3,
	USAGE_FIELD_START = 22, /* ticks since the machine was started */
	USAGE_FIELD_SIZE = 23, /* bytes */
	USAGE_FIELD_RESIDENT = 24, /* pages */
};

static const struct metric_family usage_cpu = {
	.name = "process_cpu_seconds_total",
	.type = METRIC_COUNTER,
	.help = "Total user and system CPU time spent in seconds.",
};
static const struct metric_family usage_open_fds = {
	.name = "process_open_fds",
	.type = METRIC_GAUGE,
	.help = "Number of open file descriptors.",
};
static const struct metric_family usage_max_fds = {
	.name = "process_max_fds",
	.type = METRIC_GAUGE,
	.help = "Maximum number of open file descriptors.",
};
static const struct metric_family usage_size = {
	.name = "process_virtual_memory_bytes",
	.type = METRIC_GAUGE,
	.help = "Virtual memory size in bytes.",
};
static const struct metric_family usage_max_size = {
	.name = "process_virtual_memory_max_bytes",
	.type = METRIC_GAUGE,
	.help = "Maximum amount of virtual memory available in bytes.",
};
static const struct metric_family usage_resident = {
	.name = "process_resident_memory_bytes",
	.type = METRIC_GAUGE,
	.help = "Resident memory size in bytes.",
};
static const struct metric_family usage_started = {
	.name = "process_start_time_seconds",
	.type = METRIC_GAUGE,
	.help = "Start time of the process since unix epoch in seconds.",
};

static void usage_set(struct metrics *metrics, const struct metric_family *family, double value)
{
	metric_set(metrics_series(metrics, family, NULL), value);
}

static double usage_seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void usage_update_cpu(struct metrics *metrics)
{
	struct metric *cpu = metrics_series(metrics, &usage_cpu, NULL);
	struct rusage used;

	if (getrusage(RUSAGE_SELF, &used) == 0)
		metric_add(cpu,
			usage_seconds(used.ru_utime) + usage_seconds(used.ru_stime) -
				metric_value(cpu));
}

static void usage_update_limit(
	struct metrics *metrics, const struct metric_family *family, int resource)
{
	struct rlimit limit;

	/* without a limit the value is what client_golang shows: the largest of 64 bits */
	if (getrlimit((__rlimit_resource_t)resource, &limit) == 0)
		usage_set(metrics, family, (double)limit.rlim_cur);
}

static int usage_count(void *context, const char *name, bool is_directory, struct error *err)
{
	(void)name;
	(void)is_directory;
	(void)err;
	(*(size_t *)context)++;
	return 0;
}

static void usage_update_fds(struct metrics *metrics)
{
	autoclose int directory = -1;
	struct error err;
	size_t count = 0;

	if (file_open_directory("/proc/self/fd", &directory, &err) == 0 &&
		file_for_each(directory, usage_count, &count, &err) == 0)
		usage_set(metrics, &usage_open_fds, (double)(count - 2)); /* not those that look */
}

/* Each field that was asked for; 0: it is not there. The name before them may hold anything. */
static void usage_parse_stat(
	struct str stat, const unsigned *numbers, uint64_t *ret_values, size_t count)
{
	unsigned number = USAGE_FIELD_STATE;
	struct str name;
	struct str field;

	(void)str_cut_last(stat, ')', &name, &stat);
	for (stat = str_trim(stat); stat.size > 0; number++) {
		(void)str_cut(stat, ' ', &field, &stat);
		for (size_t i = 0; i < count; i++)
			if (numbers[i] == number && !number_parse_u64(field, &ret_values[i]))
				ret_values[i] = 0;
	}
}

static void usage_update_memory(struct metrics *metrics)
{
	static const unsigned fields[] = {
		USAGE_FIELD_START, USAGE_FIELD_SIZE, USAGE_FIELD_RESIDENT};
	uint64_t values[array_size(fields)] = {0};
	autobuf stat = BUF_INIT(USAGE_STAT_BYTES);
	struct error err;

	if (file_read(AT_FDCWD, "/proc/self/stat", &stat, &err) < 0)
		return;
	usage_parse_stat(buf_str(&stat), fields, values, array_size(fields));
	/* the start does not move, however the clocks do */
	if (metric_value(metrics_series(metrics, &usage_started, NULL)) <= 0)
		usage_set(metrics, &usage_started,
			(double)clock_boot().us / 1e6 +
				(double)values[0] / (double)sysconf(_SC_CLK_TCK));
	usage_set(metrics, &usage_size, (double)values[1]);
	usage_set(metrics, &usage_resident, (double)values[2] * (double)sysconf(_SC_PAGESIZE));
}

void usage_update(struct metrics *metrics)
{
	usage_update_cpu(metrics);
	usage_update_fds(metrics);
	usage_update_limit(metrics, &usage_max_fds, RLIMIT_NOFILE);
	usage_update_memory(metrics);
	usage_update_limit(metrics, &usage_max_size, RLIMIT_AS);
}
