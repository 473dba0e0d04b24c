/* A store in a directory of its own, and archives to put into it. */
#ifndef TESTS_STORE_WORLD_H
#define TESTS_STORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "node/store.h"
#include "sys/fd.h"
#include "sys/file.h"

struct world {
	char directory[64]; /* holds "store" and the archives */
	char path[80]; /* of the store */
	int archives;
	struct node_store_limits limits;
	struct node_store *store;
};

/* `place` ends in XXXXXX. */
static inline void world_make_directory(char *place)
{
	assert_non_null(mkdtemp(place));
}

static inline void world_open(struct world *world)
{
	struct error err;

	node_store_free(world->store);
	world->store = NULL;
	if (node_store_open(world->path, &world->limits, &world->store, &err) < 0)
		fail_msg("%s", err.text);
}

static inline int world_start(void **state)
{
	struct world *world = new_zeroed(struct world);
	struct error err;

	(void)snprintf(world->directory, sizeof(world->directory), "/tmp/kcr-store-XXXXXX");
	world_make_directory(world->directory);
	(void)snprintf(world->path, sizeof(world->path), "%s/store", world->directory);
	if (file_open_directory(world->directory, &world->archives, &err) < 0)
		fail_msg("%s", err.text);
	world_open(world);
	*state = world;
	return 0;
}

static inline int world_end(void **state)
{
	struct world *world = *state;
	struct error err;

	node_store_free(world->store);
	if (file_remove_tree(AT_FDCWD, world->directory, &err) < 0)
		fail_msg("%s", err.text);
	fd_close(&world->archives);
	free(world);
	return 0;
}

static inline void world_write(int directory, const char *path, const char *text)
{
	autoclose int fd = openat(directory, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* An entry whose layer is `text`; its repository is "kcr/<uid>". */
static inline struct node_entry world_entry(struct arena *arena, const char *uid, const char *text)
{
	return (struct node_entry){
		.uid = str_of(uid),
		.namespace = STR("ns"),
		.name = STR("checkpoint"),
		.repository = arena_printf(arena, "kcr/%s", uid),
		.manifest_digest = STR("sha256:aa"),
		.config_digest = STR("sha256:bb"),
		.layer_digest = STR("sha256:cc"),
		.manifest_bytes = 2,
		.config_bytes = 3,
		.layer_bytes = (int64_t)strlen(text),
	};
}

static inline int world_add_from(
	struct world *world, int directory, const char *uid, const char *text, struct error *err)
{
	autoarena *arena = arena_new(256);
	struct node_entry entry = world_entry(arena, uid, text);
	const struct node_entry *added;
	autodocuments documents = IMAGE_DOCUMENTS_INIT;

	buf_add_text(&documents.manifest, "{}");
	buf_add_text(&documents.config, "{ }");
	world_write(directory, "archive.tar", text);
	if (node_store_add(world->store,
		    &(struct node_store_content){.parent_fd = directory, .name = "archive.tar"},
		    &entry, &documents, &added, err) < 0)
		return -1;
	assert_ptr_equal(added, node_store_find(world->store, str_of(uid)));
	return 0;
}

static inline void world_add(struct world *world, const char *uid, const char *text)
{
	struct error err;

	if (world_add_from(world, world->archives, uid, text, &err) < 0)
		fail_msg("%s", err.text);
}

/* The tar of the files below: three headers, two contents of a block each, the end. */
enum { WORLD_DIRECTORY_LAYER = (3 + 2 + 2) * 512 };

/* A directory as kcr-runtime leaves it: "store/direct/r1". */
static inline void world_make_direct(struct world *world)
{
	assert_int_equal(mkdirat(world->archives, "store/direct", 0700), 0);
	assert_int_equal(mkdirat(world->archives, "store/direct/r1", 0700), 0);
	assert_int_equal(mkdirat(world->archives, "store/direct/r1/checkpoint", 0700), 0);
	world_write(world->archives, "store/direct/r1/checkpoint/pages-1.img", "pages");
	world_write(world->archives, "store/direct/r1/spec.dump", "{}");
}

static inline int world_take_direct(struct world *world, const char *uid, struct error *err)
{
	static struct handover_file files[] = {
		{.path = STR_INIT("checkpoint/pages-1.img"), .bytes = 5, .xxh3 = STR_INIT("ab")},
		{.path = STR_INIT("spec.dump"), .bytes = 2, .xxh3 = STR_INIT("cd")},
	};
	static const struct handover_files list = {HANDOVER_FORMAT_VERSION, {files, 2}};
	autoarena *arena = arena_new(256);
	struct node_entry entry = world_entry(arena, uid, "");
	const struct node_entry *added;
	autodocuments documents = IMAGE_DOCUMENTS_INIT;

	entry.is_directory = true;
	entry.image_name = STR("docker.io/library/redis:8");
	entry.image_layers = STR("/snapshots/7/fs:/snapshots/6/fs");
	entry.layer_bytes = WORLD_DIRECTORY_LAYER;
	return node_store_add(world->store,
		&(struct node_store_content){.name = "direct/r1", .files = &list}, &entry,
		&documents, &added, err);
}

static inline void world_add_directory(struct world *world, const char *uid)
{
	struct error err;

	world_make_direct(world);
	if (world_take_direct(world, uid, &err) < 0)
		fail_msg("%s", err.text);
}

static inline bool world_has(const struct world *world, const char *path)
{
	char whole[256];

	(void)snprintf(whole, sizeof(whole), "%s/%s", world->directory, path);
	return access(whole, F_OK) == 0;
}

#define world_test(function) cmocka_unit_test_setup_teardown(function, world_start, world_end)

#endif
