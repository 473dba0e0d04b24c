/* From a failure to what somebody can do about it. Pure. */
#include "cli/session.h"

/* "User \"x\" cannot list ..." of the API server's message; empty when it says nothing so. */
static struct str advice_user(struct str text)
{
	struct str before;
	struct str user;
	struct str rest = text;

	while (str_cut(rest, '"', &before, &rest)) {
		(void)str_cut(rest, '"', &user, &rest);
		if (str_ends_with(before, STR("User ")))
			return user;
	}
	return (struct str){0};
}

static void advice_write_denied(struct buf *out, struct str text, struct str namespace)
{
	struct str user = advice_user(text);
	bool is_read = str_contains(text, STR("cannot list ")) ||
		str_contains(text, STR("cannot get ")) || str_contains(text, STR("cannot watch "));
	const char *role = is_read ? "view" : "edit";

	if (!str_contains(text, STR("forbidden")))
		return;
	if (str_contains(text, STR("checkpointnodes")) ||
		str_contains(text, STR("at the cluster scope"))) {
		buf_printf(out,
			"It needs a right for the whole cluster: name a namespace by -n, or ask "
			"for a ClusterRoleBinding to the ClusterRole '%s'.\n",
			role);
		return;
	}
	buf_printf(out,
		"Ask an administrator of the namespace for the ClusterRole '%s' there (KCR adds "
		"kcr-%s to it):\n"
		"  kubectl create rolebinding kcr-%s --clusterrole=%s --user='%.*s' -n %.*s\n",
		role, role, role, role, STR_ARG(user), STR_ARG(namespace));
}

/* What the API server says to a path of a group, and of a kind, that it does not have. */
static bool advice_is_no_kind(struct str text)
{
	return str_contains(text, STR("404 page not found")) ||
		str_contains(text, STR("could not find the requested resource"));
}

static const char *advice_context(const struct kube_config *config)
{
	return config->context != NULL ? config->context : "of the Pod's service account";
}

void cli_advice_write(struct buf *out, const struct error *err, const struct kube_config *config,
	struct str namespace)
{
	struct str text = str_of(err->text);

	if (config == NULL)
		return;
	if (err->status == 403)
		advice_write_denied(out, text, namespace);
	else if (err->kind == ERROR_DENIED)
		buf_printf(out,
			"The API server %s does not accept the credentials of context %s: they "
			"have expired or are of another cluster. Log in again, or choose another "
			"context by --context.\n",
			config->server, advice_context(config));
	else if (err->status == 404 && advice_is_no_kind(text))
		buf_add_text(out,
			"KCR is not installed in this cluster: kubectl apply -f install.yaml\n");
	else if (err->status == 0 && (err->kind == ERROR_SYSTEM || err->kind == ERROR_TIMEOUT))
		buf_printf(out,
			"The API server %s of context %s cannot be reached: 'kubectl cluster-info' "
			"shows whether it runs, --context chooses another cluster.\n",
			config->server, advice_context(config));
}
