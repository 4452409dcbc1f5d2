#!/usr/bin/env bash
# lua.sh: builds the Lua that Argo CD runs (gopher-lua) under ~/.cache/kubelet-medic/lua/VERSION once, and prints the path of glua.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
LUA_VERSION=1.1.1
dir="$KUBELET_MEDIC_CACHE/lua/$LUA_VERSION"
if [ ! -x "$dir/glua" ]; then
  work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT
  (cd "$work" && GOBIN="$work" go install "github.com/yuin/gopher-lua/cmd/glua@v$LUA_VERSION" >&2)
  mkdir -p "$dir"; mv "$work/glua" "$dir/glua.$$"; mv "$dir/glua.$$" "$dir/glua"
fi
echo "$dir/glua"
