package controller

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
)

var now = metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))

func vmiIn(phase string, before ...string) *kubevirt.VirtualMachineInstance {
	vmi := &kubevirt.VirtualMachineInstance{}
	vmi.UID = "1"
	vmi.Spec.Domain.Devices.Interfaces = []kubevirt.Interface{{Name: "pod", Bridge: &struct{}{}}}
	vmi.Status.Phase = phase
	for _, name := range append(before, phase) {
		vmi.Status.PhaseTransitionTimestamps = append(vmi.Status.PhaseTransitionTimestamps, kubevirt.PhaseTransition{Phase: name})
	}
	return vmi
}

func podWith(state corev1.ContainerState) *corev1.Pod {
	return &corev1.Pod{Status: corev1.PodStatus{
		PodIP:             "10.0.0.7",
		Phase:             corev1.PodRunning,
		ContainerStatuses: []corev1.ContainerStatus{{Name: computeContainer, State: state}},
	}}
}

var (
	runningState = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	cleanEnd     = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 0}}
	killedEnd    = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Message: "killed"}}
)

func TestPhases(t *testing.T) {
	unbound := vmiIn(kubevirt.PhaseScheduled)
	unbound.Spec.Domain.Devices.Interfaces[0].Bridge = nil
	for name, test := range map[string]struct {
		vmi     *kubevirt.VirtualMachineInstance
		pod     *corev1.Pod
		machine MachineState
		wanted  string
	}{
		"new":                     {&kubevirt.VirtualMachineInstance{}, nil, MachineState{}, kubevirt.PhasePending},
		"no pod yet":              {vmiIn(kubevirt.PhasePending), nil, MachineState{}, kubevirt.PhasePending},
		"pod made":                {vmiIn(kubevirt.PhasePending), &corev1.Pod{}, MachineState{}, kubevirt.PhaseScheduling},
		"pod runs":                {vmiIn(kubevirt.PhaseScheduling), podWith(runningState), MachineState{}, kubevirt.PhaseScheduled},
		"not switched on":         {vmiIn(kubevirt.PhaseScheduled), podWith(runningState), MachineState{}, kubevirt.PhaseScheduled},
		"switched on":             {vmiIn(kubevirt.PhaseScheduled), podWith(runningState), MachineState{Running: true}, kubevirt.PhaseRunning},
		"no binding":              {unbound, podWith(runningState), MachineState{}, kubevirt.PhaseFailed},
		"off by itself":           {vmiIn(kubevirt.PhaseRunning), podWith(cleanEnd), MachineState{}, kubevirt.PhaseSucceeded},
		"killed":                  {vmiIn(kubevirt.PhaseRunning), podWith(killedEnd), MachineState{}, kubevirt.PhaseFailed},
		"pod gone":                {vmiIn(kubevirt.PhaseRunning), nil, MachineState{}, kubevirt.PhaseFailed},
		"an end is an end":        {vmiIn(kubevirt.PhaseSucceeded), nil, MachineState{}, kubevirt.PhaseSucceeded},
		"deleted before it began": {deleted(vmiIn(kubevirt.PhasePending)), nil, MachineState{}, kubevirt.PhaseFailed},
	} {
		if status := vmiStatus(test.vmi, test.pod, test.machine, now); status.Phase != test.wanted {
			t.Errorf("%s: %s, not %s", name, status.Phase, test.wanted)
		}
	}
}

func deleted(vmi *kubevirt.VirtualMachineInstance) *kubevirt.VirtualMachineInstance {
	vmi.DeletionTimestamp = &now
	return vmi
}

func TestAnInterfaceIsListedWithoutAddressAtFirst(t *testing.T) {
	scheduled := vmiStatus(vmiIn(kubevirt.PhaseScheduling), podWith(runningState), MachineState{}, now)
	if len(scheduled.Interfaces) != 1 || scheduled.Interfaces[0].IPAddress != "" {
		t.Errorf("Scheduled: %v", scheduled.Interfaces)
	}
	runs := vmiStatus(vmiIn(kubevirt.PhaseScheduled), podWith(runningState), MachineState{Running: true, MAC: "m"}, now)
	if runs.Interfaces[0].IPAddress != "10.0.0.7" || runs.Interfaces[0].MAC != "m" {
		t.Errorf("Running: %v", runs.Interfaces)
	}
}

func TestOnlyStartsThatNeverRanCountAsFailed(t *testing.T) {
	vm := &kubevirt.VirtualMachine{}
	vm.Spec.RunStrategy = "Always"
	failed := vmiIn(kubevirt.PhaseFailed, kubevirt.PhaseScheduled)
	for count, limits := range map[int64][2]time.Duration{1: {10, 15}, 2: {40, 60}, 3: {90, 135}} {
		vm.Status.StartFailure = &kubevirt.StartFailure{ConsecutiveFailCount: count - 1}
		countFailure(vm, failed, now.Time)
		wait := vm.Status.StartFailure.RetryAfterTimestamp.Sub(now.Time) / time.Second
		if vm.Status.StartFailure.ConsecutiveFailCount != count || wait < limits[0] || wait > limits[1] {
			t.Errorf("failure %d: %+v, again after %d s", count, vm.Status.StartFailure, wait)
		}
	}
	if status := printableStatus(vm, nil); status != "CrashLoopBackOff" {
		t.Error(status)
	}
	countFailure(vm, vmiIn(kubevirt.PhaseFailed, kubevirt.PhaseRunning), now.Time)
	if vm.Status.StartFailure != nil || printableStatus(vm, nil) != "Stopped" {
		t.Errorf("after a run: %+v", vm.Status.StartFailure)
	}
}

func TestImagesOfMachinesAreNodesOfTheSameVersion(t *testing.T) {
	settings := Settings{NodeImage: "localhost/knest/node:v1.36.0"}
	for image, wanted := range map[string]string{
		"localhost/knest/vm:v1.35.4":              "localhost/knest/node:v1.35.4",
		"localhost/knest/vm-kernel:v1.34.1":       "localhost/knest/node:v1.34.1",
		"localhost/knest/kubevirt-stand-in:0a1b2": "localhost/knest/node:v1.36.0",
		"localhost/knest/nothing:1":               "localhost/knest/nothing:1",
	} {
		if got := settings.asNodeImage(image); got != wanted {
			t.Errorf("%s: %s", image, got)
		}
	}
}
