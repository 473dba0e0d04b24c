# shellcheck shell=bash # sourced
# The cluster's certificate authority, certificates and kubeconfigs, below $N_DIR/etc (the node's /etc/kubernetes).

# make_ca: by RSA, because the API server checks who a client is at each request, not once for each connection, and RSA's
# signatures are checked in a third of the time
make_ca() {
    openssl genrsa -out "$PKI/ca.key" 2048
    openssl req -x509 -new -key "$PKI/ca.key" -subj /CN=kcr-cluster-ca -days 3650 \
        -addext keyUsage=critical,keyCertSign,cRLSign -out "$PKI/ca.crt"
}

# make_cert FILE SUBJECT [SUBJECT_ALT_NAMES]: a key and a certificate that the cluster's authority signed
make_cert() {
    local file=$PKI/$1 subject=$2 names=${3:-}
    openssl ecparam -name prime256v1 -genkey -noout -out "$file.key"
    openssl req -new -key "$file.key" -subj "$subject" -out "$file.csr"
    {
        echo 'keyUsage=digitalSignature'
        echo 'extendedKeyUsage=clientAuth,serverAuth'
        echo 'basicConstraints=CA:FALSE'
        echo 'subjectKeyIdentifier=hash'
        echo 'authorityKeyIdentifier=keyid'
        [ -z "$names" ] || echo "subjectAltName=$names"
    } >"$file.ext"
    openssl x509 -req -in "$file.csr" -CA "$PKI/ca.crt" -CAkey "$PKI/ca.key" -CAcreateserial -CAserial "$file.srl" \
        -days 3650 -extfile "$file.ext" -out "$file.crt" 2>/dev/null
    rm "$file.csr" "$file.ext" "$file.srl"
}

# make_kubeconfig FILE CERT: everything inline, so that the file means the same inside the node and outside
make_kubeconfig() {
    cat >"$1" <<EOF
apiVersion: v1
kind: Config
current-context: $CLUSTER
clusters:
- name: $CLUSTER
  cluster:
    server: https://$API_ADDRESS:6443
    certificate-authority-data: $(base64 -w0 "$PKI/ca.crt")
users:
- name: $2
  user:
    client-certificate-data: $(base64 -w0 "$PKI/$2.crt")
    client-key-data: $(base64 -w0 "$PKI/$2.key")
contexts:
- name: $CLUSTER
  context: {cluster: $CLUSTER, user: $2}
EOF
    chmod 600 "$1"
}

make_pki() {
    local user service=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
    PKI=$N_DIR/etc/pki
    mkdir -p "$PKI"
    make_ca
    make_cert apiserver /CN=kube-apiserver "IP:$API_ADDRESS,IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:$NODE,$service"
    make_cert apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client
    make_cert kubelet "/O=system:nodes/CN=system:node:$NODE" "IP:$(node_address),IP:127.0.0.1,DNS:$NODE"
    make_cert admin /O=system:masters/CN=admin
    make_cert controller-manager /CN=system:kube-controller-manager
    make_cert scheduler /CN=system:kube-scheduler
    make_cert proxy /CN=system:kube-proxy
    openssl ecparam -name prime256v1 -genkey -noout -out "$PKI/service-account.key"
    openssl ec -in "$PKI/service-account.key" -pubout -out "$PKI/service-account.pub" 2>/dev/null
    for user in admin kubelet controller-manager scheduler proxy; do
        make_kubeconfig "$N_DIR/etc/$user.conf" "$user"
    done
    cp "$N_DIR/etc/admin.conf" "$KUBECONFIG_FILE"
}
