"""Somebody who calls kubectl-kcr, with the rights of roles in one namespace."""

import json

from harness import KUBECTL_KCR, run, say


class User:
    """Somebody with roles in one namespace, and a kubeconfig."""

    def __init__(self, namespace, directory, name, *roles):
        self.cluster, self.namespace, self.here = namespace.cluster, namespace, directory
        namespace.kubectl("create", "serviceaccount", name)
        for role in roles:
            namespace.kubectl("create", "rolebinding", f"{name}-{role}", f"--clusterrole={role}",
                              f"--serviceaccount={namespace.name}:{name}")
        config = json.loads(self.cluster.kubectl("config", "view", "--raw", "-o", "json").stdout)
        config["users"] = [{"name": name, "user": {"token": namespace.kubectl("create", "token", name).stdout.strip()}}]
        for context in config["contexts"]:
            context["context"].update(user=name, namespace=namespace.name)
        self.kubeconfig = directory / f"{name}.kubeconfig"
        self.kubeconfig.write_text(json.dumps(config))

    def command(self, *arguments):
        return [*map(str, self.cluster.in_network("env", f"--chdir={self.here}", f"KUBECONFIG={self.kubeconfig}",
                                                  "TERM=dumb", KUBECTL_KCR)), *arguments]

    def kcr(self, *arguments, check=True):
        told = run(self.command(*arguments), check=check)
        say(f"kubectl kcr {' '.join(arguments)}: {told.returncode}\n{told.stdout[:2000]}{told.stderr}")
        return told
