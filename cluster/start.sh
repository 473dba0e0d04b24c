# shellcheck shell=bash # sourced
# Starting a node whose directory is laid out: cgroups, supervisor, components in the order they need each other.

# make_cgroups: in each hierarchy, since the kubelet wants its root to be in all of them
make_cgroups() {
    local hierarchy group
    for hierarchy in $(cgroup_hierarchies); do
        for group in "$CGROUP" "$CGROUP/$NODE"; do
            mkdir -p "$hierarchy/$group"
            # version 1's cpuset starts empty, and an empty one takes no process
            if [ -f "$hierarchy/cpuset.mems" ]; then
                cat "$hierarchy/cpuset.cpus" >"$hierarchy/$group/cpuset.cpus"
                cat "$hierarchy/cpuset.mems" >"$hierarchy/$group/cpuset.mems"
            fi
        done
    done
    # shellcheck disable=SC2046 # a list of words
    mkdir -p $(system_cgroups)
}

# start_supervisor: `unshare` holds the namespaces and, by --kill-child, takes the node along when it ends
start_supervisor() {
    local init=("$CLUSTER_DIR/node-init" "$N_DIR" "$(node_root_home)" "$(kubernetes_home)"
        "$(engine_home)" "$API_ADDRESS" "$NODE")
    (
        join_cluster
        close_inherited
        cd /
        # shellcheck disable=SC2016 # the inner shell says who it is, then becomes the supervisor
        exec setsid --fork bash -c 'echo "$$ $(sed "s/^.*) //" /proc/$$/stat | cut -d" " -f20)" >"$1"; shift; exec "$@"' \
            supervisor "$N_DIR/supervisor" \
            unshare --mount --pid --net --uts --ipc --fork --kill-child "${init[@]}" \
            </dev/null >"$N_DIR/log/node-init.log" 2>&1
    )
    wait_for "namespaces" 20 "$N_DIR/log/node-init.log" test -f "$N_DIR/etc/ready"
}

import_pause() {
    "$CLUSTER_DIR/load-image" --name "$CLUSTER" --quiet "$(images_home)/pause.tar"
}

# start_all: the API server takes longest, so the runtime starts beside it; the rest needs the API server
start_all() {
    local component
    ! has_vm || start_vm
    component_start etcd
    component_wait etcd
    component_start kube-apiserver
    if [ "$CONTROL_PLANE_ONLY" = no ]; then
        ! has_vm || wait_vm
        component_start "$ENGINE"
        component_wait "$ENGINE"
        import_pause
    fi
    component_wait kube-apiserver
    for component in $(late_components); do
        component_start "$component"
    done
    for component in $(late_components); do
        component_wait "$component"
    done
}

node_ready() {
    in_net kubectl get node "$NODE" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' | grep -q True
}

wait_usable() {
    wait_for "service accounts" 30 "$(component_log kube-controller-manager)" in_net kubectl get serviceaccount default
    [ "$CONTROL_PLANE_ONLY" = no ] || return 0
    wait_for "node $NODE is Ready" 60 "$(component_log kubelet)" node_ready
}

start_node() {
    make_cgroups
    start_supervisor
    start_all
    wait_usable
}
