#!/bin/bash
# kcr-runtime passes on whatever it is not for, word by word: arguments, streams, exit status, environment.
# Usage: test_kcr_runtime.sh PROGRAM
set -euo pipefail
# shellcheck source=tests/programs/tap.sh
. "$(dirname "$(readlink -f "$0")")/tap.sh"

program=$1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp "$program" "$place/kcr-runtime"
ln -s kcr-runtime "$place/kcr-other"
cat >"$place/fake" <<'FAKE'
#!/bin/bash
printf '%s\n' "$@" "env=$MARK" "in=$(cat)"
echo err >&2
exit 42
FAKE
chmod 755 "$place/fake"
echo "{\"runtime\":\"$place/fake\",\"store\":\"$place/store\",\"state\":\"$place/state\"}" >"$place/kcr-runtime.json"

# same_as_runtime ARGUMENT...: both say and return the same
same_as_runtime() {
    local direct through
    direct=$(echo text | MARK=1 "$place/fake" "$@" 2>&1; echo "status=$?") || true
    through=$(echo text | MARK=1 "$place/kcr-runtime" "$@" 2>&1; echo "status=$?") || true
    [ "$direct" = "$through" ] || printf '# runtime: %s\n# kcr-runtime: %s\n' "${direct//$'\n'/ }" "${through//$'\n'/ }"
    check "passes on: $*" "$([ "$direct" = "$through" ]; echo $?)"
}

mkdir -p "$place/bundle/rootfs"
cat >"$place/bundle/config.json" <<'CONFIG'
{"ociVersion":"1.2.1","root":{"path":"rootfs"},"annotations":{"io.kubernetes.cri.container-type":"container",
"io.kubernetes.cri.container-name":"main","io.kubernetes.cri.sandbox-uid":"u1","io.kubernetes.cri.sandbox-name":"p",
"io.kubernetes.cri.sandbox-namespace":"n"}}
CONFIG
same_as_runtime
same_as_runtime --version
same_as_runtime features
same_as_runtime --root /r --log /l --log-format json create --bundle "$place/bundle" --pid-file /p abc
same_as_runtime create --bundle "$place/nowhere" abc
same_as_runtime start abc
same_as_runtime state abc
same_as_runtime kill abc 9
same_as_runtime kill --all abc KILL
same_as_runtime pause abc
same_as_runtime resume abc
same_as_runtime exec --process '/with space' -d abc
same_as_runtime ps abc
same_as_runtime events --stats abc
same_as_runtime update --resources - abc
same_as_runtime checkpoint --image-path /i --work-path /w --leave-running abc
same_as_runtime restore --detach --bundle /b abc
same_as_runtime delete --force abc
same_as_runtime ''

# a plan that cannot be used is no reason not to start
mkdir -p "$place/store/plans/u1"
for plan in '' 'nonsense' '{"version":9}' '{"version":1,"policy":"Never"}' \
    '{"version":1,"policy":"Always","candidates":[{"uid":"c","directory":"absent","files":[{"path":"x","bytes":1,"xxh3":"0"}]}]}' \
    '{"version":1,"policy":"Always","candidates":[{"uid":"d","directory":"../..","files":[{"path":"x","bytes":1,"xxh3":"0"}]}]}'; do
    echo "$plan" >"$place/store/plans/u1/main.json"
    same_as_runtime create --bundle "$place/bundle" abc
done
echo '{"version":1,"policy":"Always"}' >"$place/store/plans/u1/main.json"
touch -d '2 days ago' "$place/store/plans/u1/main.json"
same_as_runtime create --bundle "$place/bundle" abc
for reason in PlanTooOld PlanUnreadable RestoreDisabled CheckpointDamaged; do
    holds "records $reason" grep -q "\"reason\":\"$reason\"" "$place/store/records/u1/main.json"
done

# the agent sees which containers are run, and which the engine has ended, until it looks
holds 'marks a container' test -e "$place/store/containers/abc"
same_as_runtime kill abc 15
same_as_runtime delete abc
holds 'takes the mark off' test ! -e "$place/store/containers/abc"
holds 'marks what the engine has ended' test -e "$place/store/containers/abc.killed"

# a runtime that restores as told, notes what it was called for, and keeps a copy of the record as it is meanwhile
cat >"$place/restorer" <<'RESTORER'
#!/bin/bash
place=$(dirname "$0")
while [[ ${1:-} == --* ]]; do shift; done
echo "$1" >>"$place/calls"
if [ "$1" = restore ]; then
    cp "$place/store/records/u1/main.json" "$place/meanwhile"
    exit "$(cat "$place/restore-status")"
elif [ "$1" = state ]; then
    echo "{\"id\":\"r1\",\"status\": \"$(cat "$place/status")\",\"of\":\"it\"}"
fi
RESTORER
chmod 755 "$place/restorer"
ln -s kcr-runtime "$place/kcr-restorer"
echo running >"$place/status"
cat >"$place/kcr-restorer.json" <<CONFIG
{"runtime":"$place/restorer","store":"$place/store","state":"$place/state","createDeadlineMilliseconds":20000}
CONFIG
mkdir -p "$place/store/c1/checkpoint"
printf hello >"$place/store/c1/checkpoint/core-1.img"
plan='{"version":1,"policy":"Always","retryWindowSeconds":60,"candidates":[{"uid":"c1","directory":"c1","files":
[{"path":"checkpoint/core-1.img","bytes":5,"xxh3":"b5e9c1ad071b3e7fc779cfaa5e523818"}]}]}'

# anew STATUS: nothing is on record, and a restore ends with STATUS
anew() {
    rm -rf "$place/store/records" "$place/calls"
    echo "$plan" >"$place/store/plans/u1/main.json"
    echo "$1" >"$place/restore-status"
}

# called WORDS CALL...: what the runtime was called for since `anew`
called() {
    local words=$1
    shift
    check "$words" "$([ "$(tr '\n' ' ' <"$place/calls")" = "$* " ]; echo $?)"
}

anew 0
holds 'restores' "$place/kcr-restorer" create --bundle "$place/bundle" r1
called 'does not create what it restores' restore
holds 'announces a restore' grep -q '"outcome":"Failed".*"containerID":"r1".*"reason":"Interrupted"' "$place/meanwhile"
holds 'replaces what it announced' test "$(grep -o outcome "$place/store/records/u1/main.json" | wc -l)" = 1
holds 'records a restore' grep -q '"outcome":"Restored"' "$place/store/records/u1/main.json"
holds 'is created until it is started' test "$("$place/kcr-restorer" state r1)" = '{"id":"r1","status": "created","of":"it"}'
called 'asks the runtime for the rest' restore state
: >"$place/calls"
holds 'is started already' "$place/kcr-restorer" start r1
holds 'keeps the start to itself' test ! -s "$place/calls"
holds 'runs then' test "$("$place/kcr-restorer" state r1)" = '{"id":"r1","status": "running","of":"it"}'
: >"$place/calls"
holds 'starts once only' "$place/kcr-restorer" start r1
called 'passes on a second start' start
holds 'deletes' "$place/kcr-restorer" delete r1
holds 'records the end' grep -q '"ended":"2' "$place/store/records/u1/main.json"

# CRI-O looks when a container has ended, and deletes it long after
anew 0
holds 'restores for CRI-O' "$place/kcr-restorer" create --bundle "$place/bundle" l1
holds 'starts for CRI-O' "$place/kcr-restorer" start l1
"$place/kcr-restorer" state l1 >/dev/null
holds 'has not ended while it runs' test "$(grep -c ended "$place/store/records/u1/main.json")" = 0
echo stopped >"$place/status"
holds 'tells that it has stopped' test "$("$place/kcr-restorer" state l1)" = '{"id":"r1","status": "stopped","of":"it"}'
ended=$(grep -o '"ended":"[^"]*"' "$place/store/records/u1/main.json" || true)
holds 'records the end when the engine looks' test -n "$ended"
written=$(stat -c %i "$place/store/records/u1/main.json")
"$place/kcr-restorer" state l1 >/dev/null
holds 'deletes it later' "$place/kcr-restorer" delete l1
holds 'keeps the first end' grep -qF "${ended:-none}" "$place/store/records/u1/main.json"
holds 'writes nothing that is no news' test "$(stat -c %i "$place/store/records/u1/main.json")" = "$written"
echo running >"$place/status"

# the record has several writers, who wait for each other, but not for ever
anew 0
holds 'restores beside others' "$place/kcr-restorer" create --bundle "$place/bundle" w1
# hold: nobody else gets the lock of the record until `release`
hold() {
    coproc python3 -c '
import fcntl, sys
with open(sys.argv[1], "w") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()' "$place/store/records/u1/main.lock"
    read -r <&"${COPROC[0]}"
}
release() {
    local holder=$COPROC_PID input=${COPROC[1]}
    exec {input}>&-
    wait "$holder"
}
hold
sed 's/"attempts":\[/&{"outcome":"Cold","containerID":"w0"},/' "$place/store/records/u1/main.json" >"$place/written"
"$place/kcr-restorer" delete w1 &
deleter=$!
sleep 0.2 # long enough for who does not wait
mv "$place/written" "$place/store/records/u1/main.json"
release
holds 'deletes beside others' wait "$deleter"
holds 'keeps what another has written meanwhile' grep -q '"w0".*"w1".*"ended":"2' "$place/store/records/u1/main.json"
hold
holds 'does not wait for ever' timeout 60 "$place/kcr-restorer" create --bundle "$place/bundle" w2
holds 'writes then' grep -q '"w1".*"w2"' "$place/store/records/u1/main.json"
release

anew 1
holds 'goes on after a failed restore' "$place/kcr-restorer" create --bundle "$place/bundle" r2
called 'removes what is left of it and creates' restore delete create
holds 'records the failure' grep -q '"reason":"RestoreFailed"' "$place/store/records/u1/main.json"

# who was killed on the way does not begin the same again
anew 0
mkdir -p "$place/store/records/u1"
cp "$place/meanwhile" "$place/store/records/u1/main.json"
holds 'starts after an interrupted restore' "$place/kcr-restorer" create --bundle "$place/bundle" r3
called 'does not repeat an interrupted restore' create

# an order to end a container is followed once, in its time, and marks what it ends
ends() {
    mkdir -p "$place/store/orders" "$place/images"
    anew 0
    echo "{\"version\":1,\"until\":\"$1\"}" >"$place/store/orders/$2.json"
    status=0
    "$place/kcr-restorer" checkpoint --image-path "$place/images" --leave-running "$2" 2>"$place/said" || status=$?
}
ends 2100-01-01T00:00:00.000000Z e1
called 'ends a container by order' kill resume
holds 'has no checkpoint of what it ended' test "$status" = 1
holds 'says what it did' grep -q 'was ended to be restored' "$place/said"
holds 'marks what it ended' test -e "$place/store/containers/e1.replaced"
holds 'follows an order once' "$place/kcr-restorer" checkpoint --image-path "$place/images" --leave-running e1
called 'takes a checkpoint without an order' kill resume checkpoint
ends 2020-01-01T00:00:00.000000Z e2
called 'ends nothing when its time is over' checkpoint
holds 'marks nothing that was not ended' test ! -e "$place/store/containers/e2.replaced"

# what is requested is restored once, also from a policy of Never; what an order ended is on record so
plan_by_policy=$plan
plan=${plan/Always/Never}
plan="${plan%\}},\"requested\":{\"request\":\"q1\",\"checkpoint\":\"c1\"}}"
anew 0
holds 'restores on request' "$place/kcr-restorer" create --bundle "$place/bundle" q1
called 'does not create what is requested' restore
holds 'records the request' grep -q '"outcome":"Restored".*"request":"q1"' "$place/store/records/u1/main.json"
touch "$place/store/containers/q1.replaced"
holds 'deletes what was ended by order' "$place/kcr-restorer" delete q1
holds 'records an end by order' grep -q '"ended":"2.*"replaced":true' "$place/store/records/u1/main.json"
holds 'goes by the policy behind a request' "$place/kcr-restorer" create --bundle "$place/bundle" q2
called 'restores on request once' restore delete create

# what is required is restored or the container does not start, and the engine is told why; the kubelet tries again
plan="${plan%\}\}},\"required\":true}}"
refuses() {
    status=0
    "$place/kcr-restorer" --log="$place/log.json" --log-format=json create --bundle "$place/bundle" "$1" 2>"$place/said" || status=$?
}
anew 1
refuses n1
called 'does not create what is required' restore delete
holds 'fails what is required' test "$status" = 1
holds 'tells the engine why' grep -q '"level":"error","msg":"kcr-runtime: the container does not start without' "$place/log.json"
refuses n2
called 'does not try again' restore delete
holds 'fails again' test "$status" = 1
holds 'says the same again' test "$(sort -u "$place/said")" = "$(sed -n '$s/.*"msg":"\(.*\)","time".*/\1/p' "$place/log.json")"
anew 0
holds 'restores what is required' "$place/kcr-restorer" create --bundle "$place/bundle" n3
called 'restores it by itself' restore
holds 'ends' "$place/kcr-restorer" delete n3
holds 'starts without once it was restored' "$place/kcr-restorer" create --bundle "$place/bundle" n4
plan=$plan_by_policy

# without a place for the record nothing is begun
anew 0
touch "$place/store/records"
holds 'starts without a record' "$place/kcr-restorer" create --bundle "$place/bundle" r4
called 'does not restore without a record' create
rm "$place/store/records"

# a runtime that has moved is found by its name
mkdir "$place/bin"
ln -s ../fake "$place/bin/moved-runtime"
ln -s kcr-runtime "$place/kcr-moved"
echo '{"runtime":"/nonexistent/moved-runtime"}' >"$place/kcr-moved.json"
status=0
PATH="$place/bin:$PATH" "$place/kcr-moved" state abc </dev/null >/dev/null 2>&1 || status=$?
holds 'finds a runtime that has moved' test "$status" = 42

# a runtime that is kcr-runtime itself is none
ln -s ../kcr-runtime "$place/bin/itself"
echo "{\"runtime\":\"$place/bin/itself\"}" >"$place/kcr-moved.json"
status=0
timeout 10 "$place/kcr-moved" state abc 2>"$place/said" || status=$?
holds 'does not call itself' test "$status" = 127

# another name has another configuration; without a usable one there is still a runtime, or a word about it
echo "{\"runtime\":\"/nonexistent\"}" >"$place/kcr-other.json"
status=0
"$place/kcr-other" state abc 2>"$place/said" || status=$?
holds 'ends with 127 without a runtime' test "$status" = 127
holds 'names the runtime that is missing' grep -q "cannot run '/nonexistent'" "$place/said"

# a configuration that names the program itself is no way to run containers, and none to hang
echo "{\"runtime\":\"$place/./kcr-runtime\"}" >"$place/kcr-other.json"
status=0
timeout 10 "$place/kcr-other" --version >/dev/null 2>&1 || status=$?
holds 'does not become itself' test "$status" != 124

end_cases
