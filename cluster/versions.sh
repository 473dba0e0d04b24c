# shellcheck shell=bash disable=SC2034 # sourced; the variables are used by the other scripts
# What the cluster is made of, and where the cache keeps each part. A part's directory is named
# after the content that pins it: changing a pin names a new directory, and so builds it.

KCR_CACHE=${KCR_CACHE:-${HOME:-/root}/.cache/kcr}

KUBERNETES_VERSION=1.36.3
KUBERNETES_PROGRAMS=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)
CONTAINERD_DEFAULT_VERSION=2.3.7
CONTAINERD_PROGRAMS=(containerd containerd-shim-runc-v2 ctr)
CONTAINERD_TAGS=no_btrfs,no_zfs,no_devmapper
CRIO_VERSION=1.36.1
CRIO_PROGRAMS=(cmd/crio test/copyimg)
CRIO_TAGS=containers_image_openpgp,containers_image_ostree_stub,exclude_graphdriver_btrfs,apparmor
HELM_VERSION=4.3.1
KREW_VERSION=0.5.0

NODE_SUITE=forky
NODE_PACKAGES=(
    criu runc crun libcriu2 conmon containernetworking-plugins
    iproute2 iptables nftables conntrack ethtool socat
    mount util-linux kmod procps strace ca-certificates curl jq openssl
)
PLANE_PACKAGES=(etcd-server etcd-client tini)
VM_PACKAGES=(linux-image-cloud-amd64 systemd-sysv udev dbus apparmor openssh-server)
IMAGE_PACKAGES=(
    redis-server redis-tools busybox bash coreutils python3-minimal libpython3-stdlib
    base-files base-passwd ca-certificates
)

# content_key FILE...: a short name for the content of some files and of the words on stdin
content_key() {
    { cat; cat -- "$@"; } | sha256sum | cut -c1-12
}

kubernetes_home() {
    local pins="$CLUSTER_DIR/kubernetes" key
    key=$(content_key "$pins/go.mod" "$pins/go.sum" <<<"${KUBERNETES_PROGRAMS[*]}")
    echo "$KCR_CACHE/kubernetes-$KUBERNETES_VERSION-$key"
}

containerd_home() {
    local version=$1 pins="$CLUSTER_DIR/containerd-$1" key
    [ -f "$pins/go.mod" ] || die "no pins for containerd $version: there is no $pins/go.mod"
    key=$(content_key "$pins/go.mod" "$pins/go.sum" <<<"$CONTAINERD_TAGS ${CONTAINERD_PROGRAMS[*]}")
    echo "$KCR_CACHE/containerd-$version-$key"
}

crio_home() {
    local pins="$CLUSTER_DIR/crio-$CRIO_VERSION" key
    key=$(content_key "$pins/go.mod" "$pins/go.sum" <<<"$CRIO_TAGS ${CRIO_PROGRAMS[*]} pinns")
    echo "$KCR_CACHE/crio-$CRIO_VERSION-$key"
}

# engine_version, engine_home: of the engine that the cluster was asked for
engine_version() {
    if [ "$ENGINE" = crio ]; then echo "$CRIO_VERSION"; else echo "$CONTAINERD_VERSION"; fi
}

engine_home() {
    if [ "$ENGINE" = crio ]; then crio_home; else containerd_home "$CONTAINERD_VERSION"; fi
}

helm_home() {
    local pins="$CLUSTER_DIR/helm"
    echo "$KCR_CACHE/helm-$HELM_VERSION-$(content_key "$pins/go.mod" "$pins/go.sum" </dev/null)"
}

krew_home() {
    local pins="$CLUSTER_DIR/krew"
    echo "$KCR_CACHE/krew-$KREW_VERSION-$(content_key "$pins/go.mod" "$pins/go.sum" </dev/null)"
}

node_root_home() {
    echo "$KCR_CACHE/node-root-$NODE_SUITE-$(content_key <<<"${NODE_PACKAGES[*]} ${PLANE_PACKAGES[*]}")"
}

vm_root_home() {
    echo "$KCR_CACHE/vm-root-$NODE_SUITE-$(content_key <<<"${NODE_PACKAGES[*]} ${VM_PACKAGES[*]}")"
}

image_root_home() {
    echo "$KCR_CACHE/image-root-$NODE_SUITE-$(content_key <<<"${IMAGE_PACKAGES[*]}")"
}

images_home() {
    local makers=("$CLUSTER_DIR/images" "$CLUSTER_DIR/pause.c" "$CLUSTER_DIR/../tools/oci-image")
    echo "$KCR_CACHE/images-$(content_key "${makers[@]}" <<<"$(image_root_home)")"
}

# What tests of reading dumps need: programs to dump, CRIU's own decoder, the tool to compare with.
DUMP_PACKAGES=(
    criu runc python3 python3-pycriu redis-server nginx-light postgresql checkpointctl
    iproute2 mount util-linux procps time
)

dump_root_home() {
    echo "$KCR_CACHE/dump-root-$NODE_SUITE-$(content_key <<<"${DUMP_PACKAGES[*]}")"
}
