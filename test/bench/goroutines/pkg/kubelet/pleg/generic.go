// Package pleg has the one goroutine that relists.
package pleg

import (
	"context"

	"k8s.io/kubernetes/pkg/kubelet/kuberuntime"
)

// GenericPLEG relists pods.
type GenericPLEG struct{ runtime *kuberuntime.Manager }

// NewGenericPLEG returns one of runtime.
func NewGenericPLEG(runtime *kuberuntime.Manager) *GenericPLEG { return &GenericPLEG{runtime} }

// Start relists.
//
//go:noinline
func (g *GenericPLEG) Start() { println(g.Relist()) }

//go:noinline
func (g *GenericPLEG) Relist() string { return g.updateCache(context.Background(), "pod-0") + "." }

//go:noinline
func (g *GenericPLEG) updateCache(ctx context.Context, id string) string {
	return g.runtime.GetPodStatus(ctx, id) + id
}
