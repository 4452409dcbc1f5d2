#!/usr/bin/env bash
# build-promtool.sh: builds a real promtool from the Go module of Prometheus into the cache, once a version: about 2 minutes on
# 2 cores, without the clients of clouds in which Prometheus finds its targets. Prints its path.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# Prometheus 3.16: its Go module has the minor version with two leading digits of the major one.
PROMETHEUS_MODULE=v0.316.0
[ -z "${PROMTOOL:-}" ] || { echo "$PROMTOOL"; exit 0; }
bin="$KUBELET_MEDIC_CACHE/bin/prometheus-$PROMETHEUS_MODULE"
[ ! -x "$bin/promtool" ] || { echo "$bin/promtool"; exit 0; }
command -v go >/dev/null || { echo 'lab: go is missing: install Go 1.26 or later and put it on PATH' >&2; exit 1; }
work="$KUBELET_MEDIC_CACHE/build/prometheus-$PROMETHEUS_MODULE"; mkdir -p "$work" "$bin"
exec 9>"$work/lock"; flock 9
[ ! -x "$bin/promtool" ] || { echo "$bin/promtool"; exit 0; }
cd "$work"
export GOFLAGS=-mod=mod CGO_ENABLED=0 GOTOOLCHAIN="${GOTOOLCHAIN:-auto}"
module="github.com/prometheus/prometheus@$PROMETHEUS_MODULE"
go mod download "$module"
source="$(go env GOMODCACHE)/$module"
printf 'module kubelet-medic-lab\n\ngo %s\n\nrequire github.com/prometheus/prometheus %s\n' "$(sed -n 's/^go //p' "$source/go.mod")" "$PROMETHEUS_MODULE" > go.mod
cat "$source/go.sum" > go.sum
go build -trimpath -ldflags '-s -w' -tags remove_all_sd -o promtool github.com/prometheus/prometheus/cmd/promtool
mv promtool "$bin/"
echo "$bin/promtool"
