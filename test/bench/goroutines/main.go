// Prints a debug=2 dump of goroutines that are blocked where those of a kubelet are: os.Args[1] of them, at least 5.
package main

import (
	"os"
	"runtime"
	"strconv"
	"time"

	"k8s.io/kubernetes/pkg/cri"
	"k8s.io/kubernetes/pkg/kubelet"
	"k8s.io/kubernetes/pkg/kubelet/kuberuntime"
	"k8s.io/kubernetes/pkg/kubelet/pleg"
	"k8s.io/kubernetes/pkg/kubelet/prober"
)

func main() {
	count, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	runtimeService := &cri.RemoteRuntimeService{Answers: make(chan string)}
	manager := kuberuntime.NewManager(runtimeService)
	workers := kubelet.NewPodWorkers(manager)
	go pleg.NewGenericPLEG(manager).Start()
	// main, relist and the holder of the lock are three.
	workers.HoldLock()
	for i := 0; i < count-3; i++ {
		switch i % 10 {
		case 0, 1:
			workers.UpdatePod("pod-"+strconv.Itoa(i), kubelet.SyncPod)
		case 2, 3:
			workers.UpdatePod("pod-"+strconv.Itoa(i), kubelet.SyncTerminatingPod)
		case 4, 5, 6:
			workers.UpdatePod("pod-"+strconv.Itoa(i), kubelet.Idle)
		default:
			prober.StartWorker("pod-"+strconv.Itoa(i), 1+i%3)
		}
	}
	time.Sleep(3 * time.Second)
	// runtime.Stack, since pprof stops at 64 MiB; the text is the same.
	buffer := make([]byte, 512<<20)
	if _, err := os.Stdout.Write(buffer[:runtime.Stack(buffer, true)]); err != nil {
		panic(err)
	}
}
