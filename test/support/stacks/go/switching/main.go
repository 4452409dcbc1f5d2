// Goroutines that go down one of two chains of calls, park there for a moment and come back, all the time.
package main

import (
	"fmt"
	"math/rand"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"time"
)

var c = make(chan int)

//go:noinline
func leaf(n int) int {
	select {
	case c <- n:
	case v := <-c:
		n += v
	case <-time.After(time.Duration(rand.Intn(3000)) * time.Microsecond):
	}
	return n
}

//go:noinline
func a(n int) int {
	var pad [64]byte
	pad[n%64] = 1
	if n == 0 {
		return leaf(n)
	}
	return a(n-1) + int(pad[5])
}

//go:noinline
func b(n int) int {
	var pad [256]byte
	pad[n%256] = 1
	if n == 0 {
		return leaf(n)
	}
	return b(n-1) + int(pad[5])
}

func main() {
	for i := 0; i < 500; i++ {
		go func() {
			for {
				if rand.Intn(2) == 0 {
					a(rand.Intn(40))
				} else {
					b(rand.Intn(40))
				}
			}
		}()
	}
	go func() {
		for {
			for i := 0; i < 50; i++ {
				go a(rand.Intn(20))
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	go func() {
		for {
			time.Sleep(20 * time.Millisecond)
			runtime.GC()
		}
	}() // moves and shrinks stacks
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println(os.Getpid(), l.Addr().(*net.TCPAddr).Port, runtime.Version())
	http.Serve(l, nil)
}
