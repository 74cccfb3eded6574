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
	condition := map[string]string{"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet",
		"message": text, "lastTransitionTime": time.Now().UTC().Format(time.RFC3339)}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{
		"phase": "Failed", "reason": "Evicted", "message": text, "conditions": []any{condition}}})
	if err != nil {
		warn("evict", err)
		return
	}
	warn("evict pod "+name, n.runChild([]string{"/usr/local/bin/kubectl", "--kubeconfig", kubeletKubeconfig,
		"--cache-dir", filepath.Join(runDirectory, "kubectl"), "--request-timeout", "10s", "--namespace", namespace,
		"patch", "pod", name, "--subresource", "status", "--type", "strategic", "--patch", string(patch)}))
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
