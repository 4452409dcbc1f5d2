#!/usr/bin/env bash
# cluster-api.sh: builds the MachineHealthCheck and MachineSet controllers of Cluster API (test/lab/cluster-api/main.go) from its Go
# module into the cache, once a version: about 4 minutes on 2 cores. Prints the path of the program, and the folder of the CRDs
# that Cluster API publishes.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
CLUSTER_API=v1.14.2
main="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/cluster-api/main.go"
command -v go >/dev/null || { echo 'lab: go is missing: install Go 1.26 or later and put it on PATH' >&2; exit 1; }
export GOFLAGS=-mod=mod CGO_ENABLED=0 GOTOOLCHAIN="${GOTOOLCHAIN:-auto}"
module="sigs.k8s.io/cluster-api@$CLUSTER_API"
(cd "$(mktemp -d)"; trap 'rm -rf "$PWD"' EXIT; go mod download "$module" >&2)
source="$(go env GOMODCACHE)/$module"
# One for each text of the program.
bin="$KUBELET_MEDIC_CACHE/bin/cluster-api-$CLUSTER_API-$(sha256sum "$main" | cut -c 1-12)"
done_() { echo "$bin/cluster-api"; echo "$source/core/config/crd/bases"; exit 0; }
[ ! -x "$bin/cluster-api" ] || done_
work="$KUBELET_MEDIC_CACHE/build/cluster-api-$CLUSTER_API"; mkdir -p "$work" "$bin"
exec 9>"$work/lock"; flock 9
[ ! -x "$bin/cluster-api" ] || done_
cd "$work"; cp "$main" main.go
printf 'module kubelet-medic-lab\n\ngo %s\n\nrequire (\n\tsigs.k8s.io/cluster-api %s\n\tsigs.k8s.io/cluster-api/api %s\n)\n' \
  "$(sed -n 's/^go //p' "$source/go.mod")" "$CLUSTER_API" "$CLUSTER_API" > go.mod
cat "$source/go.sum" > go.sum
go mod tidy >&2
go build -trimpath -ldflags '-s -w' -o cluster-api .
mv cluster-api "$bin/"
done_
