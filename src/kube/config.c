/*
 * Kubeconfig text to one configuration. The files stay apart as trees; a cluster, user or context
 * is looked up by name through them in order, so that the first file wins and relative paths start
 * from the directory of the file that has them.
 */
#include "kube/config.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "json/json.h"
#include "json/yaml.h"

enum { CONFIG_FILES_MAX = 64 };

/* A named entry and the directory that paths in it start from. */
struct config_entry {
	const struct json *value; /* NULL: the name was not found */
	const char *directory;
};

struct config_trees {
	struct json_doc *docs[CONFIG_FILES_MAX];
	const char *directories[CONFIG_FILES_MAX];
	size_t count;
};

static void config_trees_done(struct config_trees *trees)
{
	for (size_t i = 0; i < trees->count; i++)
		json_doc_unref(trees->docs[i]);
	trees->count = 0;
}

static int config_trees_parse(struct config_trees *trees, const struct kube_config_file *files,
	size_t count, struct error *err)
{
	if (count > CONFIG_FILES_MAX)
		return error_set(
			err, ERROR_TOO_BIG, "more than %d kubeconfig files", CONFIG_FILES_MAX);
	for (size_t i = 0; i < count; i++) {
		if (str_trim(files[i].text).size == 0)
			continue;
		if (yaml_parse(files[i].text, &trees->docs[trees->count], err) < 0)
			return -1;
		trees->directories[trees->count++] = files[i].directory;
	}
	return 0;
}

/* The entry `name` of a list ("clusters"), whose contents are under `member` ("cluster"). */
static struct config_entry config_find(
	const struct config_trees *trees, const char *list, struct str name, const char *member)
{
	for (size_t i = 0; i < trees->count; i++) {
		struct json_iter item = json_iter(json_get(json_doc_root(trees->docs[i]), list));
		while (json_next(&item))
			if (str_equal(json_str(json_get(item.value, "name")), name))
				return (struct config_entry){
					json_get(item.value, member), trees->directories[i]};
	}
	return (struct config_entry){0};
}

static struct str config_current_context(const struct config_trees *trees)
{
	for (size_t i = 0; i < trees->count; i++) {
		struct str name =
			json_str(json_get(json_doc_root(trees->docs[i]), "current-context"));
		if (name.size > 0)
			return name;
	}
	return STR("");
}

/* A member's text in the configuration's arena, NULL when it is absent or empty. */
static const char *config_text(
	struct kube_config *config, const struct json *object, const char *name)
{
	struct str text = json_str(json_get(object, name));

	return text.size > 0 ? arena_str(config->arena, text).data : NULL;
}

/* A path as the process sees it. */
static struct str config_path(
	struct kube_config *config, const struct config_entry *entry, struct str path)
{
	if (path.data[0] == '/' || entry->directory[0] == '\0')
		return arena_str(config->arena, path);
	return arena_printf(config->arena, "%s/%.*s", entry->directory, STR_ARG(path));
}

/* Bytes inline under `data_name` (base64) win over a file under `path_name`. */
static int config_material(struct kube_config *config, const struct config_entry *entry,
	const char *data_name, const char *path_name, struct kube_material *material,
	struct error *err)
{
	struct str data = json_str(json_get(entry->value, data_name));
	struct str path = json_str(json_get(entry->value, path_name));

	if (data.size > 0 && kube_material_set_base64(material, data, err) < 0)
		return error_wrap(err, "'%s' in the kubeconfig", data_name);
	if (data.size == 0 && path.size > 0)
		material->path = str_dup(config_path(config, entry, path));
	return 0;
}

/* What the cluster tells credential plugins about itself, as JSON text. */
static const char *config_plugin_extension(struct kube_config *config, const struct json *cluster)
{
	struct json_iter item = json_iter(json_get(cluster, "extensions"));

	while (json_next(&item)) {
		autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
		struct json_writer writer = json_writer(&text);
		if (!str_is(json_str(json_get(item.value, "name")),
			    "client.authentication.k8s.io/exec"))
			continue;
		json_add_value(&writer, json_get(item.value, "extension"));
		return arena_str(config->arena, buf_str(&text)).data;
	}
	return NULL;
}

static int config_server(struct kube_config *config, struct str server, struct error *err)
{
	struct str rest = server;

	if (str_starts_with(server, STR("https://")))
		rest = str_from(server, sizeof("https://") - 1);
	else if (str_starts_with(server, STR("http://")))
		rest = str_from(server, sizeof("http://") - 1);
	if (rest.size == 0 || rest.size == server.size || rest.data[0] == '/' ||
		str_contains(server, STR("?")) || str_contains(server, STR("#")) ||
		str_contains(server, STR("@")))
		return error_set(err, ERROR_INVALID,
			"the cluster's server '%.*s' is not a URL of the form https://host:port",
			STR_ARG(server));
	while (str_ends_with(server, STR("/")))
		server.size--;
	config->server = arena_str(config->arena, server).data;
	return 0;
}

static int config_cluster(
	struct kube_config *config, const struct config_entry *entry, struct error *err)
{
	const struct json *cluster = entry->value;

	if (config_server(config, json_str(json_get(cluster, "server")), err) < 0)
		return -1;
	if (json_str(json_get(cluster, "proxy-url")).size > 0)
		return error_set(err, ERROR_UNSUPPORTED, "'proxy-url' is not supported");
	config->tls_server_name = config_text(config, cluster, "tls-server-name");
	config->insecure_skip_tls_verify =
		json_bool(json_get(cluster, "insecure-skip-tls-verify"), false);
	if (config_material(config, entry, "certificate-authority-data", "certificate-authority",
		    &config->ca, err) < 0)
		return -1;
	if (config->insecure_skip_tls_verify &&
		(config->ca.path != NULL || config->ca.bytes != NULL))
		return error_set(err, ERROR_INVALID,
			"a certificate authority and insecure-skip-tls-verify exclude each other");
	return 0;
}

/* ---- Credential plugins ---- */

/* The command as it is started: relative ones with a slash start from the file's directory. */
static struct str config_command(
	struct kube_config *config, const struct config_entry *entry, struct str command)
{
	if (!str_contains(command, STR("/")))
		return arena_str(config->arena, command);
	return config_path(config, entry, command);
}

static const char *const *config_arguments(struct kube_config *config,
	const struct config_entry *entry, const struct json *exec, struct str command)
{
	const struct json *list = json_get(exec, "args");
	const char **arguments =
		arena_zeroed(config->arena, json_count(list) + 2, sizeof(*arguments));
	struct json_iter item = json_iter(list);
	size_t count = 0;

	arguments[count++] = config_command(config, entry, command).data;
	while (json_next(&item))
		arguments[count++] = arena_str(config->arena, json_str(item.value)).data;
	return arguments;
}

static const char *const *config_variables(struct kube_config *config, const struct json *exec)
{
	const struct json *list = json_get(exec, "env");
	const char **variables =
		arena_zeroed(config->arena, json_count(list) + 1, sizeof(*variables));
	struct json_iter item = json_iter(list);
	size_t count = 0;

	while (json_next(&item)) {
		struct str name = json_str(json_get(item.value, "name"));
		struct str value = json_str(json_get(item.value, "value"));
		variables[count++] =
			arena_printf(config->arena, "%.*s=%.*s", STR_ARG(name), STR_ARG(value))
				.data;
	}
	return variables;
}

static int config_interaction(struct str api_version, struct str mode,
	enum kube_exec_interaction *ret_interaction, struct error *err)
{
	if (str_is(mode, "Never"))
		*ret_interaction = KUBE_EXEC_NEVER;
	else if (str_is(mode, "Always"))
		*ret_interaction = KUBE_EXEC_ALWAYS;
	else if (str_is(mode, "IfAvailable") ||
		(mode.size == 0 && str_ends_with(api_version, STR("/v1beta1"))))
		*ret_interaction = KUBE_EXEC_IF_AVAILABLE;
	else
		return error_set(err, ERROR_INVALID,
			"interactiveMode of the credential plugin is '%.*s', not Never, "
			"IfAvailable or Always",
			STR_ARG(mode));
	return 0;
}

static int config_exec(struct kube_config *config, const struct config_entry *user,
	const struct json *cluster, struct error *err)
{
	const struct json *value = json_get(user->value, "exec");
	struct str api_version = json_str(json_get(value, "apiVersion"));
	struct str command = json_str(json_get(value, "command"));
	struct kube_exec *exec;

	if (json_type(value) != JSON_OBJECT)
		return 0;
	if (!str_is(api_version, "client.authentication.k8s.io/v1") &&
		!str_is(api_version, "client.authentication.k8s.io/v1beta1"))
		return error_set(err, ERROR_UNSUPPORTED,
			"credential plugins of apiVersion '%.*s' are not supported",
			STR_ARG(api_version));
	if (command.size == 0)
		return error_set(err, ERROR_INVALID, "the credential plugin has no command");
	exec = arena_zeroed(config->arena, 1, sizeof(*exec));
	if (config_interaction(api_version, json_str(json_get(value, "interactiveMode")),
		    &exec->interaction, err) < 0)
		return -1;
	exec->api_version = arena_str(config->arena, api_version).data;
	exec->arguments = config_arguments(config, user, value, command);
	exec->variables = config_variables(config, value);
	exec->install_hint = config_text(config, value, "installHint");
	exec->wants_cluster_info = json_bool(json_get(value, "provideClusterInfo"), false);
	exec->cluster_config_json = config_plugin_extension(config, cluster);
	config->exec = exec;
	return 0;
}

/* ---- Users ---- */

static int config_refuse_unsupported(const struct json *user, struct error *err)
{
	static const char *const members[] = {
		"auth-provider", "username", "password", "as-user-extra"};

	for (size_t i = 0; i < array_size(members); i++)
		if (json_get(user, members[i]) != NULL)
			return error_set(err, ERROR_UNSUPPORTED, "'%s' of a user is not supported",
				members[i]);
	return 0;
}

static void config_impersonation(struct kube_config *config, const struct json *user)
{
	const struct json *list = json_get(user, "as-groups");
	const char **groups = arena_zeroed(config->arena, json_count(list) + 1, sizeof(*groups));
	struct json_iter item = json_iter(list);
	size_t count = 0;

	config->impersonate_user = config_text(config, user, "as");
	config->impersonate_uid = config_text(config, user, "as-uid");
	while (json_next(&item))
		groups[count++] = arena_str(config->arena, json_str(item.value)).data;
	config->impersonate_groups = count > 0 ? groups : NULL;
}

static void config_token(struct kube_config *config, const struct config_entry *user)
{
	struct str token = json_str(json_get(user->value, "token"));
	struct str path = json_str(json_get(user->value, "tokenFile"));

	if (path.size > 0)
		config->token.path = str_dup(config_path(config, user, path));
	else if (token.size > 0)
		kube_material_set(&config->token, token);
}

static bool config_has(const struct kube_material *material)
{
	return material->path != NULL || material->bytes != NULL;
}

static int config_user(struct kube_config *config, const struct config_entry *user,
	const struct json *cluster, struct error *err)
{
	if (config_refuse_unsupported(user->value, err) < 0)
		return -1;
	config_token(config, user);
	config_impersonation(config, user->value);
	if (config_material(config, user, "client-certificate-data", "client-certificate",
		    &config->certificate, err) < 0)
		return -1;
	if (config_material(config, user, "client-key-data", "client-key", &config->key, err) < 0)
		return -1;
	if (config_has(&config->certificate) != config_has(&config->key))
		return error_set(err, ERROR_INVALID,
			"a client certificate and its key must be given together");
	return config_exec(config, user, cluster, err);
}

/* What the options say instead of the context. */
static struct str config_name(
	const struct config_entry *context, const char *member, const char *instead)
{
	return instead != NULL ? str_of(instead) : json_str(json_get(context->value, member));
}

static int config_fill(struct kube_config *config, const struct config_trees *trees,
	struct str context_name, const struct kube_config_options *options, struct error *err)
{
	struct config_entry context = config_find(trees, "contexts", context_name, "context");
	struct str cluster_name = config_name(&context, "cluster", options->cluster);
	struct str user_name = config_name(&context, "user", options->user);
	struct config_entry cluster = config_find(trees, "clusters", cluster_name, "cluster");
	struct config_entry user = config_find(trees, "users", user_name, "user");

	if (context.value == NULL)
		return error_set(err, ERROR_INVALID, "the kubeconfig has no context '%.*s'",
			STR_ARG(context_name));
	if (cluster.value == NULL)
		return error_set(err, ERROR_INVALID, "the kubeconfig has no cluster '%.*s'",
			STR_ARG(cluster_name));
	if (user.directory == NULL && user_name.size > 0)
		return error_set(err, ERROR_INVALID, "the kubeconfig has no user '%.*s'",
			STR_ARG(user_name));
	config->context = arena_str(config->arena, context_name).data;
	config->namespace = config_text(config, context.value, "namespace");
	if (config->namespace == NULL)
		config->namespace = "default";
	if (config_cluster(config, &cluster, err) < 0 ||
		config_user(config, &user, cluster.value, err) < 0)
		return error_wrap(err, "cannot use context '%.*s'", STR_ARG(context_name));
	return 0;
}

int kube_config_parse(const struct kube_config_file *files, size_t count,
	const struct kube_config_options *options, struct kube_config **ret_config,
	struct error *err)
{
	clean_up(config_trees_done) struct config_trees trees = {.count = 0};
	autokubeconfig *config = new_zeroed(struct kube_config);
	struct str name;

	config->arena = arena_new(2048);
	if (config_trees_parse(&trees, files, count, err) < 0)
		return error_wrap(err, "cannot read the kubeconfig");
	name = options->context != NULL ? str_of(options->context) : config_current_context(&trees);
	if (name.size == 0)
		return error_set(err, ERROR_INVALID, "the kubeconfig has no current-context");
	if (config_fill(config, &trees, name, options, err) < 0)
		return -1;
	*ret_config = take_ptr(&config);
	return 0;
}

void kube_config_free(struct kube_config *config)
{
	if (config == NULL)
		return;
	kube_material_done(&config->ca);
	kube_material_done(&config->certificate);
	kube_material_done(&config->key);
	kube_material_done(&config->token);
	arena_free(config->arena);
	free(config);
}
