#!/usr/bin/env bash
# node.sh VERB NODE [ARGS]: a real node. systemd-nspawn boots Debian with systemd, journald and D-Bus in a network
# namespace of its own; in it run a real containerd with runc and a real kubelet.service. Ready in about 10 s. RUNTIME=cri-o
# boots it with CRI-O in place of containerd.
# NODE is node-1 .. node-99. Needs root, and control-plane.sh up.
#   up NODE            boot the node and wait until it is Ready
#   down NODE          power it off and remove it
#   exec NODE CMD...   run CMD in the node's namespaces (as a privileged hostPID pod would through nsenter)
#   hang NODE          SIGSTOP the runtime: relist blocks in CRI ListPodSandbox; PLEG is unhealthy 3 min later
#   resume NODE        SIGCONT the runtime
#   freeze NODE        freeze the kubelet's CRI connections (boot with CRI_PROXY=1): the kubelet is stuck, the runtime well
#   mute NODE          drop all packets of the kubelet's present connections to the API server: new ones are well
#   slow NODE          ListContainers takes 200 s, until the runtime is restarted (boot with CRI_PROXY=slow)
#   import NODE TAR    load an image archive into the node's runtime: there is no image registry
# KUBELET_CONFIG_EXTRA adds lines of KubeletConfiguration, UNIT_EXTRA lines of the kubelet's [Service], NODE_LABELS labels.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"; . "$here/settings.sh"
verb="${1:?verb}"; NODE="${2:?node}"; shift 2
S="$LAB_STATE"; R="$S/rootfs-$NODE"; number="${NODE##*-}"; ADDRESS="$LAB_SUBNET.$((10 + number))"
NETNS="$LAB_BRIDGE-$NODE"; VETH="$LAB_BRIDGE-$number"
leader() { pgrep -P "$(cat "$S/$NODE.pid")" | head -1; }
in_node() { nsenter -t "$(leader)" -a "$@"; }
# By what is on it.
has_crio() { [ -f "$R/etc/crio/crio.conf" ]; }
runtime_unit() { if has_crio; then echo crio; else echo containerd; fi; }
main_pid() { systemctl show "$1" -p MainPID --value; }
kubectl() { "$LAB_BIN/kubectl" --kubeconfig "$S/admin.kubeconfig" "$@"; }

# A part of every cgroup hierarchy of its own, which its systemd takes for the whole: nodes share unit names, and a kubelet
# that sees the containers of all nodes watches them all. A machine with cgroup v2 alone shares the one hierarchy.
CGROUPS="$S/cgroup-$NODE"; [ ! -f /sys/fs/cgroup/cgroup.controllers ] || CGROUPS=/sys/fs/cgroup
make_cgroups() {
  [ "$CGROUPS" != /sys/fs/cgroup ] || return 0
  mkdir -p "$CGROUPS"; mount -t tmpfs -o mode=755 tmpfs "$CGROUPS"
  local hierarchy own
  for hierarchy in /sys/fs/cgroup/*/; do
    own="$hierarchy$NETNS"; mkdir -p "$own"
    for f in cpuset.cpus cpuset.mems; do [ ! -f "$own/$f" ] || cat "$hierarchy$f" > "$own/$f"; done
    case "$hierarchy" in */systemd/ | */unified/) own="$own/payload"; mkdir -p "$own" ;; esac
    mkdir -p "$CGROUPS/$(basename "$hierarchy")"; mount --bind "$own" "$CGROUPS/$(basename "$hierarchy")"
  done
}
remove_cgroups() {
  [ "$CGROUPS" != /sys/fs/cgroup ] || return 0
  ! mountpoint -q "$CGROUPS" || umount -R "$CGROUPS"
  find /sys/fs/cgroup/*/"$NETNS" -depth -type d -exec rmdir {} \; 2>/dev/null || true
  rm -rf "$CGROUPS"
}

down() {
  if [ -f "$S/$NODE.pid" ]; then
    local init; init="$(leader || true)"; [ -z "$init" ] || kill -KILL "$init" 2>/dev/null || true
    sleep 0.5; stop "$S/$NODE.pid"
  fi
  stop "$S/$NODE-cri-proxy.pid"
  ip netns del "$NETNS" 2>/dev/null || true; ip link del "$VETH" 2>/dev/null || true
  rm -rf "$R" 2>/dev/null || true
  remove_cgroups
}

case "$verb" in
exec) in_node "$@"; exit ;;
hang) in_node bash -c "$(declare -f main_pid); kill -STOP \$(main_pid $(runtime_unit))"; exit ;;
resume) in_node bash -c "$(declare -f main_pid); kill -CONT \$(main_pid $(runtime_unit))"; exit ;;
mute)
  pid="$(in_node systemctl show kubelet -p MainPID --value)"
  for port in $(in_node ss -Htnp state established "dport = :$LAB_API_PORT" | grep "pid=$pid," | awk '{print $3}' | sed 's/.*://'); do
    ip netns exec "$NETNS" iptables -I INPUT -p tcp --sport "$LAB_API_PORT" --dport "$port" -j DROP
    ip netns exec "$NETNS" iptables -I OUTPUT -p tcp --dport "$LAB_API_PORT" --sport "$port" -j DROP
  done
  exit ;;
freeze | slow) kill -USR2 "$(cat "$S/$NODE-cri-proxy.pid")"; exit ;;
import)
  cp "$1" "$R/root/image.tar"
  if has_crio; then
    tag="$(tar -xOf "$1" manifest.json | sed 's/.*"RepoTags":\["\([^"]*\).*/\1/')"
    in_node skopeo copy -q docker-archive:/root/image.tar "containers-storage:$tag" >/dev/null
  else
    in_node ctr -n k8s.io images import /root/image.tar >/dev/null
  fi
  rm "$R/root/image.tar"; exit ;;
down) down; exit ;;
up) ;;
*) echo "node.sh: no such verb: $verb" >&2; exit 2 ;;
esac

"$here/packages.sh" systemd-nspawn busybox ip iptables nsenter openssl pgrep
rootfs="$("$here/rootfs.sh")"
down; cp -a --reflink=auto "$rootfs" "$R"
[ "${RUNTIME:-}" != cri-o ] || "$here/cri-o.sh" "$R" "$("$here/build-cri-o.sh")"
# Each node's systemd and kubelet take some; the usual 128 are enough for four nodes.
[ "$(cat /proc/sys/fs/inotify/max_user_instances)" -ge 1024 ] || sysctl -qw fs.inotify.max_user_instances=1024

ip netns add "$NETNS"; ip link add "$VETH" type veth peer name host0 netns "$NETNS"; ip link set "$VETH" master "$LAB_BRIDGE" up
ip -n "$NETNS" addr add "$ADDRESS/24" dev host0; ip -n "$NETNS" link set host0 up; ip -n "$NETNS" link set lo up
ip -n "$NETNS" route add default via "$LAB_SUBNET.1"
# In place of kube-proxy: the cluster address of the API server, as processes and as pods of this node see it.
ip netns exec "$NETNS" sysctl -qw net.ipv4.ip_forward=1
for chain in OUTPUT PREROUTING; do
  ip netns exec "$NETNS" iptables -t nat -A $chain -d 10.96.0.1 -p tcp --dport 443 -j DNAT --to-destination "$LAB_SUBNET.1:$LAB_API_PORT"
done

mkdir -p "$R"/etc/kubernetes/pki "$R"/etc/cni/net.d "$R"/etc/containerd "$R"/var/lib/kubelet; touch "$R/usr/local/bin/kubelet"; echo "$NODE" > "$R/etc/hostname"
cd "$S/pki"
issue "$NODE" "/O=system:nodes/CN=system:node:$NODE"
issue "$NODE-server" "/CN=$NODE" "subjectAltName=IP:$ADDRESS,IP:127.0.0.1,DNS:$NODE"
cp ca.crt "$R/etc/kubernetes/pki/"; cp "$NODE-server.crt" "$R/etc/kubernetes/pki/kubelet.crt"; cp "$NODE-server.key" "$R/etc/kubernetes/pki/kubelet.key"
kubeconfig "$NODE" "https://$LAB_SUBNET.1:$LAB_API_PORT" "$R/etc/kubernetes/kubelet.kubeconfig"
CRI_SOCKET=/run/containerd/containerd.sock; [ -z "${CRI_PROXY:-}" ] || CRI_SOCKET=/var/lib/cri-proxy.sock
! has_crio || CRI_SOCKET=/run/crio/crio.sock
# All nodes share the disk and the memory of this machine, and none may be emptied for want of what another one uses.
cat > "$R/etc/kubernetes/kubelet.yaml" <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}, webhook: {enabled: true}, anonymous: {enabled: false}}
authorization: {mode: Webhook}
tlsCertFile: /etc/kubernetes/pki/kubelet.crt
tlsPrivateKeyFile: /etc/kubernetes/pki/kubelet.key
containerRuntimeEndpoint: unix://$CRI_SOCKET
failSwapOn: false
failCgroupV1: false
cgroupsPerQOS: false
enforceNodeAllocatable: []
cgroupDriver: cgroupfs
makeIPTablesUtilChains: false
evictionHard: {memory.available: 1Mi, nodefs.available: 1%, nodefs.inodesFree: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
${KUBELET_CONFIG_EXTRA:-}
Y
cat > "$R/etc/systemd/system/kubelet.service" <<Y
[Unit]
Description=kubelet
After=containerd.service crio.service
[Service]
ExecStartPre=/bin/mount -o remount,rw,bind /proc/sys
ExecStart=/usr/local/bin/kubelet --config=/etc/kubernetes/kubelet.yaml --kubeconfig=/etc/kubernetes/kubelet.kubeconfig --hostname-override=$NODE --node-ip=$ADDRESS --node-labels=${NODE_LABELS:-} -v=4
Restart=always
RestartSec=10
${UNIT_EXTRA:-}
[Install]
WantedBy=multi-user.target
Y
cat > "$R/etc/cni/net.d/10-lab.conflist" <<Y
{"cniVersion": "0.4.0", "name": "lab", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$LAB_POD_SUBNET.$number.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
Y
cat > "$R/etc/containerd/config.toml" <<'Y'
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "lab.local/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
Y
chroot "$R" systemctl enable kubelet "$(runtime_unit)" >/dev/null 2>&1

# The pause image: a static busybox, packed as a docker archive by hand, for want of a registry.
pause="$S/pause.tar"
if [ ! -f "$pause" ]; then
  I="$(mktemp -d)"; mkdir -p "$I/root/bin"; cp "$(command -v busybox)" "$I/root/bin/"
  for applet in sh sleep cat ls; do ln -sf busybox "$I/root/bin/$applet"; done
  tar -C "$I/root" -cf "$I/layer.tar" .
  printf '{"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/sleep","2147483647"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$(sha256sum "$I/layer.tar" | cut -d' ' -f1)" > "$I/config.json"
  echo '[{"Config":"config.json","RepoTags":["lab.local/pause:1"],"Layers":["layer.tar"]}]' > "$I/manifest.json"
  tar -C "$I" -cf "$pause.$$" manifest.json config.json layer.tar; mv "$pause.$$" "$pause"; rm -rf "$I"
fi

make_cgroups
setsid nohup bash -c 'for c in /sys/fs/cgroup/*/; do [ -d "$c$0" ] && echo $$ > "$c$0/cgroup.procs"; done; exec "$@"' "$NETNS" \
  systemd-nspawn -D "$R" --boot --register=no --keep-unit -M "$NODE" --capability=all --network-namespace-path="/run/netns/$NETNS" \
  --bind="$LAB_BIN/kubelet:/usr/local/bin/kubelet" --bind=/dev/kmsg --bind="$CGROUPS:/sys/fs/cgroup" --system-call-filter='@keyring bpf add_key' \
  > "$S/$NODE-console.log" 2>&1 < /dev/null & echo $! > "$S/$NODE.pid"
if [ -n "${CRI_PROXY:-}" ]; then   # until the proxy listens, the kubelet restarts every 10 s
  for _ in $(seq 120); do [ -S "/proc/$(leader)/root/run/containerd/containerd.sock" ] && break; sleep 0.5; done
  proxy=cri-proxy; [ "$CRI_PROXY" != slow ] || proxy=cri-slow
  setsid nohup node "$here/$proxy.mjs" "$R/var/lib/cri-proxy.sock" "/proc/$(leader)/root/run/containerd/containerd.sock" \
    > "$S/$NODE-cri-proxy.log" 2>&1 < /dev/null & echo $! > "$S/$NODE-cri-proxy.pid"
fi
for _ in $(seq 120); do in_node sh -c 'ctr version || test -S /run/crio/crio.sock' >/dev/null 2>&1 && break; sleep 0.5; done
"$here/node.sh" import "$NODE" "$pause"
for _ in $(seq 120); do
  [ "$(kubectl get node "$NODE" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null)" = True ] && { echo "lab: $NODE is Ready"; exit 0; }
  sleep 1
done
echo "lab: $NODE did not become Ready; see $S/$NODE-console.log and 'node.sh exec $NODE journalctl -u kubelet'" >&2; exit 1
