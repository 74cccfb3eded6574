package controller

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
)

// How often a launcher is asked again: it has no way to say that its machine runs.
const machinePoll = 500 * time.Millisecond

// VMIs keeps VirtualMachineInstances and the launcher pod of each.
type VMIs struct{ parts }

func (r *VMIs) setUp(manager ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(manager).Named("vmi").
		For(kubevirt.NewObject(kubevirt.VMIKind)).Owns(&corev1.Pod{}).Complete(r)
}

func (r *VMIs) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	return settled(r.reconcile(ctx, request))
}

func (r *VMIs) reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := kubevirt.NewObject(kubevirt.VMIKind)
	if err := r.Get(ctx, request.NamespacedName, object); err != nil {
		return ctrl.Result{}, err
	}
	vmi, err := kubevirt.View[kubevirt.VirtualMachineInstance](object)
	if err != nil {
		return ctrl.Result{}, err
	}
	pod, err := r.podOf(ctx, vmi)
	if err != nil {
		return ctrl.Result{}, err
	}
	if vmi.DeletionTimestamp == nil && vmi.Status.Phase == kubevirt.PhasePending && pod == nil {
		if pod, err = r.createPod(ctx, object, vmi); err != nil {
			return ctrl.Result{}, err
		}
	}
	machine, wait := r.askMachine(vmi, pod)
	status := vmiStatus(vmi, pod, machine, metav1.Now())
	if err := r.write(ctx, object, vmi, status); err != nil {
		return ctrl.Result{}, err
	}
	if vmi.DeletionTimestamp != nil {
		vmi.Status = status
		return r.tearDown(ctx, object, vmi, pod)
	}
	if status.Phase != vmi.Status.Phase {
		wait = time.Millisecond
	}
	return ctrl.Result{RequeueAfter: wait}, nil
}

func (r *VMIs) podOf(ctx context.Context, vmi *kubevirt.VirtualMachineInstance) (*corev1.Pod, error) {
	pod := &corev1.Pod{}
	// Not from the cache: a pod that was only just made is not to be taken for one that is gone.
	err := r.direct.Get(ctx, types.NamespacedName{Namespace: vmi.Namespace, Name: podName(vmi)}, pod)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return pod, err
}

func (r *VMIs) createPod(ctx context.Context, object *unstructured.Unstructured, vmi *kubevirt.VirtualMachineInstance) (*corev1.Pod, error) {
	pod, err := launcherPod(vmi, r.settings)
	if err != nil {
		return nil, err
	}
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(object, kubevirt.VMIKind)}
	if err := r.Create(ctx, pod); err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("create the launcher pod of VMI %s: %w", vmi.Name, err)
	}
	return pod, nil
}

// askMachine asks the launcher while a machine is being switched on, and once more when it is to be waited for.
func (r *VMIs) askMachine(vmi *kubevirt.VirtualMachineInstance, pod *corev1.Pod) (MachineState, time.Duration) {
	if pod == nil || vmi.Status.Phase != kubevirt.PhaseScheduled || !computeRuns(pod) {
		return MachineState{}, 0
	}
	machine, err := r.machines.state(pod.Namespace, pod.Name)
	if err != nil || !machine.Running {
		return MachineState{}, machinePoll
	}
	return machine, 0
}

func (r *VMIs) write(ctx context.Context, object *unstructured.Unstructured, vmi *kubevirt.VirtualMachineInstance, status kubevirt.VMIStatus) error {
	changed, same, err := withStatus(object, &status)
	if err != nil {
		return err
	}
	labels := changed.GetLabels()
	if status.NodeName != "" && labels["kubevirt.io/nodeName"] != status.NodeName {
		if labels == nil {
			labels = map[string]string{}
		}
		labels["kubevirt.io/nodeName"] = status.NodeName
		changed.SetLabels(labels)
		same = false
	}
	if same {
		return nil
	}
	if failed := kubevirt.FindCondition(status.Conditions, "Synchronized"); failed != nil && kubevirt.FindCondition(vmi.Status.Conditions, "Synchronized") == nil {
		r.recorder.Eventf(object, nil, "Warning", "SyncFailed", "Sync", "%s", failed.Message)
	}
	// The real resource has no status subresource either.
	if err := r.Patch(ctx, changed, client.MergeFromWithOptions(object, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	object.SetResourceVersion(changed.GetResourceVersion())
	return nil
}
