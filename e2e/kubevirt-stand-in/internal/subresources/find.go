package subresources

import (
	"errors"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
)

// finder finds the VMI that a request is about.
type finder func(r *http.Request) (*kubevirt.VirtualMachineInstance, error)

// resource names a kind as the real errors do: in the singular.
func resource(kind string) schema.GroupResource {
	return schema.GroupResource{Group: kubevirt.Group, Resource: kind}
}

func (a api) instance(r *http.Request) (*kubevirt.VirtualMachineInstance, error) {
	_, vmi, err := a.get(r, "virtualmachineinstance")
	return vmi, err
}

func (a api) instanceOfVM(r *http.Request) (*kubevirt.VirtualMachineInstance, error) {
	vm, _, err := a.get(r, "virtualmachine")
	if err != nil {
		return nil, err
	}
	if !vm.Status.Created {
		return nil, apierrors.NewConflict(resource("virtualmachine"), vm.Name, errors.New("VMI is not started"))
	}
	return a.instance(r)
}
