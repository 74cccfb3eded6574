package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
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
	factsFile    = runDirectory + "/facts"
	readyFile    = runDirectory + "/ready"

	signalHalt = syscall.Signal(37) // SIGRTMIN+3: what one sends to systemd to halt
	etcd       = "etcd"
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
	fatal("write facts", n.facts.write(factsFile))
	n.defineServices()

	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGTERM, syscall.SIGINT, signalHalt)
	go n.listen()
	go n.boot(archive, started)
	go n.capLogs()
	go n.guardRoom("/var/lib/kubelet")
	go n.keepShared()
	go keepEtcdRoom()
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
	// A pod's /run outlives its container: an earlier start's sockets would be in the way, its "ready" a lie.
	if err := os.RemoveAll(runDirectory); err != nil {
		return err
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
	if err := makeDirectories(runDirectory, logDirectory, dropIns); err != nil {
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
	warn("mount "+visibleProc, mountVisibleProc())
	shadowSysctls(sysctls, filepath.Join(runDirectory, "sysctl"), bindFile)
	if err := n.facts.identify(nil); err != nil {
		return err
	}
	if err := n.facts.writeSettings(machineKind{}); err != nil {
		return err
	}
	keepReserve(disk)
	return nil
}

// identifyMachine gives the node a machine ID and a hardware UUID of its own: containers share the
// machine's, and CNIs and CSI drivers take nodes with the same for one (kubernetes-sigs/kind#2318).
func identifyMachine(id string) {
	warn("write /etc/machine-id", os.WriteFile("/etc/machine-id", []byte(id+"\n"), 0o444))
	uuid := productUUID(id)
	if uuid == "" {
		return
	}
	own := filepath.Join(runDirectory, "product_uuid")
	warn("write the product UUID", writeFile(own, uuid, 0o444))
	for _, path := range []string{"/sys/class/dmi/id/product_uuid", "/sys/devices/virtual/dmi/id/product_uuid"} {
		if _, err := os.Stat(path); err == nil {
			warn("set "+path, syscall.Mount(own, path, "", syscall.MS_BIND, ""))
			return
		}
	}
}

// productUUID writes an incarnation as a UUID; "" if it is none.
func productUUID(id string) string {
	if !isIncarnation(id) {
		return ""
	}
	return fmt.Sprintf("%s-%s-%s-%s-%s\n", id[:8], id[8:12], id[12:16], id[16:20], id[20:])
}

func (n *node) defineServices() {
	n.services["containerd"] = &service{
		name: "containerd", enabled: true, reaper: n.reaper, log: filepath.Join(logDirectory, "containerd.log"),
		command: func() ([]string, []string, error) {
			return []string{"/usr/bin/containerd"}, append(thrifty(pulling(os.Environ())), "NOTIFY_SOCKET="+notifySocket), nil
		},
	}
	n.services["kubelet"] = &service{
		name: "kubelet", enabled: true, reaper: n.reaper, log: filepath.Join(logDirectory, "kubelet.log"),
		command: func() ([]string, []string, error) { return n.facts.kubeletCommand(), thrifty(os.Environ()), nil },
		condition: func() error {
			_, err := os.Stat(kubeletConfig)
			return err
		},
	}
}

// boot starts containerd and, on a node that is part of a cluster already, kubelet.
func (n *node) boot(archive string, started time.Time) {
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notifySocket, Net: "unixgram"})
	fatal("listen on "+notifySocket, err)
	fatal("containerd", n.services["containerd"].start())
	fatal("containerd", waitForContainerd(socket, time.Minute))
	go drain(socket)
	if archive != "" {
		fatal("import the images of the new node image", importImages(archive, n.facts.Store, n.runChild))
	}
	n.readyText = fmt.Sprintf("ready after %.2f s", time.Since(started).Seconds())
	fatal("say ready", writeFile(readyFile, n.readyText+"\n", 0o644))
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

// runChild runs a command to its end; PID 1 alone may wait for children.
func (n *node) runChild(argv []string) error { return n.runChildTo(os.Stderr, argv) }

func (n *node) runChildTo(output *os.File, argv []string) error {
	_, done, err := n.reaper.start(argv, os.Environ(), output)
	if err != nil {
		return err
	}
	if status := <-done; status.ExitStatus() != 0 {
		return fmt.Errorf("%s: %s", strings.Join(argv, " "), describe(status))
	}
	return nil
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

// shutDown is quick: only etcd gets time to finish, also that of nodes in this node's pods. The others are not asked:
// while they take their leave, etcd would wait for them and they for each other.
func (n *node) shutDown() {
	n.services["kubelet"].stop(0)
	n.services["containerd"].mutex.Lock()
	n.services["containerd"].wanted = false
	n.services["containerd"].mutex.Unlock()
	self := os.Getpid()
	for pid, name := range processes() {
		switch {
		case pid == self:
		case name == etcd || filepath.Base(program(pid)) == "knest-init": // it may see its own elsewhere
			syscall.Kill(pid, syscall.SIGTERM) //nolint:errcheck // it may have ended
		default:
			syscall.Kill(pid, syscall.SIGKILL) //nolint:errcheck // it may have ended
		}
	}
	for deadline := time.Now().Add(etcdGrace); time.Now().Before(deadline) && isRunning(etcd); {
		time.Sleep(10 * time.Millisecond)
	}
	os.Exit(0)
}

func program(pid int) string {
	path, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return path
}

// processes gives the names of all of the node's processes by their IDs.
func processes() map[int]string {
	names := map[int]string{}
	paths, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, path := range paths {
		if content, err := os.ReadFile(path); err == nil {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				names[pid] = strings.TrimSpace(string(content))
			}
		}
	}
	return names
}

func isRunning(name string) bool {
	for _, running := range processes() {
		if running == name {
			return true
		}
	}
	return false
}

// pulling gives containerd, and nobody else, the proxies of the machine, which pulls go through.
func pulling(environment []string) []string {
	pulls := slices.Clone(environment)
	for _, one := range environment {
		if proxy, found := strings.CutPrefix(one, "KNEST_PULL_"); found {
			pulls = append(pulls, proxy)
		}
	}
	return pulls
}

// thrifty lets kubelet, containerd and its shims collect garbage twice as often: they are idle most of the time, and
// what they would keep is the node's own. An environment that says otherwise is left alone.
func thrifty(environment []string) []string {
	for _, one := range environment {
		if strings.HasPrefix(one, "GOGC=") {
			return environment
		}
	}
	return append(environment, "GOGC=50")
}
