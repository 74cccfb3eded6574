package controller

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
	"knest.dev/e2e/kubevirt-stand-in/internal/machine"
)

const (
	computeContainer = "compute"
	consoleContainer = "guest-console-log"

	// shareDirectory has the launcher program in every container of the pod.
	shareDirectory = "/opt/kubevirt-stand-in"
	// overhead is what a pod asks for beside the machine's memory (observed 23).
	overhead = "270Mi"
	// podGraceSeconds is what a pod gets beside the machine's grace (observed 8).
	podGraceSeconds = 30
)

// podName is the same whenever it is asked for, so that a VMI never gets two pods.
func podName(vmi *kubevirt.VirtualMachineInstance) string {
	sum := sha256.Sum256([]byte(vmi.UID))
	return "virt-launcher-" + vmi.Name + "-" + hex.EncodeToString(sum[:])[:5]
}

// launcherPod is the pod of a VMI. The real one is neither privileged nor root; test equipment is.
func launcherPod(vmi *kubevirt.VirtualMachineInstance, settings Settings) (*corev1.Pod, error) {
	description, err := machineOf(vmi, settings)
	if err != nil {
		return nil, err
	}
	grace := vmi.GraceSeconds() + podGraceSeconds
	no := false
	hostname := vmi.Spec.Hostname
	if hostname == "" {
		hostname = vmi.Name
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: podName(vmi), Namespace: vmi.Namespace, Labels: podLabels(vmi), Annotations: podAnnotations(vmi),
		},
		Spec: corev1.PodSpec{
			RestartPolicy:                 corev1.RestartPolicyNever,
			TerminationGracePeriodSeconds: &grace,
			AutomountServiceAccountToken:  &no,
			EnableServiceLinks:            &no,
			Hostname:                      hostname,
			Subdomain:                     vmi.Spec.Subdomain,
			Affinity:                      vmi.Spec.Affinity,
			NodeSelector:                  vmi.Spec.NodeSelector,
			Tolerations:                   vmi.Spec.Tolerations,
			TopologySpreadConstraints:     vmi.Spec.TopologySpreadConstraints,
			PriorityClassName:             vmi.Spec.PriorityClassName,
			DNSPolicy:                     vmi.Spec.DNSPolicy,
			DNSConfig:                     vmi.Spec.DNSConfig,
			InitContainers:                []corev1.Container{launcherBinary(settings), consoleLog(settings)},
			Containers:                    []corev1.Container{compute(vmi, description)},
			Volumes:                       []corev1.Volume{emptyVolume("share"), emptyVolume("private")},
		},
	}
	if settings.Engine == EngineQEMU {
		asEmulated(pod, vmi, settings)
	} else {
		asContainer(pod, vmi, settings)
	}
	return pod, nil
}

func podLabels(vmi *kubevirt.VirtualMachineInstance) map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, vmi.Labels)
	delete(labels, "kubevirt.io/nodeName")
	labels["kubevirt.io"] = "virt-launcher"
	labels["kubevirt.io/created-by"] = string(vmi.UID)
	labels["vm.kubevirt.io/name"] = vmi.Name
	labels["vmi.kubevirt.io/id"] = vmi.Name
	return labels
}

// podAnnotations are all of the VMI but kubectl's (KubeVirt's filterVMIAnnotationsForPod): a CNI reads them.
func podAnnotations(vmi *kubevirt.VirtualMachineInstance) map[string]string {
	annotations := map[string]string{}
	for name, value := range vmi.Annotations {
		if !strings.HasPrefix(name, "kubectl.kubernetes.io") {
			annotations[name] = value
		}
	}
	annotations["kubevirt.io/domain"] = vmi.Name
	annotations["kubectl.kubernetes.io/default-container"] = computeContainer
	return annotations
}

func compute(vmi *kubevirt.VirtualMachineInstance, description string) corev1.Container {
	yes := true
	return corev1.Container{
		Name:            computeContainer,
		SecurityContext: &corev1.SecurityContext{Privileged: &yes},
		Env:             []corev1.EnvVar{{Name: machine.DescriptionVariable, Value: description}},
		ReadinessProbe:  vmi.Spec.ReadinessProbe,
		Resources:       corev1.ResourceRequirements{Requests: requests(vmi)},
		VolumeMounts:    []corev1.VolumeMount{{Name: "share", MountPath: shareDirectory}, {Name: "private", MountPath: machine.PrivateDirectory}},
		// What a failed start says on its standard error is the message of the VMI.
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
	}
}

// requests: memory is the machine's and the overhead, CPU is as asked for or a tenth of the cores.
func requests(vmi *kubevirt.VirtualMachineInstance) corev1.ResourceList {
	cpu := vmi.Spec.Domain.Resources.Requests.Cpu().DeepCopy()
	if cpu.IsZero() {
		cpu = *resource.NewMilliQuantity(100*int64(cores(vmi)), resource.DecimalSI)
	}
	memory := guestMemory(vmi)
	memory.Add(resource.MustParse(overhead))
	return corev1.ResourceList{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory}
}

func cores(vmi *kubevirt.VirtualMachineInstance) uint32 {
	cpu := vmi.Spec.Domain.CPU
	return max(cpu.Cores, 1) * max(cpu.Sockets, 1) * max(cpu.Threads, 1)
}

func guestMemory(vmi *kubevirt.VirtualMachineInstance) resource.Quantity {
	if guest := vmi.Spec.Domain.Memory.Guest; guest != nil {
		return guest.DeepCopy()
	}
	return vmi.Spec.Domain.Resources.Requests.Memory().DeepCopy()
}

// launcherBinary puts the launcher program where images of disks and nodes can run it.
func launcherBinary(settings Settings) corev1.Container {
	return corev1.Container{
		Name: "container-disk-binary", Image: settings.Image, ImagePullPolicy: corev1.PullIfNotPresent,
		Command:      []string{"/kubevirt-stand-in", "install", shareDirectory},
		VolumeMounts: []corev1.VolumeMount{{Name: "share", MountPath: shareDirectory}},
	}
}

// consoleLog shows the machine's serial console as its log (observed 22).
func consoleLog(settings Settings) corev1.Container {
	always := corev1.ContainerRestartPolicyAlways
	return corev1.Container{
		Name: consoleContainer, Image: settings.Image, ImagePullPolicy: corev1.PullIfNotPresent, RestartPolicy: &always,
		Command:      []string{"/kubevirt-stand-in", "console"},
		VolumeMounts: []corev1.VolumeMount{{Name: "private", MountPath: machine.PrivateDirectory, ReadOnly: true}},
	}
}

func emptyVolume(name string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}
}
