package controller

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// withStatus is a copy of an object with another status; unchanged tells that the old one says the same.
func withStatus(object *unstructured.Unstructured, status any) (changed *unstructured.Unstructured, same bool, err error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(status)
	if err != nil {
		return nil, false, err
	}
	before, _, _ := unstructured.NestedMap(object.Object, "status")
	changed = object.DeepCopy()
	changed.Object["status"] = fields
	return changed, equality.Semantic.DeepEqual(before, fields), nil
}

// updateFinalizers writes an object's finalizers when they are not as wanted.
func (p parts) updateFinalizers(ctx context.Context, object *unstructured.Unstructured, wanted []string) error {
	if equality.Semantic.DeepEqual(object.GetFinalizers(), wanted) {
		return nil
	}
	before := object.DeepCopy()
	object.SetFinalizers(wanted)
	return client.IgnoreNotFound(p.Patch(ctx, object, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})))
}

// settled is the answer to a reconcile's end: an object that has changed or gone meanwhile is simply looked
// at again.
func settled(result ctrl.Result, err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) {
		return ctrl.Result{RequeueAfter: time.Millisecond}, nil
	}
	return result, client.IgnoreNotFound(err)
}
