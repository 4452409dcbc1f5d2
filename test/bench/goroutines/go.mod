// Named as Kubernetes is, so that the dump's functions and files read like a kubelet's.
module k8s.io/kubernetes

go 1.24
