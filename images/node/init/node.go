package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	runDirectory = "/run/knest"
	logDirectory = "/var/log/knest"
	resolvConf   = runDirectory + "/resolv.conf"
	dropIns      = runDirectory + "/kubelet.conf.d"

	kubeletConfig     = "/var/lib/kubelet/config.yaml"
	kubeletKubeconfig = "/etc/kubernetes/kubelet.conf"
	kubeletBootstrap  = "/etc/kubernetes/bootstrap-kubelet.conf"
	kubeletFlags      = "/var/lib/kubelet/kubeadm-flags.env"

	signalHalt = syscall.Signal(37) // SIGRTMIN+3: what one sends to systemd to halt
	etcdGrace  = 3 * time.Second
)

type node struct {
	facts     facts
	services  map[string]*service
	reaper    *reaper
	ready     chan struct{}
	readyText string
}

func runNode() {
	started := time.Now()
	n := &node{services: map[string]*service{}, reaper: newReaper(), ready: make(chan struct{})}
	fatal("prepare", n.prepare())

	archive, store, err := prepareStore()
	fatal("image store", err)
	n.facts.Store = store
	fatal("write facts", n.facts.write(filepath.Join(runDirectory, "facts")))
	n.defineServices()

	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGTERM, syscall.SIGINT, signalHalt)
	go n.listen()
	go n.boot(archive, started)
	go n.capLogs()
	for received := range signals {
		if received == syscall.SIGCHLD {
			n.reaper.reap()
			continue
		}
		go n.shutDown()
	}
}

// prepare makes the container a node; nothing runs yet.
func (n *node) prepare() error {
	if err := syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	version, err := mountCgroups()
	if err != nil {
		return err
	}
	if err := ensureTmpfs("/run", "mode=755"); err != nil {
		return err
	}
	if err := ensureTmpfs("/tmp", "mode=1777"); err != nil {
		return err
	}
	for _, directory := range []string{runDirectory, logDirectory, dropIns} {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return err
		}
	}
	if _, err := os.Stat("/dev/kmsg"); err != nil { // kubelet's OOM watcher reads it
		warn("make /dev/kmsg", syscall.Mknod("/dev/kmsg", syscall.S_IFCHR|0o600, 1<<8|11))
	}
	disk := os.Getenv("KNEST_DISK")
	if disk == "" {
		disk = "/knest/disk"
	}
	if err := mountDisk(disk); err != nil {
		return err
	}
	// Only now: mounts bound while shared would be peers, and each pod volume be mounted twice.
	if err := syscall.Mount("", "/", "", syscall.MS_SHARED|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("make mounts shared: %w", err)
	}
	id, fresh, err := incarnation(disk)
	if err != nil {
		return err
	}
	n.facts.CgroupVersion, n.facts.Incarnation, n.facts.NewDisk = version, id, fresh
	identifyMachine(id)
	setSysctls()
	return n.prepareIdentity()
}

func (n *node) prepareIdentity() error {
	if name := os.Getenv("KNEST_NODE_NAME"); name != "" {
		if err := syscall.Sethostname([]byte(name)); err != nil {
			return err
		}
	}
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	n.facts.NodeName = name
	if output, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		warn("lo up: "+strings.TrimSpace(string(output)), err)
	}
	if identity := os.Getenv("KNEST_IDENTITY"); identity != "" {
		if net.ParseIP(identity) == nil {
			return fmt.Errorf("KNEST_IDENTITY must be an IP address, not %q", identity)
		}
		if output, err := exec.Command("ip", "address", "replace", identity+"/32", "dev", "lo").CombinedOutput(); err != nil {
			return fmt.Errorf("add %s to lo: %s", identity, output)
		}
		n.facts.Identity = identity
	}
	n.facts.Interface, n.facts.NodeIP, n.facts.MTU, err = primaryAddress()
	warn("find the node's address", err)
	if hosts, err := os.ReadFile("/etc/hosts"); err == nil && n.facts.NodeIP != "" && !strings.Contains(string(hosts), name) {
		// In place: /etc/hosts is often a mounted file.
		warn("name the node in /etc/hosts", appendFile("/etc/hosts", n.facts.NodeIP+" "+name+"\n"))
	}
	return n.writeSettings()
}

func (n *node) writeSettings() error {
	content, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		return err
	}
	if err := writeFile(resolvConf, filterResolvConf(string(content)), 0o644); err != nil {
		return err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	n.facts.CapSysResource = hasCapability(string(status), capSysResource)
	meminfo, _ := os.ReadFile("/proc/meminfo")
	cpuinfo, _ := os.ReadFile("/proc/cpuinfo")
	machine := limits{memoryBytes: machineMemory(string(meminfo)), milliCPUs: machineMilliCPUs(string(cpuinfo))}
	reserve := reserved(machine, readLimits(cgroupRoot, n.facts.CgroupVersion))
	n.facts.MemoryBytes = machine.memoryBytes - reserve.memoryBytes
	n.facts.MilliCPUs = machine.milliCPUs - reserve.milliCPUs
	if err := writeFile(filepath.Join(dropIns, "10-knest.conf"),
		kubeletDropIn(reserve, resolvConf, oomScoreFloor(n.facts.CapSysResource)), 0o644); err != nil {
		return err
	}
	pause, err := os.ReadFile(filepath.Join(storeRoot, "pause"))
	if err != nil {
		return err
	}
	return writeFile(containerdConfig, containerdSettings(strings.TrimSpace(string(pause)), !n.facts.CapSysResource), 0o644)
}

// oomScoreFloor is the lowest score kubelet may give itself: without CAP_SYS_RESOURCE none below our own.
func oomScoreFloor(capable bool) *int {
	if capable {
		return nil
	}
	content, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		return new(int)
	}
	own, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return new(int)
	}
	own = max(own, 0)
	return &own
}

// identifyMachine gives the node a machine ID and a hardware UUID of its own: containers share the
// machine's, and CNIs and CSI drivers take nodes with the same for one (kubernetes-sigs/kind#2318).
func identifyMachine(id string) {
	warn("write /etc/machine-id", os.WriteFile("/etc/machine-id", []byte(id+"\n"), 0o444))
	uuid := fmt.Sprintf("%s-%s-%s-%s-%s\n", id[:8], id[8:12], id[12:16], id[16:20], id[20:])
	own := filepath.Join(runDirectory, "product_uuid")
	warn("write the product UUID", writeFile(own, uuid, 0o444))
	for _, path := range []string{"/sys/class/dmi/id/product_uuid", "/sys/devices/virtual/dmi/id/product_uuid"} {
		if _, err := os.Stat(path); err == nil {
			warn("set "+path, syscall.Mount(own, path, "", syscall.MS_BIND, ""))
			return
		}
	}
}

// setSysctls sets what Kubernetes needs; inotify's limits are the machine's and can only be raised.
func setSysctls() {
	for path, value := range map[string]string{
		"net/ipv4/ip_forward":                 "1",
		"net/ipv4/conf/all/rp_filter":         "0",
		"net/ipv4/conf/default/rp_filter":     "0",
		"net/bridge/bridge-nf-call-iptables":  "1",
		"net/bridge/bridge-nf-call-ip6tables": "1",
	} {
		err := os.WriteFile(filepath.Join("/proc/sys", path), []byte(value), 0)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			warn("set "+path, err)
		}
	}
	for path, wanted := range map[string]int{
		"fs/inotify/max_user_instances": 8192,
		"fs/inotify/max_user_watches":   524288,
	} {
		file := filepath.Join("/proc/sys", path)
		content, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if now, err := strconv.Atoi(strings.TrimSpace(string(content))); err == nil && now < wanted {
			os.WriteFile(file, []byte(strconv.Itoa(wanted)), 0) //nolint:errcheck // the machine's to decide
		}
	}
}

func appendFile(path, text string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(text)
	return err
}

func (n *node) defineServices() {
	n.services["containerd"] = &service{
		name: "containerd", enabled: true, reaper: n.reaper, log: filepath.Join(logDirectory, "containerd.log"),
		command: func() ([]string, []string, error) {
			return []string{"/usr/bin/containerd"}, append(os.Environ(), "NOTIFY_SOCKET="+notifySocket), nil
		},
	}
	n.services["kubelet"] = &service{
		name: "kubelet", enabled: true, reaper: n.reaper, log: filepath.Join(logDirectory, "kubelet.log"),
		command: func() ([]string, []string, error) { return n.kubeletCommand(), os.Environ(), nil },
		condition: func() error {
			_, err := os.Stat(kubeletConfig)
			return err
		},
	}
}

// kubeletCommand is kubeadm's own way to run kubelet, with the node's address of today.
func (n *node) kubeletCommand() []string {
	argv := []string{
		"/usr/local/bin/kubelet",
		"--bootstrap-kubeconfig=" + kubeletBootstrap, "--kubeconfig=" + kubeletKubeconfig,
		"--config=" + kubeletConfig, "--config-dir=" + dropIns,
	}
	if content, err := os.ReadFile(kubeletFlags); err == nil {
		argv = append(argv, parseKubeletFlags(string(content))...)
	}
	if n.facts.NodeIP != "" {
		argv = append(argv, "--node-ip="+n.facts.NodeIP)
	}
	return append(argv, "--hostname-override="+n.facts.NodeName)
}

// parseKubeletFlags reads KUBELET_KUBEADM_ARGS="--a=b --c=d".
func parseKubeletFlags(content string) []string {
	for line := range strings.Lines(content) {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), "KUBELET_KUBEADM_ARGS="); found {
			return strings.Fields(strings.Trim(value, `"'`))
		}
	}
	return nil
}

// boot starts containerd and, on a node that is part of a cluster already, kubelet.
func (n *node) boot(archive string, started time.Time) {
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notifySocket, Net: "unixgram"})
	fatal("listen on "+notifySocket, err)
	fatal("containerd", n.services["containerd"].start())
	fatal("containerd", waitForContainerd(socket, time.Minute))
	go drain(socket)
	if archive != "" {
		fatal("import the images of the new node image", n.importImages(archive))
	}
	n.readyText = fmt.Sprintf("ready after %.2f s", time.Since(started).Seconds())
	fatal("say ready", writeFile(filepath.Join(runDirectory, "ready"), n.readyText+"\n", 0o644))
	close(n.ready)
	logf("%s: node %s, address %s, cgroup v%d, store %s", n.readyText, n.facts.NodeName, n.facts.NodeIP, n.facts.CgroupVersion, n.facts.Store)
	if _, err := os.Stat(kubeletKubeconfig); err == nil {
		warn("kubelet", n.services["kubelet"].start())
	}
}

// drain takes containerd's further messages: a full socket would block it.
func drain(socket *net.UnixConn) {
	socket.SetReadDeadline(time.Time{}) //nolint:errcheck // a closed socket ends the loop
	buffer := make([]byte, 4096)
	for {
		if _, err := socket.Read(buffer); err != nil {
			return
		}
	}
}

func (n *node) importImages(archive string) error {
	before, err := snapshotNames()
	if err != nil {
		return err
	}
	_, done, err := n.reaper.start([]string{"/usr/bin/ctr", "-n", "k8s.io", "images", "import", archive}, os.Environ(), os.Stderr)
	if err != nil {
		return err
	}
	if status := <-done; status.ExitStatus() != 0 {
		return fmt.Errorf("ctr images import %s: %s", archive, describe(status))
	}
	return adoptImported(n.facts.Store, before)
}

func (n *node) listen() {
	listener, err := net.Listen("unix", socketPath)
	fatal("listen on "+socketPath, err)
	for {
		connection, err := listener.Accept()
		if err != nil {
			logf("%s: %v", socketPath, err)
			return
		}
		go func() {
			defer connection.Close()
			var r request
			if json.NewDecoder(connection).Decode(&r) == nil {
				json.NewEncoder(connection).Encode(n.answer(r)) //nolint:errcheck // the caller is gone
			}
		}()
	}
}

func (n *node) capLogs() {
	for range time.Tick(20 * time.Second) {
		for _, service := range n.services {
			warn("cap "+service.log, capLog(service.log, logLimit))
		}
	}
}

// shutDown is quick: only etcd gets time to finish, the end of PID 1 ends the rest.
func (n *node) shutDown() {
	n.services["kubelet"].stop(0)
	n.services["containerd"].mutex.Lock()
	n.services["containerd"].wanted = false
	n.services["containerd"].mutex.Unlock()
	syscall.Kill(-1, syscall.SIGTERM) //nolint:errcheck // nothing left to end
	for deadline := time.Now().Add(etcdGrace); time.Now().Before(deadline) && isRunning("etcd"); {
		time.Sleep(10 * time.Millisecond)
	}
	os.Exit(0)
}

func isRunning(name string) bool {
	names, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, path := range names {
		if content, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(content)) == name {
			return true
		}
	}
	return false
}
