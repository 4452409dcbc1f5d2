// Package prober has workers that wait for their next probe.
package prober

import "time"

type worker struct {
	id   string
	stop chan struct{}
}

// StartWorker starts one whose stack is depth calls deeper than it need be.
func StartWorker(id string, depth int) {
	w := &worker{id, make(chan struct{})}
	go w.run(depth)
}

//go:noinline
func (w *worker) run(depth int) {
	if depth > 0 {
		w.run(depth - 1)
		println(w.id)
	}
	tick := time.NewTicker(time.Hour)
	select {
	case <-tick.C:
	case <-w.stop:
	}
}
