// A program whose goroutines are blocked in every way that there is, with pprof on loopback: it prints its pid and its port.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
)

var (
	never  = make(chan int)
	never2 = make(chan string)
	mu     sync.Mutex
	rw     sync.RWMutex
	rwr    sync.RWMutex
	wg     sync.WaitGroup
	cmu    sync.Mutex
	cond   = sync.NewCond(&cmu)
	nilch  chan int
	sink   int
)

type waiter interface{ Wait(n int) }
type valueT struct{ a, b int }
type embedT struct{ valueT }
type ptrT struct{ c chan int }

func (v valueT) Wait(n int) { <-never; sink += v.a + n } // through *valueT or an interface: a wrapper
func (p *ptrT) Wait(n int)  { p.c <- n }
func (p *ptrT) inl(n int)   { p.inl2(n) }
func (p *ptrT) inl2(n int)  { p.Wait(n) }
func small(f func())        { f() }
func smaller(n int)         { recv(n) }
func recv(n int)            { <-never; sink += n }

//go:noinline
func deep(n int) {
	if n > 0 {
		deep(n - 1)
		sink++
		return
	}
	<-never
}

//go:noinline
func big(n int) int {
	var a [4096]byte
	a[n%4096] = 1
	smaller(n)
	return int(a[(n+1)%4096])
}

type number interface{ ~int | ~int64 | ~float64 }
type box[T number] struct{ c chan T }

//go:noinline
func (b *box[T]) put(v T) { b.c <- v }

//go:noinline
func generic[K comparable, V number](k K, v V) { b := &box[V]{make(chan V)}; b.put(v); fmt.Println(k) }

func selectTwo() {
	select {
	case <-never:
	case s := <-never2:
		fmt.Println(s)
	}
}
func selectNone() { select {} }
func chanSend()   { never3 := make(chan int); never3 <- 1 }
func nilRecv()    { <-nilch }
func nilSend()    { nilch <- 1 }
func lock()       { mu.Lock(); mu.Unlock() }
func rlock()      { rw.RLock(); rw.RUnlock() }
func wlock()      { rwr.Lock(); rwr.Unlock() }
func wait()       { wg.Wait() }
func condWait()   { cmu.Lock(); cond.Wait(); cmu.Unlock() }
func sleep()      { time.Sleep(time.Hour) }
func locked()     { runtime.LockOSThread(); <-never }
func deferred() {
	defer func() { recover(); <-never }()
	panic("x")
}
func deferredNil() {
	defer func() { recover(); smaller(2) }()
	var p *ptrT
	p.c <- 1
}
func accept() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	l.Accept()
}
func read() {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		panic(err)
	}
	c.Read(make([]byte, 1))
}
func pipe() {
	r, w, _ := os.Pipe()
	r.Read(make([]byte, 1))
	w.Close()
}
func sysRead() {
	var p [2]int
	syscall.Pipe(p[:])
	syscall.Read(p[0], make([]byte, 1))
}
func sysFlock() {
	f, _ := os.CreateTemp("", "flock")
	g, _ := os.Open(f.Name())
	os.Remove(f.Name())
	syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	syscall.Flock(int(g.Fd()), syscall.LOCK_EX)
}
func child() { exec.Command("sleep", "3600").Run() }
func labeled() {
	pprof.Do(context.Background(), pprof.Labels("pod", "a b", "op", "x"), func(context.Context) { <-never })
}
func timer() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	<-ctx.Done()
}
func once() { var o sync.Once; o.Do(func() { recv(1) }) }
func rangeCh() {
	for v := range never {
		sink += v
	}
}
func mapFunc() { m := map[string]func(int){"a": recv}; m["a"](1) }

var cgo func() // set with cgo
var extra []func()

func main() {
	n := flag.Int("n", 25, "goroutines of each kind")
	only := flag.Int("only", 0, "this many of three kinds only")
	spin := flag.Int("spin", 0, "busy goroutines")
	port := flag.String("port", "0", "")
	flag.Parse()
	mu.Lock()
	rw.Lock()
	rwr.RLock()
	wg.Add(1)
	v := &valueT{1, 2}
	e := &embedT{*v}
	p := &ptrT{make(chan int)}
	var w waiter = v
	method, expr := p.Wait, (*ptrT).Wait
	kinds := []func(){
		selectTwo, selectNone, chanSend, nilRecv, nilSend, lock, rlock, wlock, wait, condWait, sleep, locked, deferred, deferredNil, accept, read, pipe, labeled, timer, once, rangeCh, mapFunc,
		func() { recv(1) }, func() { small(func() { small(func() { smaller(3) }) }) }, func() { p.inl(2) }, func() { w.Wait(2) }, func() { e.Wait(1) }, func() { method(3) }, func() { expr(p, 4) },
		func() { generic("a", 1) }, func() { generic[int, float64](1, 2) }, func() { deep(30) }, func() { deep(99) }, func() { deep(250) }, func() { big(3) }, func() { defer recv(7) },
	}
	kinds = append(kinds, extra...)
	once := []func(){sysRead, sysFlock, child}
	if cgo != nil {
		once = append(once, cgo, cgo)
	}
	if *only > 0 {
		for i := 0; i < *only; i++ {
			switch i % 3 {
			case 0:
				go selectTwo()
			case 1:
				go read3()
			default:
				go func() { smaller(i) }()
			}
		}
	} else {
		for i := 0; i < *n; i++ {
			for _, k := range kinds {
				go k()
			}
			go w.Wait(5)
			go generic(i, int64(i))
		}
		for i := 0; i < 3; i++ {
			for _, k := range once {
				go k()
			}
		}
	}
	for i := 0; i < *spin; i++ {
		go func() {
			for j := 0; ; j++ {
				spinInner(j)
			}
		}()
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+*port)
	if err != nil {
		panic(err)
	}
	time.Sleep(500 * time.Millisecond)
	runtime.GC()
	runtime.GC()
	fmt.Println(os.Getpid(), l.Addr().(*net.TCPAddr).Port, runtime.Version())
	go comeAndGo()
	http.Serve(l, nil)
}

// Goroutines that come and go, so that allgs holds dead and reused ones. None lives from one dump to the next, so that whatever
// does is blocked for good.
func comeAndGo() {
	for i := 0; i < 20; i++ {
		go func() { time.Sleep(time.Millisecond) }()
	}
	time.Sleep(10 * time.Millisecond)
	go comeAndGo()
}

//go:noinline
func spinInner(j int) { sink += j }

//go:noinline
func read3()              { c := make(chan int); smaller2(c) }
func smaller2(c chan int) { c <- 1 }
