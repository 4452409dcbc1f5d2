#!/usr/bin/env bash
# kstatus.sh: builds kstatus.go with the library by which Flux judges objects into the cache, once a version: about a minute. Prints its path.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./settings.sh
CLI_UTILS_VERSION=0.37.2
dir="$KUBELET_MEDIC_CACHE/bin/kstatus-$CLI_UTILS_VERSION"
if [ ! -x "$dir/kstatus" ] || [ kstatus.go -nt "$dir/kstatus" ]; then
  command -v go >/dev/null || { echo 'lab: go is missing: install Go 1.26 or later and put it on PATH' >&2; exit 1; }
  work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT
  cp kstatus.go "$work/main.go"
  printf 'module kubelet-medic-lab\n\ngo 1.22\n\nrequire sigs.k8s.io/cli-utils v%s\n' "$CLI_UTILS_VERSION" > "$work/go.mod"
  (cd "$work" && export GOFLAGS=-mod=mod CGO_ENABLED=0 && go build -trimpath -ldflags '-s -w' -o kstatus . >&2)
  mkdir -p "$dir"; mv "$work/kstatus" "$dir/kstatus.$$"; mv "$dir/kstatus.$$" "$dir/kstatus"
fi
echo "$dir/kstatus"
