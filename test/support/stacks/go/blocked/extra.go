//go:build go1.24

package main

import (
	"iter"
	"runtime"
	"time"
)

type big3 struct{ a [64]byte }

func seq(yield func(int) bool) {
	for i := 0; ; i++ {
		if i == 1 {
			<-never // blocked inside a coroutine
		}
		if !yield(i) {
			return
		}
	}
}

func finalizer(*big3) { <-never }
func cleanup(n int)   { <-never; sink = n }
func garbage() {
	b := new(big3)
	runtime.SetFinalizer(b, finalizer)
	c := new(big3)
	runtime.AddCleanup(c, cleanup, 3)
}
func afterFunc()   { time.AfterFunc(time.Millisecond, func() { smaller(9) }) }
func pullBlocked() { next, _ := iter.Pull(seq); next(); next() }
func pullIdle()    { next, stop := iter.Pull(seq); next(); <-never; stop() }
func rangeFunc() {
	for i := range seq {
		sink += i
	}
}
func goexit() { defer func() { recv(3) }(); runtime.Goexit() }
func panicking() {
	defer func() {
		defer func() { recover(); recv(4) }()
		panic("second")
	}()
	panic("first")
}

func init() {
	extra = []func(){garbage, afterFunc, pullBlocked, pullIdle, rangeFunc, goexit, panicking}
}
