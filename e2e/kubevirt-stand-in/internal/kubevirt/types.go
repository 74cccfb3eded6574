// Package kubevirt holds what the stand-in reads and writes of KubeVirt's v1 API. Objects are kept whole as
// unstructured ones; these types are views on the fields that matter here, under the names KubeVirt gives them.
package kubevirt

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	Group   = "kubevirt.io"
	Version = "v1"

	VMFinalizer         = "kubevirt.io/virtualMachineControllerFinalize"
	ForegroundFinalizer = "kubevirt.io/foregroundDeleteVirtualMachine"

	// DefaultGraceSeconds is KubeVirt's when a VMI names none (DefaultGracePeriodSeconds).
	DefaultGraceSeconds = 30
)

var (
	VMKind  = schema.GroupVersionKind{Group: Group, Version: Version, Kind: "VirtualMachine"}
	VMIKind = schema.GroupVersionKind{Group: Group, Version: Version, Kind: "VirtualMachineInstance"}
	KVKind  = schema.GroupVersionKind{Group: Group, Version: Version, Kind: "KubeVirt"}
)

// NewObject is an empty object of a kind, to be filled by a client.
func NewObject(kind schema.GroupVersionKind) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	return object
}

// NewList is an empty list of a kind, to be filled by a client.
func NewList(kind schema.GroupVersionKind) *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	return list
}

type VirtualMachine struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              VMSpec   `json:"spec"`
	Status            VMStatus `json:"status"`
}

type VMSpec struct {
	RunStrategy string `json:"runStrategy,omitempty"`
	Running     *bool  `json:"running,omitempty"`
	Template    struct {
		metav1.ObjectMeta `json:"metadata"`
		Spec              VMISpec `json:"spec"`
	} `json:"template"`
}

type VirtualMachineInstance struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              VMISpec   `json:"spec"`
	Status            VMIStatus `json:"status"`
}

type VMISpec struct {
	Domain                        Domain                            `json:"domain"`
	Hostname                      string                            `json:"hostname,omitempty"`
	Subdomain                     string                            `json:"subdomain,omitempty"`
	Networks                      []Network                         `json:"networks,omitempty"`
	Volumes                       []Volume                          `json:"volumes,omitempty"`
	TerminationGracePeriodSeconds *int64                            `json:"terminationGracePeriodSeconds,omitempty"`
	ReadinessProbe                *corev1.Probe                     `json:"readinessProbe,omitempty"`
	Affinity                      *corev1.Affinity                  `json:"affinity,omitempty"`
	NodeSelector                  map[string]string                 `json:"nodeSelector,omitempty"`
	Tolerations                   []corev1.Toleration               `json:"tolerations,omitempty"`
	TopologySpreadConstraints     []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty"`
	PriorityClassName             string                            `json:"priorityClassName,omitempty"`
	DNSPolicy                     corev1.DNSPolicy                  `json:"dnsPolicy,omitempty"`
	DNSConfig                     *corev1.PodDNSConfig              `json:"dnsConfig,omitempty"`
}

type Domain struct {
	CPU struct {
		Cores   uint32 `json:"cores,omitempty"`
		Sockets uint32 `json:"sockets,omitempty"`
		Threads uint32 `json:"threads,omitempty"`
	} `json:"cpu,omitempty"`
	Memory struct {
		Guest *resource.Quantity `json:"guest,omitempty"`
	} `json:"memory,omitempty"`
	Resources corev1.ResourceRequirements `json:"resources,omitempty"`
	Firmware  struct {
		UUID       string      `json:"uuid,omitempty"`
		Serial     string      `json:"serial,omitempty"`
		KernelBoot *KernelBoot `json:"kernelBoot,omitempty"`
	} `json:"firmware,omitempty"`
	Devices struct {
		Disks      []Disk      `json:"disks,omitempty"`
		Interfaces []Interface `json:"interfaces,omitempty"`
	} `json:"devices"`
}

type KernelBoot struct {
	KernelArgs string `json:"kernelArgs,omitempty"`
	Container  *struct {
		Image           string            `json:"image"`
		ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`
		KernelPath      string            `json:"kernelPath,omitempty"`
		InitrdPath      string            `json:"initrdPath,omitempty"`
	} `json:"container,omitempty"`
}

type Disk struct {
	Name string `json:"name"`
	Disk *struct {
		Bus string `json:"bus,omitempty"`
	} `json:"disk,omitempty"`
}

type Interface struct {
	Name       string    `json:"name"`
	MACAddress string    `json:"macAddress,omitempty"`
	Bridge     *struct{} `json:"bridge,omitempty"`
}

type Network struct {
	Name string    `json:"name"`
	Pod  *struct{} `json:"pod,omitempty"`
}

type Volume struct {
	Name          string `json:"name"`
	ContainerDisk *struct {
		Image           string            `json:"image"`
		ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`
		Path            string            `json:"path,omitempty"`
	} `json:"containerDisk,omitempty"`
	PersistentVolumeClaim *struct {
		ClaimName string `json:"claimName"`
	} `json:"persistentVolumeClaim,omitempty"`
	CloudInitNoCloud *CloudInitNoCloud `json:"cloudInitNoCloud,omitempty"`
}

type CloudInitNoCloud struct {
	SecretRef      *corev1.LocalObjectReference `json:"secretRef,omitempty"`
	UserData       string                       `json:"userData,omitempty"`
	UserDataBase64 string                       `json:"userDataBase64,omitempty"`
}

// View reads the fields of an object that a view names.
func View[T any](object *unstructured.Unstructured) (*T, error) {
	view := new(T)
	return view, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, view)
}
