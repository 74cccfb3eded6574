package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFilterResolvConf(t *testing.T) {
	cases := map[string]struct{ in, want string }{
		"a pod of the host": {
			"search knest-a.svc.cluster.local svc.cluster.local cluster.local example.com\nnameserver 10.96.0.10\noptions ndots:5\n",
			"search cluster.local example.com\nnameserver 10.96.0.10\noptions ndots:5\n",
		},
		"only Services":  {"search a.svc.b svc.b\nnameserver 1.2.3.4\n", "nameserver 1.2.3.4\n"},
		"no search":      {"nameserver 1.2.3.4", "nameserver 1.2.3.4\n"},
		"a similar name": {"search svcs.example.com mysvc.example.com\n", "search svcs.example.com mysvc.example.com\n"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			if got := filterResolvConf(test.in); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestReserved(t *testing.T) {
	machine := limits{memoryBytes: 24 << 30, milliCPUs: 4000}
	cases := map[string]struct{ limit, want limits }{
		"no limit":            {limits{}, limits{}},
		"both":                {limits{4 << 30, 1500}, limits{20 << 30, 2500}},
		"memory only":         {limits{memoryBytes: 4 << 30}, limits{memoryBytes: 20 << 30}},
		"above the machine's": {limits{48 << 30, 8000}, limits{}},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			if got := reserved(machine, test.limit); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestKubeletDropIn(t *testing.T) {
	zero := 0
	got := kubeletDropIn(limits{memoryBytes: 1024, milliCPUs: 500}, "/r", &zero, false)
	for _, want := range []string{"resolvConf: /r\n", "oomScoreAdj: 0\n", "systemReserved:\n  memory: \"1024\"\n  cpu: 500m\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if got := kubeletDropIn(limits{}, "/r", nil, false); strings.Contains(got, "systemReserved") || strings.Contains(got, "oomScoreAdj") ||
		!strings.Contains(got, "\ncgroupDriver: cgroupfs\n") {
		t.Errorf("nothing to reserve, but got\n%s", got)
	}
	if got := kubeletDropIn(limits{}, "/r", nil, true); !strings.Contains(got, "\ncgroupDriver: systemd\n") {
		t.Errorf("systemd owns the cgroups, but got\n%s", got)
	}
}

func TestHasCapability(t *testing.T) {
	if !hasCapability("Name:\tx\nCapEff:\t000001ffffffffff\n", capSysResource) {
		t.Error("all capabilities lack CAP_SYS_RESOURCE")
	}
	if hasCapability("CapEff:\t000001fffeffffff\n", capSysResource) {
		t.Error("CAP_SYS_RESOURCE was found where it is not")
	}
}

func TestDefaultInterface(t *testing.T) {
	routes := "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n" +
		"cni0\t0000C80A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n" +
		"eth0\t00000000\t0100580A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
	if got := defaultInterface(strings.NewReader(routes)); got != "eth0" {
		t.Errorf("got %q", got)
	}
}

func TestMachine(t *testing.T) {
	if got := machineMemory("MemTotal:       1024 kB\nMemFree: 1 kB\n"); got != 1<<20 {
		t.Errorf("memory: got %d", got)
	}
	if got := machineMilliCPUs("processor\t: 0\nmodel name\t: processor\n\nprocessor\t: 1\n"); got != 2000 {
		t.Errorf("CPUs: got %d", got)
	}
}

func TestIncarnation(t *testing.T) {
	disk := t.TempDir()
	first, fresh, err := incarnation(disk)
	if err != nil || !fresh || len(first) != 32 {
		t.Fatalf("got %q, %t, %v", first, fresh, err)
	}
	second, fresh, err := incarnation(disk)
	if err != nil || fresh || second != first {
		t.Errorf("the same disk got another name: %q, %t, %v", second, fresh, err)
	}
}

func TestCapLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("0123456789"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := capLog(path, 10); err != nil {
		t.Fatal(err)
	}
	kept, _ := os.ReadFile(path + ".1")
	if now, _ := os.ReadFile(path); len(now) != 0 || string(kept) != "0123456789" {
		t.Errorf("got %q and %q", now, kept)
	}
}

func TestFactsAreReadAsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "facts")
	want := facts{NodeName: "a", NodeIP: "192.0.2.1", Interface: "eth0", MTU: 1450, CgroupVersion: 2, NewDisk: true, Store: "x-plain"}
	if err := want.write(path); err != nil {
		t.Fatal(err)
	}
	if got, err := readFacts(path); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := readFacts(path + "-none"); !os.IsNotExist(err) {
		t.Errorf("no facts, but got %v", err)
	}
}
