package controller

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	kvmDevice = "devices.kubevirt.io/kvm"
	// As virt-handler's device plugin says it (KubeVirt 1.8.4): a thousand, with a suffix.
	kvmCount = "1k"
	// NoKVMAnnotation on the KubeVirt object makes the host's nodes ones without hardware virtualization.
	NoKVMAnnotation = "kubevirt-stand-in.knest.dev/no-kvm"

	devicesInterval = 2 * time.Second
	devicesEnd      = 5 * time.Second
)

var kubeVirts = schema.GroupVersionKind{Group: "kubevirt.io", Version: "v1", Kind: "KubeVirtList"}

// Devices claims KVM for every node: machines of the engine container are as fast as hardware. A kubelet that
// starts again forgets the claim, as it does that of a device plugin, so it is renewed for ever.
type Devices struct {
	client.Client
	direct client.Reader
}

// Start runs until the manager ends, and takes the claim away then.
func (d *Devices) Start(ctx context.Context) error {
	logger := ctrl.Log.WithName("devices")
	for {
		if err := d.claim(ctx); err != nil && !errors.Is(err, context.Canceled) {
			logger.Error(err, "cannot claim KVM")
		}
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), devicesEnd)
			defer cancel()
			return d.setAll(end, false)
		case <-time.After(devicesInterval):
		}
	}
}

func (d *Devices) claim(ctx context.Context) error {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kubeVirts)
	if err := d.direct.List(ctx, list); err != nil {
		return err
	}
	wanted := true
	for _, object := range list.Items {
		if _, without := object.GetAnnotations()[NoKVMAnnotation]; without {
			wanted = false
		}
	}
	return d.setAll(ctx, wanted)
}

// setAll writes the nodes whose claim is another one.
func (d *Devices) setAll(ctx context.Context, wanted bool) error {
	nodes := &corev1.NodeList{}
	if err := d.direct.List(ctx, nodes); err != nil {
		return err
	}
	for i := range nodes.Items {
		node := &nodes.Items[i]
		claimed := !node.Status.Capacity.Name(kvmDevice, "").IsZero() && !node.Status.Allocatable.Name(kvmDevice, "").IsZero()
		if claimed == wanted {
			continue
		}
		if err := d.Status().Patch(ctx, node, client.RawPatch("application/merge-patch+json", claimPatch(wanted))); err != nil {
			return client.IgnoreNotFound(err)
		}
	}
	return nil
}

// claimPatch is a merge patch of a node's status: null takes a resource away.
func claimPatch(wanted bool) []byte {
	resources := map[string]any{kvmDevice: nil}
	if wanted {
		resources[kvmDevice] = kvmCount
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"capacity": resources, "allocatable": resources}})
	if err != nil {
		panic(err)
	}
	return patch
}
