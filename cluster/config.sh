# shellcheck shell=bash disable=SC2154 # sourced; CLUSTER and the options come from lib.sh and up
# The node's configuration: one start script per component in $N_DIR/etc/run, and the files they name.
# A test that needs another flag may edit the script and say `cluster/component restart`.

# run_script COMPONENT: the command on stdin becomes the component's start script
run_script() {
    { echo '#!/bin/sh'; echo 'set -e'; cat; } >"$N_DIR/etc/run/$1"
    chmod 755 "$N_DIR/etc/run/$1"
}

write_control_plane() {
    # tests throw the data away: waiting for the disk would only slow them down
    run_script etcd <<EOF
exec etcd --name $NODE --data-dir /var/lib/etcd --unsafe-no-fsync \\
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \\
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \\
    --initial-cluster $NODE=http://127.0.0.1:2380
EOF
    # a seventh of its processor time goes into collecting garbage, at twice the heap half of that
    run_script kube-apiserver <<EOF
export GOGC=200
exec kube-apiserver --advertise-address=$API_ADDRESS --secure-port=6443 --etcd-servers=http://127.0.0.1:2379 \\
    --client-ca-file=/etc/kubernetes/pki/ca.crt \\
    --tls-cert-file=/etc/kubernetes/pki/apiserver.crt --tls-private-key-file=/etc/kubernetes/pki/apiserver.key \\
    --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt \\
    --kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt \\
    --kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key \\
    --kubelet-preferred-address-types=InternalIP \\
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \\
    --service-account-key-file=/etc/kubernetes/pki/service-account.pub \\
    --service-account-signing-key-file=/etc/kubernetes/pki/service-account.key \\
    --service-cluster-ip-range=10.96.0.0/16 --authorization-mode=Node,RBAC \\
    --enable-admission-plugins=NodeRestriction --allow-privileged=true
EOF
    # no leader election: with it these two end when the API server is away for 10 s, and nothing restarts them
    run_script kube-controller-manager <<EOF
exec kube-controller-manager --kubeconfig=/etc/kubernetes/controller-manager.conf --bind-address=127.0.0.1 \\
    --authentication-kubeconfig=/etc/kubernetes/controller-manager.conf \\
    --authorization-kubeconfig=/etc/kubernetes/controller-manager.conf \\
    --root-ca-file=/etc/kubernetes/pki/ca.crt \\
    --service-account-private-key-file=/etc/kubernetes/pki/service-account.key \\
    --use-service-account-credentials=true --leader-elect=false \\
    --kube-api-qps=200 --kube-api-burst=400
EOF
    run_script kube-scheduler <<EOF
exec kube-scheduler --kubeconfig=/etc/kubernetes/scheduler.conf --bind-address=127.0.0.1 --leader-elect=false
EOF
}

write_kubelet() {
    run_script kubelet <<EOF
exec kubelet --config=/etc/kubernetes/kubelet.yaml --kubeconfig=/etc/kubernetes/kubelet.conf \\
    --hostname-override=$NODE --node-ip=$(node_address)
EOF
    cat >"$N_DIR/etc/kubelet.yaml" <<EOF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}
authorization: {mode: Webhook}
tlsCertFile: /etc/kubernetes/pki/kubelet.crt
tlsPrivateKeyFile: /etc/kubernetes/pki/kubelet.key
containerRuntimeEndpoint: unix:///run/$ENGINE/$ENGINE.sock
featureGates: {EventedPLEG: $([ "$EVENTED_PLEG" = on ] && echo true || echo false)}
# restarts after the first wait for so long; a kubelet of its own accord waits for 10 s and, by doubling, up to 5 min
crashLoopBackOff: {maxContainerRestartPeriod: $RESTART_PERIOD}
# no DNS here: nobody answers in the Pod itself, so names fail at once, and Pods get no warning event
clusterDNS: [127.0.0.1]
clusterDomain: cluster.local
EOF
    if has_vm; then
        echo 'cgroupDriver: systemd' >>"$N_DIR/etc/kubelet.yaml"
    else
        write_kubelet_limits >>"$N_DIR/etc/kubelet.yaml"
    fi
}

# write_kubelet_limits: what a kubelet needs that shares the machine, and may do less than root on one of its own
write_kubelet_limits() {
    cat <<EOF
cgroupDriver: cgroupfs
cgroupRoot: /$CGROUP/$NODE
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
# the machine's disk is not the node's own: never evict or collect because others filled it
evictionHard:
  memory.available: "0%"
  nodefs.available: "0%"
  nodefs.inodesFree: "0%"
  imagefs.available: "0%"
  imagefs.inodesFree: "0%"
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
EOF
}

write_kube_proxy() {
    run_script kube-proxy <<EOF
exec kube-proxy --kubeconfig=/etc/kubernetes/proxy.conf --hostname-override=$NODE --proxy-mode=nftables \\
    --cluster-cidr=10.244.0.0/16 --conntrack-max-per-core=0
EOF
}

write_containerd() {
    local place='restrict_oom_score_adj = true' restore='' systemd=false
    [ "$RESTORE_IMAGE" = off ] || restore='enable_experimental_restore_via_create = true'
    ! has_vm || { place='' systemd=true; }
    # the socket is there before containerd answers on it, and a second start may find the old one
    run_script containerd <<EOF
rm -f /run/containerd/containerd.sock
exec containerd --config /etc/kubernetes/containerd.toml
EOF
    # restrict_oom_score_adj: without CAP_SYS_RESOURCE nobody may lower one. conf.d: for what is installed later.
    cat >"$N_DIR/etc/containerd.toml" <<EOF
version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
imports = ["/etc/containerd/conf.d/*.toml"]

[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "kcr.test/pause:1"

[plugins.'io.containerd.cri.v1.runtime']
$place
$restore

[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["/usr/lib/cni"]
conf_dir = "/etc/cni/net.d"

[plugins.'io.containerd.cri.v1.runtime'.containerd]
default_runtime_name = "$RUNTIME"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
BinaryName = "/usr/sbin/runc"
SystemdCgroup = $systemd

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.crun]
runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.crun.options]
BinaryName = "/usr/bin/crun"
SystemdCgroup = $systemd
EOF
}

# write_monitor: without CAP_SYS_RESOURCE nobody may hand it on, as CRI-O does to privileged containers, or lower an
# oom_score_adj, as the kubelet wants for critical Pods; containerd gives what it has, and has restrict_oom_score_adj
write_monitor() {
    mkdir -p "$(dirname "$1")"
    cat >"$1" <<'EOF'
#!/bin/sh
# called as conmon -b BUNDLE ..., before the container is made
config=$2/config.json
if grep -qs -e '"oomScoreAdj": *-' -e CAP_SYS_RESOURCE "$config"; then
    jq '.process |= (.oomScoreAdj |= if . then [., 0] | max else . end
        | .capabilities |= map_values(. - ["CAP_SYS_RESOURCE"]))' "$config" >"$config.new"
    mv "$config.new" "$config"
fi
exec conmon "$@"
EOF
    chmod 755 "$1"
}

# write_crio: as its packages do, in a drop-in, which those that are installed later follow
write_crio() {
    local etc=$N_DIR/upper/etc cgroups='cgroup_manager = "systemd"' monitor=/usr/bin/conmon name path
    if ! has_vm; then
        cgroups=$'cgroup_manager = "cgroupfs"\nconmon_cgroup = "pod"'
        monitor=/usr/local/bin/conmon-restricted
        write_monitor "$N_DIR/upper$monitor"
    fi
    mkdir -p "$etc"/{crio/crio.conf.d,containers}
    run_script crio <<EOF
exec crio
EOF
    echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$etc/containers/policy.json"
    printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "%s"\n' \
        /var/lib/containers/storage /run/containers/storage >"$etc/containers/storage.conf"
    cat >"$etc/crio/crio.conf.d/10-crio.conf" <<EOF
[crio.image]
pause_image = "kcr.test/pause:1"

[crio.network]
plugin_dirs = ["/usr/lib/cni"]

[crio.runtime]
$cgroups
default_runtime = "$RUNTIME"
enable_criu_support = true
enable_pod_events = $([ "$EVENTED_PLEG" = on ] && echo true || echo false)
pinns_path = "/opt/engine/bin/pinns"
EOF
    for path in /usr/sbin/runc /usr/bin/crun; do
        name=${path##*/}
        cat >>"$etc/crio/crio.conf.d/10-crio.conf" <<EOF

[crio.runtime.runtimes.$name]
runtime_path = "$path"
runtime_root = "/run/$name"
monitor_path = "$monitor"
EOF
    done
}

# write_root_files: what goes over the Debian root, by way of the overlay's upper directory
write_root_files() {
    local etc=$N_DIR/upper/etc
    mkdir -p "$etc"/{cni/net.d,containerd/conf.d,criu}
    echo "$NODE" >"$etc/hostname"
    printf '127.0.0.1 localhost\n%s %s\n' "$(node_address)" "$NODE" >"$etc/hosts"
    echo 'nameserver 127.0.0.1' >"$etc/resolv.conf"
    tr -d - </proc/sys/kernel/random/uuid >"$etc/machine-id"
    # without these a checkpoint fails as soon as one client is connected
    printf 'tcp-close\nskip-in-flight\n' >"$etc/criu/runc.conf"
    cat >"$etc/cni/net.d/10-kcr.conflist" <<'EOF'
{"cniVersion": "1.0.0", "name": "kcr", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}
]}
EOF
}

write_config() {
    mkdir -p "$N_DIR"/{root,upper,work,log,run,etc/run,var/{etcd,containerd,containers,kubelet,kcr}}
    write_control_plane
    write_kubelet
    write_kube_proxy
    "write_$ENGINE"
    write_root_files
}
