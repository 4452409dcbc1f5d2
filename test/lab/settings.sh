# Sourced by the lab's scripts: versions of the real components, where they are kept, and what one lab has of its own.
# Labs with different LAB_ID run side by side on one machine.
KUBERNETES_VERSION="${KUBERNETES_VERSION:-1.36.3}"
ETCD_VERSION="${ETCD_VERSION:-3.6.15}"
CRIO_VERSION="${CRIO_VERSION:-1.34.0}"
KUBELET_MEDIC_CACHE="${KUBELET_MEDIC_CACHE:-$HOME/.cache/kubelet-medic}"
LAB_BIN="$KUBELET_MEDIC_CACHE/bin/$KUBERNETES_VERSION"
CRIO_BIN="$KUBELET_MEDIC_CACHE/bin/cri-o-$CRIO_VERSION"

# 0 to 9. Everything below follows from it unless set.
LAB_ID="${LAB_ID:-0}"
LAB_STATE="${LAB_STATE:-/tmp/kubelet-medic-lab-$LAB_ID}"
# At most 8 characters: names of network interfaces begin with it.
LAB_BRIDGE="${LAB_BRIDGE:-medic$LAB_ID}"
# First three octets of the nodes' network; this machine is .1 and node-N is .(10+N).
LAB_SUBNET="${LAB_SUBNET:-10.21$LAB_ID.0}"
# First two octets of the pod networks; node-N has .N.0/24.
LAB_POD_SUBNET="${LAB_POD_SUBNET:-10.22$LAB_ID}"
LAB_API_PORT="${LAB_API_PORT:-$((7443 + LAB_ID))}"
# etcd's clients; its peers are at the next port.
LAB_ETCD_PORT="${LAB_ETCD_PORT:-$((24790 + 2 * LAB_ID))}"

# issue NAME SUBJECT [EXTENSION]: a certificate of the lab's own CA in the current folder. The serial number is drawn: a
# file of serial numbers would be written by several at once.
issue() {
  openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -set_serial "0x$(openssl rand -hex 16)" -out "$1.crt" -days 30 -extfile <(echo "${3:-}") 2>/dev/null
}

# kubeconfig NAME SERVER FILE: for the certificate NAME in the current folder.
kubeconfig() {
  cat > "$3" <<Y
apiVersion: v1
kind: Config
clusters: [{name: lab, cluster: {server: "$2", certificate-authority-data: $(base64 -w0 ca.crt)}}]
users: [{name: lab, user: {client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key")}}]
contexts: [{name: lab, context: {cluster: lab, user: lab}}]
current-context: lab
Y
}

# stop PIDFILE: ends the process that the file names and removes the file. SIGKILL after 5 s.
stop() {
  [ -f "$1" ] || return 0
  local pid; pid="$(cat "$1")"; rm -f "$1"
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || return 0; sleep 0.1; done
  kill -KILL "$pid" 2>/dev/null || true
}
