// Package kuberuntime asks the runtime for a pod.
package kuberuntime

import (
	"context"

	"k8s.io/kubernetes/pkg/cri"
)

// Manager is the kubelet's view of the runtime.
type Manager struct{ service *cri.RemoteRuntimeService }

// NewManager returns one of service.
func NewManager(service *cri.RemoteRuntimeService) *Manager { return &Manager{service} }

//go:noinline
func (m *Manager) GetPodStatus(ctx context.Context, id string) string {
	return m.service.PodSandboxStatus(ctx, id) + id
}

//go:noinline
func (m *Manager) KillPod(ctx context.Context, id string) string {
	return m.service.StopContainer(ctx, id) + id
}
