package subresources

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
)

const (
	subprotocol = "plain.kubevirt.io"
	// The server's ping, and how long it bears a client that never answers one (observed 27).
	pingPeriod = time.Second
	pongWait   = 60 * time.Second
	// bufferSize is KubeVirt's: no message is larger.
	bufferSize = 10240
)

var upgrader = websocket.Upgrader{
	ReadBufferSize: bufferSize, WriteBufferSize: bufferSize,
	Subprotocols: []string{subprotocol},
	CheckOrigin:  func(*http.Request) bool { return true },
}

// portForward dials the machine before the upgrade, without a time-out of its own: every failure up to then
// is an ordinary answer (observed 25).
func (a api) portForward(find finder) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		vmi, err := find(r)
		if err != nil {
			writeError(w, err)
			return
		}
		protocol := r.PathValue("protocol")
		if protocol == "" {
			protocol = "tcp"
		}
		machine, err := dial(vmi, protocol, r.PathValue("port"))
		if err != nil {
			writeError(w, err)
			return
		}
		defer machine.Close()
		client, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // Upgrade has answered
		}
		stream(client, machine)
	}
}

func dial(vmi *kubevirt.VirtualMachineInstance, protocol, port string) (net.Conn, error) {
	if paused := kubevirt.FindCondition(vmi.Status.Conditions, "Paused"); paused != nil && paused.Status == "True" {
		return nil, apierrors.NewConflict(resource("virtualmachineinstance"), vmi.Name, errors.New("VMI is paused"))
	}
	if len(vmi.Status.Interfaces) == 0 {
		return nil, apierrors.NewBadRequest("no network interfaces are present")
	}
	// An interface may be listed with no address yet; the real one then dials itself, and so does this one.
	machine, err := net.Dial(protocol, net.JoinHostPort(vmi.Status.Interfaces[0].IPAddress, port))
	if err != nil {
		return nil, apierrors.NewInternalError(fmt.Errorf("dialing VM: %w", err))
	}
	return machine, nil
}

// stream copies until either side ends, then drops both without a close frame: no half-close (observed 28).
func stream(client *websocket.Conn, machine net.Conn) {
	over := make(chan struct{}, 2)
	go func() {
		defer func() { over <- struct{}{} }()
		fromClient(client, machine)
	}()
	go func() {
		defer func() { over <- struct{}{} }()
		toClient(client, machine)
	}()
	pings := time.NewTicker(pingPeriod)
	defer pings.Stop()
	for {
		select {
		case <-over:
			client.NetConn().Close()
			return
		case <-pings.C:
			// WriteControl may run beside the writer of messages.
			if client.WriteControl(websocket.PingMessage, nil, time.Now().Add(pongWait)) != nil {
				client.NetConn().Close()
				return
			}
		}
	}
}

func fromClient(client *websocket.Conn, machine net.Conn) {
	extend := func(string) error { return client.SetReadDeadline(time.Now().Add(pongWait)) }
	client.SetPongHandler(extend)
	extend("") //nolint:errcheck // the first read says so
	for {
		kind, message, err := client.NextReader()
		if err != nil {
			return
		}
		if kind != websocket.BinaryMessage {
			continue
		}
		if _, err := io.Copy(machine, message); err != nil {
			return
		}
	}
}

func toClient(client *websocket.Conn, machine net.Conn) {
	buffer := make([]byte, bufferSize)
	for {
		count, err := machine.Read(buffer)
		if count > 0 && client.WriteMessage(websocket.BinaryMessage, buffer[:count]) != nil {
			return
		}
		if err != nil {
			return
		}
	}
}
