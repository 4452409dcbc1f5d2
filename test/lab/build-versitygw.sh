#!/usr/bin/env bash
# build-versitygw.sh: builds a real S3 server, versitygw, from its Go module into the cache, once a version: about 2 minutes on
# 2 cores. It keeps objects in a folder, and checks signatures, presigned URLs and checksums. Prints its path.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
VERSITYGW_MODULE=v1.8.0
[ -z "${VERSITYGW:-}" ] || { echo "$VERSITYGW"; exit 0; }
bin="$KUBELET_MEDIC_CACHE/bin/versitygw-$VERSITYGW_MODULE"
[ ! -x "$bin/versitygw" ] || { echo "$bin/versitygw"; exit 0; }
command -v go >/dev/null || { echo 'lab: go is missing: install Go 1.26 or later and put it on PATH' >&2; exit 1; }
work="$KUBELET_MEDIC_CACHE/build/versitygw-$VERSITYGW_MODULE"; mkdir -p "$work" "$bin"
exec 9>"$work/lock"; flock 9
[ ! -x "$bin/versitygw" ] || { echo "$bin/versitygw"; exit 0; }
cd "$work"
export GOFLAGS=-mod=mod CGO_ENABLED=0 GOTOOLCHAIN="${GOTOOLCHAIN:-auto}"
module="github.com/versity/versitygw@$VERSITYGW_MODULE"
go mod download "$module"
source="$(go env GOMODCACHE)/$module"
printf 'module kubelet-medic-lab\n\ngo %s\n\nrequire github.com/versity/versitygw %s\n' "$(sed -n 's/^go //p' "$source/go.mod")" "$VERSITYGW_MODULE" > go.mod
cat "$source/go.sum" > go.sum
go build -trimpath -ldflags '-s -w' -o versitygw github.com/versity/versitygw/cmd/versitygw
mv versitygw "$bin/"
echo "$bin/versitygw"
