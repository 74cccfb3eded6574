package controller

import (
	"encoding/json"
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
	"knest.dev/e2e/kubevirt-stand-in/internal/machine"
)

// machineOf tells the launcher what machine to be.
func machineOf(vmi *kubevirt.VirtualMachineInstance, settings Settings) (string, error) {
	memory := guestMemory(vmi)
	description := machine.Description{
		Name: vmi.Name, UUID: vmi.Spec.Domain.Firmware.UUID, Cores: cores(vmi), MemoryBytes: memory.Value(),
		GraceSeconds: vmi.GraceSeconds(), BootDelay: settings.BootDelay, SSHDelay: settings.SSHDelay,
	}
	if devices := vmi.Spec.Domain.Devices.Interfaces; len(devices) > 0 {
		description.MAC = devices[0].MACAddress
	}
	if boot := vmi.Spec.Domain.Firmware.KernelBoot; boot != nil && boot.Container != nil {
		description.KernelArgs = boot.KernelArgs
		description.KernelPath, description.InitrdPath = boot.Container.KernelPath, boot.Container.InitrdPath
	}
	for _, disk := range vmi.Spec.Domain.Devices.Disks {
		for _, volume := range vmi.Spec.Volumes {
			if volume.Name == disk.Name {
				description.Disks = append(description.Disks, diskOf(volume))
			}
		}
	}
	text, err := json.Marshal(description)
	return string(text), err
}

func diskOf(volume kubevirt.Volume) machine.Disk {
	switch {
	case volume.ContainerDisk != nil:
		return machine.Disk{Name: volume.Name, Kind: machine.ContainerDisk, Path: volume.ContainerDisk.Path}
	case volume.PersistentVolumeClaim != nil:
		return machine.Disk{Name: volume.Name, Kind: machine.ClaimDisk}
	default:
		disk := machine.Disk{Name: volume.Name, Kind: machine.SeedDisk}
		if source := volume.CloudInitNoCloud; source != nil {
			disk.UserData, disk.UserDataBase64 = source.UserData, source.UserDataBase64
		}
		return disk
	}
}

// mountSeed gives the machine its user data when that is in a Secret. A missing one keeps the pod from
// starting, and nothing but an event of the pod tells (observed 4).
func mountSeed(pod *corev1.Pod, vmi *kubevirt.VirtualMachineInstance) {
	for _, volume := range vmi.Spec.Volumes {
		if source := volume.CloudInitNoCloud; source != nil && source.SecretRef != nil {
			name := volume.Name + "-udata"
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
				Secret: &corev1.SecretVolumeSource{SecretName: source.SecretRef.Name},
			}})
			mount(pod, corev1.VolumeMount{Name: name, MountPath: machine.SeedDirectory, ReadOnly: true})
		}
	}
}

// mountClaim gives the machine its persistent disk, if it has one. It tells whether it has.
func mountClaim(pod *corev1.Pod, vmi *kubevirt.VirtualMachineInstance, at func(volume string) string) bool {
	found := false
	for _, volume := range vmi.Spec.Volumes {
		if claim := volume.PersistentVolumeClaim; claim != nil {
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: volume.Name, VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.ClaimName},
			}})
			mount(pod, corev1.VolumeMount{Name: volume.Name, MountPath: at(volume.Name)})
			found = true
		}
	}
	return found
}

func mount(pod *corev1.Pod, mounts ...corev1.VolumeMount) {
	pod.Spec.Containers[0].VolumeMounts = append(pod.Spec.Containers[0].VolumeMounts, mounts...)
}

// asContainer makes the machine a container of the pod-node image, as large as the machine is to be.
func asContainer(pod *corev1.Pod, vmi *kubevirt.VirtualMachineInstance, settings Settings) {
	compute := &pod.Spec.Containers[0]
	compute.Image, compute.ImagePullPolicy = nodeImage(vmi, settings), corev1.PullIfNotPresent
	compute.Command = []string{launcherProgram, "run", EngineContainer}
	compute.Resources.Limits = limits(vmi)
	mountSeed(pod, vmi)
	if !mountClaim(pod, vmi, func(string) string { return machine.NodeDisk }) {
		pod.Spec.Volumes = append(pod.Spec.Volumes, emptyVolume("disk"))
		mount(pod, corev1.VolumeMount{Name: "disk", MountPath: machine.NodeDisk})
	}
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "modules", VolumeSource: corev1.VolumeSource{
		HostPath: &corev1.HostPathVolumeSource{Path: "/lib/modules"},
	}})
	mount(pod, corev1.VolumeMount{Name: "modules", MountPath: "/lib/modules", ReadOnly: true})
}

// limits are the machine's size: a container must not find more than a VM would.
func limits(vmi *kubevirt.VirtualMachineInstance) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resourceCores(cores(vmi)),
		corev1.ResourceMemory: requests(vmi)[corev1.ResourceMemory],
	}
}

// nodeImage is the pod-node image for the VM image a disk or kernel is taken from: that of the same version, or
// the one of the settings for the stand-in's own image and its empty disk. Any other image is run as it is, so
// that a missing one shows as it does with the real KubeVirt.
func nodeImage(vmi *kubevirt.VirtualMachineInstance, settings Settings) string {
	for _, volume := range vmi.Spec.Volumes {
		if volume.ContainerDisk != nil {
			return settings.asNodeImage(volume.ContainerDisk.Image)
		}
	}
	if boot := vmi.Spec.Domain.Firmware.KernelBoot; boot != nil && boot.Container != nil {
		return settings.asNodeImage(boot.Container.Image)
	}
	return settings.NodeImage
}

func (s Settings) asNodeImage(image string) string {
	name, tag, _ := strings.Cut(path.Base(image), ":")
	switch name {
	case "vm", "vm-kernel":
		return path.Join(path.Dir(image), "node:"+tag)
	case "kubevirt-stand-in":
		return s.NodeImage
	default:
		return image
	}
}
