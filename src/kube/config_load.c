/* Finding the configuration and reading the files that it consists of and names. */
#include "kube/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sys/file.h"

static const char config_account_directory[] = "/var/run/secrets/kubernetes.io/serviceaccount";

enum { CONFIG_LOAD_FILES_MAX = 64 };

/* The texts and directories of the kubeconfigs that were found. */
struct config_texts {
	struct kube_config_file files[CONFIG_LOAD_FILES_MAX];
	struct buf texts[CONFIG_LOAD_FILES_MAX];
	char *directories[CONFIG_LOAD_FILES_MAX];
	size_t count;
};

static void config_texts_free(struct config_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++) {
		explicit_bzero(texts->texts[i].data, texts->texts[i].capacity);
		buf_done(&texts->texts[i]);
		free(texts->directories[i]);
	}
	free(texts);
}

define_clean_up(struct config_texts, config_texts_free, config_texts_free)

/* Adds the file; returns 1, 0 when it does not exist, -1. */
static int config_texts_add(struct config_texts *texts, const char *path, struct error *err)
{
	struct str directory;
	struct str name;
	struct buf *text = &texts->texts[texts->count];
	int result;

	if (texts->count == CONFIG_LOAD_FILES_MAX)
		return error_set(
			err, ERROR_TOO_BIG, "more than %d kubeconfig files", CONFIG_LOAD_FILES_MAX);
	*text = BUF_INIT(LIMIT_CONFIG_BYTES);
	result = file_read(AT_FDCWD, path, text, err);
	if (result < 0 && err->kind == ERROR_ABSENT)
		return 0;
	if (str_cut_last(str_of(path), '/', &directory, &name) && directory.size == 0)
		directory = STR("/");
	texts->directories[texts->count] = str_dup(directory);
	texts->files[texts->count].text = buf_str(text);
	texts->files[texts->count].directory = texts->directories[texts->count];
	texts->count++;
	return result < 0 ? -1 : 1;
}

static int config_read_materials(struct kube_config *config, struct error *err)
{
	if (kube_material_read(&config->ca, err) < 0)
		return error_wrap(err, "cannot read the certificate authority");
	if (kube_material_read(&config->certificate, err) < 0)
		return error_wrap(err, "cannot read the client certificate");
	if (kube_material_read(&config->key, err) < 0)
		return error_wrap(err, "cannot read the client key");
	if (kube_material_read(&config->token, err) < 0)
		return error_wrap(err, "cannot read the token");
	return 0;
}

/* Parses what was found and reads the files that it names. */
static int config_texts_use(const struct config_texts *texts,
	const struct kube_config_options *options, struct kube_config **ret_config,
	struct error *err)
{
	autokubeconfig *config = NULL;

	if (kube_config_parse(texts->files, texts->count, options, &config, err) < 0 ||
		config_read_materials(config, err) < 0)
		return -1;
	*ret_config = take_ptr(&config);
	return 0;
}

static int config_from_file(const char *path, const struct kube_config_options *options,
	struct kube_config **ret_config, struct error *err)
{
	clean_up(config_texts_free_clean) struct config_texts *texts =
		new_zeroed(struct config_texts);

	if (config_texts_add(texts, path, err) <= 0)
		return error_wrap(err, "cannot read the kubeconfig");
	if (config_texts_use(texts, options, ret_config, err) < 0)
		return error_wrap(err, "'%s'", path);
	return 0;
}

static int config_from_list(struct str list, const struct kube_config_options *options,
	struct kube_config **ret_config, struct error *err)
{
	clean_up(config_texts_free_clean) struct config_texts *texts =
		new_zeroed(struct config_texts);
	struct str rest = list;

	while (rest.size > 0) {
		struct str item;
		autofree char *path = NULL;
		(void)str_cut(rest, ':', &item, &rest); /* the last one has no colon behind it */
		path = str_dup(item);
		if (item.size > 0 && config_texts_add(texts, path, err) < 0)
			return error_wrap(err, "cannot read the kubeconfig");
	}
	if (texts->count == 0)
		return error_set(err, ERROR_ABSENT,
			"none of the files in KUBECONFIG ('%.*s') exists", STR_ARG(list));
	if (config_texts_use(texts, options, ret_config, err) < 0)
		return error_wrap(err, "KUBECONFIG");
	return 0;
}

/* The Pod's own namespace, "default" when the file is missing. */
static const char *config_pod_namespace(struct arena *arena, const char *directory)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct str path = arena_printf(arena, "%s/namespace", directory);
	struct error ignored;
	struct str namespace;

	if (file_read(AT_FDCWD, path.data, &text, &ignored) < 0)
		return "default"; /* as client-go: the namespace is a convenience */
	namespace = str_trim(buf_str(&text));
	return namespace.size > 0 ? arena_str(arena, namespace).data : "default";
}

static int config_from_pod(const char *host, const char *port, const char *directory,
	struct kube_config **ret_config, struct error *err)
{
	autokubeconfig *config = new_zeroed(struct kube_config);
	bool is_ipv6 = str_contains(str_of(host), STR(":"));

	config->arena = arena_new(1024);
	config->server = arena_printf(
		config->arena, is_ipv6 ? "https://[%s]:%s" : "https://%s:%s", host, port)
				 .data;
	config->namespace = config_pod_namespace(config->arena, directory);
	config->token.path = str_dup(arena_printf(config->arena, "%s/token", directory));
	config->ca.path = str_dup(arena_printf(config->arena, "%s/ca.crt", directory));
	if (config_read_materials(config, err) < 0)
		return error_wrap(err, "cannot use the Pod's service account");
	*ret_config = take_ptr(&config);
	return 0;
}

/* The variable's value, NULL when it is unset or empty. */
static const char *config_variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Returns 1, 0 when this is no Pod, -1. */
static int config_try_pod(const struct kube_config_options *options,
	struct kube_config **ret_config, struct error *err)
{
	const char *host = config_variable("KUBERNETES_SERVICE_HOST");
	const char *port = config_variable("KUBERNETES_SERVICE_PORT");
	const char *directory = options->service_account_directory;

	if (host == NULL || port == NULL)
		return 0;
	if (directory == NULL)
		directory = config_account_directory;
	return config_from_pod(host, port, directory, ret_config, err) < 0 ? -1 : 1;
}

/* Returns 1, 0 when there is no such file, -1. */
static int config_try_home(const struct kube_config_options *options,
	struct kube_config **ret_config, struct error *err)
{
	const char *home = config_variable("HOME");
	autofree char *path = NULL;

	if (home == NULL)
		return 0;
	if (asprintf(&path, "%s/.kube/config", home) < 0)
		abort();
	if (access(path, F_OK) < 0)
		return 0;
	return config_from_file(path, options, ret_config, err) < 0 ? -1 : 1;
}

int kube_config_load(const struct kube_config_options *options, struct kube_config **ret_config,
	struct error *err)
{
	const char *list = config_variable("KUBECONFIG");
	int found;

	if (options->path != NULL)
		return config_from_file(options->path, options, ret_config, err);
	if (list != NULL)
		return config_from_list(str_of(list), options, ret_config, err);
	found = options->home_before_pod ? config_try_home(options, ret_config, err)
					 : config_try_pod(options, ret_config, err);
	if (found == 0)
		found = options->home_before_pod ? config_try_pod(options, ret_config, err)
						 : config_try_home(options, ret_config, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	return error_set(err, ERROR_ABSENT,
		"there is no kubeconfig: give one by --kubeconfig, KUBECONFIG or ~/.kube/config");
}
