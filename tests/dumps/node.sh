#!/bin/sh
# The first process of a node for dumps, in namespaces of its own: node.sh ROOT SCRATCH makes an overlay of ROOT, with
# what is written in SCRATCH, its root, and waits. Killing the unshare that started it ends all that runs there.
set -eu
root=$1 scratch=$2
mount --make-rprivate /
mount -t tmpfs tmpfs "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"
cd "$scratch/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mkdir -p dumps old
pivot_root . old
umount -l /old
mount --make-rshared /
ip link set lo up
echo ready
exec sleep infinity
