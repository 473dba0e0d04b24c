/* Who we are to registries: the files in which docker, podman, skopeo and buildah keep it. */
#ifndef CLI_LOGINS_H
#define CLI_LOGINS_H

#include "base/attributes.h"
#include "base/error.h"
#include "image/reference.h"
#include "registry/credentials.h"

/*
 * The first of these files that has a login for the image: `path` and no other, unless it is NULL;
 * $REGISTRY_AUTH_FILE; containers/auth.json in $XDG_RUNTIME_DIR or ~/.config; config.json in
 * $DOCKER_CONFIG or ~/.docker. The caller owns *ret_credentials, NULL when there is none. Fails as
 * registry_credentials_parse(), and with ABSENT when `path` is not there.
 */
must_check int cli_logins_find(const char *path, const struct image_reference *reference,
	struct registry_credentials **ret_credentials, struct error *err);

#endif
