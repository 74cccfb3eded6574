package controller

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
)

// generationAnnotation is the real one's note on a VMI: the VM's generation it was started from.
const generationAnnotation = "kubevirt.io/vm-generation"

// VMs keeps VirtualMachines and the VMI of each.
type VMs struct{ parts }

func (r *VMs) setUp(manager ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(manager).Named("vm").
		For(kubevirt.NewObject(kubevirt.VMKind)).Owns(kubevirt.NewObject(kubevirt.VMIKind)).Complete(r)
}

func (r *VMs) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	return settled(r.reconcile(ctx, request))
}

func (r *VMs) reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := kubevirt.NewObject(kubevirt.VMKind)
	if err := r.Get(ctx, request.NamespacedName, object); err != nil {
		return ctrl.Result{}, err
	}
	vm, err := kubevirt.View[kubevirt.VirtualMachine](object)
	if err != nil {
		return ctrl.Result{}, err
	}
	vmiObject, vmi, err := r.instanceOf(ctx, request)
	if err != nil {
		return ctrl.Result{}, err
	}
	if vm.DeletionTimestamp == nil {
		if err := r.updateFinalizers(ctx, object, []string{kubevirt.VMFinalizer}); err != nil {
			return ctrl.Result{}, err
		}
	}
	wait, err := r.act(ctx, object, vm, vmi)
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := r.writeStatus(ctx, object, vm, vmi, vmiObject); err != nil {
		return ctrl.Result{}, err
	}
	if vm.DeletionTimestamp != nil && vmi == nil {
		return ctrl.Result{}, r.updateFinalizers(ctx, object, nil)
	}
	return ctrl.Result{RequeueAfter: wait}, nil
}

func (r *VMs) instanceOf(ctx context.Context, request ctrl.Request) (*unstructured.Unstructured, *kubevirt.VirtualMachineInstance, error) {
	object := kubevirt.NewObject(kubevirt.VMIKind)
	err := r.Get(ctx, request.NamespacedName, object)
	if apierrors.IsNotFound(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	vmi, err := kubevirt.View[kubevirt.VirtualMachineInstance](object)
	return object, vmi, err
}

// act starts or ends the VMI as the run strategy wants. It gives how long to wait before the next start.
func (r *VMs) act(ctx context.Context, object *unstructured.Unstructured, vm *kubevirt.VirtualMachine, vmi *kubevirt.VirtualMachineInstance) (time.Duration, error) {
	wanted := vm.DeletionTimestamp == nil && runs(vm)
	switch {
	case vmi == nil && wanted:
		if failure := vm.Status.StartFailure; failure != nil && failure.RetryAfterTimestamp != nil {
			if left := time.Until(failure.RetryAfterTimestamp.Time); left > 0 {
				return left, nil
			}
		}
		return 0, r.startInstance(ctx, object)
	case vmi != nil && vmi.DeletionTimestamp == nil && (!wanted || vmi.IsFinal()):
		if vmi.IsFinal() {
			countFailure(vm, vmi, time.Now())
		}
		doomed := kubevirt.NewObject(kubevirt.VMIKind)
		doomed.SetNamespace(vmi.Namespace)
		doomed.SetName(vmi.Name)
		return 0, client.IgnoreNotFound(r.Delete(ctx, doomed, client.Preconditions{UID: &vmi.UID}))
	}
	return 0, nil
}

func runs(vm *kubevirt.VirtualMachine) bool {
	return vm.Spec.RunStrategy == "Always" || vm.Spec.Running != nil && *vm.Spec.Running
}

// startInstance makes the VMI of a VM from its template.
func (r *VMs) startInstance(ctx context.Context, vm *unstructured.Unstructured) error {
	template, _, err := unstructured.NestedMap(vm.Object, "spec", "template", "spec")
	if err != nil {
		return err
	}
	labels, _, _ := unstructured.NestedStringMap(vm.Object, "spec", "template", "metadata", "labels")
	annotations, _, _ := unstructured.NestedStringMap(vm.Object, "spec", "template", "metadata", "annotations")
	annotations = maps.Clone(annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[generationAnnotation] = strconv.FormatInt(vm.GetGeneration(), 10)
	vmi := kubevirt.NewObject(kubevirt.VMIKind)
	vmi.SetNamespace(vm.GetNamespace())
	vmi.SetName(vm.GetName())
	vmi.SetLabels(labels)
	vmi.SetAnnotations(annotations)
	vmi.SetFinalizers([]string{kubevirt.VMFinalizer})
	vmi.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(vm, kubevirt.VMKind)})
	vmi.Object["spec"] = template
	err = r.Create(ctx, vmi)
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	if err == nil {
		r.recorder.Eventf(vm, nil, "Normal", "SuccessfulCreate", "Create", "Started the virtual machine by creating the new virtual machine instance %s", vm.GetName())
	}
	return err
}

// countFailure notes a start that never ran, and when to try again: 10 s times the square of the failures
// so far and up to half of that more, at most 300 s (KubeVirt's calculateStartBackoffTime; 12-15, about 55
// and about 95 s were observed).
func countFailure(vm *kubevirt.VirtualMachine, vmi *kubevirt.VirtualMachineInstance, now time.Time) {
	if vmi.HasRun() {
		vm.Status.StartFailure = nil
		return
	}
	if vm.Status.StartFailure == nil {
		vm.Status.StartFailure = &kubevirt.StartFailure{}
	}
	failure := vm.Status.StartFailure
	if failure.LastFailedVMIUID == string(vmi.UID) {
		return
	}
	failure.LastFailedVMIUID = string(vmi.UID)
	failure.ConsecutiveFailCount++
	seconds := 10 * failure.ConsecutiveFailCount * failure.ConsecutiveFailCount
	seconds = min(seconds+rand.Int64N(seconds/2+1), 300)
	failure.RetryAfterTimestamp = &metav1.Time{Time: now.Add(time.Duration(seconds) * time.Second)}
}

func (r *VMs) writeStatus(ctx context.Context, object *unstructured.Unstructured, vm *kubevirt.VirtualMachine, vmi *kubevirt.VirtualMachineInstance, vmiObject *unstructured.Unstructured) error {
	status := vmStatus(vm, vmi, metav1.Now())
	status.Conditions = restartCondition(status.Conditions, object, vmiObject, metav1.Now())
	changed, same, err := withStatus(object, &status)
	if err != nil || same {
		return err
	}
	if err := r.Status().Patch(ctx, changed, client.MergeFrom(object)); err != nil {
		return fmt.Errorf("write the status of VM %s: %w", vm.Name, err)
	}
	return nil
}
