package machine

import (
	"encoding/json"
	"fmt"
	"net"
	"time"
)

const (
	qmpSocket  = qemuDirectory + "/qmp.sock"
	qmpTimeout = 5 * time.Second
)

// qmp says one command to QEMU's monitor: the protocol wants a greeting and its capabilities first.
func qmp(command string) error {
	connection, err := net.DialTimeout("unix", qmpSocket, qmpTimeout)
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(qmpTimeout)); err != nil {
		return err
	}
	answers := json.NewDecoder(connection)
	for _, verb := range []string{"", "qmp_capabilities", command} {
		if verb != "" {
			if err := json.NewEncoder(connection).Encode(map[string]string{"execute": verb}); err != nil {
				return err
			}
		}
		var answer map[string]json.RawMessage
		if err := answers.Decode(&answer); err != nil {
			return err
		}
		if failure := answer["error"]; failure != nil {
			return fmt.Errorf("%s: %s", verb, failure)
		}
	}
	return nil
}
