// Package kubelet has one worker for each pod.
package kubelet

import (
	"context"
	"sync"

	"k8s.io/kubernetes/pkg/kubelet/kuberuntime"
)

// What a worker is blocked in.
const (
	SyncPod = iota
	SyncTerminatingPod
	Idle
)

type podWorkers struct {
	lock    sync.Mutex
	runtime *kuberuntime.Manager
}

// NewPodWorkers returns workers that use runtime.
func NewPodWorkers(runtime *kuberuntime.Manager) *podWorkers { return &podWorkers{runtime: runtime} }

// HoldLock takes the lock that SyncTerminatingPod waits for, in a goroutine that never gives it back.
func (p *podWorkers) HoldLock() {
	held := make(chan struct{})
	go func() {
		p.lock.Lock()
		close(held)
		println(p.runtime.KillPod(context.Background(), "pod-0"))
	}()
	<-held
}

// UpdatePod starts the worker of a pod.
func (p *podWorkers) UpdatePod(id string, work int) {
	updates := make(chan int, 1)
	updates <- work
	go func() { p.podWorkerLoop(id, updates) }()
}

//go:noinline
func (p *podWorkers) podWorkerLoop(id string, updates <-chan int) {
	for work := range updates {
		if work != Idle {
			println(p.syncOne(context.Background(), id, work))
		}
	}
}

//go:noinline
func (p *podWorkers) syncOne(ctx context.Context, id string, work int) string {
	if work == SyncPod {
		return p.syncPod(ctx, id) + id
	}
	return p.syncTerminatingPod(ctx, id) + id
}

//go:noinline
func (p *podWorkers) syncPod(ctx context.Context, id string) string {
	return p.runtime.GetPodStatus(ctx, id) + id
}

//go:noinline
func (p *podWorkers) syncTerminatingPod(ctx context.Context, id string) string {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.runtime.KillPod(ctx, id)
}
