// Package controller turns VirtualMachines into VirtualMachineInstances and those into launcher pods, in the
// order and with the words that kubevirt-observed.md has of the real virt-controller and virt-handler.
package controller

import (
	"time"

	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The engines: what a launcher pod runs as the machine.
const (
	EngineContainer = "container"
	EngineQEMU      = "qemu"
)

// Settings are what an installation of the stand-in decides.
type Settings struct {
	Engine string
	// Image is the stand-in's own: launcher pods take the launcher program from it.
	Image string
	// NodeImage is what a machine of the engine container runs when its disk names no image of knest's.
	NodeImage string
	// QEMUImage holds QEMU, for the engine qemu.
	QEMUImage string
	// BootDelay is how long a machine of the engine container has no network after it was switched on.
	BootDelay time.Duration
	// SSHDelay is how long after that its sshd begins to listen.
	SSHDelay time.Duration
	// TeardownDelay is the pod and finalizer work after a machine's end: about 9 s with the real one (observed 15).
	TeardownDelay time.Duration
}

// parts is what both reconcilers work with.
type parts struct {
	client.Client
	direct   client.Reader
	settings Settings
	recorder events.EventRecorder
	machines machines
}

// machines is the way to the launcher in a pod, which is virt-handler's business with the real one.
type machines interface {
	state(namespace, pod string) (MachineState, error)
	shutDown(namespace, pod string, graceSeconds int64) error
}

// MachineState is what a launcher says of its machine.
type MachineState struct {
	Running bool   `json:"running"`
	MAC     string `json:"mac,omitempty"`
}

// SetUp adds both reconcilers to a manager, and the claim of KVM where machines are as fast as with it.
func SetUp(manager ctrl.Manager, settings Settings) error {
	launchers, err := newLaunchers(manager.GetConfig())
	if err != nil {
		return err
	}
	shared := parts{
		Client: manager.GetClient(), direct: manager.GetAPIReader(), settings: settings,
		recorder: manager.GetEventRecorder("virtualmachine-controller"), machines: launchers,
	}
	if err := (&VMs{shared}).setUp(manager); err != nil {
		return err
	}
	if err := (&VMIs{shared}).setUp(manager); err != nil {
		return err
	}
	if settings.Engine != EngineContainer {
		return nil
	}
	return manager.Add(&Devices{Client: manager.GetClient(), direct: manager.GetAPIReader()})
}
