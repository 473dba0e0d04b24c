/* A docker config's JSON becomes a small array of entries; look-ups walk over all of them. */
#include "registry/credentials.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "json/json.h"

enum {
	/* A user name with its password or token; cloud tokens have a few KiB. */
	REGISTRY_SECRET_MAX = 64 * 1024,
	/* Registries in one config. */
	REGISTRY_ENTRIES_MAX = 1000,
};

struct registry_entry {
	char *host; /* may hold '*' labels */
	char *path; /* "" for the whole registry */
	char *user;
	char *password;
	char *identity_token;
	char *registry_token;
};

struct registry_credentials {
	struct registry_entry *entries;
	size_t count;
	size_t capacity;
};

static void registry_wipe(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void registry_entry_done(struct registry_entry *entry)
{
	free(entry->host);
	free(entry->path);
	free(entry->user);
	registry_wipe(entry->password);
	registry_wipe(entry->identity_token);
	registry_wipe(entry->registry_token);
	*entry = (struct registry_entry){0};
}

void registry_credentials_free(struct registry_credentials *credentials)
{
	if (credentials == NULL)
		return;
	for (size_t i = 0; i < credentials->count; i++)
		registry_entry_done(&credentials->entries[i]);
	free(credentials->entries);
	free(credentials);
}

static void registry_buf_wipe(struct buf *buf)
{
	explicit_bzero(buf->data, buf->size);
	buf_done(buf);
}

/* "https://index.docker.io/v1/" and the like to host and path. */
static void registry_entry_set_key(struct registry_entry *entry, struct str key)
{
	struct str host;
	struct str path;

	if (str_starts_with(key, STR("https://")))
		key = str_from(key, 8);
	else if (str_starts_with(key, STR("http://")))
		key = str_from(key, 7);
	(void)str_cut(key, '/', &host, &path);
	while (str_ends_with(path, STR("/")))
		path.size--;
	if (str_is(path, "v1") || str_is(path, "v2"))
		path = (struct str){0};
	if (str_is(host, "index.docker.io") || str_is(host, "registry-1.docker.io"))
		host = STR("docker.io");
	entry->host = str_dup(host);
	entry->path = str_dup(path);
}

/* "auth": base64 of "user:password". */
static int registry_entry_set_auth(
	struct registry_entry *entry, struct str encoded, struct error *err)
{
	clean_up(registry_buf_wipe) struct buf decoded = BUF_INIT(REGISTRY_SECRET_MAX);
	struct str user;
	struct str password;

	if (encoded.size == 0)
		return 0;
	if (!base64_decode(encoded, &decoded) || memchr(decoded.data, '\0', decoded.size) != NULL ||
		!str_cut(buf_str(&decoded), ':', &user, &password))
		return error_set(err, ERROR_INVALID, "'auth' is not base64 of 'user:password'");
	entry->user = str_dup(user);
	entry->password = str_dup(password);
	return 0;
}

/* A member that is a text without NUL bytes, as an owned copy; absent or null is NULL. */
static int registry_take_text(
	const struct json *object, const char *name, char **ret_text, struct error *err)
{
	const struct json *value = json_get(object, name);
	struct str text = json_str(value);

	if (json_type(value) == JSON_ABSENT || json_type(value) == JSON_NULL)
		return 0;
	if (json_type(value) != JSON_STRING || text.size > REGISTRY_SECRET_MAX ||
		(text.size > 0 && memchr(text.data, '\0', text.size) != NULL))
		return error_set(err, ERROR_INVALID, "'%s' is not a usable text", name);
	*ret_text = str_dup(text);
	return 0;
}

static int registry_entry_read(
	struct registry_entry *entry, const struct json *value, struct error *err)
{
	if (json_type(value) != JSON_OBJECT)
		return error_set(err, ERROR_INVALID, "it is not an object");
	if (registry_entry_set_auth(entry, json_str(json_get(value, "auth")), err) < 0)
		return -1;
	if (entry->user == NULL &&
		(registry_take_text(value, "username", &entry->user, err) < 0 ||
			registry_take_text(value, "password", &entry->password, err) < 0))
		return -1;
	if (registry_take_text(value, "identitytoken", &entry->identity_token, err) < 0)
		return -1;
	return registry_take_text(value, "registrytoken", &entry->registry_token, err);
}

static int registry_credentials_add(struct registry_credentials *credentials, struct str key,
	const struct json *value, struct error *err)
{
	struct registry_entry entry = {0};

	if (registry_entry_read(&entry, value, err) < 0) {
		registry_entry_done(&entry);
		return error_wrap(err, "the entry of '%.*s'", STR_ARG(key));
	}
	if (entry.password == NULL && entry.identity_token == NULL &&
		entry.registry_token == NULL) {
		registry_entry_done(&entry); /* a helper keeps the secret */
		return 0;
	}
	registry_entry_set_key(&entry, key);
	credentials->entries = alloc_room_for_one(credentials->entries, credentials->count,
		&credentials->capacity, sizeof(*credentials->entries));
	credentials->entries[credentials->count++] = entry;
	return 0;
}

static int registry_credentials_read(
	struct registry_credentials *credentials, const struct json *root, struct error *err)
{
	const struct json *auths = json_get(root, "auths");

	if (json_type(root) != JSON_OBJECT ||
		(json_type(auths) != JSON_OBJECT && json_type(auths) != JSON_ABSENT))
		return error_set(err, ERROR_INVALID, "it has no object 'auths'");
	if (json_count(auths) > REGISTRY_ENTRIES_MAX)
		return error_set(err, ERROR_TOO_BIG, "it names more than %d registries",
			(int)REGISTRY_ENTRIES_MAX);
	for (struct json_iter it = json_iter(auths); json_next(&it);)
		if (registry_credentials_add(credentials, it.key, it.value, err) < 0)
			return -1;
	return 0;
}

int registry_credentials_parse(
	struct str json, struct registry_credentials **ret_credentials, struct error *err)
{
	autocredentials *credentials = new_zeroed(struct registry_credentials);
	autojson *document = NULL;

	if (json.size > LIMIT_CONFIG_BYTES)
		return error_set(err, ERROR_TOO_BIG, "the docker config has more than %d bytes",
			(int)LIMIT_CONFIG_BYTES);
	if (json_parse(json, &document, err) < 0 ||
		registry_credentials_read(credentials, json_doc_root(document), err) < 0)
		return error_wrap(err, "cannot read the docker config");
	*ret_credentials = take_ptr(&credentials);
	return 0;
}

/* Whether a host fits a pattern in which '*' within a label stands for any run of bytes. */
static bool registry_label_matches(struct str pattern, struct str label)
{
	struct str before;
	struct str after;

	if (!str_cut(pattern, '*', &before, &after))
		return str_equal(pattern, label);
	return label.size >= before.size + after.size && str_starts_with(label, before) &&
		str_ends_with(label, after);
}

static bool registry_host_matches(struct str pattern, struct str host)
{
	struct str pattern_label;
	struct str label;
	bool pattern_goes_on = true;
	bool host_goes_on = true;

	while (pattern_goes_on && host_goes_on) {
		pattern_goes_on = str_cut(pattern, '.', &pattern_label, &pattern);
		host_goes_on = str_cut(host, '.', &label, &host);
		if (!registry_label_matches(pattern_label, label))
			return false;
	}
	return pattern_goes_on == host_goes_on;
}

/* Whether `repository` is `path` or lies below it. */
static bool registry_path_matches(struct str path, struct str repository)
{
	if (path.size == 0)
		return true;
	return str_starts_with(repository, path) &&
		(repository.size == path.size || repository.data[path.size] == '/');
}

static const char *registry_text(const char *text)
{
	return text != NULL ? text : "";
}

int registry_credentials_find(const struct registry_credentials *credentials, struct str registry,
	struct str repository, struct registry_login *ret_login)
{
	const struct registry_entry *best = NULL;

	for (size_t i = 0; i < credentials->count; i++) {
		const struct registry_entry *entry = &credentials->entries[i];
		if (!registry_host_matches(str_of(entry->host), registry) ||
			!registry_path_matches(str_of(entry->path), repository))
			continue;
		if (best == NULL || strlen(entry->path) > strlen(best->path))
			best = entry;
	}
	if (best == NULL)
		return 0;
	*ret_login = (struct registry_login){
		.user = registry_text(best->user),
		.password = registry_text(best->password),
		.identity_token = registry_text(best->identity_token),
		.registry_token = registry_text(best->registry_token),
	};
	return 1;
}
