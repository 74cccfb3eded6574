package controller

import (
	"path"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
	"knest.dev/e2e/kubevirt-stand-in/internal/machine"
)

// asEmulated makes the machine a QEMU of Debian's in the pod, with its disks copied out of their images by
// init containers: the real one reads them in place.
func asEmulated(pod *corev1.Pod, vmi *kubevirt.VirtualMachineInstance, settings Settings) {
	compute := &pod.Spec.Containers[0]
	compute.Image, compute.ImagePullPolicy = settings.QEMUImage, corev1.PullIfNotPresent
	compute.Command = []string{launcherProgram, "run", EngineQEMU}
	pod.Spec.Volumes = append(pod.Spec.Volumes, emptyVolume("container-disks"))
	mount(pod, corev1.VolumeMount{Name: "container-disks", MountPath: machine.DisksDirectory})
	mountSeed(pod, vmi)
	mountClaim(pod, vmi, machine.ClaimDirectory)
	for _, volume := range vmi.Spec.Volumes {
		if disk := volume.ContainerDisk; disk != nil {
			from := disk.Path
			if from == "" {
				from = "/disk"
			}
			copyOut(pod, "volume"+volume.Name+"-init", disk.Image, disk.ImagePullPolicy, volume.Name, from)
		}
	}
	if boot := vmi.Spec.Domain.Firmware.KernelBoot; boot != nil && boot.Container != nil {
		source := boot.Container
		for name, file := range map[string]string{"kernel": source.KernelPath, "initrd": source.InitrdPath} {
			if file != "" {
				copyOut(pod, "volumekernel-boot-"+name, source.Image, source.ImagePullPolicy, machine.KernelBootDisk, file)
			}
		}
	}
}

// copyOut copies a file, or the only file of a directory, from an image to a directory for the machine.
func copyOut(pod *corev1.Pod, name, image string, policy corev1.PullPolicy, disk, from string) {
	pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{
		Name: name, Image: image, ImagePullPolicy: policy,
		Command: []string{launcherProgram, "copy", from, path.Join(machine.DisksDirectory, disk)},
		VolumeMounts: []corev1.VolumeMount{
			{Name: "share", MountPath: shareDirectory}, {Name: "container-disks", MountPath: machine.DisksDirectory},
		},
	})
}

func resourceCores(count uint32) *resource.Quantity {
	return resource.NewQuantity(int64(count), resource.DecimalSI)
}
