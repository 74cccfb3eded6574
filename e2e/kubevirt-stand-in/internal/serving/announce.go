package serving

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
	"knest.dev/e2e/kubevirt-stand-in/internal/subresources"
)

// admissionName is the name of both webhook configurations.
const admissionName = "kubevirt-stand-in"

// observedVersion is the release whose behaviour is stood in for.
const observedVersion = "v1.8.4"

// announce tells kube-apiserver whose certificates to trust, and everyone that all is there.
func (s *Server) announce(ctx context.Context) error {
	bundle := base64.StdEncoding.EncodeToString(s.authority.bundle)
	for _, version := range subresources.Versions {
		object := kubevirt.NewObject(schema.GroupVersionKind{Group: "apiregistration.k8s.io", Version: "v1", Kind: "APIService"})
		object.SetName(version + "." + subresources.Group)
		if err := s.patch(ctx, object, types.MergePatchType, map[string]any{"spec": map[string]any{"caBundle": bundle}}); err != nil {
			return err
		}
	}
	for _, kind := range []string{"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"} {
		object := kubevirt.NewObject(schema.GroupVersionKind{Group: "admissionregistration.k8s.io", Version: "v1", Kind: kind})
		object.SetName(admissionName)
		change := []map[string]any{{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": bundle}}
		if err := s.patch(ctx, object, types.JSONPatchType, change); err != nil {
			return err
		}
	}
	return s.sayDeployed(ctx)
}

func (s *Server) sayDeployed(ctx context.Context) error {
	object := kubevirt.NewObject(kubevirt.KVKind)
	object.SetNamespace(s.namespace)
	object.SetName("kubevirt")
	text, err := json.Marshal(map[string]any{"status": map[string]any{
		"phase": "Deployed", "operatorVersion": observedVersion, "observedKubeVirtVersion": observedVersion, "targetKubeVirtVersion": observedVersion,
		"conditions": []map[string]any{
			{"type": "Available", "status": "True", "reason": "AllComponentsReady", "message": "All components are ready."},
		},
	}})
	if err != nil {
		return err
	}
	if err := s.kube.Status().Patch(ctx, object, client.RawPatch(types.MergePatchType, text)); err != nil {
		return fmt.Errorf("say that all is deployed: %w", err)
	}
	return nil
}

func (s *Server) patch(ctx context.Context, object *unstructured.Unstructured, kind types.PatchType, change any) error {
	text, err := json.Marshal(change)
	if err != nil {
		return err
	}
	if err := s.kube.Patch(ctx, object, client.RawPatch(kind, text)); err != nil {
		return fmt.Errorf("patch %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}
