#!/usr/bin/env bash
# Builds a real CRI-O from its Go module, and pinns from the C of the same module, into the cache, once a version: about 4
# minutes on 2 cores. Prints the folder. What Debian lacks here is CRI-O alone: conmon and runc are its own.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"; . "$here/settings.sh"
[ ! -x "$CRIO_BIN/crio" ] || { echo "$CRIO_BIN"; exit 0; }
"$here/packages.sh" cc
work="$KUBELET_MEDIC_CACHE/build/cri-o-$CRIO_VERSION"; mkdir -p "$work" "$CRIO_BIN"
exec 9>"$work/lock"; flock 9
[ ! -x "$CRIO_BIN/crio" ] || { echo "$CRIO_BIN"; exit 0; }
cd "$work"
export GOFLAGS=-mod=mod CGO_ENABLED=0 GOTOOLCHAIN="${GOTOOLCHAIN:-auto}"
module="github.com/cri-o/cri-o@v$CRIO_VERSION"
go mod download "$module"
source="$(go env GOMODCACHE)/$module"
printf 'module kubelet-medic-lab\n\ngo %s\n\nrequire github.com/cri-o/cri-o v%s\n' "$(sed -n 's/^go //p' "$source/go.mod")" "$CRIO_VERSION" > go.mod
# Its own sums: not all of what it requires is known to the checksum database.
cat "$source/go.sum" > go.sum
# Without cgo: no seccomp, AppArmor, btrfs or gpgme.
tags='containers_image_openpgp containers_image_ostree_stub exclude_graphdriver_btrfs btrfs_noversion'
cc -std=c99 -Os -static -o pinns "$source"/pinns/src/*.c
go build -trimpath -ldflags '-s -w' -tags "$tags" -o crio github.com/cri-o/cri-o/cmd/crio
mv pinns crio "$CRIO_BIN/"
echo "$CRIO_BIN"
