#!/bin/bash
# Calls an OCI runtime as engines and people do, on a container of its own, and prints for each call its exit status and
# what it wrote. In the node, by cases_calls.py: once with runc or crun itself, once with kcr-runtime in front of it.
# Usage: lifecycle.sh PROGRAM CGROUP   (CGROUP: the container's, as in its config.json)
set -uo pipefail

program=$1 cgroup=$2
place=/run/kcr-lifecycle
id=lifecycle

cleanup() {
    "$program" --root "$place/state" delete --force "$id" >/dev/null 2>&1
    umount "$place/bundle/rootfs" 2>/dev/null
    rm -rf --one-file-system "$place"
    remove_cgroups
}

# remove_cgroups: crun leaves some behind when it cannot restore
remove_cgroups() {
    find /sys/fs/cgroup/*"$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null
}

# call ARGUMENT...: what the call gives, word by word, but for the time of an error
call() {
    echo "\$ $*"
    "$program" --root "$place/state" "$@" >"$place/out" 2>"$place/err" </dev/null
    echo "status $?"
    sed 's/^/out /' "$place/out"
    sed -E 's/^/err /; s/[0-9]{4}-[0-9-]+T[0-9:.]+Z/TIME/' "$place/err"
}

# make ARGUMENT...: a call that makes a container, which gets this process's streams, and a dump wants to know those
make() {
    echo "\$ $*"
    "$program" --root "$place/state" --log "$place/log" "$@" </dev/null >/dev/null 2>&1
    echo "status $?"
}

# alike ARGUMENT...: the same, but pids, times and counts are only numbers
alike() {
    call "$@" | sed -E '3,$s/[0-9]+/N/g; s/ +/ /g'
}

status_now() {
    "$program" --root "$place/state" state "$id" 2>/dev/null | jq -r .status | grep . || echo absent
}

# until_status STATUS...: wait, at most 10 s, until the container is in one of these
until_status() {
    local tries=0
    until [[ " $* " = *" $(status_now) "* ]]; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || { echo "never became $*"; return; }
        sleep 0.05
    done
}

# until_child: wait, at most 10 s, until the container has both of its processes
until_child() {
    local tries=0
    until "$program" --root "$place/state" ps "$id" | grep -q 'sleep infinity'; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || { echo 'it has no child'; return; }
        sleep 0.05
    done
}

make_bundle() {
    mkdir -p "$place/bundle/rootfs" "$place/empty"
    # private: where / is shared, as systemd leaves it, what a runtime unmounts below would be unmounted in the node as well
    mount --bind / "$place/bundle/rootfs"
    mount --make-private "$place/bundle/rootfs"
    (cd "$place/bundle" && "$program" spec)
    # masked directories are crun's own, of which CRIU would have to be told
    jq --arg cgroup "$cgroup" '.process.terminal = false | .linux.cgroupsPath = $cgroup | del(.process.rlimits, .linux.maskedPaths)
        | .process.args = ["bash", "-c", "trap \"exit 3\" TERM; sleep infinity & while :; do wait; done"]
        | .annotations = {"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "main",
            "io.kubernetes.cri.sandbox-uid": "lifecycle", "io.kubernetes.cri.sandbox-name": "p",
            "io.kubernetes.cri.sandbox-namespace": "n"}' "$place/bundle/config.json" >"$place/bundle/new"
    mv "$place/bundle/new" "$place/bundle/config.json"
    jq '.process | .args = ["sh", "-c", "echo by process; exit 5"]' "$place/bundle/config.json" >"$place/process.json"
}

calls_without_a_container() {
    call --version
    call --help
    call features
    (cd "$place/empty" && call spec && cat config.json)
    call list
    call frobnicate
    for verb in state start kill pause resume ps delete "delete --force" "events --stats" checkpoint "exec -d"; do
        # shellcheck disable=SC2086 # words
        alike $verb unknown
    done
    alike create --bundle "$place/nowhere" "$id"
    alike create --bundle "$place/bundle" ../escape
    call create
}

calls_of_a_life() {
    make create --bundle "$place/bundle" --pid-file "$place/pid" "$id"
    [ -s "$place/pid" ] && echo "there is a pid"
    alike create --bundle "$place/bundle" "$id"
    alike state "$id"
    alike list
    call start "$id"
    until_child
    alike start "$id"
    alike state "$id"
    alike ps "$id"
    alike ps --format json "$id"
    call exec "$id" sh -c 'echo out; echo err >&2; exit 7'
    call exec --process "$place/process.json" "$id"
    call exec --cwd /tmp --env A=b "$id" env
    alike exec "$id" /nonexistent
    alike events --stats "$id"
    call update --cpu-share 512 "$id"
    echo '{"pids":{"limit":100}}' >"$place/resources"
    call update --resources "$place/resources" "$id"
    call pause "$id"
    until_status paused
    alike state "$id"
    alike pause "$id"
    call resume "$id"
    alike resume "$id"
}

calls_of_checkpoints() {
    call checkpoint --leave-running --image-path "$place/images" --work-path "$place/work" "$id"
    alike state "$id"
    call checkpoint --image-path "$place/last" --work-path "$place/work" "$id"
    until_status stopped absent
    alike state "$id"
    make restore --detach --bundle "$place/bundle" --image-path "$place/last" --work-path "$place/work" "$id"
    alike state "$id"
    call restore --detach --bundle "$place/bundle" --image-path "$place/empty" --work-path "$place/work" other
    "$program" --root "$place/state" delete --force other >/dev/null 2>&1
}

calls_of_the_end() {
    call kill "$id" TERM
    until_status stopped
    alike state "$id"
    alike kill "$id" TERM
    alike exec "$id" true
    call delete "$id"
    alike delete "$id"
    make run --detach --bundle "$place/bundle" "$id"
    call kill --all "$id" KILL
    until_status stopped
    call delete --force "$id"
    make create --bundle "$place/bundle" "$id"
    call delete --force "$id"
    call list
}

trap cleanup EXIT
cleanup
make_bundle
calls_without_a_container
calls_of_a_life
calls_of_checkpoints
calls_of_the_end
