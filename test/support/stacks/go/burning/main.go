// Goroutines that burn CPU in a function that is known, or none, beside one that waits.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
)

var sink uint64

//go:noinline
func spin(n uint64) uint64 {
	for i := uint64(0); i < 1<<20; i++ {
		n = n*6364136223846793005 + i
	}
	return n
}

//go:noinline
func burn() {
	for {
		sink += spin(sink)
	}
}

//go:noinline
func allocate() {
	var kept [][]byte
	for i := 0; ; i++ {
		if i%1024 == 0 {
			kept = make([][]byte, 0, 1024)
		}
		kept = append(kept, make([]byte, 1024))
	}
}

//go:noinline
func read() {
	f, err := os.Open("/dev/zero")
	if err != nil {
		panic(err)
	}
	for bytes := make([]byte, 1<<20); ; {
		f.Read(bytes)
	}
}

func main() {
	burning := flag.Int("burn", 0, "goroutines that compute")
	allocating := flag.Int("allocate", 0, "goroutines that make garbage")
	reading := flag.Int("read", 0, "goroutines that are in the kernel")
	waiting := flag.Int("wait", 1, "goroutines that wait")
	cpus := flag.Int("cpus", 1, "")
	flag.Parse()
	runtime.GOMAXPROCS(*cpus)
	for i := 0; i < *waiting; i++ {
		go func() { select {} }()
	}
	for i := 0; i < *burning; i++ {
		go burn()
	}
	for i := 0; i < *allocating; i++ {
		go allocate()
	}
	for i := 0; i < *reading; i++ {
		go read()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(os.Getpid(), l.Addr().(*net.TCPAddr).Port, runtime.Version())
	http.Serve(l, nil)
}
