// A small program with a goroutine of each of the kinds that need no network, to be recorded: it writes its own dump to a
// file, and prints its pid.
package main

import (
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"syscall"
	"time"
)

var (
	never = make(chan int)
	mu    sync.Mutex
	rw    sync.RWMutex
	wg    sync.WaitGroup
	cond  = sync.NewCond(&sync.Mutex{})
	sink  int
)

type waiter interface{ wait(n int) }
type value struct{ a, b int }
type embedded struct{ value }

func (v value) wait(n int) { <-never; sink += v.a + n } // through an interface: a wrapper
func inner(n int)          { <-never; sink += n }
func outer(n int)          { inner(n + 1) } // both are inlined

//go:noinline
func deep(n int) {
	if n > 0 {
		deep(n - 1)
		sink++
		return
	}
	<-never
}

type box[T any] struct{ c chan T }

//go:noinline
func (b *box[T]) put(v T) { b.c <- v }

func recovered() {
	defer func() { recover(); outer(2) }()
	var m map[string]int
	m["x"] = 1
}

func twice() {
	select {
	case <-never:
	case never <- 1:
	}
}

func read() {
	var p [2]int
	syscall.Pipe(p[:])
	syscall.Read(p[0], make([]byte, 1))
}

func main() {
	mu.Lock()
	rw.RLock()
	wg.Add(1)
	var w waiter = &embedded{value{1, 2}}
	kinds := []func(){
		func() { outer(1) }, func() { w.wait(2) }, func() { deep(30) }, func() { deep(250) }, recovered, twice, read,
		func() { select {} }, func() { mu.Lock() }, func() { rw.Lock() }, func() { wg.Wait() },
		func() { cond.L.Lock(); cond.Wait() }, func() { time.Sleep(time.Hour) },
		func() { runtime.LockOSThread(); <-never }, func() { (&box[string]{make(chan string)}).put("a") },
		func() { var none chan int; <-none }, func() { defer outer(3); runtime.Goexit() },
	}
	for _, kind := range kinds {
		go kind()
	}
	time.Sleep(300 * time.Millisecond)
	runtime.GC()
	runtime.GC()
	f, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	pprof.Lookup("goroutine").WriteTo(f, 2)
	f.Close()
	os.Stdout.WriteString(strconv.Itoa(os.Getpid()) + " 0 " + runtime.Version() + "\n")
	time.Sleep(time.Hour)
}
