package controller

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
)

// endedAnnotation notes when the machine had ended, so that the work after it takes as long as it should.
const endedAnnotation = "kubevirt-stand-in.knest.dev/ended"

// tearDown ends a deleted VMI: the machine is shut down within its grace, then the pod goes, then the object.
func (r *VMIs) tearDown(ctx context.Context, object *unstructured.Unstructured, vmi *kubevirt.VirtualMachineInstance, pod *corev1.Pod) (ctrl.Result, error) {
	if pod != nil && !podEnded(pod) && computeRuns(pod) && pod.DeletionTimestamp == nil {
		if err := r.machines.shutDown(pod.Namespace, pod.Name, vmi.GraceSeconds()); err != nil {
			return ctrl.Result{}, err
		}
		// Its end is an event of the pod.
		return ctrl.Result{RequeueAfter: machinePoll * 4}, nil
	}
	if pod != nil {
		if pod.DeletionTimestamp == nil {
			// Its kubelet lets it go when its volumes are no longer in use: a forced end would free a claim too early.
			if err := r.Delete(ctx, pod); client.IgnoreNotFound(err) != nil {
				return ctrl.Result{}, err
			}
		}
		return ctrl.Result{RequeueAfter: machinePoll * 4}, nil
	}
	if wait, err := r.restAfterEnd(ctx, object, vmi); err != nil || wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, err
	}
	return ctrl.Result{}, r.updateFinalizers(ctx, object, nil)
}

// restAfterEnd is the time still to pass before the object of a machine that ran may go.
func (r *VMIs) restAfterEnd(ctx context.Context, object *unstructured.Unstructured, vmi *kubevirt.VirtualMachineInstance) (time.Duration, error) {
	if r.settings.TeardownDelay == 0 || !vmi.HasRun() || vmi.GraceSeconds() == 0 {
		return 0, nil
	}
	if ended, err := time.Parse(time.RFC3339Nano, object.GetAnnotations()[endedAnnotation]); err == nil {
		return time.Until(ended.Add(r.settings.TeardownDelay)), nil
	}
	before := object.DeepCopy()
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[endedAnnotation] = time.Now().Format(time.RFC3339Nano)
	object.SetAnnotations(annotations)
	return r.settings.TeardownDelay, r.Patch(ctx, object, client.MergeFrom(before))
}

func podEnded(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// computeRuns tells whether the machine's container runs; it need not be ready.
func computeRuns(pod *corev1.Pod) bool {
	for _, container := range pod.Status.ContainerStatuses {
		if container.Name == computeContainer {
			return container.State.Running != nil
		}
	}
	return false
}

// computeEnd gives how the machine's container ended, if it did: the pod itself may take a while to say so.
func computeEnd(pod *corev1.Pod) *corev1.ContainerStateTerminated {
	for _, container := range pod.Status.ContainerStatuses {
		if container.Name == computeContainer {
			return container.State.Terminated
		}
	}
	return nil
}
