# shellcheck shell=bash disable=SC2034 # some variables are for those who source this
# Starts the VM image in QEMU for the tests beside this file; source it. Uses podman and localhost/knest/qemu.

# shellcheck source=images/versions.env disable=SC1091
. "$(dirname "${BASH_SOURCE[0]}")/../versions.env"
vm_image=${VM_IMAGE:-localhost/knest/vm:v$KUBERNETES_VERSION}
kernel_image=${VM_KERNEL_IMAGE:-localhost/knest/vm-kernel:v$KUBERNETES_VERSION}
qemu_image=${QEMU_IMAGE:-localhost/knest/qemu:$DEBIAN_SUITE}
node_name=knest-vm
identity=192.0.2.10 # documentation's own network: nobody's address
memory_mib=${MEMORY_MIB:-3072}
boot_seconds=${BOOT_SECONDS:-300} # software emulation on two busy cores needs up to 150

skip() {
  echo "SKIP: $1"
  exit 0
}

# require_images IMAGE...: without the tools or the images there is nothing to test.
require_images() {
  local image tool
  for tool in podman ssh ssh-keygen; do command -v "$tool" >/dev/null || skip "$tool is missing"; done
  ((EUID == 0)) || skip 'needs root, to read images'
  for image in "$@"; do
    podman image exists "$image" || skip "there is no image $image; run hack/build-images --vm"
  done
}

work=$(mktemp -d "${TMPDIR:-/tmp}/knest-vm.XXXXXX")
machine=knest-vm-${work##*.}
mounted=()
clean_up() {
  local failed=$?
  if ((failed)) && [[ -s $work/console.log ]]; then
    echo 'The end of the console:' >&2
    tail -n 40 "$work/console.log" >&2
  fi
  podman rm --force --time 1 "$machine" >/dev/null 2>&1 || true
  local image
  for image in "${mounted[@]}"; do podman image unmount "$image" >/dev/null 2>&1 || true; done
  rm -rf "$work"
}
trap clean_up EXIT

runtime=()
podman info --format '{{.Host.OCIRuntime.Name}}' 2>/dev/null | grep -qx runc || runtime=(--runtime runc)
# in_qemu_image OPTION... -- COMMAND...: what the test has is at /work. The limits are any that podman may set
# without CAP_SYS_RESOURCE; its own are above what some machines allow.
in_qemu_image() {
  local options=()
  while [[ $1 != -- ]]; do options+=("$1") && shift; done
  shift
  podman "${runtime[@]}" run --rm --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 --network host --volume "$work:/work" "${options[@]}" "$qemu_image" "$@"
}

# mount_image IMAGE: $files is where its files are, until the test ends.
mount_image() {
  files=$(podman image mount "$1")
  mounted+=("$1")
}

# make_seed: keys of our own, the host's key pinned, and the files that a knest backend would write.
make_seed() {
  mkdir -p "$work/seed"
  ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/client"
  ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/host"
  {
    echo '#cloud-config'
    printf 'hostname: %s\nmanage_etc_hosts: false\ndisable_root: false\nssh_pwauth: false\nssh_deletekeys: true\n' "$node_name"
    printf 'ssh_keys:\n  ed25519_private: |\n'
    sed 's/^/    /' "$work/host"
    printf '  ed25519_public: %s\nssh_authorized_keys:\n  - %s\n' "$(cat "$work/host.pub")" "$(cat "$work/client.pub")"
    printf 'write_files:\n'
    printf '  - {path: /etc/knest/node.env, permissions: "0644", content: "KNEST_NODE_NAME=%s\\nKNEST_IDENTITY=%s\\n"}\n' "$node_name" "$identity"
    printf '  - {path: /etc/knest/hosts, permissions: "0644", content: "203.0.113.7 demo-api.knest-demo.svc\\n"}\n'
  } >"$work/seed/user-data"
  printf 'instance-id: %s\n' "$machine" >"$work/seed/meta-data"
  in_qemu_image -- genisoimage -quiet -volid cidata -joliet -rock -output /work/seed.iso /work/seed/user-data /work/seed/meta-data
}

# new_disk [SIZE]: an empty overlay over the image's disk, as KubeVirt makes it.
new_disk() {
  mount_image "$vm_image"
  disk_files=$files
  rm -f "$work/disk.qcow2"
  in_qemu_image --volume "$files:/vm:ro" -- qemu-img create -q -f qcow2 -b /vm/disk/knest.qcow2 -F qcow2 /work/disk.qcow2 ${1:+"$1"}
}

# start_machine [QEMU-OPTION...]: returns at once; $started is the moment. KVM where it works, else emulation: a
# /dev/kvm without the processor's extension opens, but no machine runs.
start_machine() {
  local devices=() acceleration=tcg volumes=(--volume "$disk_files:/vm:ro")
  if [[ -w /dev/kvm ]] && grep -qwE 'vmx|svm' /proc/cpuinfo; then
    acceleration=kvm
    devices+=(--device /dev/kvm)
  fi
  [[ -z ${kernel_files:-} ]] || volumes+=(--volume "$kernel_files:/kernel:ro")
  [[ -z ${more_files:-} ]] || volumes+=(--volume "$more_files:/more:ro")
  port=$(free_port)
  started=$(now)
  in_qemu_image --detach --name "$machine" "${devices[@]}" "${volumes[@]}" -- qemu-system-x86_64 \
    -machine q35 -accel "$acceleration" -cpu max -smp 2 -m "$memory_mib" -nodefaults -no-user-config -display none \
    -serial file:/work/console.log -device virtio-rng-pci \
    -drive file=/work/disk.qcow2,if=virtio,format=qcow2,cache=unsafe,discard=unmap -drive "file=/work/seed.iso,format=raw,readonly=on,${seed_drive:-if=virtio}" \
    -netdev "user,id=net,hostfwd=tcp:127.0.0.1:$port-:22" -device virtio-net-pci,netdev=net,mac=52:54:00:6b:6e:01,romfile= \
    -device virtio-serial -chardev socket,id=agent,path=/work/agent.sock,server=on,wait=off \
    -device virtserialport,chardev=agent,name=org.qemu.guest_agent.0 "$@" >/dev/null
  printf '[127.0.0.1]:%s %s\n' "$port" "$(cat "$work/host.pub")" >"$work/known_hosts"
}

stop_machine() {
  in_machine systemctl poweroff >/dev/null 2>&1 || true
  local i
  for ((i = 0; i < 60; i++)); do
    podman container exists "$machine" || return 0
    sleep 1
  done
  echo 'the machine did not power off within 60 s' >&2
  return 1
}

free_port() {
  local port
  for ((port = 22100; port < 22200; port++)); do
    if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port" && return; fi
  done
  return 1
}

in_machine() {
  ssh -q -p "$port" -i "$work/client" -o UserKnownHostsFile="$work/known_hosts" -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes \
    -o ConnectTimeout=10 -o ServerAliveInterval=10 root@127.0.0.1 "$@"
}

# await_ssh [BOOT-ID]: until somebody can log in, in another boot than that.
await_ssh() {
  local boot deadline=$((SECONDS + boot_seconds))
  while ((SECONDS < deadline)); do
    boot=$(in_machine cat /proc/sys/kernel/random/boot_id </dev/null 2>/dev/null || true)
    [[ -z $boot || $boot == "${1:-}" ]] || return 0
    podman container exists "$machine" || break
    sleep 0.5
  done
  echo "no SSH after $boot_seconds s" >&2
  return 1
}

now() { date +%s%N; }
seconds_since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f", (b - a) / 1e9 }'; }
step() { printf '%-44s %7s s\n' "$1" "$(seconds_since "$2")"; }

# check TITLE COMMAND: in the machine; the command's output tells why it failed. All failures are told.
failures=0 check_prelude=:
check() {
  local output
  if output=$(in_machine "set -e; $check_prelude; $2" </dev/null 2>&1); then
    printf '  ok: %s\n' "$1"
  else
    failed "$1: $2" "$output"
  fi
}
failed() {
  printf 'FAILED: %s\n' "$@" >&2
  failures=$((failures + 1))
}
no_failures() { ((failures == 0)); }
