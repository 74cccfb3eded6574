package subresources

import (
	"net"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
)

func instance(addresses ...string) *kubevirt.VirtualMachineInstance {
	vmi := &kubevirt.VirtualMachineInstance{}
	vmi.Name = "n1"
	for _, address := range addresses {
		vmi.Status.Interfaces = append(vmi.Status.Interfaces, kubevirt.InterfaceStatus{IPAddress: address})
	}
	return vmi
}

func TestRefusalsBeforeTheDial(t *testing.T) {
	paused := instance("127.0.0.1")
	paused.Status.Conditions = []kubevirt.Condition{{Type: "Paused", Status: "True"}}
	for name, test := range map[string]struct {
		vmi  *kubevirt.VirtualMachineInstance
		is   func(error) bool
		text string
	}{
		"no interface yet": {instance(), apierrors.IsBadRequest, "no network interfaces are present"},
		"paused":           {paused, apierrors.IsConflict, "VMI is paused"},
		// The real one dials itself then, too.
		"no address yet": {instance(""), apierrors.IsInternalError, "dialing VM: dial tcp :1: connect: connection refused"},
	} {
		_, err := dial(test.vmi, "tcp", "1")
		if err == nil || !test.is(err) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDialsTheMachine(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	connection, err := dial(instance("127.0.0.1"), "tcp", port)
	if err != nil {
		t.Fatal(err)
	}
	connection.Close()
}
