package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	restartDelay = time.Second
	logLimit     = 16 << 20
)

// reaper collects every child, the node's orphans too, and tells those who started one of its end.
type reaper struct {
	mutex   sync.Mutex
	waiters map[int]chan syscall.WaitStatus
}

func newReaper() *reaper { return &reaper{waiters: map[int]chan syscall.WaitStatus{}} }

// start holds the lock until the child is known: reap cannot collect it first.
func (r *reaper) start(argv, env []string, output *os.File) (int, <-chan syscall.WaitStatus, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, err
	}
	defer null.Close()
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{
		Dir: "/", Env: env, Files: []uintptr{null.Fd(), output.Fd(), output.Fd()},
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	done := make(chan syscall.WaitStatus, 1)
	r.waiters[pid] = done
	return pid, done, nil
}

func (r *reaper) reap() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if pid <= 0 || err != nil {
			return
		}
		if done, ours := r.waiters[pid]; ours {
			delete(r.waiters, pid)
			done <- status
		}
	}
}

// service is a supervised program. It is started again when it ends, until it is stopped.
type service struct {
	name    string
	command func() (argv, env []string, err error) // asked anew at every start
	// condition tells why the service must not run yet; like a systemd condition that is no error.
	condition func() error
	log       string
	reaper    *reaper

	mutex    sync.Mutex
	wanted   bool
	pid      int
	ended    chan struct{} // closed when the running process has ended
	timer    *time.Timer
	restarts int
	enabled  bool
}

func (s *service) start() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.condition != nil {
		if err := s.condition(); err != nil {
			logf("%s is not started: %v", s.name, err)
			return nil
		}
	}
	s.wanted = true
	if s.pid != 0 {
		return nil
	}
	return s.launch()
}

// launch is called with the mutex held.
func (s *service) launch() error {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	argv, env, err := s.command()
	if err != nil {
		return err
	}
	output, err := os.OpenFile(s.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	defer output.Close()
	pid, done, err := s.reaper.start(argv, env, output)
	if err != nil {
		return err
	}
	s.pid, s.ended = pid, make(chan struct{})
	go s.watch(done)
	return nil
}

func (s *service) watch(done <-chan syscall.WaitStatus) {
	status := <-done
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.pid = 0
	close(s.ended)
	if !s.wanted {
		return
	}
	logf("%s ended (%s), starting it again in %s", s.name, describe(status), restartDelay)
	s.scheduleRestart()
}

// scheduleRestart is called with the mutex held.
func (s *service) scheduleRestart() {
	s.timer = time.AfterFunc(restartDelay, func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if !s.wanted || s.pid != 0 {
			return
		}
		s.restarts++
		if err := s.launch(); err != nil {
			logf("%s: %v", s.name, err)
			s.scheduleRestart()
		}
	})
}

// stop returns when the program has ended, by force after the grace period.
func (s *service) stop(grace time.Duration) {
	s.mutex.Lock()
	s.wanted = false
	if s.timer != nil {
		s.timer.Stop()
	}
	pid, ended := s.pid, s.ended
	s.mutex.Unlock()
	if pid == 0 {
		return
	}
	syscall.Kill(pid, syscall.SIGTERM) //nolint:errcheck // it may have ended
	select {
	case <-ended:
	case <-time.After(grace):
		syscall.Kill(pid, syscall.SIGKILL) //nolint:errcheck // it may have ended
		<-ended
	}
}

func (s *service) state() (active string, pid, restarts int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case s.pid != 0:
		return "active", s.pid, s.restarts
	case s.wanted:
		return "activating", 0, s.restarts
	default:
		return "inactive", 0, s.restarts
	}
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "signal " + status.Signal().String()
	}
	return fmt.Sprintf("exit code %d", status.ExitStatus())
}

// capLog keeps the last generation of a log that grew too long. The writer has the file open for
// appending, so copy and truncate; a line written between the two is lost.
func capLog(path string, limit int64) error {
	info, err := os.Stat(path)
	if err != nil || info.Size() < limit {
		return nil
	}
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(path + ".1")
	if err != nil {
		return err
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	return os.Truncate(path, 0)
}
