/* Names to files beneath /usr/share/zoneinfo, files to zones. */
#include "control/zones.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/map.h"
#include "sys/fd.h"
#include "sys/file.h"

struct control_zones {
	char *directory;
	struct map by_name; /* struct schedule_zone, owned */
};

struct control_zones *control_zones_new(const char *directory)
{
	struct control_zones *zones = new_zeroed(struct control_zones);

	zones->directory = str_dup(str_of(directory));
	return zones;
}

void control_zones_free(struct control_zones *zones)
{
	struct schedule_zone *zone;
	size_t position = 0;

	if (zones == NULL)
		return;
	while ((zone = map_next(&zones->by_name, &position, NULL)) != NULL)
		schedule_zone_free(zone);
	map_done(&zones->by_name);
	free(zones->directory);
	free(zones);
}

static int control_zones_read(
	const struct control_zones *zones, struct str name, struct buf *bytes, struct error *err)
{
	autofree char *path = str_dup(name);
	autoclose int directory = -1;
	autoclose int fd = -1;

	if (file_open_directory(zones->directory, &directory, err) < 0)
		return error_wrap(err, "cannot look up time zone '%s' (package tzdata)", path);
	/* Zones may be links to others within the database, so links are followed here. */
	fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, ERROR_INVALID, "there is no time zone '%s'", path);
	return fd_read_all(fd, bytes, path, err);
}

int control_zones_get(struct control_zones *zones, struct str name,
	const struct schedule_zone **ret_zone, struct error *err)
{
	autobuf bytes = BUF_INIT(LIMIT_ZONE_BYTES);
	struct schedule_zone *zone;

	if (name.size == 0 || str_is(name, "UTC")) {
		*ret_zone = &schedule_zone_utc;
		return 0;
	}
	zone = map_get(&zones->by_name, name);
	if (zone == NULL) {
		if (schedule_zone_check_name(name, err) < 0 ||
			control_zones_read(zones, name, &bytes, err) < 0 ||
			schedule_zone_parse(buf_str(&bytes), &zone, err) < 0)
			return -1;
		(void)map_set(&zones->by_name, name, zone);
	}
	*ret_zone = zone;
	return 0;
}
