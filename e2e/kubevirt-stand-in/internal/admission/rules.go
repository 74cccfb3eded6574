package admission

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
)

// userDataLimit is KubeVirt's cloudInitUserMaxLen: longer user data must be in a Secret.
const userDataLimit = 2048

var (
	runStrategies = []string{"Always", "Halted"}
	buses         = []string{"virtio", "scsi", "sata", "usb"}
)

// setVMDefaults fills in what a VM is given once and keeps (observed 8).
func setVMDefaults(vm *unstructured.Unstructured) {
	setDefault(vm, "amd64", "spec", "template", "spec", "architecture")
	setDefault(vm, "q35", "spec", "template", "spec", "domain", "machine", "type")
	setDefault(vm, uuid.NewString(), "spec", "template", "spec", "domain", "firmware", "uuid")
	setDefault(vm, uuid.NewString(), "spec", "template", "spec", "domain", "firmware", "serial")
}

func setInstanceDefaults(vmi *unstructured.Unstructured) {
	setDefault(vmi, "amd64", "spec", "architecture")
	setDefault(vmi, "q35", "spec", "domain", "machine", "type")
	setDefault(vmi, uuid.NewString(), "spec", "domain", "firmware", "uuid")
	setDefault(vmi, "None", "spec", "evictionStrategy")
	finalizers := vmi.GetFinalizers()
	for _, name := range []string{kubevirt.VMFinalizer, kubevirt.ForegroundFinalizer} {
		if !slices.Contains(finalizers, name) {
			finalizers = append(finalizers, name)
		}
	}
	vmi.SetFinalizers(finalizers)
}

func setDefault(object *unstructured.Unstructured, value string, path ...string) {
	if known, found, _ := unstructured.NestedString(object.Object, path...); !found || known == "" {
		// Fails only where something on the way is no object; the schema refuses that.
		_ = unstructured.SetNestedField(object.Object, value, path...)
	}
}

func vmProblem(object *unstructured.Unstructured) string {
	vm, err := kubevirt.View[kubevirt.VirtualMachine](object)
	if err != nil {
		return err.Error()
	}
	if vm.Spec.RunStrategy == "" {
		return "spec.running: RunStrategy must be specified"
	}
	if !slices.Contains(runStrategies, vm.Spec.RunStrategy) {
		return fmt.Sprintf("spec.runStrategy: Invalid RunStrategy (%s)", vm.Spec.RunStrategy)
	}
	return specProblem(vm.Spec.Template.Spec, "spec.template.spec")
}

func instanceProblem(object *unstructured.Unstructured, path string) string {
	vmi, err := kubevirt.View[kubevirt.VirtualMachineInstance](object)
	if err != nil {
		return err.Error()
	}
	return specProblem(vmi.Spec, path)
}

func specProblem(spec kubevirt.VMISpec, path string) string {
	for index, disk := range spec.Domain.Devices.Disks {
		at := fmt.Sprintf("%s.domain.devices.disks[%d]", path, index)
		if disk.Disk != nil && disk.Disk.Bus != "" && !slices.Contains(buses, disk.Disk.Bus) {
			return fmt.Sprintf("%s is set with an unrecognized bus %s, must be one of: %v", at, disk.Disk.Bus, buses)
		}
		if !slices.ContainsFunc(spec.Volumes, func(volume kubevirt.Volume) bool { return volume.Name == disk.Name }) {
			return fmt.Sprintf("%s.Name '%s' not found.", at, disk.Name)
		}
	}
	for index, volume := range spec.Volumes {
		if source := volume.CloudInitNoCloud; source != nil && len(source.UserData) > userDataLimit {
			return fmt.Sprintf("%s.volumes[%d].cloudInitNoCloud userdata exceeds %d byte limit. Should use UserDataSecretRef for larger data.", path, index, userDataLimit)
		}
	}
	return ""
}

func changeProblem(before, after *unstructured.Unstructured) string {
	if equality.Semantic.DeepEqual(before.Object["spec"], after.Object["spec"]) {
		return ""
	}
	return "The request is invalid: : update of VMI object is restricted"
}

// refused is an answer as the real webhooks give it: 422 for what is wrong with an object.
func refused(message string) ctrladmission.Response {
	return ctrladmission.Response{AdmissionResponse: admissionv1.AdmissionResponse{
		Result: &metav1.Status{Message: message, Reason: metav1.StatusReasonInvalid, Code: http.StatusUnprocessableEntity},
	}}
}
