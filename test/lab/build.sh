#!/usr/bin/env bash
# Builds a real Kubernetes (kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kubectl) and etcd from
# their Go modules into the cache, once a version: about 5 minutes on 2 cores. Prints the folder.
#   KUBERNETES_VERSION=1.34.4 test/lab/build.sh
# k8s.io/kubernetes requires its staging modules at v0.0.0 and replaces them by folders that are not in the module,
# so each one is replaced here by its published module of the same release.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
COMMANDS=(kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl)
complete() { local c; for c in "${COMMANDS[@]}" etcd; do [ -x "$LAB_BIN/$c" ] || return 1; done; }
complete && { echo "$LAB_BIN"; exit 0; }
command -v go >/dev/null || { echo 'lab: go is missing: install Go 1.26 or later and put it on PATH' >&2; exit 1; }

work="$KUBELET_MEDIC_CACHE/build/$KUBERNETES_VERSION"; mkdir -p "$work" "$LAB_BIN"
# Two builds of one version at once would write the same files: the second waits and finds the work done.
exec 9>"$work/lock"; flock 9
complete && { echo "$LAB_BIN"; exit 0; }
cd "$work"
export GOFLAGS=-mod=mod CGO_ENABLED=0 GOTOOLCHAIN="${GOTOOLCHAIN:-auto}"
go mod download "k8s.io/kubernetes@v$KUBERNETES_VERSION"
module="$(go env GOMODCACHE)/k8s.io/kubernetes@v$KUBERNETES_VERSION/go.mod"
minor="${KUBERNETES_VERSION#1.}"
{
  printf 'module kubelet-medic-lab\n\ngo %s\n\n' "$(sed -n 's/^go //p' "$module")"
  sed -n '/^godebug/p' "$module"
  echo 'tool ('; for c in "${COMMANDS[@]}"; do echo "	k8s.io/kubernetes/cmd/$c"; done; echo '	go.etcd.io/etcd/server/v3'; echo ')'
  printf 'require k8s.io/kubernetes v%s\nrequire go.etcd.io/etcd/server/v3 v%s\n' "$KUBERNETES_VERSION" "$ETCD_VERSION"
  echo 'replace ('
  sed -n 's/^\t\(k8s.io\/[a-z-]*\) => .\/staging.*/\1/p' "$module" | while read -r m; do echo "	$m => $m v0.$minor"; done
  echo ')'
} > go.mod
go mod tidy >&2
v=k8s.io/component-base/version
flags="-s -w -X $v.gitVersion=v$KUBERNETES_VERSION -X $v.gitMajor=1 -X $v.gitMinor=${minor%%.*}"
out="$work/bin"; rm -rf "$out"; mkdir -p "$out"
go build -trimpath -ldflags "$flags" -o "$out/" "${COMMANDS[@]/#/k8s.io/kubernetes/cmd/}"
go build -trimpath -ldflags '-s -w' -o "$out/etcd" go.etcd.io/etcd/server/v3
mv "$out"/* "$LAB_BIN/"
echo "$LAB_BIN"
