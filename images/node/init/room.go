package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Pods, etcd and, on most hosts, many nodes share one disk. kubelet looks at it every ten seconds, sees all of it and
// evicts who uses most, not who fills it: it is told never to (decision 0018). Instead each node's init watches what
// is left, and ends the pod of its own that takes the last of it.
const (
	// lowRoom is what is left when pods are looked at; an eighth of a disk that is small.
	lowRoom = 1 << 30
	// etcdRoom is what nobody may take: the next piece of etcd's log, and as much again.
	etcdRoom = 128 << 20
	// horizon is how soon a pod that is ended would have filled the disk.
	horizon = 30 * time.Second
	// leastPace is what a pod may always write, in bytes a second: 256 KiB.
	leastPace = 256 << 10
	// fastestPace is more than anything writes: so much later, at the earliest, there may be little room.
	fastestPace = 4 << 30

	shortestPause = 100 * time.Millisecond
	longestPause  = 10 * time.Second
	// patience is how long a pod is kept from writing while the cluster is told that it has failed.
	patience = 30 * time.Second
)

// room is what a file system has, as df shows it.
type room struct{ size, left uint64 }

func roomOf(directory string) (room, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(directory, &stat); err != nil {
		return room{}, err
	}
	unit := uint64(stat.Bsize)
	return room{size: stat.Blocks * unit, left: stat.Bavail * unit}, nil
}

func (r room) low() uint64 { return min(lowRoom, r.size/8) }

// pause is how long to wait until there can be little room; where there is, as short as can be.
func (r room) pause() time.Duration {
	if r.left <= r.low() {
		return shortestPause
	}
	seconds := float64(r.left-r.low()) / fastestPace
	return min(max(time.Duration(seconds*float64(time.Second)), shortestPause), longestPause)
}

// filler is the pod that takes the last room of a disk: of those that wrote since the room was as before, the one that
// wrote most, if the room would soon be gone at that pace. Who writes over what it has takes no room.
func filler(before, now room, wrote map[string]uint64, elapsed time.Duration) string {
	if now.left >= now.low() || now.left >= before.left || elapsed <= 0 {
		return ""
	}
	found, most := "", uint64(0)
	for pod, bytes := range wrote {
		if bytes > most {
			found, most = pod, bytes
		}
	}
	pace := float64(most) / elapsed.Seconds()
	spare := max(float64(now.left)-etcdRoom, 0)
	if pace < leastPace || pace*horizon.Seconds() < spare || before.left-now.left < most/2 {
		return ""
	}
	return found
}

// guardRoom never returns. It costs nothing while there is room: it sleeps for as long as that lasts at least.
func (n *node) guardRoom(directory string) {
	var before room
	var wrote written
	at := time.Now()
	ending := map[string]time.Time{}
	for {
		now, err := roomOf(directory)
		if err != nil {
			warn("room of the disk", err)
			return
		}
		if now.left >= now.low() && len(ending) == 0 {
			before, wrote, at = now, nil, time.Now()
			time.Sleep(now.pause())
			continue
		}
		since := lookAtWriters()
		if wrote != nil {
			if pod := filler(before, now, since.minus(wrote), time.Since(at)); pod != "" && ending[pod].IsZero() {
				ending[pod] = time.Now()
				go n.evict(pod, now)
			}
		}
		for pod, began := range ending {
			if time.Since(began) > patience {
				delete(ending, pod)
				continue
			}
			since.kill(pod)
		}
		before, wrote, at = now, since, time.Now()
		time.Sleep(shortestPause)
	}
}

// evict says of a pod that it has failed, as kubelet does of one that it evicts, and in its name: kubelet then removes
// the pod's containers and volumes, and who wanted the pod learns of its end.
func (n *node) evict(uid string, left room) {
	namespace, name, found := podNamed(uid)
	if !found {
		logf("warning: a pod that fills the disk is ended, uid %s", uid)
		return
	}
	text := fmt.Sprintf("The node was low on resource: ephemeral-storage. %d MiB of %d MiB were left on its disk, and this pod was taking them.",
		left.left>>20, left.size>>20)
	logf("pod %s of namespace %s is evicted: %s", name, namespace, text)
	warn("evict pod "+name, n.failPod(fmt.Sprintf("/api/v1/namespaces/%s/pods/%s", namespace, name), text))
}

// failPod has kubelet end a pod, and when that is done remove its containers with what they wrote.
func (n *node) failPod(path, text string) error {
	if err := n.changeStatus(path, func(pod podObject) bool { return pod.fail(text) }); err != nil {
		return err
	}
	ended := false
	for deadline := time.Now().Add(patience); !ended && time.Now().Before(deadline); {
		time.Sleep(time.Second)
		err := n.changeStatus(path, func(pod podObject) bool {
			ended = !pod.runs()
			return ended && pod.disrupt(text, time.Now())
		})
		if err != nil {
			return nil // whoever wanted it has deleted it
		}
	}
	return nil
}

// changeStatus writes a pod's status, if there is something to change, with kubectl: a node may read its pods and write
// their status, and not read that alone, as kubectl's patch does.
func (n *node) changeStatus(path string, change func(pod podObject) bool) error {
	file, err := os.CreateTemp(runDirectory, "pod-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) //nolint:errcheck // in memory, and small
	defer file.Close()
	kubectl := func(args ...string) []string {
		return append([]string{"/usr/local/bin/kubectl", "--kubeconfig", kubeletKubeconfig,
			"--cache-dir", filepath.Join(runDirectory, "kubectl"), "--request-timeout", "10s"}, args...)
	}
	if err := n.runChildTo(file, kubectl("get", "--raw", path)); err != nil {
		return err
	}
	content, err := os.ReadFile(file.Name())
	if err != nil {
		return err
	}
	var pod podObject
	if err := json.Unmarshal(content, &pod); err != nil || pod.part("metadata") == nil || pod.part("status") == nil {
		return fmt.Errorf("this is no pod: %s", content)
	}
	if !change(pod) {
		return nil
	}
	delete(pod.part("metadata"), "resourceVersion") // whatever is written meanwhile
	changed, err := json.Marshal(pod)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file.Name(), changed, 0o600); err != nil {
		return err
	}
	quiet, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer quiet.Close()
	return n.runChildTo(quiet, kubectl("replace", "--raw", path+"/status", "--filename", file.Name()))
}

// podObject is a pod as the API gives it.
type podObject map[string]any

func (p podObject) part(name string) map[string]any {
	part, _ := p[name].(map[string]any)
	return part
}

// fail says that it has failed. kubelet puts back a status that it has not written, unless something else of the pod is
// new as well.
func (p podObject) fail(text string) bool {
	metadata, status := p.part("metadata"), p.part("status")
	annotations, _ := metadata["annotations"].(map[string]any)
	if annotations == nil {
		annotations = map[string]any{}
	}
	annotations["knest.dev/evicted"] = text
	metadata["annotations"] = annotations
	status["phase"], status["reason"], status["message"] = "Failed", "Evicted", text
	return true
}

func (p podObject) runs() bool {
	statuses, _ := p.part("status")["containerStatuses"].([]any)
	for _, one := range statuses {
		container, _ := one.(map[string]any)
		state, _ := container["state"].(map[string]any)
		if state["running"] != nil {
			return true
		}
	}
	return p.part("status")["reason"] != "Evicted"
}

// disrupt adds why it has ended. kubelet removes all containers of an evicted pod when its status is new.
func (p podObject) disrupt(text string, now time.Time) bool {
	status := p.part("status")
	conditions, _ := status["conditions"].([]any)
	status["conditions"] = append(conditions, map[string]any{
		"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet", "message": text,
		"lastTransitionTime": now.UTC().Format(time.RFC3339)})
	return true
}

// podNamed finds a pod's name by the folder of its logs.
func podNamed(uid string) (namespace, name string, found bool) {
	paths, _ := filepath.Glob(filepath.Join(podLogs, "*_"+uid))
	if len(paths) == 0 {
		return "", "", false
	}
	parts := strings.Split(filepath.Base(paths[0]), "_")
	return parts[0], parts[1], len(parts) == 3
}

const (
	etcdData          = "/var/lib/etcd/member/snap/db"
	etcdGrowth        = 32 << 20
	fallocateKeepSize = 1
)

// keepEtcdRoom never returns. etcd ends when its data finds no room, and the cluster with it: the file always has so
// much more of the disk than it is large. Of its log etcd itself sets the next piece aside.
func keepEtcdRoom() {
	for {
		if err := aheadOf(etcdData, etcdGrowth); err != nil && !os.IsNotExist(err) && err != syscall.ENOSPC {
			warn("set room aside for etcd", err)
			return
		}
		time.Sleep(longestPause)
	}
}

// aheadOf gives a file blocks of the disk beyond its end.
func aheadOf(path string, growth int64) error {
	var stat syscall.Stat_t
	if err := syscall.Stat(path, &stat); err != nil {
		return err
	}
	if stat.Blocks*512 >= stat.Size+growth/2 {
		return nil
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	return syscall.Fallocate(int(file.Fd()), fallocateKeepSize, 0, stat.Size+growth)
}
