package controller

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
)

// vmStatus is what a VM says of itself, given its VMI or none.
func vmStatus(vm *kubevirt.VirtualMachine, vmi *kubevirt.VirtualMachineInstance, now metav1.Time) kubevirt.VMStatus {
	status := kubevirt.VMStatus{
		Created: vmi != nil, RunStrategy: vm.Spec.RunStrategy,
		DesiredGeneration: vm.Generation, ObservedGeneration: vm.Generation,
		StartFailure:    vm.Status.StartFailure,
		PrintableStatus: printableStatus(vm, vmi),
	}
	if vmi != nil && vmi.Status.Phase == kubevirt.PhaseRunning {
		status.StartFailure = nil
	}
	ready := readyOfInstance(vmi, now)
	status.Ready = ready.Status == "True"
	// A VM shows the conditions of its VMI; Ready keeps its place and its time.
	status.Conditions = kubevirt.SetCondition(lasting(vm.Status.Conditions, vmi), ready)
	if vmi != nil {
		for _, condition := range vmi.Status.Conditions {
			status.Conditions = kubevirt.SetCondition(status.Conditions, condition)
		}
	}
	return status
}

// lasting are the conditions that do not come and go with what the VMI says.
func lasting(conditions []kubevirt.Condition, vmi *kubevirt.VirtualMachineInstance) []kubevirt.Condition {
	kept := []kubevirt.Condition{}
	for _, condition := range conditions {
		if condition.Type == "Ready" || condition.Type == "RestartRequired" && vmi != nil {
			kept = append(kept, condition)
		}
	}
	return kept
}

func readyOfInstance(vmi *kubevirt.VirtualMachineInstance, now metav1.Time) kubevirt.Condition {
	if vmi == nil {
		return kubevirt.Condition{Type: "Ready", Status: "False", Reason: "VMINotExists", Message: "VMI does not exist", LastTransitionTime: &now}
	}
	if ready := kubevirt.FindCondition(vmi.Status.Conditions, "Ready"); ready != nil {
		return *ready
	}
	return kubevirt.Condition{Type: "Ready", Status: "False", Reason: "VMIConditionMissing", Message: "VMI is missing the Ready condition", LastTransitionTime: &now}
}

// printableStatus is the one word for people. The order of the questions is the real controller's.
func printableStatus(vm *kubevirt.VirtualMachine, vmi *kubevirt.VirtualMachineInstance) string {
	switch {
	case vm.DeletionTimestamp != nil:
		return "Terminating"
	case vmi == nil && vm.Status.StartFailure != nil && runs(vm):
		return "CrashLoopBackOff"
	case vmi == nil || vmi.IsFinal():
		return "Stopped"
	case vmi.DeletionTimestamp != nil:
		return "Stopping"
	case vmi.Status.Phase == kubevirt.PhaseRunning:
		return "Running"
	}
	scheduled := kubevirt.FindCondition(vmi.Status.Conditions, "PodScheduled")
	if scheduled != nil && scheduled.Status == "False" && scheduled.Reason == "Unschedulable" {
		return "ErrorUnschedulable"
	}
	synchronized := kubevirt.FindCondition(vmi.Status.Conditions, "Synchronized")
	if synchronized != nil && slices.Contains([]string{"ErrImagePull", "ImagePullBackOff"}, synchronized.Reason) {
		return synchronized.Reason
	}
	return "Starting"
}

// restartCondition tells that the template says something else than what the VMI was started with.
func restartCondition(conditions []kubevirt.Condition, vm, vmi *unstructured.Unstructured, now metav1.Time) []kubevirt.Condition {
	if vmi == nil {
		return conditions
	}
	template, _, _ := unstructured.NestedMap(vm.Object, "spec", "template", "spec")
	running, _, _ := unstructured.NestedMap(vmi.Object, "spec")
	different := differentFields(template, running)
	if len(different) == 0 {
		return conditions
	}
	message := "a non-live-updatable field was changed in the template spec"
	if slices.Equal(different, []string{"memory"}) {
		message = "memory updated in template spec. Memory-hotplug feature is not available for this VM configuration"
	}
	return kubevirt.SetCondition(conditions, kubevirt.Condition{Type: "RestartRequired", Status: "True", Message: message, LastTransitionTime: &now})
}

// differentFields compares a template with the VMI made of it; fields that only the VMI has are its defaults.
func differentFields(template, running map[string]any) []string {
	different := []string{}
	for name, wanted := range template {
		has := running[name]
		wantedFields, isMap := wanted.(map[string]any)
		hasFields, hasMap := has.(map[string]any)
		switch {
		case name == "domain" && isMap && hasMap:
			different = append(different, differentFields(wantedFields, hasFields)...)
		case isMap && hasMap:
			if len(differentFields(wantedFields, hasFields)) > 0 {
				different = append(different, name)
			}
		case !equality.Semantic.DeepEqual(wanted, has):
			different = append(different, name)
		}
	}
	return different
}
