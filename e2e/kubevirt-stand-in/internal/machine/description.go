// Package machine is the launcher: what runs in a launcher pod and is a machine there. With the engine
// container the machine is a tree of processes in namespaces of its own, with qemu it is a QEMU.
package machine

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// DescriptionVariable has the machine to be, as JSON.
const DescriptionVariable = "KUBEVIRT_STAND_IN_MACHINE"

const (
	// PrivateDirectory is a volume of the launcher and its console log.
	PrivateDirectory = "/opt/kubevirt-stand-in-private"
	consoleFile      = PrivateDirectory + "/virt-serial0-log"
	controlSocket    = PrivateDirectory + "/control.sock"

	// SeedDirectory is where the Secret with the user data is mounted.
	SeedDirectory = "/opt/kubevirt-stand-in-seed"
	// DisksDirectory has a directory for each disk that was copied out of an image.
	DisksDirectory = "/opt/kubevirt-stand-in-disks"
	// KernelBootDisk is the directory in it for kernel and initrd.
	KernelBootDisk = "kernel-boot"
	// NodeDisk is the disk of a pod node (images/node/README.md): the one part of a machine of the engine
	// container that a claim keeps.
	NodeDisk = "/knest/disk"
)

// ClaimDirectory is where the claim of a volume is mounted with the engine qemu.
func ClaimDirectory(volume string) string { return DisksDirectory + "/claim-" + volume }

// Description is what the controller tells a launcher of its machine. No secrets are in it.
type Description struct {
	Name         string        `json:"name"`
	UUID         string        `json:"uuid"`
	Cores        uint32        `json:"cores"`
	MemoryBytes  int64         `json:"memoryBytes"`
	GraceSeconds int64         `json:"graceSeconds"`
	MAC          string        `json:"mac,omitempty"`
	KernelPath   string        `json:"kernelPath,omitempty"`
	InitrdPath   string        `json:"initrdPath,omitempty"`
	KernelArgs   string        `json:"kernelArgs,omitempty"`
	Disks        []Disk        `json:"disks,omitempty"`
	BootDelay    time.Duration `json:"bootDelay,omitempty"`
	SSHDelay     time.Duration `json:"sshDelay,omitempty"`
}

// The kinds of a machine's disks.
const (
	ContainerDisk = "containerDisk"
	ClaimDisk     = "claim"
	SeedDisk      = "seed"
)

// Disk is one disk of a machine, in the order the machine finds them.
type Disk struct {
	Name           string `json:"name"`
	Kind           string `json:"kind"`
	Path           string `json:"path,omitempty"`
	UserData       string `json:"userData,omitempty"`
	UserDataBase64 string `json:"userDataBase64,omitempty"`
}

// Describe reads the machine to be from the environment.
func Describe() (Description, error) {
	var description Description
	if err := json.Unmarshal([]byte(os.Getenv(DescriptionVariable)), &description); err != nil {
		return description, fmt.Errorf("%s: %w", DescriptionVariable, err)
	}
	return description, nil
}

func (description Description) has(kind string) bool {
	for _, disk := range description.Disks {
		if disk.Kind == kind {
			return true
		}
	}
	return false
}

// userData is what the seed disk holds; nothing when the machine has none.
func (description Description) userData() ([]byte, error) {
	for _, disk := range description.Disks {
		if disk.Kind != SeedDisk {
			continue
		}
		switch {
		case disk.UserData != "":
			return []byte(disk.UserData), nil
		case disk.UserDataBase64 != "":
			return decodeBase64(disk.UserDataBase64)
		}
		return os.ReadFile(filepath.Join(SeedDirectory, "userdata"))
	}
	return nil, nil
}
