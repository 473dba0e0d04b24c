/* containers-auth.json(5) has the order of the containers tools; docker's file comes behind it. */
#include "cli/logins.h"

#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>

#include "base/alloc.h"
#include "sys/file.h"

enum { LOGINS_PATH_BYTES = 4096 };

/* Who holds secrets wipes them. */
static void logins_done(struct buf *text)
{
	explicit_bzero(text->data, text->size);
	buf_done(text);
}

static int logins_read(
	const char *path, struct registry_credentials **ret_credentials, struct error *err)
{
	clean_up(logins_done) struct buf text = BUF_INIT(LIMIT_CONFIG_BYTES);

	if (file_read(AT_FDCWD, path, &text, err) < 0)
		return -1;
	if (registry_credentials_parse(buf_str(&text), ret_credentials, err) < 0)
		return error_wrap(err, "cannot read the logins of '%s'", path);
	return 0;
}

/* 1 when the file beneath the directory of that variable has a login, 0 when not. */
static int logins_look(const char *variable, const char *beneath,
	const struct image_reference *reference, struct registry_credentials **ret_credentials,
	struct error *err)
{
	autobuf path = BUF_INIT(LOGINS_PATH_BYTES);
	autocredentials *credentials = NULL;
	const char *directory = getenv(variable);
	struct registry_login login;

	if (directory == NULL || directory[0] == '\0')
		return 0;
	buf_printf(&path, "%s%s", directory, beneath);
	if (buf_check(&path, variable, err) < 0)
		return -1;
	if (logins_read(path.data, &credentials, err) < 0)
		return err->kind == ERROR_ABSENT ? 0 : -1;
	if (registry_credentials_find(credentials, str_of(reference->registry),
		    str_of(reference->repository), &login) == 0)
		return 0;
	*ret_credentials = take_ptr(&credentials);
	return 1;
}

int cli_logins_find(const char *path, const struct image_reference *reference,
	struct registry_credentials **ret_credentials, struct error *err)
{
	static const struct {
		const char *variable;
		const char *beneath;
	} places[] = {
		{"REGISTRY_AUTH_FILE", ""},
		{"XDG_RUNTIME_DIR", "/containers/auth.json"},
		{"HOME", "/.config/containers/auth.json"},
		{"DOCKER_CONFIG", "/config.json"},
		{"HOME", "/.docker/config.json"},
	};
	int found = 0;

	if (path != NULL)
		return logins_read(path, ret_credentials, err);
	for (size_t i = 0; i < array_size(places) && found == 0; i++)
		found = logins_look(
			places[i].variable, places[i].beneath, reference, ret_credentials, err);
	return found < 0 ? -1 : 0;
}
