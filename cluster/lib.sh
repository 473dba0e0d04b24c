# shellcheck shell=bash disable=SC2034 # sourced; the variables are used by the other scripts
# What all cluster scripts share: words for the person watching, where a cluster's state lies,
# and how to step into a running node.
#
# A cluster is a directory $KCR_STATE/NAME. A node of it is a directory below, with the namespaces
# of one supervisor process: when that ends, the kernel ends everything in the node. A node in a virtual
# machine (vm.sh) has only its control plane in these namespaces.

set -euo pipefail
umask 022

CLUSTER_DIR=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
KCR_STATE=${KCR_STATE:-/var/lib/kcr-cluster}
# shellcheck source=cluster/versions.sh
. "$CLUSTER_DIR/versions.sh"

API_ADDRESS=192.168.77.11
NODE_PATH=/opt/kubernetes/bin:/opt/engine/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CLEAN_ENVIRONMENT=(env -i "PATH=$NODE_PATH" HOME=/root "TERM=${TERM:-dumb}" LANG=C.UTF-8
    KUBECONFIG=/etc/kubernetes/admin.conf)
STARTED_AT=${STARTED_AT:-${EPOCHREALTIME/[.,]/}000}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# say TEXT: one line of progress with the time since the script began
say() {
    local ms=$(((${EPOCHREALTIME/[.,]/}000 - STARTED_AT) / 1000000))
    printf '%4d.%d s  %s\n' $((ms / 1000)) $((ms % 1000 / 100)) "$*" >&2
}

need_root() {
    [ "$EUID" = 0 ] || die "needs root: it makes namespaces and mounts"
}

need_programs() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || die "'$program' is not installed: run tools/deps"
    done
}

# use_cluster NAME: set the paths of the named cluster and of its node
use_cluster() {
    [[ $1 =~ ^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$ ]] || die "'$1' is no cluster name: lower case letters, digits and '-'"
    CLUSTER=$1
    C_DIR=$KCR_STATE/$CLUSTER
    KUBECONFIG_FILE=$C_DIR/kubeconfig
    use_node node1
}

# use_node NODE: a second node would have its own directory, supervisor and cgroup of the same shape
use_node() {
    NODE=$1
    N_DIR=$C_DIR/$NODE
    CGROUP=kcr-$CLUSTER
    VM_DIR=$N_DIR/vm
}

# has_vm: the node's kubelet and containers are in a virtual machine
has_vm() {
    [ -d "$VM_DIR" ]
}

node_address() {
    if has_vm; then echo 192.168.77.12; else echo "$API_ADDRESS"; fi
}

# read_options: the options that the running cluster was started with
read_options() {
    # shellcheck source=/dev/null
    . "$C_DIR/options"
}

# --- processes: a pid alone may name somebody else by now, a pid with its start time may not. The tests step into a
# node a thousand times: what is done for that starts no programs.

# supervisor_pid: print the supervisor's pid, fail when it is gone
supervisor_pid() {
    local pid start fields
    [ -f "$N_DIR/supervisor" ] || return 1
    read -r pid start <"$N_DIR/supervisor" || return 1
    # the program's name, which comes second, may have spaces in it
    { read -r fields <"/proc/$pid/stat"; } 2>/dev/null || return 1
    read -ra fields <<<"${fields##*) }"
    [ -n "$start" ] && [ "${fields[19]}" = "$start" ] || return 1
    echo "$pid"
}

# node_pid: the node's process 1 as this machine numbers it
node_pid() {
    local supervisor first
    supervisor=$(supervisor_pid) || return 1
    { read -r -d ' ' first <"/proc/$supervisor/task/$supervisor/children"; } 2>/dev/null || return 1
    echo "$first"
}

running_node_pid() {
    node_pid || die "cluster '$CLUSTER' is not running: cluster/up --name $CLUSTER"
}

# --- cgroups: everything of a cluster lives below kcr-NAME, in each hierarchy that the machine has

cgroup_hierarchies() {
    if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
        echo /sys/fs/cgroup
        return
    fi
    find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d
}

# tracking_cgroup: the one that lists every process that we start, whatever its parents did
tracking_cgroup() {
    local hierarchy
    for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/{pids,freezer,devices,memory}; do
        [ -f "$hierarchy/cgroup.procs" ] || continue
        echo "$hierarchy/$CGROUP"
        return
    done
    die "no cgroup hierarchy is mounted under /sys/fs/cgroup"
}

# system_cgroups: where a cluster's own processes are, in the tracking hierarchy and, beside version 1, in version 2's.
# CRIU writes into a checkpoint every version 2 cgroup below the process's own, and a restore makes them all again: from
# the root of that hierarchy, it would revive those of other clusters.
system_cgroups() {
    echo "$(tracking_cgroup)/system"
    [ ! -f /sys/fs/cgroup/unified/cgroup.procs ] || echo "/sys/fs/cgroup/unified/$CGROUP/system"
}

# join_cluster: from here on this process and its children end with the cluster
join_cluster() {
    local group
    for group in $(system_cgroups); do
        echo "$BASHPID" >"$group/cgroup.procs"
    done
}

# close_inherited: CRIU trips over descriptors that a caller of these scripts left open
close_inherited() {
    local fd
    for fd in /proc/"$BASHPID"/fd/*; do
        fd=${fd##*/}
        [ "$fd" -le 2 ] || [ "$fd" = 255 ] || eval "exec $fd>&-"
    done
}

# --- stepping in

# enter_plane CMD...: become CMD inside the namespaces, with a clean environment
enter_plane() {
    local pid
    pid=$(running_node_pid)
    exec nsenter --target "$pid" --mount --pid --net --uts --ipc --root --wd -- "${CLEAN_ENVIRONMENT[@]}" "$@"
}

# enter_vm CMD...: become a connection to the machine on which CMD runs
enter_vm() {
    local pid words terminal=-T
    pid=$(running_node_pid)
    [ ! -t 0 ] || [ ! -t 1 ] || terminal=-t
    printf -v words '%q ' "${CLEAN_ENVIRONMENT[@]}" "$@"
    exec nsenter --target "$pid" --net -- ssh -F "$VM_DIR/ssh_config" "$terminal" node "cd / && exec $words"
}

# enter_node CMD...: become CMD where the kubelet and the containers are
enter_node() {
    ! has_vm || enter_vm "$@"
    enter_plane "$@"
}

# enter_net CMD...: become CMD, with this machine's files, in the cluster's network
enter_net() {
    local pid
    pid=$(running_node_pid)
    export KUBECONFIG=$KUBECONFIG_FILE
    PATH="$C_DIR/bin:$PATH" exec nsenter --target "$pid" --net -- "$@"
}

in_plane() {
    (enter_plane "$@")
}

in_node() {
    (enter_node "$@")
}

in_net() {
    (enter_net "$@")
}

# lock_cluster SECONDS: hold the cluster's lock until this process ends; the last one to leave removes the file,
# so a lock on a file that is gone by then does not count
lock_cluster() {
    local file=$KCR_STATE/.$CLUSTER.lock
    while :; do
        mkdir -p "$KCR_STATE"
        exec 8>"$file"
        flock --wait "$1" 8 || die "cluster '$CLUSTER' is being started or stopped by another process"
        [ "$file" -ef "/proc/$$/fd/8" ] && return
    done
}

# --- waiting

# wait_for WHAT SECONDS LOG CMD...: wait_until, and say so when it is there
wait_for() {
    wait_until "$@"
    say "$1"
}

# wait_until WHAT SECONDS LOG CMD...: poll until CMD succeeds; on time-out show the end of LOG and fail. A virtual
# machine without KVM is slow, and each look costs it time.
wait_until() {
    local what=$1 seconds=$2 log=$3 began=$SECONDS next=5 pause=0.1
    shift 3
    ! has_vm || { seconds=$((seconds * 5)); pause=0.5; }
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS - began >= seconds)); then
            say "gave up waiting after $seconds s: $what"
            show_log_end "$log"
            return 1
        fi
        if ((SECONDS - began >= next)); then
            say "  waiting for: $what"
            next=$((next + 5))
        fi
        sleep "$pause"
    done
}

show_log_end() {
    [ -f "$1" ] || return 0
    printf -- '--- the last lines of %s\n' "$1" >&2
    tail -n 25 "$1" | cut -c1-400 >&2
    printf -- '---\n' >&2
}
