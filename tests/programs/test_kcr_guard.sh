#!/bin/bash
# What was paused for a checkpoint goes on, whatever became of the caller, of the engine and of kcr-runtime itself: with
# a runtime that keeps the state of a container in a file, and no shim.
# Usage: test_kcr_guard.sh PROGRAM
set -euo pipefail
# shellcheck source=tests/programs/tap.sh
. "$(dirname "$(readlink -f "$0")")/tap.sh"

program=$1
place=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$place"' EXIT
cp "$program" "$place/kcr-runtime"
cat >"$place/fake" <<'FAKE'
#!/bin/bash
place=$(dirname "$0")
verb=$1
id=${*: -1}
echo "$verb" >>"$place/calls.$id"
case $verb in
pause) echo paused >"$place/status.$id" ;;
resume) echo running >"$place/status.$id" ;;
checkpoint) while [ -e "$place/busy" ]; do sleep 0.05; done ;;
state)
    [ -e "$place/status.$id" ] || exit 1
    echo "{\"status\":\"$(cat "$place/status.$id")\",\"pid\":$(cat "$place/pid"),\"bundle\":\"$place/bundle.$id\"}"
    ;;
esac
FAKE
chmod 755 "$place/fake"
patience_ms=300
cat >"$place/kcr-runtime.json" <<CONFIG
{"runtime":"$place/fake","store":"$place/store","state":"$place/state","resumePatienceMilliseconds":$patience_ms}
CONFIG
mkdir -p "$place/store/orders"
echo $$ >"$place/pid"
engines=()

kcr() { "$place/kcr-runtime" "$@"; }
checkpoint() { kcr checkpoint --image-path "$place/images.$1" --work-path "$place/work" --leave-running "$1"; }
is() { [ "$(cat "$place/status.$1")" = "$2" ]; }
resumes() { [ "$(grep -c resume "$place/calls.$1")" = "$2" ]; }

# soon COMMAND...: it comes true; with a deadline
soon() {
    for _ in $(seq 200); do
        ! "$@" 2>/dev/null || return 0
        sleep 0.05
    done
    return 1
}

# has_gone ID: its guard, a kcr-runtime that has not become the runtime
has_gone() {
    local guards
    mapfile -t guards < <(grep -lsz "^$place/kcr-runtime\$" /proc/[0-9]*/cmdline)
    [ "${#guards[@]}" = 0 ] || ! grep -qsz "^$1\$" "${guards[@]}"
}

# patient COMMAND...: it stays true for much longer than a guard waits
patient() {
    sleep 0.9
    "$@"
}

# ---- the guard resumes
holds 'pauses' kcr pause lost
holds 'takes a checkpoint' checkpoint lost
holds 'leaves what the engine may still need' is lost paused
holds 'resumes what nobody resumes' soon is lost running
holds 'ends then' soon has_gone lost
holds 'leaves no mark' test ! -e "$place/state/lost.paused"

touch "$place/busy"
kcr pause killed
checkpoint killed &
call=$!
soon grep -q checkpoint "$place/calls.killed"
holds 'does not resume during the call' patient is killed paused
kill -KILL "$call"
wait "$call" 2>/dev/null || true
rm "$place/busy"
holds 'resumes after a call that was killed' soon is killed running

touch "$place/store/orders/ordered.json"
holds 'pauses for an order' kcr pause ordered
holds 'resumes what was paused for an order that never came' soon is ordered running
rm "$place/store/orders/ordered.json"

kcr pause copied
mkdir "$place/images.copied"
touch "$place/images.copied/pages-1.img"
checkpoint copied
holds 'leaves the engine time to copy' patient is copied paused
rm -r "$place/images.copied"
holds 'leaves it time to compare files' patient is copied paused
holds 'resumes in the end' soon is copied running

# an engine that is gone, which is the caller, and one that has given up, have nothing to copy
kcr pause orphaned
mkdir "$place/images.orphaned" "$place/images.given"
touch "$place/images.orphaned/pages-1.img"
(checkpoint orphaned)
kcr pause given
touch "$place/busy"
"$place/kcr-runtime" checkpoint --image-path "$place/images.given" --leave-running given &
call=$!
soon grep -q checkpoint "$place/calls.given"
rmdir "$place/images.given"
mkdir "$place/images.given"
touch "$place/images.given/pages-1.img"
rm "$place/busy"
wait "$call"
holds 'does not wait for an engine that is gone' soon is orphaned running
holds 'does not wait for an engine that has given up' soon is given running

# one that never resumed what ran already (CRI-O) when it was checkpointed by order before
mkdir "$place/images.before"
touch "$place/images.before/pages-1.img" "$place/state/before.resumed"
kcr pause before
checkpoint before
holds 'has forgotten an older checkpoint' patient is before paused
rm -r "$place/images.before"
soon is before running
touch "$place/state/before.resumed"
kcr delete before
holds 'leaves nothing of it to its end' test ! -e "$place/state/before.resumed"

# containerd, as the environment of its shims names it: listens, and opens what it copies
cat >"$place/engine.py" <<'ENGINE'
import socket, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
opened = [open(name) for name in sys.argv[2:]]
time.sleep(60)
ENGINE
for id in careless copying; do
    mkdir "$place/images.$id"
    touch "$place/images.$id/pages-1.img"
    kcr pause $id
    if [ $id = copying ]; then set -- "$place/images.$id/pages-1.img"; fi
    python3 "$place/engine.py" "$place/$id.sock" "$@" &
    engines+=($!)
    soon test -S "$place/$id.sock"
    TTRPC_ADDRESS="$place/$id.sock" checkpoint $id
done
holds 'does not wait for an engine that copies nothing' soon is careless running
holds 'waits for one that copies' is copying paused
kill "${engines[@]}"
holds 'resumes when it ends' soon is copying running

# CRIU goes on for a while when the runtime is killed
sleep 60 &
target=$!
echo $target >"$place/pid"
python3 -c 'import ctypes, sys, time
PTRACE_SEIZE = 0x4206
assert ctypes.CDLL(None).ptrace(PTRACE_SEIZE, int(sys.argv[1]), None, None) == 0
open(sys.argv[2], "w").close()
time.sleep(60)' $target "$place/seized" &
tracer=$!
soon test -e "$place/seized"
kcr pause traced
checkpoint traced
holds 'does not resume what CRIU still dumps' patient is traced paused
kill $tracer
holds 'resumes when CRIU has ended' soon is traced running
kill $target
echo $$ >"$place/pid"

# ---- and where it must not
kcr pause honest
checkpoint honest
kcr resume honest
holds 'ends when the engine resumes' soon has_gone honest
holds 'does not resume again' resumes honest 1

kcr pause again
checkpoint again
kcr resume again
kcr pause again
holds 'does not resume what was paused later' patient is again paused

kcr pause second
checkpoint second
touch "$place/busy"
checkpoint second &
call=$!
holds 'does not disturb a second checkpoint' patient is second paused
rm "$place/busy"
wait "$call"
holds 'resumes after the second' soon is second running
holds 'resumes once' resumes second 1

mkdir -p "$place/state"
echo paused >"$place/status.resting"
echo -n "pause 1 1" >"$place/state/resting.paused"
checkpoint resting
holds 'lets rest what an administrator has paused' patient is resting paused
holds 'needs no guard for that' has_gone resting
kcr pause stopping
kcr checkpoint --image-path "$place/images" --work-path "$place/work" stopping
holds 'needs no guard for what is not to go on' has_gone stopping

kcr pause deleted
checkpoint deleted
kcr delete deleted
holds 'ends with its container' soon has_gone deleted
holds 'resumes nothing that is deleted' test "$(grep -c resume "$place/calls.deleted")" = 0

kcr pause ended
checkpoint ended
echo stopped >"$place/status.ended"
holds 'ends with a process that has ended' soon has_gone ended
holds 'resumes nothing that has ended' is ended stopped

# ---- nobody waits for it
kcr pause quick
said=$(checkpoint quick 2>&1 </dev/null)
holds 'holds no stream of its caller' is quick paused
holds 'says nothing' test -z "$said"
soon is quick running

# ---- what is there of a shim is no help
bootstraps=('' 'nonsense' '{"version":3,"address":"unix:///nonexistent","protocol":"ttrpc"}'
    '{"version":9,"address":"unix:///nonexistent","protocol":"ttrpc"}')
for i in "${!bootstraps[@]}"; do
    mkdir "$place/bundle.shim$i"
    echo "${bootstraps[i]}" >"$place/bundle.shim$i/bootstrap.json"
    kcr pause "shim$i"
    checkpoint "shim$i"
done
for i in "${!bootstraps[@]}"; do
    holds "resumes by the runtime with '${bootstraps[i]}'" soon is "shim$i" running
done

end_cases
