package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestHoldAlive(t *testing.T) {
	user := filepath.Join(t.TempDir(), "users", "a")
	isHeld := func() bool {
		file, err := os.Open(filepath.Join(user, "alive"))
		if err != nil {
			return false
		}
		defer file.Close()
		return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == syscall.EWOULDBLOCK
	}
	if held := holdAlive(nil, user); held != nil {
		t.Fatal("a node that shares nothing holds something")
	}
	makeFolder := func() {
		if err := os.MkdirAll(user, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	makeFolder()
	held := holdAlive(nil, user)
	if held == nil || !isHeld() {
		t.Fatal("it is not held")
	}
	if again := holdAlive(held, user); again != held {
		t.Fatal("what is held is held anew")
	}
	if err := os.RemoveAll(user); err != nil {
		t.Fatal(err)
	}
	makeFolder()
	if again := holdAlive(held, user); again == nil || again == held || !isHeld() {
		t.Fatal("the folder that was made again is not held")
	}
}
