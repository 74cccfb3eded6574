package machine

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// engine is one way to be a machine. A launcher switches it on, again after each reboot inside.
type engine interface {
	// start switches the machine on and gives what ends when it is off.
	start() (running, error)
	// mac is the address the machine has on the network.
	mac() string
}

// running is a machine that is switched on.
type running interface {
	// powerButton asks it to shut down.
	powerButton() error
	// kill pulls the plug.
	kill()
	// wait blocks until the machine is off.
	wait() end
}

// end is how a machine came to be off.
type end int

const (
	poweredOff end = iota
	rebooted
	crashed
)

// launcher keeps one machine, as long as its pod lives.
type launcher struct {
	mutex    sync.Mutex
	engine   engine
	machine  running
	stopping bool
	killed   bool
	grace    time.Duration
}

// Run is the launcher's whole life. It gives the exit code of the pod: 0 when the machine switched itself
// off, or in time when asked, else 1.
func Run(engineName string) int {
	description, err := Describe()
	if err != nil {
		return failed(err)
	}
	console, err := openConsole()
	if err != nil {
		return failed(err)
	}
	defer console.Close()
	engine, err := newEngine(engineName, description, console)
	if err != nil {
		return failed(err)
	}
	own := &launcher{engine: engine, grace: time.Duration(description.GraceSeconds) * time.Second}
	if err := own.listen(); err != nil {
		return failed(err)
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		for range signals {
			own.shutDown(own.grace)
		}
	}()
	return own.keep()
}

func newEngine(name string, description Description, console *os.File) (engine, error) {
	switch name {
	case "container":
		return newContainerEngine(description, console)
	case "qemu":
		return newQEMUEngine(description, console)
	}
	return nil, fmt.Errorf("there is no engine %q", name)
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, "launcher:", err)
	return 1
}

// keep switches the machine on until it ends otherwise than by a reboot.
func (l *launcher) keep() int {
	for {
		machine, err := l.engine.start()
		if err != nil {
			return failed(err)
		}
		l.mutex.Lock()
		l.machine = machine
		l.mutex.Unlock()
		how := machine.wait()
		l.mutex.Lock()
		l.machine = nil
		stopping, killed := l.stopping, l.killed
		l.mutex.Unlock()
		switch {
		case how == rebooted && !stopping:
			continue
		case how == crashed || killed:
			return failed(fmt.Errorf("the machine was killed, or crashed; its last words: %s", lastWords()))
		}
		return 0
	}
}

// shutDown presses the power button, and pulls the plug when the machine is not off in time. It returns at once.
func (l *launcher) shutDown(grace time.Duration) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.stopping || l.machine == nil {
		return
	}
	l.stopping = true
	machine := l.machine
	if grace > 0 && machine.powerButton() == nil {
		time.AfterFunc(grace, func() { l.pullPlug(machine) })
		return
	}
	l.killed = true
	machine.kill()
}

func (l *launcher) pullPlug(machine running) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.machine == machine {
		l.killed = true
		machine.kill()
	}
}
