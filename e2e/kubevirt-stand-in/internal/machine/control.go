package machine

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

// request is what the control socket takes: "state", or "shutdown" with seconds.
type request struct {
	Verb         string `json:"verb"`
	GraceSeconds int64  `json:"graceSeconds,omitempty"`
}

type answer struct {
	Running bool   `json:"running"`
	MAC     string `json:"mac,omitempty"`
}

func (l *launcher) listen() error {
	if err := os.Remove(controlSocket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", controlSocket)
	if err != nil {
		return err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go l.serve(connection)
		}
	}()
	return nil
}

func (l *launcher) serve(connection net.Conn) {
	defer connection.Close()
	var asked request
	if json.NewDecoder(connection).Decode(&asked) != nil {
		return
	}
	if asked.Verb == "shutdown" {
		l.shutDown(time.Duration(asked.GraceSeconds) * time.Second)
	}
	l.mutex.Lock()
	reply := answer{Running: l.machine != nil, MAC: l.engine.mac()}
	l.mutex.Unlock()
	json.NewEncoder(connection).Encode(reply) //nolint:errcheck // the caller is gone
}

// Ask is `machine state` and `machine shutdown SECONDS`, run in the pod by exec. It prints the answer.
func Ask(arguments []string) error {
	asked := request{}
	switch {
	case len(arguments) == 1 && arguments[0] == "state":
		asked.Verb = "state"
	case len(arguments) == 2 && arguments[0] == "shutdown":
		seconds, err := strconv.ParseInt(arguments[1], 10, 64)
		if err != nil {
			return err
		}
		asked = request{Verb: "shutdown", GraceSeconds: seconds}
	default:
		return errors.New("usage: machine state | machine shutdown SECONDS")
	}
	connection, err := net.DialTimeout("unix", controlSocket, 5*time.Second)
	if err != nil {
		return fmt.Errorf("the launcher does not answer: %w", err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if err := json.NewEncoder(connection).Encode(asked); err != nil {
		return err
	}
	var reply answer
	if err := json.NewDecoder(connection).Decode(&reply); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(reply)
}
