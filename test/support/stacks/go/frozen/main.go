// A program that writes to a folder all the time, and with -mmap also to a file that it has mapped: on a file system that is
// frozen its threads wait in state D, and one that changes the mapping holds the lock of the memory.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"syscall"
	"time"
)

const size = 1 << 20

//go:noinline
func writeFile(f *os.File) {
	f.WriteAt(make([]byte, 4096), 0)
	f.Sync()
}

func writeAlways(path string) {
	f, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	for ; ; time.Sleep(20 * time.Millisecond) {
		writeFile(f)
	}
}

// A write to a page faults: the file system has to agree to it.
//
//go:noinline
func fault(page []byte) { page[0]++ }

func faultAlways(path string) {
	f, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	f.Truncate(size)
	for ; ; time.Sleep(10 * time.Millisecond) {
		page, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
		if err != nil {
			panic(err)
		}
		done := make(chan bool)
		go func() {
			select {
			case <-done:
			case <-time.After(50 * time.Millisecond):
				syscall.Mprotect(page[size/2:], syscall.PROT_READ) // waits for the fault, and all others wait for it
			}
		}()
		fault(page)
		close(done)
		syscall.Munmap(page)
	}
}

func main() {
	folder := flag.String("folder", "", "")
	mapped := flag.Bool("mmap", false, "")
	flag.Parse()
	go writeAlways(*folder + "/written")
	if *mapped {
		go faultAlways(*folder + "/mapped")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(os.Getpid(), l.Addr().(*net.TCPAddr).Port, runtime.Version())
	http.Serve(l, nil)
}
