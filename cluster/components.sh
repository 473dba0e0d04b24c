# shellcheck shell=bash # sourced
# Starting, stopping and asking after the components of a node. A component is its start script in the node's
# /etc/kubernetes/run, a pid file (as the node numbers processes) in $N_DIR/run and a log in $N_DIR/log. In a virtual
# machine it is a unit of systemd instead, which starts it again when it fails.

# late_components: those that need the API server when they start
late_components() {
    if [ "$CONTROL_PLANE_ONLY" = yes ]; then
        echo kube-controller-manager
    else
        echo kube-controller-manager kube-scheduler kubelet kube-proxy
    fi
}

all_components() {
    echo etcd kube-apiserver
    [ "$CONTROL_PLANE_ONLY" = yes ] || echo "$ENGINE"
    late_components
}

# is_unit NAME: systemd runs the component in the virtual machine
is_unit() {
    case $1 in
        containerd | crio | kubelet | kube-proxy) has_vm ;;
        *) return 1 ;;
    esac
}

unit_pid() {
    local pid
    pid=$(in_node systemctl show --property MainPID --value "$1") && [ "$pid" != 0 ] && echo "$pid"
}

component_log() {
    echo "$N_DIR/log/$1.log"
}

# component_pid NAME: its pid inside the node; fails when it does not run
component_pid() {
    local pid
    ! is_unit "$1" || { unit_pid "$1"; return; }
    [ -s "$N_DIR/run/$1.pid" ] || return 1
    pid=$(cat "$N_DIR/run/$1.pid")
    # the pid file lies on this machine's disk, the process in the node: ask there, and for the name too
    # shellcheck disable=SC2016
    in_plane sh -c 'tr "\0" " " </proc/"$1"/cmdline | grep -qw -e "$2" 2>/dev/null' sh "$pid" "$1" 2>/dev/null || return 1
    echo "$pid"
}

# component_launch NAME: returns once it has told its pid, or it would look like one that has ended
component_launch() {
    local pid_file=$N_DIR/run/$1.pid
    ! is_unit "$1" || { in_node systemctl start "$1"; return; }
    local script="echo \$\$ >/run/components/$1.pid; exec /etc/kubernetes/run/$1 </dev/null >>/var/log/$1.log 2>&1"
    rm -f "$pid_file"
    (
        join_cluster
        close_inherited
        in_plane setsid --fork sh -c "$script" </dev/null >/dev/null 2>&1
    )
    wait_until "$1 launched" 10 "$(component_log "$1")" test -s "$pid_file"
}

# answers WHERE OPTION... URL: in_net or in_node
answers() {
    local where=$1
    shift
    "$where" curl --silent --fail --max-time 2 --output /dev/null "$@"
}

api_get_ok() {
    answers in_net --cacert "$N_DIR/etc/pki/ca.crt" --cert "$N_DIR/etc/pki/admin.crt" --key "$N_DIR/etc/pki/admin.key" \
        "https://$API_ADDRESS:6443$1"
}

component_ready() {
    case $1 in
        etcd) answers in_net http://127.0.0.1:2379/readyz ;;
        kube-apiserver) api_get_ok /readyz ;;
        kube-controller-manager) answers in_net --insecure https://127.0.0.1:10257/healthz ;;
        kube-scheduler) answers in_net --insecure https://127.0.0.1:10259/healthz ;;
        containerd) in_node ctr version >/dev/null 2>&1 ;;
        crio) answers in_node --unix-socket /run/crio/crio.sock http://localhost/info ;;
        kubelet) answers in_node http://127.0.0.1:10248/healthz ;;
        kube-proxy) answers in_node http://127.0.0.1:10256/livez ;;
    esac
}

# component_wait NAME: until it answers; one that ends early fails at once
component_wait() {
    wait_until "$1 ready" 60 "$(component_log "$1")" ready_or_dead "$1" || return 1
    if ! component_pid "$1" >/dev/null; then
        say "$1 ended"
        show_log_end "$(component_log "$1")"
        return 1
    fi
    say "$1 ready"
}

ready_or_dead() {
    component_ready "$1" || ! component_pid "$1"
}

component_start() {
    if component_pid "$1" >/dev/null; then
        say "$1 already runs"
        return
    fi
    component_launch "$1"
}

component_signal() {
    local pid
    pid=$(component_pid "$1") || return 1
    if is_unit "$1"; then in_node kill "-$2" "$pid"; else in_plane kill "-$2" "$pid"; fi
}

component_gone() {
    ! component_pid "$1" >/dev/null
}

# component_stop NAME: SIGTERM; the API server and etcd would wait long for their watchers, so SIGKILL after 5 s
component_stop() {
    local began=$SECONDS
    ! is_unit "$1" || { in_node systemctl stop "$1"; return; }
    component_signal "$1" TERM || return 0
    until component_gone "$1" || ((SECONDS - began >= 5)); do
        sleep 0.1
    done
    component_signal "$1" KILL || true
    wait_for "$1 stopped" 5 "$(component_log "$1")" component_gone "$1"
}

component_kill() {
    component_signal "$1" KILL || return 0
    wait_for "$1 killed" 5 "$(component_log "$1")" component_gone "$1"
}
