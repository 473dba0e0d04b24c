#!/bin/bash
# A restore that fails leaves the root of a container as it was: on a real overlay, with a runtime that does as it is told.
# Usage: test_kcr_restore.sh PROGRAM; as root, in a mount namespace of its own
set -euo pipefail
# shellcheck source=tests/programs/tap.sh
. "$(dirname "$(readlink -f "$0")")/tap.sh"

[ "${2:-}" = inside ] || exec unshare --mount --propagation private "$0" "$1" inside
program=$1
place=$(mktemp -d)
mount -t tmpfs -o size=64m tmpfs "$place"
trap 'cd /; umount -l "$place"; rmdir "$place"' EXIT
cp "$program" "$place/kcr-runtime"
cat >"$place/restorer" <<'RESTORER'
#!/bin/bash
place=$(dirname "$0")
while [[ ${1:-} == --* ]]; do shift; done
echo "$1" >>"$place/calls"
case $1 in
restore)
    cat "$place/bundle/rootfs/added" >"$place/seen"
    if [ -e "$place/busy" ]; then
        exec 3<"$place/bundle/rootfs" # before this ends: a process in the background may come to it later
        sleep 60 <&3 >/dev/null 2>&1 &
        echo $! >"$place/sleeper"
    fi
    exit 1
    ;;
esac
RESTORER
chmod 755 "$place/restorer"
echo "{\"runtime\":\"$place/restorer\",\"store\":\"$place/store\",\"state\":\"$place/state\"}" >"$place/kcr-runtime.json"
mkdir -p "$place"/{lower,bundle/rootfs,upper,work,store/plans/u1,store/c1/checkpoint,layer}
cat >"$place/bundle/config.json" <<'CONFIG'
{"ociVersion":"1.2.1","root":{"path":"rootfs"},"annotations":{"io.kubernetes.cri.container-type":"container",
"io.kubernetes.cri.container-name":"main","io.kubernetes.cri.sandbox-uid":"u1","io.kubernetes.cri.sandbox-name":"p",
"io.kubernetes.cri.sandbox-namespace":"n"}}
CONFIG
record=$place/store/records/u1/main.json

# plan SUM [LAYERS]
plan() {
    cat >"$place/store/plans/u1/main.json" <<PLAN
{"version":1,"policy":"Always","retryWindowSeconds":60,"candidates":[{"uid":"c1","directory":"c1","layers":"${2:-}","files":
[{"path":"rootfs-diff.tar","bytes":$(stat -c %s "$place/store/c1/rootfs-diff.tar"),"xxh3":"$1"}]}]}
PLAN
    rm -rf "$place/store/records" "$place/calls"
}

# put_layer: the directory `layer` becomes the checkpoint's layer, and its sum, which kcr-runtime tells, `sum`
put_layer() {
    tar -C "$place/layer" -cf "$place/store/c1/rootfs-diff.tar" .
    plan none
    "$place/kcr-runtime" create --bundle "$place/bundle" sum
    sum=$(sed -n 's/.*has changed: \([0-9a-f]*\), not none.*/\1/p' "$record")
}

create() {
    "$place/kcr-runtime" create --bundle "$place/bundle" "$1"
}

# mount_root OPTIONS
mount_root() {
    mount -t overlay overlay -o "lowerdir=$place/lower,upperdir=$place/upper,workdir=$place/work$1" "$place/bundle/rootfs"
}

calls() {
    tr '\n' ' ' <"$place/calls"
}

root_is_fresh() {
    [ "$(cd "$place/bundle/rootfs" && find . | sort | tr '\n' ' ')" = '. ./kept ./mount-point ' ] &&
        [ "$(cat "$place/bundle/rootfs/kept")" = image ]
}

echo image >"$place/lower/kept"
mount_root ''
mkdir "$place/bundle/rootfs/mount-point"
echo added >"$place/layer/added"
echo changed >"$place/layer/kept"
put_layer

plan "$sum" "$place/lower"
holds 'goes on after a failed restore' create r1
holds 'restores with the layer' test "$(cat "$place/seen")" = added
holds 'creates behind a failed restore' test "$(calls)" = 'restore delete create '
holds 'puts the root back' root_is_fresh
holds 'blames the checkpoint' grep -q '"outcome":"Failed".*"reason":"RestoreFailed"' "$record"

# as CRI-O mounts roots
umount "$place/bundle/rootfs"
mount_root ,volatile
plan "$sum" "$place/lower"
holds 'goes on after a failed restore on a volatile root' create v1
holds 'creates behind that' test "$(calls)" = 'restore delete create '
holds 'puts a volatile root back' root_is_fresh
holds 'leaves it volatile' grep -q volatile <(grep "$place/bundle/rootfs" /proc/self/mountinfo)

# another image of that name
plan "$sum" "$place/elsewhere"
holds 'goes on with another image' create r2
holds 'does not restore onto another image' test "$(calls)" = 'create '
holds 'tells of the other image' grep -q '"reason":"ImageChanged"' "$record"

# somebody holds the root, so that it cannot be put back
plan "$sum"
touch "$place/busy"
status=0
create r3 2>"$place/said" || status=$?
rm "$place/busy"
kill "$(cat "$place/sleeper")" 2>/dev/null || true
holds 'fails on a spoilt root' test "$status" = 1
holds 'creates nothing on a spoilt root' test "$(calls)" = 'restore delete '
holds 'says why' grep -q 'cannot unmount' "$place/said"
umount "$place/bundle/rootfs"
rm -rf "$place"/{upper,work} && mkdir "$place"/{upper,work}
mount_root ''
mkdir "$place/bundle/rootfs/mount-point"

# the disk of the root is full: nobody's fault
head -c 20000000 /dev/zero >"$place/layer/large"
put_layer
rm -r "$place/layer"
head -c "$(($(stat -f -c '%a * %S' "$place") - 4000000))" /dev/zero >"$place/full"
plan "$sum"
holds 'goes on with a full disk' create r4
holds 'creates with a full disk' grep -q create "$place/calls"
holds 'begins no restore with a full disk' test "$(grep -c restore "$place/calls")" = 0
holds 'leaves nothing half restored' root_is_fresh
holds 'blames nobody' grep -q '"outcome":"Cold".*"reason":"NodeTrouble"' "$record"

end_cases
