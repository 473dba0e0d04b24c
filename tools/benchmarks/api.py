"""Requests to an API server without the time that kubectl takes to start."""

import base64
import http.client
import json
import ssl
import tempfile
import urllib.parse


class Api:
    """Connections to the API server of a kubeconfig, which `kubectl config view --raw -o json` has told."""

    def __init__(self, config):
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.address = urllib.parse.urlsplit(cluster["server"]).netloc
        self.authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.pair = base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"])
        self._tls = ssl.create_default_context(cadata=self.authority)
        with tempfile.NamedTemporaryFile() as pair:
            pair.write(self.pair)
            pair.flush()
            self._tls.load_cert_chain(pair.name)

    def connect(self):
        connection = http.client.HTTPSConnection(self.address, context=self._tls, timeout=120)
        connection.connect()
        return connection


def call(connection, method, path, body=None):
    """The object that was answered; one that is there already (409) is fine."""
    headers = {"Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json"}
    connection.request(method, path, json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status not in (200, 201, 409):
        raise OSError(f"{method} {path}: {answer.status} {content.decode()[:500]}")
    return json.loads(content)
