package main

import (
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// What `knest load` brought is once on a machine, in a folder that nodes of a cluster share (decision 0022).
const (
	sharedRoot    = "/knest/images"
	sharedLook    = time.Minute
	looksPerTidy  = 60
	sharedProgram = "knest-images"
)

// keepShared never returns: others know by the lock that this node is there, and once an hour what nobody needs goes.
func (n *node) keepShared() {
	cluster, name := os.Getenv("KNEST_CLUSTER"), os.Getenv("KNEST_NODE_NAME")
	if cluster == "" || name == "" {
		return
	}
	user := filepath.Join(sharedRoot, cluster, "users", name)
	var alive *os.File
	for looks := 1; ; looks++ {
		alive = holdAlive(alive, user)
		if entries, err := os.ReadDir(sharedRoot); looks%looksPerTidy == 0 && err == nil && len(entries) > 0 {
			warn("tidy shared images", n.runChildTo(os.Stderr, []string{sharedProgram, "tidy"}))
		}
		time.Sleep(sharedLook)
	}
}

// holdAlive holds the file by which a node that shares images is known to be there. The folder of one that shares none
// is not there; one that was made again has another file.
func holdAlive(held *os.File, user string) *os.File {
	path := filepath.Join(user, "alive")
	if held != nil {
		own, errOwn := held.Stat()
		there, errThere := os.Stat(path)
		if errOwn == nil && errThere == nil && os.SameFile(own, there) {
			return held
		}
		held.Close()
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil
	}
	return file
}
