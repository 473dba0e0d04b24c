/*
 * The registry room on the command line, for tests with real tools:
 *
 *   registry_driver serve DIRECTORY
 *     serves DIRECTORY/REPOSITORY/{manifests,blobs}/DIGEST with tags as links manifests/TAG ->
 *     DIGEST, a blob that is a directory as the layer composed of it; prints "port N" and runs
 * until standard input ends registry_driver push REFERENCE LAYER [option...] describes LAYER, a
 * file or a directory that it is composed of, as a checkpoint image and pushes it; prints the
 * manifest's digest
 *     --docker-config FILE  --ca FILE  --insecure  --plain-http  --retries N  --timeout-ms N
 *     --container NAME
 *
 * Failures are printed as "KIND: text" on standard error; the exit code is 1.
 */
#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/compose.h"
#include "archive/digest.h"
#include "base/alloc.h"
#include "base/number.h"
#include "http/server.h"
#include "image/manifest.h"
#include "registry/client.h"
#include "registry/server.h"
#include "sys/fd.h"
#include "sys/file.h"

/* ---- Layers ---- */

/* The files in a directory and one level below it, as those of a tar. */
struct file_list {
	struct arena *arena;
	int fd; /* of the directory at hand */
	const char *prefix;
	struct archive_compose_file files[64];
	size_t count;
};

static int add_file(void *context, const char *name, bool is_directory, struct error *err)
{
	struct file_list *list = context;
	struct file_list below = *list;
	autoclose int fd = -1;
	struct stat status;

	if (is_directory && list->prefix[0] == '\0') {
		below.prefix = arena_printf(list->arena, "%s/", name).data;
		if (file_open_beneath(list->fd, name, O_RDONLY | O_DIRECTORY, 0, &fd, err) < 0)
			return -1;
		below.fd = fd;
		if (file_for_each(fd, add_file, &below, err) < 0)
			return -1;
		memcpy(list->files, below.files, sizeof(list->files));
		list->count = below.count;
		return 0;
	}
	if (fstatat(list->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, "cannot look at '%s'", name);
	if (list->count == array_size(list->files))
		return error_set(err, ERROR_TOO_BIG, "too many files for a test");
	list->files[list->count++] = (struct archive_compose_file){
		arena_printf(list->arena, "%s%s", list->prefix, name), status.st_size};
	return 0;
}

/* A layer is a file, or a directory that it is composed of. *fd is taken over on success. */
static int open_layer(int *fd, struct reader **ret_layer, struct error *err)
{
	autoarena *arena = arena_new(4096);
	struct file_list list = {.arena = arena, .fd = *fd, .prefix = ""};
	struct stat status;

	if (fstat(*fd, &status) < 0)
		return error_set_errno(err, "cannot look at a layer");
	if (!S_ISDIR(status.st_mode))
		return reader_of_file(fd, 0, status.st_size, ret_layer, err);
	if (file_for_each(*fd, add_file, &list, err) < 0)
		return -1;
	return archive_compose(fd, list.files, list.count, ret_layer, err);
}

/* ---- serve ---- */

static void make_path(struct buf *path, struct str repository, const char *kind, struct str name)
{
	buf_add(path, repository);
	buf_printf(path, "/%s/", kind);
	buf_add(path, name);
}

/* 1 with the open file, 0 when it is absent. */
static int open_part(int directory_fd, struct str repository, const char *kind, struct str name,
	int *ret_fd, struct error *err)
{
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);

	make_path(&path, repository, kind, name);
	if (file_open_beneath(directory_fd, path.data, O_RDONLY, 0, ret_fd, err) == 0)
		return 1;
	return err->kind == ERROR_ABSENT ? 0 : -1;
}

static int find_manifest(void *context, struct str repository, struct str reference,
	struct registry_manifest *ret_manifest, struct error *err)
{
	const int *directory_fd = context;
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	autoclose int fd = -1;
	char link[IMAGE_DIGEST_MAX];
	struct str digest;
	ssize_t size;
	int found;

	make_path(&path, repository, "manifests", reference);
	size = readlinkat(*directory_fd, path.data, link, sizeof(link));
	digest = size > 0 ? (struct str){link, (size_t)size} : reference; /* a tag is a link */
	(void)snprintf(ret_manifest->digest, sizeof(ret_manifest->digest), "%.*s", STR_ARG(digest));
	found = open_part(
		*directory_fd, repository, "manifests", str_of(ret_manifest->digest), &fd, err);
	if (found <= 0)
		return found;
	return fd_read_all(fd, &ret_manifest->bytes, "manifest", err) < 0 ? -1 : 1;
}

static int find_blob(void *context, struct str repository, struct str digest,
	struct registry_content *ret_content, struct error *err)
{
	autoclose int fd = -1;
	int found = open_part(*(const int *)context, repository, "blobs", digest, &fd, err);

	if (found <= 0)
		return found;
	return open_layer(&fd, &ret_content->reader, err) < 0 ? -1 : 1;
}

struct tag_list {
	struct arena *arena;
	struct str items[64];
	size_t count;
};

static int add_tag(void *context, const char *name, bool is_directory, struct error *err)
{
	struct tag_list *list = context;

	(void)is_directory;
	(void)err;
	if (strchr(name, ':') == NULL && list->count < array_size(list->items))
		list->items[list->count++] = arena_str(list->arena, str_of(name));
	return 0;
}

static int list_tags(void *context, struct str repository, struct arena *arena,
	struct str **ret_tags, size_t *ret_count, struct error *err)
{
	struct tag_list list = {.arena = arena};
	autoclose int fd = -1;
	int found = open_part(*(const int *)context, repository, "manifests", STR("."), &fd, err);

	if (found <= 0)
		return found;
	if (file_for_each(fd, add_tag, &list, err) < 0)
		return -1;
	*ret_tags = arena_zeroed(arena, list.count, sizeof(**ret_tags));
	memcpy(*ret_tags, list.items, list.count * sizeof(**ret_tags));
	*ret_count = list.count;
	return 1;
}

static void stop_at_end(void *context, unsigned events)
{
	char byte;

	(void)events;
	if (read(STDIN_FILENO, &byte, 1) <= 0)
		loop_stop(context);
}

define_clean_up(struct http_server, http_server_free, http_server_free)
define_clean_up(struct registry_server, registry_server_free, registry_server_free)
define_clean_up(struct loop_source, loop_source_free, loop_source_free)

static int serve(const char *directory, struct error *err)
{
	autoclose int fd = -1;
	const struct registry_store store = {find_manifest, find_blob, list_tags, &fd};
	const struct http_server_options options = {
		.address = "127.0.0.1", .max_connections = 64, .idle_seconds = 30};
	clean_up(registry_server_free_clean) struct registry_server *registry =
		registry_server_new(&store);
	autoloop *loop = NULL;
	clean_up(http_server_free_clean) struct http_server *server = NULL;
	clean_up(loop_source_free_clean) struct loop_source *input = NULL;

	if (file_open_directory(directory, &fd, err) < 0 || loop_new(&loop, err) < 0 ||
		http_server_start(loop, &options, registry_server_handle, registry, &server, err) <
			0 ||
		loop_watch_fd(loop, STDIN_FILENO, LOOP_READ, stop_at_end, loop, &input, err) < 0)
		return -1;
	(void)printf("port %d\n", (int)http_server_port(server));
	(void)fflush(stdout);
	return loop_run(loop, err);
}

/* ---- push ---- */

struct push_options {
	const char *reference;
	const char *layer;
	const char *docker_config;
	const char *ca;
	const char *container;
	bool insecure;
	bool plain_http;
	uint64_t retries;
	uint64_t timeout_ms;
};

struct push_end {
	struct loop *loop;
	bool has_failed;
	struct error err;
};

static void on_done(void *context, const struct error *err)
{
	struct push_end *end = context;

	end->has_failed = err != NULL;
	if (err != NULL)
		end->err = *err;
	loop_stop(end->loop);
}

static void on_progress(void *context, int64_t bytes, int64_t total)
{
	(void)context;
	(void)fprintf(stderr, "progress %lld %lld\n", (long long)bytes, (long long)total);
}

static int hash_layer(
	struct reader *layer, char text[static ARCHIVE_DIGEST_TEXT_SIZE], struct error *err)
{
	autohasher *hasher = NULL;
	struct archive_digest digest;
	char bytes[65536];
	size_t size;

	if (archive_hasher_new(&hasher, err) < 0)
		return -1;
	for (int64_t at = 0; at < layer->size_bytes; at += (int64_t)size) {
		int64_t left = layer->size_bytes - at;

		size = left < (int64_t)sizeof(bytes) ? (size_t)left : sizeof(bytes);
		if (reader_read(layer, at, bytes, size, err) < 0)
			return -1;
		archive_hasher_add(hasher, (struct str){bytes, size});
	}
	if (archive_hasher_end(hasher, &digest, err) < 0)
		return -1;
	archive_digest_format(&digest, text);
	return 0;
}

static int read_credentials(
	const char *path, struct registry_credentials **ret_credentials, struct error *err)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);

	if (path == NULL)
		return 0;
	if (file_read(AT_FDCWD, path, &text, err) < 0)
		return -1;
	return registry_credentials_parse(buf_str(&text), ret_credentials, err);
}

static int read_tls(
	const struct push_options *options, struct http_tls **ret_tls, struct error *err)
{
	autobuf pem = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct http_tls_options tls = {.insecure_skip_verify = options->insecure};

	if (options->ca == NULL && !options->insecure)
		return 0;
	if (options->ca != NULL && file_read(AT_FDCWD, options->ca, &pem, err) < 0)
		return -1;
	tls.ca_pem = buf_str(&pem);
	*ret_tls = http_tls_new(&tls);
	return 0;
}

define_clean_up(struct registry_push, registry_push_free, registry_push_free)
define_clean_up(struct http_client, http_client_free, http_client_free)
define_clean_up(struct http_tls, http_tls_unref, http_tls_unref)

static int run_push(const struct registry_push_request *request, struct error *err)
{
	autoloop *loop = NULL;
	clean_up(http_client_free_clean) struct http_client *http = NULL;
	clean_up(registry_push_free_clean) struct registry_push *push = NULL;
	struct push_end end = {0};
	const struct registry_push_callbacks callbacks = {on_done, on_progress, &end};

	if (loop_new(&loop, err) < 0 || http_client_new(loop, "kcr-test", &http, err) < 0)
		return -1;
	end.loop = loop;
	if (registry_push_start(loop, http, request, &callbacks, &push, err) < 0 ||
		loop_run(loop, err) < 0)
		return -1;
	if (end.has_failed)
		*err = end.err;
	return end.has_failed ? -1 : 0;
}

static int push(const struct push_options *options, struct error *err)
{
	autocredentials *credentials = NULL;
	clean_up(http_tls_unref_clean) struct http_tls *tls = NULL;
	autodocuments documents = IMAGE_DOCUMENTS_INIT;
	struct image_reference target;
	char digest[ARCHIVE_DIGEST_TEXT_SIZE];
	struct image_layer layer = {0};
	const struct image_facts facts = {.container_name = str_of(options->container),
		.architecture = STR("amd64"),
		.created = wall_time_of_seconds(1769904000)};
	autoclose int fd = open(options->layer, O_RDONLY | O_CLOEXEC);
	autoreader *content = NULL;

	if (fd < 0)
		return error_set_errno(err, "cannot open '%s'", options->layer);
	if (image_reference_parse(str_of(options->reference), &target, err) < 0 ||
		read_credentials(options->docker_config, &credentials, err) < 0 ||
		read_tls(options, &tls, err) < 0 || open_layer(&fd, &content, err) < 0 ||
		hash_layer(content, digest, err) < 0)
		return -1;
	layer.digest = str_of(digest);
	layer.size = content->size_bytes;
	if (image_documents_write(&layer, &facts, &documents, err) < 0)
		return -1;
	const struct registry_blob blobs[] = {
		{.digest = layer.digest, .reader = content},
		{.digest = str_of(documents.config_digest), .bytes = buf_str(&documents.config)},
	};
	const struct registry_push_request request = {
		.target = &target,
		.blobs = blobs,
		.blob_count = array_size(blobs),
		.manifest = buf_str(&documents.manifest),
		.credentials = credentials,
		.tls = tls,
		.plain_http = options->plain_http,
		.timeout_ms = (int64_t)options->timeout_ms,
		.retries = (unsigned)options->retries,
		.retry_delay_ms = 20,
	};
	if (run_push(&request, err) < 0)
		return -1;
	(void)printf("%s\n", documents.manifest_digest);
	return 0;
}

/* ---- The command line ---- */

static int usage(void)
{
	(void)fprintf(stderr,
		"usage: registry_driver serve DIRECTORY\n"
		"       registry_driver push REFERENCE LAYER [option...]\n");
	return 2;
}

static bool parse_push_options(int count, char **arguments, struct push_options *options)
{
	static const struct option names[] = {
		{"docker-config", required_argument, NULL, 'd'},
		{"ca", required_argument, NULL, 'c'},
		{"insecure", no_argument, NULL, 'i'},
		{"plain-http", no_argument, NULL, 'p'},
		{"retries", required_argument, NULL, 'r'},
		{"timeout-ms", required_argument, NULL, 't'},
		{"container", required_argument, NULL, 'n'},
		{0},
	};
	int option;

	while ((option = getopt_long(count, arguments, "", names, NULL)) != -1) {
		if (option == 'd')
			options->docker_config = optarg;
		else if (option == 'c')
			options->ca = optarg;
		else if (option == 'i')
			options->insecure = true;
		else if (option == 'p')
			options->plain_http = true;
		else if (option == 'n')
			options->container = optarg;
		else if (option == '?' ||
			!number_parse_u64(str_of(optarg),
				option == 'r' ? &options->retries : &options->timeout_ms))
			return false;
	}
	if (count - optind != 3)
		return false;
	options->reference = arguments[optind + 1];
	options->layer = arguments[optind + 2];
	return true;
}

int main(int count, char **arguments)
{
	struct push_options options = {.container = "redis", .retries = 3, .timeout_ms = 30000};
	struct error err;
	int result;

	if (count == 3 && strcmp(arguments[1], "serve") == 0)
		result = serve(arguments[2], &err);
	else if (count > 3 && strcmp(arguments[1], "push") == 0 &&
		parse_push_options(count, arguments, &options))
		result = push(&options, &err);
	else
		return usage();
	if (result < 0)
		(void)fprintf(stderr, "%s: %s\n", error_reason(err.kind), err.text);
	return result < 0 ? 1 : 0;
}
