# shellcheck shell=bash # sourced
# A node as users have it: Debian's own kernel with systemd, cgroup version 2 and AppArmor, in a virtual machine. QEMU
# runs in the cluster's network, where the machine is one more port of the bridge node0. It uses no KVM, which is slow
# and works everywhere: where KVM is only half there, QEMU ends or hangs instead of doing without.
#
# The machine's disk is made for the run from the directory of Debian's packages, with the same configuration laid over
# it that a node in namespaces gets, and with units, keys and an address below. One is inside by ssh (enter_vm).

VM_CPUS=2
VM_MEMORY_MIB=3072
VM_DISK=12G

# unit NAME: the unit file on stdin; systemd starts it with the machine
unit() {
    local units=$VM_DIR/files/etc/systemd/system
    mkdir -p "$units/multi-user.target.wants"
    cat >"$units/$1"
    ln -sf "../$1" "$units/multi-user.target.wants/$1"
}

# vm_units: what runs in the machine, where the rest of the cluster's components run outside
vm_units() {
    echo "$ENGINE" kubelet kube-proxy
}

# write_units: as the packages of engines and the kubelet have them, apart from where their programs lie
write_units() {
    local name
    unit "$ENGINE.service" <<EOF
[Unit]
After=network.target dbus.service
[Service]
Type=notify
Environment=PATH=$NODE_PATH
ExecStartPre=modprobe overlay
ExecStart=/etc/kubernetes/run/$ENGINE
Restart=always
RestartSec=5
KillMode=process
Delegate=yes
OOMScoreAdjust=-999
TasksMax=infinity
LimitNOFILE=infinity
EOF
    for name in kubelet kube-proxy; do
        unit $name.service <<EOF
[Unit]
After=network-online.target $ENGINE.service
Wants=network-online.target
StartLimitIntervalSec=0
[Service]
Environment=PATH=$NODE_PATH
ExecStart=/etc/kubernetes/run/$name
Restart=always
RestartSec=10
EOF
    done
}

# write_log_units: what a component writes goes to the journal, and from there to its log outside (see vm_ports)
write_log_units() {
    local name
    for name in $(vm_units); do
        unit "log-$name.service" <<EOF
[Unit]
Wants=modprobe@virtio_console.service
After=modprobe@virtio_console.service
[Service]
ExecStart=journalctl --boot --follow --lines=all --output=short-iso-precise --unit=$name
StandardOutput=file:/dev/virtio-ports/log.$name
Restart=on-failure
RestartSec=1
EOF
    done
}

write_vm_network() {
    local etc=$VM_DIR/files/etc
    mkdir -p "$etc"/{systemd/network,modules-load.d,sysctl.d}
    cat >"$etc/systemd/network/10-node.network" <<EOF
[Match]
Type=ether
Kind=!*
[Network]
Address=$(node_address)/24
Gateway=$API_ADDRESS
EOF
    ln -sf /usr/lib/systemd/system/systemd-networkd.service "$etc/systemd/system/multi-user.target.wants/"
    # what every guide to Kubernetes asks of a node
    printf '%s\n' overlay br_netfilter >"$etc/modules-load.d/kubernetes.conf"
    printf '%s\n' net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1 >"$etc/sysctl.d/kubernetes.conf"
}

# disable_profiles: AppArmor's package has profiles of a hundred programs, and compiling them is half of the start; this
# machine has only these programs of them. The one that containers run under is containerd's own.
disable_profiles() {
    local disabled=$VM_DIR/files/etc/apparmor.d/disable file
    mkdir -p "$disabled"
    for file in "$(vm_root_home)"/etc/apparmor.d/*; do
        case ${file##*/} in runc | crun | unix-chkpwd) continue ;; esac
        [ ! -f "$file" ] || ln -s "/etc/apparmor.d/${file##*/}" "$disabled/"
    done
}

# write_ssh: keys of this run only, so that nobody else gets in, and no other machine is taken for this one
write_ssh() {
    local ssh=$VM_DIR/files/etc/ssh
    mkdir -p "$ssh/sshd_config.d"
    ssh-keygen -q -t ed25519 -N '' -C cluster -f "$VM_DIR/key"
    ssh-keygen -q -t ed25519 -N '' -C node -f "$ssh/ssh_host_ed25519_key"
    cp "$VM_DIR/key.pub" "$ssh/authorized_keys"
    echo "$(node_address) $(cat "$ssh/ssh_host_ed25519_key.pub")" >"$VM_DIR/known_hosts"
    cat >"$ssh/sshd_config.d/node.conf" <<EOF
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /etc/ssh/authorized_keys
UsePAM no
PrintMotd no
MaxSessions 200
EOF
    # one connection serves every command: making one takes the slow machine a second
    cat >"$VM_DIR/ssh_config" <<EOF
Host node
    HostName $(node_address)
    User root
    IdentityFile $VM_DIR/key
    IdentitiesOnly yes
    UserKnownHostsFile $VM_DIR/known_hosts
    StrictHostKeyChecking yes
    BatchMode yes
    ConnectTimeout 10
    ServerAliveInterval 15
    ServerAliveCountMax 4
    ControlMaster auto
    ControlPath $VM_DIR/ssh
    ControlPersist yes
    LogLevel ERROR
EOF
}

# make_vm_disk: Debian, the cluster's files and the programs, as one file system; laid over each other in a mount
# namespace of its own, which ends with mkfs
make_vm_disk() {
    local root=$N_DIR/root
    write_units
    write_log_units
    write_vm_network
    disable_profiles
    write_ssh
    mkdir -p "$VM_DIR"/files/{opt/kubernetes,opt/engine,etc/kubernetes,var}
    # systemd would otherwise bring everything up to date that it believes older than the packages
    touch "$VM_DIR"/files/{etc,var}/.updated
    # shellcheck disable=SC2016
    unshare --mount bash -euc '
        mount -t overlay overlay -o "lowerdir=$2:$3:$4" "$1"
        mount --bind "$5" "$1/etc/kubernetes"
        mount --bind "$6" "$1/opt/kubernetes"
        mount --bind "$7" "$1/opt/engine"
        mkfs.ext4 -q -d "$1" "$8" "$9" >/dev/null
    ' make-disk "$root" "$VM_DIR/files" "$N_DIR/upper" "$(vm_root_home)" "$N_DIR/etc" "$(kubernetes_home)" \
        "$(engine_home)" "$VM_DIR/disk" "$VM_DISK"
    say "disk of $NODE"
}

# plug_vm: the machine's port of the bridge, and the ways to its Pods and Services
plug_vm() {
    in_plane ip tuntap add vm0 mode tap
    in_plane ip link set vm0 master node0 up
    in_plane ip route add 10.244.0.0/16 via "$(node_address)"
    in_plane ip route add 10.96.0.0/16 via "$(node_address)"
}

# vm_ports: QEMU writes what comes through the port log.NAME to the component's log
vm_ports() {
    local name
    for name in $(vm_units); do
        printf '%s\n' -chardev "file,id=$name,append=on,path=$(component_log "$name")" \
            -device "virtserialport,chardev=$name,name=log.$name"
    done
}

# start_vm: the machine starts beside the API server; its process ends as all of the cluster's do. One thread computes
# both CPUs: with one each, QEMU 7.2 runs code that the kernel has just patched as it was before, and the kernel panics.
# The model is as old as Debian's programs allow: with all that QEMU can emulate, everything takes half as long again.
start_vm() {
    local root ports
    root=$(vm_root_home)
    mapfile -t ports < <(vm_ports)
    plug_vm
    (
        join_cluster
        close_inherited
        enter_net setsid --fork qemu-system-x86_64 -name "$CLUSTER-$NODE" -nodefaults -no-user-config -display none \
            -machine q35 -accel tcg,thread=single -cpu Westmere -smp "$VM_CPUS" -m "$VM_MEMORY_MIB" \
            -kernel "$(echo "$root"/boot/vmlinuz-*)" -append 'root=/dev/nvme0n1 rw console=ttyS0 mitigations=off panic=1 systemd.show_status=no' \
            -drive "file=$VM_DIR/disk,format=raw,if=none,id=disk,discard=unmap" -device nvme,drive=disk,serial=root \
            -netdev tap,id=network,ifname=vm0,script=no,downscript=no -device virtio-net-pci,netdev=network,romfile= \
            -pidfile "$VM_DIR/pid" -device virtio-rng-pci -device virtio-serial-pci "${ports[@]}" \
            -chardev "file,id=console,append=on,path=$N_DIR/log/console.log" -serial chardev:console \
            </dev/null >"$N_DIR/log/qemu.log" 2>&1
    )
}

vm_runs() {
    [ ! -f "$VM_DIR/pid" ] || kill -0 "$(cat "$VM_DIR/pid")"
}

vm_answers() {
    in_node true || ! vm_runs
}

# wait_vm: until one can be inside; the connection that this makes stays and ends with the cluster
wait_vm() {
    (
        join_cluster
        wait_for "virtual machine of $NODE" 120 "$N_DIR/log/console.log" vm_answers
    )
    vm_runs || { show_log_end "$N_DIR/log/qemu.log"; return 1; }
}
