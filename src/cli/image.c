/* The registry's answers come from the loop, which runs while somebody waits for bytes. */
#include "cli/image.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/digest.h"
#include "base/alloc.h"
#include "cli/logins.h"
#include "cli/table.h"
#include "cli/wait.h"
#include "image/manifest.h"
#include "registry/pull.h"
#include "sys/fd.h"

enum {
	IMAGE_TIMEOUT_MS = 60 * 60 * 1000, /* for all of it; a connection may be silent for 2 min */
	IMAGE_RETRIES = 5,
	IMAGE_RETRY_DELAY_MS = 500,
};

struct image_reader {
	struct reader reader;
	struct loop *loop;
	struct cli_wait wait;
	struct http_client *http;
	struct registry_pull *pull;
	const struct cli_call *call;
	struct arena *arena; /* of the manifest */
	char digest[IMAGE_DIGEST_MAX + 1]; /* of the layer */
	int64_t fetched_bytes; /* of the layer */
	unsigned fetches;
	struct buf range; /* what came last; its memory is used again */
	/* of the request at hand */
	struct buf *body;
	struct str content_type;
	struct error error; /* NONE: it succeeded */
};

bool cli_image_is_meant(const char *word)
{
	return strpbrk(word, "/:@") != NULL;
}

static void image_tell(const struct image_reader *image)
{
	struct str fetched = cli_bytes_text(image->call->arena, image->fetched_bytes);
	struct str size = cli_bytes_text(image->call->arena, image->reader.size_bytes);

	if (image->call->flags.verbosity > 0 && image->fetches > 0)
		fprintf(stderr, "Fetched %.*s of %.*s by %u requests.\n", STR_ARG(fetched),
			STR_ARG(size), image->fetches);
}

static void image_free(struct image_reader *image)
{
	if (image == NULL)
		return;
	image_tell(image);
	registry_pull_free(image->pull);
	http_client_free(image->http);
	cli_wait_done(&image->wait);
	loop_free(image->loop);
	arena_free(image->arena);
	buf_done(&image->range);
	free(image);
}

define_clean_up(struct image_reader, image_free, image_free)

static void image_reader_free(struct reader *reader)
{
	image_free(container_of(reader, struct image_reader, reader));
}

/* ---- Requests ---- */

static void image_answered(
	void *context, struct str body, struct str content_type, const struct error *err)
{
	struct image_reader *image = context;

	image->error = err != NULL ? *err : (struct error){0};
	image->content_type = arena_str(image->arena, content_type);
	buf_add(image->body, body);
	cli_wait_end(&image->wait);
}

static int image_wait(struct image_reader *image, struct error *err)
{
	if (cli_wait_run(&image->wait, IMAGE_TIMEOUT_MS, "the registry's answer", err) < 0)
		return -1;
	if (image->error.kind != ERROR_NONE) {
		*err = image->error;
		return -1;
	}
	return buf_check(image->body, "the registry's answer", err);
}

static int image_fetch(
	struct image_reader *image, int64_t offset, size_t size, struct buf *out, struct error *err)
{
	image->body = out;
	registry_pull_range(
		image->pull, str_of(image->digest), offset, size, image_answered, image);
	image->fetches++;
	image->fetched_bytes += (int64_t)size;
	return image_wait(image, err);
}

/* ---- Reading by ranges ---- */

static int image_reader_read(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	struct image_reader *image = container_of(reader, struct image_reader, reader);

	buf_clear(&image->range);
	if (image_fetch(image, offset, size, &image->range, err) < 0)
		return -1;
	memcpy(bytes, image->range.data, size);
	return 0;
}

/* ---- Which layer ---- */

/* This machine's platform when an index has it, else the first. */
static const struct image_descriptor *image_choose(const struct image_manifest *index)
{
#if defined(__aarch64__)
	static const char *const architecture = "arm64";
#else
	static const char *const architecture = "amd64";
#endif

	for (size_t i = 0; i < index->manifest_count; i++)
		if (str_is(index->manifests[i].platform.architecture, architecture))
			return &index->manifests[i];
	return index->manifest_count > 0 ? &index->manifests[0] : NULL;
}

static int image_fetch_manifest(struct image_reader *image, struct str digest,
	struct image_manifest *ret_manifest, struct archive_digest *ret_digest, struct error *err)
{
	autobuf bytes = BUF_INIT(LIMIT_MANIFEST_BYTES);

	image->body = &bytes;
	registry_pull_manifest(image->pull, digest, image_answered, image);
	if (image_wait(image, err) < 0 || archive_digest_of(buf_str(&bytes), ret_digest, err) < 0)
		return -1;
	return image_manifest_parse(
		buf_str(&bytes), image->content_type, image->arena, ret_manifest, err);
}

/* The image's only layer; an index is followed once. */
static int image_find_layer(struct image_reader *image, struct archive_digest *ret_manifest,
	struct image_descriptor *ret_layer, struct error *err)
{
	const struct image_descriptor *chosen;
	struct image_manifest manifest;

	if (image_fetch_manifest(image, (struct str){0}, &manifest, ret_manifest, err) < 0)
		return -1;
	chosen = manifest.is_index ? image_choose(&manifest) : NULL;
	if (chosen != NULL &&
		image_fetch_manifest(image, chosen->digest, &manifest, ret_manifest, err) < 0)
		return -1;
	if (manifest.is_index || manifest.layer_count != 1)
		return error_set(err, ERROR_UNSUPPORTED,
			"it has %zu layers; the image of a checkpoint has one",
			manifest.layer_count);
	*ret_layer = manifest.layers[0];
	return 0;
}

/* ---- A compressed layer ---- */

static bool image_is_compressed(struct str media_type)
{
	return str_ends_with(media_type, STR("gzip")) || str_ends_with(media_type, STR("zstd"));
}

static int image_download_to(struct image_reader *image, int fd, struct error *err)
{
	autobuf piece = BUF_INIT(REGISTRY_RANGE_BYTES);
	char digest[ARCHIVE_DIGEST_TEXT_SIZE];
	struct archive_digest found;
	autohasher *hasher = NULL;
	int64_t size = image->reader.size_bytes;

	if (archive_hasher_new(&hasher, err) < 0)
		return -1;
	for (int64_t at = 0; at < size; at += (int64_t)piece.size) {
		int64_t left = size - at;
		buf_clear(&piece);
		if (image_fetch(image, at,
			    left < REGISTRY_RANGE_BYTES ? (size_t)left : REGISTRY_RANGE_BYTES,
			    &piece, err) < 0 ||
			fd_write_all(fd, buf_str(&piece), "a temporary file", err) < 0)
			return -1;
		archive_hasher_add(hasher, buf_str(&piece));
	}
	if (archive_hasher_end(hasher, &found, err) < 0)
		return -1;
	archive_digest_format(&found, digest);
	if (strcmp(digest, image->digest) != 0)
		return error_set(err, ERROR_CORRUPT, "its layer has the digest '%s', not '%s'",
			digest, image->digest);
	return 0;
}

static int image_download(struct image_reader *image, struct reader **ret_reader, struct error *err)
{
	const char *directory = getenv("TMPDIR");
	autoclose int fd = -1;

	if (directory == NULL || directory[0] == '\0')
		directory = "/tmp";
	fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, "cannot make a file without a name in '%s'", directory);
	fprintf(stderr,
		"The layer is compressed, so that no part of it can be read alone: all its %" PRIi64
		" KiB are downloaded to %s first\n",
		(image->reader.size_bytes + 1023) >> 10, directory);
	if (image_download_to(image, fd, err) < 0)
		return -1;
	return reader_of_file(&fd, 0, image->reader.size_bytes, ret_reader, err);
}

/* ---- All of it ---- */

static int image_connect(
	struct image_reader *image, const struct image_reference *reference, struct error *err)
{
	autocredentials *credentials = NULL;
	struct registry_pull_request request = {
		.target = reference,
		.plain_http = image->call->flags.plain_http,
		.timeout_ms = IMAGE_TIMEOUT_MS,
		.retries = IMAGE_RETRIES,
		.retry_delay_ms = IMAGE_RETRY_DELAY_MS,
	};

	if (cli_logins_find(image->call->flags.authfile, reference, &credentials, err) < 0 ||
		loop_new(&image->loop, err) < 0 ||
		cli_wait_init(&image->wait, image->loop, err) < 0 ||
		http_client_new(image->loop, "kubectl-kcr/" KCR_VERSION, &image->http, err) < 0)
		return -1;
	request.credentials = credentials;
	image->pull = registry_pull_new(image->loop, image->http, &request);
	return 0;
}

static void image_set_layer(struct image_reader *image, const struct image_descriptor *layer)
{
	(void)snprintf(image->digest, sizeof(image->digest), "%.*s", STR_ARG(layer->digest));
	image->reader = (struct reader){layer->size, image_reader_read, image_reader_free};
}

static struct image_reader *image_new(const struct cli_call *call)
{
	struct image_reader *image = new_zeroed(struct image_reader);

	image->call = call;
	image->arena = arena_new(4096);
	image->range = BUF_INIT(REGISTRY_RANGE_BYTES);
	return image;
}

int cli_image_open(const struct cli_call *call, const char *word, struct reader **ret_reader,
	struct buf *name, struct error *err)
{
	clean_up(image_free_clean) struct image_reader *image = image_new(call);
	struct image_reference reference;
	struct image_descriptor layer = {0};
	struct archive_digest manifest;
	struct str text = str_of(word);

	if (str_starts_with(text, STR("docker://"))) /* as skopeo writes it */
		text = str_from(text, 9);
	if (image_reference_parse(text, &reference, err) < 0)
		return error_wrap(err, "'%s' is neither a file nor an image", word);
	if (image_connect(image, &reference, err) < 0)
		return -1;
	if (image_find_layer(image, &manifest, &layer, err) < 0)
		return error_wrap(err, "cannot inspect '%s'", word);
	archive_digest_format(&manifest, reference.digest);
	image_reference_format(&reference, name);
	image_set_layer(image, &layer);
	if (!image_is_compressed(layer.media_type))
		*ret_reader = &take_ptr(&image)->reader;
	else if (image_download(image, ret_reader, err) < 0)
		return error_wrap(err, "cannot inspect '%s'", word);
	return 0;
}
