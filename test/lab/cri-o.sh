#!/usr/bin/env bash
# cri-o.sh ROOT BIN: CRI-O as the runtime of the node whose root file system is ROOT. BIN has crio and pinns.
set -euo pipefail
R="$1" BIN="$2"
mkdir -p "$R"/etc/crio "$R"/etc/containers
install -m 755 "$BIN/crio" "$BIN/pinns" "$R/usr/local/bin/"
cat > "$R/etc/crio/crio.conf" <<'Y'
[crio.image]
pause_image = "lab.local/pause:1"
pause_command = ""
[crio.network]
plugin_dirs = ["/usr/lib/cni"]
[crio.runtime]
cgroup_manager = "cgroupfs"
conmon_cgroup = "pod"
default_runtime = "runc"
pinns_path = "/usr/local/bin/pinns"
[crio.runtime.runtimes.runc]
runtime_path = "/usr/local/bin/runc-modest"
runtime_root = "/run/runc"
monitor_path = "/usr/bin/conmon"
Y
printf '[storage]\ndriver = "overlay"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' > "$R/etc/containers/storage.conf"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' > "$R/etc/containers/policy.json"
# What containerd's configuration can say and CRI-O's cannot: not every machine lets a node lower an oom_score_adj, or has the
# hugetlb controller.
cat > "$R/usr/local/bin/runc-modest" <<'Y'
#!/bin/bash
for ((i = 1, next = 2; i < $#; i++, next++)); do
  [ "${!i}" != --bundle ] || sed -zi -E 's/("oomScoreAdj":\s*)-[0-9]+/\10/; s/("hugepageLimits":\s*)\[[^]]*\]/\1[]/' "${!next}/config.json"
done
exec /usr/sbin/runc "$@"
Y
chmod 755 "$R/usr/local/bin/runc-modest"
# Its own unit has WatchdogSec=60s: systemd would end a hung CRI-O before the kubelet notices. KillMode: with cgroup v1 CRI-O leaves
# each conmon in the unit as systemd sees it, and containers would end with CRI-O.
cat > "$R/etc/systemd/system/crio.service" <<'Y'
[Unit]
Description=CRI-O
Before=kubelet.service
[Service]
Type=notify
ExecStart=/usr/local/bin/crio
Restart=on-failure
KillMode=process
TasksMax=infinity
[Install]
WantedBy=multi-user.target
Y
