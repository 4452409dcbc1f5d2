#!/usr/bin/env bash
# prometheus-crds.sh: prints the folder of the CRDs that the Prometheus operator publishes, out of its Go module.
set -euo pipefail
PROMETHEUS_OPERATOR=v0.85.0
module="github.com/prometheus-operator/prometheus-operator@$PROMETHEUS_OPERATOR"
command -v go >/dev/null || { echo 'lab: go is missing: install Go 1.26 or later and put it on PATH' >&2; exit 1; }
cd "$(mktemp -d)"; trap 'rm -rf "$PWD"' EXIT
GOFLAGS=-mod=mod go mod download "$module" >&2
echo "$(go env GOMODCACHE)/$module/example/prometheus-operator-crd"
