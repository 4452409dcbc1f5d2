#!/usr/bin/env bash
# control-plane.sh up|down|pause|resume: a real etcd, kube-apiserver, kube-controller-manager and kube-scheduler, ready in
# about 5 s. `pause` stops the API server (SIGSTOP): it takes connections and answers none until `resume`.
# The API server listens on 127.0.0.1:$LAB_API_PORT and, for the nodes, on $LAB_SUBNET.1 (a bridge of this lab's own).
# Writes $LAB_STATE/admin.kubeconfig and prints its path.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"; . "$here/settings.sh"
PROGRAMS=(kube-scheduler kube-controller-manager kube-apiserver etcd)
S="$LAB_STATE"
down() { local p; for p in "${PROGRAMS[@]}"; do stop "$S/$p.pid"; done; }
run() { local name=$1; shift; setsid nohup "$LAB_BIN/$name" "$@" > "$S/$name.log" 2>&1 < /dev/null & echo $! > "$S/$name.pid"; }

case "${1:-}" in
up) ;;
down) down; ip link del "$LAB_BRIDGE" 2>/dev/null || true; exit 0 ;;
pause) kill -STOP "$(cat "$S/kube-apiserver.pid")"; exit 0 ;;
resume) kill -CONT "$(cat "$S/kube-apiserver.pid")"; exit 0 ;;
*) echo 'usage: control-plane.sh up|down|pause|resume' >&2; exit 2 ;;
esac
"$here/packages.sh" ip openssl
down; rm -rf "$S/etcd" "$S/pki"; mkdir -p "$S/pki"; cd "$S/pki"
ip link show "$LAB_BRIDGE" >/dev/null 2>&1 || ip link add "$LAB_BRIDGE" type bridge
ip addr replace "$LAB_SUBNET.1/24" dev "$LAB_BRIDGE"; ip link set "$LAB_BRIDGE" up

openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=lab-ca -days 30 2>/dev/null
issue apiserver /CN=kube-apiserver "subjectAltName=IP:127.0.0.1,IP:$LAB_SUBNET.1,IP:10.96.0.1,DNS:kubernetes,DNS:localhost"
issue admin /O=system:masters/CN=admin
issue apiserver-kubelet /O=system:masters/CN=apiserver-kubelet
issue controller-manager /CN=system:kube-controller-manager
issue scheduler /CN=system:kube-scheduler
openssl genrsa -out sa.key 2048 2>/dev/null; openssl rsa -in sa.key -pubout -out sa.pub 2>/dev/null
for user in admin controller-manager scheduler; do kubeconfig $user "https://127.0.0.1:$LAB_API_PORT" "$S/$user.kubeconfig"; done

# Who asks for Secrets, or for a kubelet through the node proxy: nobody of ours. And when our programs cordon a node.
cat > "$S/audit-policy.yaml" <<'EOF'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    resources: [{ group: '', resources: [secrets, nodes/proxy, pods/exec] }]
  - level: Request
    userGroups: ['system:serviceaccounts:kubelet-medic']
    verbs: [patch]
    resources: [{ group: '', resources: [nodes] }]
  - level: None
EOF
etcd="http://127.0.0.1:$LAB_ETCD_PORT"
run etcd --data-dir "$S/etcd" --listen-client-urls "$etcd" --advertise-client-urls "$etcd" \
  --listen-peer-urls "http://127.0.0.1:$((LAB_ETCD_PORT + 1))"
run kube-apiserver --etcd-servers="$etcd" --secure-port="$LAB_API_PORT" --bind-address=0.0.0.0 --advertise-address="$LAB_SUBNET.1" \
  --cert-dir="$S/apiserver" --client-ca-file=ca.crt --tls-cert-file=apiserver.crt --tls-private-key-file=apiserver.key \
  --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=sa.pub --service-account-signing-key-file=sa.key \
  --audit-policy-file="$S/audit-policy.yaml" --audit-log-path="$S/audit.log" \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --service-cluster-ip-range=10.96.0.0/16 --allow-privileged=true \
  --kubelet-client-certificate=apiserver-kubelet.crt --kubelet-client-key=apiserver-kubelet.key --kubelet-preferred-address-types=InternalIP
ready=no
for _ in $(seq 120); do
  "$LAB_BIN/kubectl" --kubeconfig "$S/admin.kubeconfig" get --raw /readyz >/dev/null 2>&1 && { ready=yes; break; }
  sleep 0.5
done
[ $ready = yes ] || { echo "lab: the API server did not become ready; see $S/kube-apiserver.log" >&2; exit 1; }
run kube-controller-manager --kubeconfig="$S/controller-manager.kubeconfig" --service-account-private-key-file=sa.key \
  --root-ca-file=ca.crt --use-service-account-credentials=true --leader-elect=false --bind-address=127.0.0.1 --secure-port=0
run kube-scheduler --kubeconfig="$S/scheduler.kubeconfig" --leader-elect=false --bind-address=127.0.0.1 --secure-port=0
echo "$S/admin.kubeconfig"
