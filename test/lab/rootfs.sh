#!/usr/bin/env bash
# rootfs.sh: the root file system of a node, once a machine (about 80 s): Debian with systemd, containerd and runc; with
# RUNTIME=cri-o what CRI-O needs in place of containerd.
# Prints its folder. It is never changed: each node runs on a copy.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"; . "$here/settings.sh"
SUITE=bookworm
BASE=systemd,systemd-sysv,dbus,iproute2,iptables,procps,ca-certificates,kmod,mount
PACKAGES=(containerd runc containernetworking-plugins)
[ "${RUNTIME:-}" != cri-o ] || PACKAGES=(conmon skopeo runc containernetworking-plugins)
key="$(echo "$SUITE $BASE ${PACKAGES[*]}" | sha256sum | cut -c1-12)"
rootfs="$KUBELET_MEDIC_CACHE/rootfs/$SUITE-$key"
[ ! -d "$rootfs" ] || { echo "$rootfs"; exit 0; }
"$here/packages.sh" debootstrap
mkdir -p "$KUBELET_MEDIC_CACHE/rootfs"
exec 9>"$KUBELET_MEDIC_CACHE/rootfs/lock"; flock 9
[ ! -d "$rootfs" ] || { echo "$rootfs"; exit 0; }
work="$rootfs.new"; rm -rf "$work"
# The mirror that this machine itself installs from.
mirror="$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -1)"
[ -n "$mirror" ] || mirror="$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' /etc/apt/sources.list 2>/dev/null | head -1)"
debootstrap --variant=minbase --include="$BASE" "$SUITE" "$work" ${mirror:+"$mirror"} > "$KUBELET_MEDIC_CACHE/rootfs/log" 2>&1 ||
  { tail -5 "$KUBELET_MEDIC_CACHE/rootfs/log" >&2; exit 1; }
chroot "$work" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${PACKAGES[@]}" >> "$KUBELET_MEDIC_CACHE/rootfs/log" 2>&1 ||
  { tail -5 "$KUBELET_MEDIC_CACHE/rootfs/log" >&2; exit 1; }
rm -rf "$work"/var/cache/apt/archives/*.deb "$work"/var/lib/apt/lists/*
mv "$work" "$rootfs"; echo "$rootfs"
