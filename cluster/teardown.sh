# shellcheck shell=bash # sourced
# Ending a cluster: whatever state it is in, nothing of it is left. The supervisor goes first and takes the node's
# processes along; what else was started for the cluster is found by its cgroup, not by its name.

kill_supervisor() {
    local pid
    pid=$(supervisor_pid) || return 0
    kill -KILL "$pid" 2>/dev/null || true
}

cluster_processes() {
    find "$(tracking_cgroup)" -name cgroup.procs -exec cat {} + 2>/dev/null || true
}

# thaw: what a checkpoint has frozen when it is cut off does not even die (in version 1 of cgroups)
thaw() {
    local hierarchy state
    for hierarchy in $(cgroup_hierarchies); do
        find "$hierarchy/$CGROUP" -name freezer.state 2>/dev/null | while read -r state; do
            echo THAWED >"$state" 2>/dev/null || true
        done
    done
}

# kill_processes: repeat, since a process may start another while we look
kill_processes() {
    local deadline=$((SECONDS + 20)) pids
    while pids=$(cluster_processes) && [ -n "$pids" ]; do
        [ "$SECONDS" -lt "$deadline" ] || die "processes that do not end: ${pids//$'\n'/ }"
        # shellcheck disable=SC2086
        kill -KILL $pids 2>/dev/null || true
        thaw
        sleep 0.05
    done
}

remove_cgroups() {
    local hierarchy deadline=$((SECONDS + 10))
    for hierarchy in $(cgroup_hierarchies); do
        while [ -d "$hierarchy/$CGROUP" ]; do
            find "$hierarchy/$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null && break
            [ "$SECONDS" -lt "$deadline" ] || die "cannot remove the cgroup $hierarchy/$CGROUP"
            sleep 0.05
        done
    done
}

# leave_cluster: whoever runs us with cluster/exec should live to see the end
leave_cluster() {
    local group
    grep -q "/$CGROUP/" "/proc/$BASHPID/cgroup" || return 0
    for group in $(system_cgroups); do
        echo "$BASHPID" >"${group%"/$CGROUP/system"}/cgroup.procs"
    done
}

# power_off: every process ends at once, as when a machine loses its power; the node's directory stays
power_off() {
    leave_cluster
    kill_supervisor
    kill_processes
    remove_cgroups
}

# teardown [keep-logs]
teardown() {
    power_off
    if [ "${1:-}" = keep-logs ]; then
        find "$N_DIR" -mindepth 1 -maxdepth 1 ! -name log -exec rm -rf --one-file-system {} + 2>/dev/null || true
    else
        rm -rf --one-file-system "$C_DIR"
    fi
}
