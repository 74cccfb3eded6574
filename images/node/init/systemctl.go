package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

const socketPath = "/run/knest/init.sock"

type request struct {
	Verb       string   `json:"verb"`
	Units      []string `json:"units,omitempty"`
	Properties []string `json:"properties,omitempty"`
	ValueOnly  bool     `json:"valueOnly,omitempty"`
	Quiet      bool     `json:"quiet,omitempty"`
	Now        bool     `json:"now,omitempty"`
	WaitMillis int64    `json:"waitMillis,omitempty"`
}

type response struct {
	Output string `json:"output,omitempty"`
	Error  string `json:"error,omitempty"`
	Exit   int    `json:"exit"`
}

// parseSystemctl reads the few forms of systemctl that kubeadm and scripts use.
func parseSystemctl(args []string) (request, error) {
	var r request
	for i := 0; i < len(args); i++ {
		arg := args[i]
		property, isProperty := strings.CutPrefix(arg, "--property=")
		switch {
		case arg == "-q" || arg == "--quiet":
			r.Quiet = true
		case arg == "--now":
			r.Now = true
		case arg == "--value":
			r.ValueOnly = true
		case (arg == "-p" || arg == "--property") && i+1 < len(args):
			i++
			r.Properties = append(r.Properties, strings.Split(args[i], ",")...)
		case isProperty:
			r.Properties = append(r.Properties, strings.Split(property, ",")...)
		case strings.HasPrefix(arg, "-"): // --no-pager, --no-block and the like change nothing here
		case r.Verb == "":
			r.Verb = arg
		default:
			r.Units = append(r.Units, strings.TrimSuffix(arg, ".service"))
		}
	}
	if r.Verb == "" {
		return r, fmt.Errorf("give a command: start, stop, restart, status, is-active, is-enabled, enable, disable, show or daemon-reload")
	}
	return r, nil
}

func systemctl(args []string) int {
	r, err := parseSystemctl(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "systemctl:", err)
		return 1
	}
	return ask(r)
}

// readyCommand tells whether the node can take kubeadm: containerd answers, the images are in place.
func readyCommand(args []string) int {
	r := request{Verb: "ready"}
	if len(args) == 2 && args[0] == "--wait" {
		seconds, err := strconv.ParseFloat(args[1], 64)
		if err != nil || seconds < 0 {
			fmt.Fprintf(os.Stderr, "knest-init ready: --wait takes seconds, not %q\n", args[1])
			return 2
		}
		r.WaitMillis = int64(seconds * 1000)
	}
	deadline := time.Now().Add(time.Duration(r.WaitMillis) * time.Millisecond)
	if runsSystemd() {
		return awaitMachine(deadline)
	}
	connection := awaitSocket(socketPath, deadline)
	if connection == nil {
		fmt.Fprintln(os.Stderr, "not ready: the node is starting")
		return 1
	}
	return askOn(connection, r)
}

// awaitSocket connects to the node's init; nil when it is not there in time. The socket is there some milliseconds after
// PID 1, refuses until somebody listens, and may be one that the container's former run has left.
func awaitSocket(path string, deadline time.Time) net.Conn {
	for {
		connection, err := net.Dial("unix", path)
		if err == nil {
			return connection
		}
		if time.Now().After(deadline) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func ask(r request) int {
	connection, err := net.Dial("unix", socketPath)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot reach the node's init:", err)
		return 1
	}
	return askOn(connection, r)
}

func askOn(connection net.Conn, r request) int {
	defer connection.Close()
	var answer response
	if err := json.NewEncoder(connection).Encode(r); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := json.NewDecoder(connection).Decode(&answer); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if answer.Output != "" && !r.Quiet {
		fmt.Println(answer.Output)
	}
	if answer.Error != "" {
		fmt.Fprintln(os.Stderr, answer.Error)
	}
	return answer.Exit
}

// answer does what systemctl does, with its exit codes: 3 not running, 4 no such unit.
func (n *node) answer(r request) response {
	switch r.Verb {
	case "ready":
		select {
		case <-n.ready:
			return response{Output: n.readyText}
		case <-time.After(time.Duration(r.WaitMillis) * time.Millisecond):
			return response{Error: "not ready", Exit: 1}
		}
	case "daemon-reload", "reset-failed":
		return response{}
	case "is-system-running":
		return response{Output: "running"}
	case "start", "stop", "restart", "try-restart", "status", "is-active", "is-enabled", "enable", "disable", "show":
	default:
		return response{Error: fmt.Sprintf("systemctl: %q is not known here", r.Verb), Exit: 1}
	}
	if len(r.Units) == 0 {
		return response{Error: fmt.Sprintf("systemctl %s: name a unit: kubelet or containerd", r.Verb), Exit: 1}
	}
	var result response
	var lines []string
	for _, unit := range r.Units {
		service := n.services[unit]
		if service == nil {
			one := noSuchUnit(r.Verb, unit)
			lines, result.Exit = append(lines, one.Output), one.Exit
			result.Error = one.Error
			continue
		}
		text, exit, err := n.act(r, service)
		if text != "" {
			lines = append(lines, text)
		}
		if err != nil {
			result.Error = err.Error()
		}
		result.Exit = max(result.Exit, exit)
	}
	result.Output = strings.TrimSpace(strings.Join(lines, "\n"))
	return result
}

func noSuchUnit(verb, unit string) response {
	switch verb {
	case "show":
		return response{Output: "LoadState=not-found\nActiveState=inactive"}
	case "is-active":
		return response{Output: "inactive", Exit: 4}
	case "is-enabled":
		return response{Output: "not-found", Exit: 4}
	case "status":
		return response{Error: fmt.Sprintf("Unit %s.service could not be found.", unit), Exit: 4}
	default:
		return response{Error: fmt.Sprintf("Failed to %s %s.service: Unit %s.service not found.", verb, unit, unit), Exit: 5}
	}
}

func (n *node) act(r request, s *service) (text string, exit int, err error) {
	active, pid, restarts := s.state()
	switch r.Verb {
	case "start":
		err = s.start()
	case "stop":
		s.stop(10 * time.Second)
	case "restart", "try-restart":
		if r.Verb == "restart" || active != "inactive" {
			s.stop(10 * time.Second)
			err = s.start()
		}
	case "enable", "disable":
		s.enabled = r.Verb == "enable"
		if r.Now && s.enabled {
			err = s.start()
		} else if r.Now {
			s.stop(10 * time.Second)
		}
	case "is-enabled":
		if s.enabled {
			return "enabled", 0, nil
		}
		return "disabled", 1, nil
	case "is-active":
		if active != "active" {
			exit = 3
		}
		return active, exit, nil
	case "status":
		if active != "active" {
			exit = 3
		}
		return fmt.Sprintf("● %s.service - supervised by knest-init\n     Loaded: loaded\n     Active: %s\n   Main PID: %d\n   Restarts: %d\n       Log: %s",
			s.name, active, pid, restarts, s.log), exit, nil
	case "show":
		return show(r, s, active, pid, restarts), 0, nil
	}
	if err != nil {
		return "", 1, err
	}
	return "", 0, nil
}

func show(r request, s *service, active string, pid, restarts int) string {
	subState := map[string]string{"active": "running", "activating": "auto-restart", "inactive": "dead"}[active]
	unitFileState := "disabled"
	if s.enabled {
		unitFileState = "enabled"
	}
	properties := [][2]string{
		{"Id", s.name + ".service"}, {"LoadState", "loaded"}, {"ActiveState", active}, {"SubState", subState},
		{"UnitFileState", unitFileState}, {"MainPID", strconv.Itoa(pid)}, {"NRestarts", strconv.Itoa(restarts)},
	}
	var lines []string
	for _, property := range properties {
		if len(r.Properties) > 0 && !slices.Contains(r.Properties, property[0]) {
			continue
		}
		if r.ValueOnly {
			lines = append(lines, property[1])
		} else {
			lines = append(lines, property[0]+"="+property[1])
		}
	}
	return strings.Join(lines, "\n")
}
