// Package admission fills in the defaults that the real KubeVirt fills in, and refuses what it refuses, in
// its words (kubevirt-observed 5, 6, 8).
package admission

import (
	"context"
	"encoding/json"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// Paths of the webhooks, as deploy/stand-in.yaml names them.
const (
	DefaultPath  = "/virtualmachines-mutate"
	ValidatePath = "/virtualmachines-validate"
)

// Handlers are the webhooks by path. Own is the user name of the stand-in's service account, which alone may
// change a VMI.
func Handlers(own string) map[string]http.Handler {
	return map[string]http.Handler{
		DefaultPath: &ctrladmission.Webhook{Handler: ctrladmission.HandlerFunc(fillIn)},
		ValidatePath: &ctrladmission.Webhook{Handler: ctrladmission.HandlerFunc(func(_ context.Context, request ctrladmission.Request) ctrladmission.Response {
			return check(own, request)
		})},
	}
}

func fillIn(_ context.Context, request ctrladmission.Request) ctrladmission.Response {
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal(request.Object.Raw, object); err != nil {
		return ctrladmission.Errored(http.StatusBadRequest, err)
	}
	if request.Kind.Kind == "VirtualMachine" {
		setVMDefaults(object)
	} else {
		setInstanceDefaults(object)
	}
	changed, err := json.Marshal(object)
	if err != nil {
		return ctrladmission.Errored(http.StatusInternalServerError, err)
	}
	return ctrladmission.PatchResponseFromRaw(request.Object.Raw, changed)
}

func check(own string, request ctrladmission.Request) ctrladmission.Response {
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal(request.Object.Raw, object); err != nil {
		return ctrladmission.Errored(http.StatusBadRequest, err)
	}
	problem := ""
	switch {
	case request.Kind.Kind == "VirtualMachine":
		problem = vmProblem(object)
	case request.Operation == admissionv1.Create:
		problem = instanceProblem(object, "spec")
	case request.UserInfo.Username != own:
		before := &unstructured.Unstructured{}
		if err := json.Unmarshal(request.OldObject.Raw, before); err != nil {
			return ctrladmission.Errored(http.StatusBadRequest, err)
		}
		problem = changeProblem(before, object)
	}
	if problem == "" {
		return ctrladmission.Allowed("")
	}
	return refused(problem)
}
