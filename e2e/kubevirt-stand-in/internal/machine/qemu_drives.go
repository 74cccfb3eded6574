package machine

import (
	"fmt"
	"os"
	"path/filepath"
)

// drives are QEMU's options for the machine's disks, in their order.
func (e *qemuEngine) drives() ([]string, error) {
	arguments := []string{}
	for _, disk := range e.description.Disks {
		option, err := e.drive(disk)
		if err != nil {
			return nil, fmt.Errorf("disk %s: %w", disk.Name, err)
		}
		arguments = append(arguments, "-drive", option)
	}
	return arguments, nil
}

func (e *qemuEngine) drive(disk Disk) (string, error) {
	switch disk.Kind {
	case ContainerDisk:
		return e.overlay(disk)
	case ClaimDisk:
		// KubeVirt's name of the file on a claim with a file system.
		file := filepath.Join(ClaimDirectory(disk.Name), "disk.img")
		if _, err := os.Stat(file); err != nil {
			return "", err
		}
		return "if=virtio,format=raw,discard=unmap,file=" + file, nil
	default:
		return e.seed(disk)
	}
}

// overlay keeps the image's disk as it is: what the machine writes is gone with the pod (observed 9).
func (e *qemuEngine) overlay(disk Disk) (string, error) {
	files, err := filepath.Glob(filepath.Join(DisksDirectory, disk.Name, "*"))
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("the image held %d disks", len(files))
	}
	file := filepath.Join(qemuDirectory, disk.Name+".qcow2")
	if err := tool("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", files[0], file); err != nil {
		return "", err
	}
	return "if=virtio,format=qcow2,cache=unsafe,discard=unmap,file=" + file, nil
}

// seed is the disk that cloud-init reads: its instance is the firmware's UUID (observed 32).
func (e *qemuEngine) seed(disk Disk) (string, error) {
	directory := filepath.Join(qemuDirectory, disk.Name)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return "", err
	}
	userData, err := e.description.userData()
	if err != nil {
		return "", err
	}
	metaData := fmt.Sprintf("instance-id: %s\nlocal-hostname: %s\n", e.description.UUID, e.description.Name)
	paths := []string{}
	for name, content := range map[string][]byte{"user-data": userData, "meta-data": []byte(metaData)} {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return "", err
		}
		paths = append(paths, path)
	}
	file := filepath.Join(qemuDirectory, disk.Name+".iso")
	arguments := append([]string{"-quiet", "-volid", "cidata", "-joliet", "-rock", "-output", file}, paths...)
	if err := tool("genisoimage", arguments...); err != nil {
		return "", err
	}
	return "if=virtio,format=raw,readonly=on,file=" + file, nil
}
