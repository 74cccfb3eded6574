package subresources

import (
	"errors"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
)

func (a api) start(w http.ResponseWriter, r *http.Request) {
	vm, _, err := a.get(r, "virtualmachine")
	if err == nil && vm.Spec.RunStrategy == "Always" {
		err = conflict(vm, "VM is already running")
	}
	a.finish(w, r, err, `{"spec":{"runStrategy":"Always"}}`)
}

func (a api) stop(w http.ResponseWriter, r *http.Request) {
	vm, _, err := a.get(r, "virtualmachine")
	if err == nil && !vm.Status.Created {
		err = conflict(vm, "VM is not running")
	}
	a.finish(w, r, err, `{"spec":{"runStrategy":"Halted"}}`)
}

// restart ends the VMI; the run strategy makes the next one (observed 9, 13).
func (a api) restart(w http.ResponseWriter, r *http.Request) {
	vm, _, err := a.get(r, "virtualmachine")
	if err == nil && (!vm.Status.Created || vm.Spec.RunStrategy != "Always") {
		err = conflict(vm, "VM is not running: "+vm.Spec.RunStrategy)
	}
	if err == nil {
		vmi := kubevirt.NewObject(kubevirt.VMIKind)
		vmi.SetNamespace(vm.Namespace)
		vmi.SetName(vm.Name)
		err = a.kube.Delete(r.Context(), vmi)
	}
	a.finish(w, r, err, "")
}

func conflict(vm *kubevirt.VirtualMachine, why string) error {
	return apierrors.NewConflict(resource("virtualmachine"), vm.Name, errors.New(why))
}

// finish patches the VM, if there is something to patch, and answers.
func (a api) finish(w http.ResponseWriter, r *http.Request, err error, patch string) {
	if err == nil && patch != "" {
		vm := kubevirt.NewObject(kubevirt.VMKind)
		vm.SetNamespace(r.PathValue("namespace"))
		vm.SetName(r.PathValue("name"))
		err = a.kube.Patch(r.Context(), vm, client.RawPatch("application/merge-patch+json", []byte(patch)))
	}
	if err != nil {
		writeError(w, err)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}
