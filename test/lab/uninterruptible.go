// A Go program whose main thread waits in the kernel, in state D, until it is killed: its child by vfork never ends.
package main

import (
	"runtime"
	"syscall"
)

func init() { runtime.LockOSThread() }

func main() {
	if child, _, _ := syscall.RawSyscall(syscall.SYS_VFORK, 0, 0, 0); child == 0 {
		for {
			syscall.RawSyscall(syscall.SYS_PAUSE, 0, 0, 0)
		}
	}
}
