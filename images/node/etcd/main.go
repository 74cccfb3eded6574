// The etcd command is etcd and etcdctl in one file; it acts as the program it is called as.
package main

import (
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/etcd/etcdctl/v3/ctlv3"
	"go.etcd.io/etcd/server/v3/etcdmain"
)

// timerSlack is how much later than asked etcd may wake up of itself, so that its timers expire in groups: a
// fifth of its heartbeat interval. What arrives on a socket wakes it at once, as ever.
const timerSlack = 20 * time.Millisecond

func main() {
	if filepath.Base(os.Args[0]) == "etcdctl" {
		ctlv3.MustStart()
		return
	}
	// Threads to come inherit it. It is no condition of anything: a failure changes nothing else.
	syscall.AllThreadsSyscall(syscall.SYS_PRCTL, syscall.PR_SET_TIMERSLACK, uintptr(timerSlack), 0) //nolint:errcheck
	etcdmain.Main(os.Args)
}
