#!/usr/bin/env bash
# build-krew.sh: builds a real krew, and what validates a manifest for its index, from its Go module into the cache, once a
# version: about half a minute on 2 cores. Prints the folder.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
KREW_VERSION=0.4.3
COMMANDS=(krew validate-krew-manifest)
bin="$KUBELET_MEDIC_CACHE/bin/krew-$KREW_VERSION"
complete() { local c; for c in "${COMMANDS[@]}"; do [ -x "$bin/$c" ] || return 1; done; }
complete && { echo "$bin"; exit 0; }
command -v go >/dev/null || { echo 'lab: go is missing: install Go 1.26 or later and put it on PATH' >&2; exit 1; }
work="$KUBELET_MEDIC_CACHE/build/krew-$KREW_VERSION"; mkdir -p "$work" "$bin"
exec 9>"$work/lock"; flock 9
complete && { echo "$bin"; exit 0; }
cd "$work"
export GOFLAGS=-mod=mod CGO_ENABLED=0 GOTOOLCHAIN="${GOTOOLCHAIN:-auto}"
module="sigs.k8s.io/krew"
go mod download "$module@v$KREW_VERSION"
printf 'module kubelet-medic-lab\n\ngo 1.26\n\nrequire %s v%s\n' "$module" "$KREW_VERSION" > go.mod
cat "$(go env GOMODCACHE)/$module@v$KREW_VERSION/go.sum" > go.sum
for c in "${COMMANDS[@]}"; do go build -trimpath -ldflags '-s -w' -o "$c" "$module/cmd/$c" >&2; done
mv "${COMMANDS[@]}" "$bin/"
echo "$bin"
