package controller

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
)

// vmiStatus is the next status of a VMI, given its pod or none and what its launcher says.
func vmiStatus(vmi *kubevirt.VirtualMachineInstance, pod *corev1.Pod, machine MachineState, now metav1.Time) kubevirt.VMIStatus {
	status := vmi.Status
	status.Conditions = slices.Clone(status.Conditions)
	status.PhaseTransitionTimestamps = slices.Clone(status.PhaseTransitionTimestamps)
	problem := ""
	switch {
	case vmi.IsFinal():
	case status.Phase == "":
		status.EnterPhase(kubevirt.PhasePending, now)
	case pod == nil:
		if status.Phase != kubevirt.PhasePending || vmi.DeletionTimestamp != nil {
			status.EnterPhase(kubevirt.PhaseFailed, now)
		}
	case hasEnded(pod):
		status.EnterPhase(endPhase(pod), now)
		if !vmi.HasRun() {
			problem = endMessage(pod)
		}
	case status.Phase == kubevirt.PhasePending:
		status.EnterPhase(kubevirt.PhaseScheduling, now)
	case status.Phase == kubevirt.PhaseScheduling && computeRuns(pod):
		status.EnterPhase(kubevirt.PhaseScheduled, now)
		status.NodeName = pod.Spec.NodeName
		status.ActivePods = map[string]string{string(pod.UID): pod.Spec.NodeName}
		status.Interfaces = []kubevirt.InterfaceStatus{{Name: interfaceName(vmi)}}
	case status.Phase == kubevirt.PhaseScheduled && lacksBinding(vmi):
		// Admitted, and found out on the node only (observed 7).
		problem = "server error. command SyncVMI failed: undefined binding method"
		status.EnterPhase(kubevirt.PhaseFailed, now)
	case status.Phase == kubevirt.PhaseScheduled && machine.Running:
		status.EnterPhase(kubevirt.PhaseRunning, now)
		status.Interfaces = []kubevirt.InterfaceStatus{{
			Name: interfaceName(vmi), IPAddress: pod.Status.PodIP, IPAddresses: []string{pod.Status.PodIP},
			MAC: machine.MAC, InfoSource: "domain", LinkState: "up", PodInterfaceName: "eth0", QueueCount: 1,
		}}
	}
	if pod != nil {
		status.QOSClass = string(pod.Status.QOSClass)
	}
	status.Conditions = conditionsOf(vmi, pod, status, problem, now)
	return status
}

func conditionsOf(vmi *kubevirt.VirtualMachineInstance, pod *corev1.Pod, status kubevirt.VMIStatus, problem string, now metav1.Time) []kubevirt.Condition {
	conditions := status.Conditions
	set := func(kind, value, reason, message string) {
		conditions = kubevirt.SetCondition(conditions, kubevirt.Condition{Type: kind, Status: value, Reason: reason, Message: message, LastTransitionTime: &now})
	}
	if pod != nil {
		value, reason, message := readiness(pod, status.Phase)
		set("Ready", value, reason, message)
		conditions = podConditions(conditions, pod, now)
	} else if vmi.Status.Phase != "" && vmi.Status.Phase != kubevirt.PhasePending {
		set("Ready", "False", "PodNotExists", "virt-launcher pod has not yet been scheduled")
	}
	if problem != "" {
		set("Synchronized", "False", "Synchronizing with the Domain failed.", problem)
	}
	if status.Phase == kubevirt.PhaseRunning {
		// Bridge binding on the pod network; times are null with the real one, too (observed 19).
		conditions = kubevirt.SetCondition(conditions, kubevirt.Condition{Type: "LiveMigratable", Status: "False", Reason: "InterfaceNotLiveMigratable", Message: "cannot migrate VMI which does not use masquerade or a migratable plugin to connect to the pod network"})
	}
	return conditions
}

// readiness follows the pod, once the domain runs: without a probe both come at once (observed 2).
func readiness(pod *corev1.Pod, phase string) (value, reason, message string) {
	switch {
	case pod.DeletionTimestamp != nil:
		return "False", "PodTerminating", "virt-launcher pod is terminating"
	case phase != kubevirt.PhaseRunning:
		return "False", "GuestNotRunning", "Guest VM is not reported as running"
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return string(condition.Status), condition.Reason, condition.Message
		}
	}
	return "False", "PodConditionMissing", "virt-launcher pod is missing the Ready condition"
}

// podConditions shows why a pod does not come to run: no room, or no image (observed 4).
func podConditions(conditions []kubevirt.Condition, pod *corev1.Pod, now metav1.Time) []kubevirt.Condition {
	conditions = kubevirt.DropCondition(conditions, "PodScheduled")
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			conditions = append(conditions, kubevirt.Condition{Type: "PodScheduled", Status: "False", Reason: condition.Reason, Message: condition.Message, LastTransitionTime: &condition.LastTransitionTime})
		}
	}
	statuses := append(slices.Clone(pod.Status.InitContainerStatuses), pod.Status.ContainerStatuses...)
	for _, container := range statuses {
		waiting := container.State.Waiting
		if waiting != nil && (waiting.Reason == "ImagePullBackOff" || waiting.Reason == "ErrImagePull") {
			return kubevirt.SetCondition(conditions, kubevirt.Condition{Type: "Synchronized", Status: "False", Reason: waiting.Reason, Message: waiting.Message, LastTransitionTime: &now})
		}
	}
	if synchronized := kubevirt.FindCondition(conditions, "Synchronized"); synchronized != nil && computeRuns(pod) {
		return kubevirt.DropCondition(conditions, "Synchronized")
	}
	return conditions
}

func hasEnded(pod *corev1.Pod) bool { return podEnded(pod) || computeEnd(pod) != nil }

// endPhase: Succeeded when the machine switched itself off, Failed when it was killed (observed 12, 15).
func endPhase(pod *corev1.Pod) string {
	if end := computeEnd(pod); end != nil && end.ExitCode == 0 || end == nil && pod.Status.Phase == corev1.PodSucceeded {
		return kubevirt.PhaseSucceeded
	}
	return kubevirt.PhaseFailed
}

func endMessage(pod *corev1.Pod) string {
	if end := computeEnd(pod); end != nil {
		return fmt.Sprintf("server error. command SyncVMI failed: the machine ended with exit code %d: %s", end.ExitCode, end.Message)
	}
	return pod.Status.Message
}

func interfaceName(vmi *kubevirt.VirtualMachineInstance) string {
	for _, device := range vmi.Spec.Domain.Devices.Interfaces {
		return device.Name
	}
	return "default"
}

func lacksBinding(vmi *kubevirt.VirtualMachineInstance) bool {
	return slices.ContainsFunc(vmi.Spec.Domain.Devices.Interfaces, func(device kubevirt.Interface) bool {
		return device.Bridge == nil
	})
}
