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
	if (!is_read && str_contains(text, STR("checkpointimports"))) {
		buf_printf(out,
			"What is imported is run by CRIU as root: no role of a namespace has this "
			"right. Ask an administrator of the cluster:\n"
			"  kubectl create rolebinding kcr-import --clusterrole=kcr-import "
			"--user='%.*s' -n %.*s\n",
			STR_ARG(user), STR_ARG(namespace));
		return;
	}
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

/* The API server says so to the path of a kind that it does not have. */
static bool advice_is_no_kind(struct str text)
{
	return str_contains(text, STR("404 page not found")) ||
		str_contains(text, STR("could not find the requested resource"));
}

/* These kinds every KCR has; who lacks another one has an older KCR. */
static const char *advice_of_no_kind(struct str text)
{
	static const char *const first[] = {
		" checkpoints ", " checkpointschedules ", " checkpointrequests "};

	for (size_t i = 0; i < array_size(first); i++)
		if (str_contains(text, str_of(first[i])))
			return "KCR is not installed in this cluster: kubectl apply -f "
			       "install.yaml\n";
	return "The KCR of this cluster is older than kubectl-kcr and does not have this kind: "
	       "upgrade it (kubectl apply -f install.yaml), or use the kubectl-kcr that belongs "
	       "to it.\n";
}

/* `deployments.apps "web" not found`, at the end of the text. */
static void advice_write_absent(struct buf *out, struct str text, struct str namespace)
{
	struct str head;
	struct str tail;
	struct str plural;

	if (!str_ends_with(text, STR("\" not found")) || !str_cut_last(text, '"', &head, &tail) ||
		!str_cut_last(head, '"', &head, &tail) || head.size == 0)
		return;
	head.size--; /* the blank */
	(void)str_cut_last(head, ' ', &tail, &plural);
	if (str_is(plural, "checkpoints." API_GROUP))
		buf_printf(out,
			"'kubectl kcr list -n %.*s' shows the checkpoints there are; a workload or "
			"Pod is named deploy/NAME, sts/NAME, ds/NAME or pod/NAME.\n",
			STR_ARG(namespace));
	else
		buf_printf(out,
			"'kubectl get %.*s -n %.*s' shows what there is; -n chooses another "
			"namespace.\n",
			STR_ARG(plural), STR_ARG(namespace));
}

static const char *advice_context(const struct kube_config *config)
{
	return config->context != NULL ? config->context : "of the Pod's service account";
}

/* Whether it tells of the connection to the API server, which is named 'host:port' then. */
static bool advice_is_of_connection(const struct error *err, const struct kube_config *config)
{
	autobuf peer = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct str rest = str_of(config->server);
	size_t scheme = str_starts_with(rest, STR("https://")) ? 8 : 7;
	struct str host;

	(void)str_cut(str_from(rest, scheme), '/', &host, &rest);
	buf_printf(&peer, "'%.*s", STR_ARG(host));
	return err->status == 0 && str_contains(str_of(err->text), buf_str(&peer));
}

static void advice_write_connection(
	struct buf *out, const struct error *err, const struct kube_config *config)
{
	if (err->kind == ERROR_SYSTEM || err->kind == ERROR_TIMEOUT)
		buf_printf(out,
			"The API server %s of context %s cannot be reached: 'kubectl cluster-info' "
			"shows whether it runs, --context chooses another cluster.\n",
			config->server, advice_context(config));
	else if (str_contains(str_of(err->text), STR("it is not trusted")))
		buf_printf(out,
			"The certificate-authority of context %s did not sign the certificate of "
			"%s: take the cluster's kubeconfig anew, or choose another context by "
			"--context.\n",
			advice_context(config), config->server);
}

/* By a 401, by a refused client certificate, or by what was to give us some. */
static bool advice_is_of_credentials(const struct error *err)
{
	struct str text = str_of(err->text);

	return err->kind == ERROR_DENIED &&
		(err->status == 401 || str_contains(text, STR("credential plugin")) ||
			str_contains(text, STR("wants a client certificate")));
}

void cli_advice_write(struct buf *out, const struct error *err, const struct kube_config *config,
	struct str namespace)
{
	struct str text = str_of(err->text);

	if (config == NULL)
		return;
	if (err->status == 403)
		advice_write_denied(out, text, namespace);
	else if (advice_is_of_credentials(err))
		buf_printf(out,
			"The API server %s does not accept the credentials of context %s: they "
			"have expired or are of another cluster. Log in again, or choose another "
			"context by --context.\n",
			config->server, advice_context(config));
	else if (err->status == 404 && advice_is_no_kind(text))
		buf_add_text(out, advice_of_no_kind(text));
	else if (err->status == 404)
		advice_write_absent(out, text, namespace);
	else if (str_contains(text, STR("the server's answer is not JSON")))
		buf_printf(out,
			"What answers at %s is no API server: look at the server of context %s, or "
			"choose another one by --context.\n",
			config->server, advice_context(config));
	else if (advice_is_of_connection(err, config))
		advice_write_connection(out, err, config);
}
