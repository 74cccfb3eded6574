package main

import (
	"errors"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"
	"time"
)

func TestParseSystemctl(t *testing.T) {
	got, err := parseSystemctl([]string{"show", "--no-pager", "-p", "ActiveState", "--property=MainPID,Id", "--value", "kubelet.service"})
	want := request{Verb: "show", Units: []string{"kubelet"}, Properties: []string{"ActiveState", "MainPID", "Id"}, ValueOnly: true}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if _, err := parseSystemctl([]string{"--quiet"}); err == nil {
		t.Error("no command, yet no error")
	}
}

func testNode() *node {
	unmet := func() error { return errors.New("no configuration") }
	return &node{
		ready:    make(chan struct{}),
		services: map[string]*service{"kubelet": {name: "kubelet", enabled: true, condition: unmet}},
	}
}

func TestExitCodesAreSystemctls(t *testing.T) {
	cases := []struct {
		request request
		exit    int
		output  string
	}{
		{request{Verb: "is-active", Units: []string{"kubelet"}}, 3, "inactive"},
		{request{Verb: "is-enabled", Units: []string{"kubelet"}}, 0, "enabled"},
		{request{Verb: "start", Units: []string{"kubelet"}}, 0, ""}, // an unmet condition is no failure
		{request{Verb: "stop", Units: []string{"kubelet"}}, 0, ""},
		{request{Verb: "status", Units: []string{"docker"}}, 4, ""},
		{request{Verb: "is-active", Units: []string{"docker"}}, 4, "inactive"},
		{request{Verb: "start", Units: []string{"docker"}}, 5, ""},
		{request{Verb: "show", Units: []string{"kubelet"}, Properties: []string{"ActiveState"}}, 0, "ActiveState=inactive"},
		{request{Verb: "daemon-reload"}, 0, ""},
		{request{Verb: "hibernate", Units: []string{"kubelet"}}, 1, ""},
		{request{Verb: "start"}, 1, ""},
		{request{Verb: "ready"}, 1, ""},
	}
	for _, test := range cases {
		got := testNode().answer(test.request)
		if got.Exit != test.exit || got.Output != test.output {
			t.Errorf("%s %v: got exit %d, %q; want %d, %q", test.request.Verb, test.request.Units, got.Exit, got.Output, test.exit, test.output)
		}
	}
}

func TestReadyWaits(t *testing.T) {
	n := testNode()
	n.readyText = "ready"
	time.AfterFunc(10*time.Millisecond, func() { close(n.ready) })
	if got := n.answer(request{Verb: "ready", WaitMillis: 5000}); got.Exit != 0 || got.Output != "ready" {
		t.Errorf("got %+v", got)
	}
}

func TestParseKubeletFlags(t *testing.T) {
	got := parseKubeletFlags("KUBELET_KUBEADM_ARGS=\"--a=b --c=d\"\n")
	if want := []string{"--a=b", "--c=d"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestParseMountPoints(t *testing.T) {
	got := parseMountPoints("22 1 0:21 / / rw - overlay overlay rw\n23 22 0:5 / /a\\040b rw - tmpfs tmpfs rw\n")
	if want := []string{"/", "/a b"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAwaitSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "init.sock")
	if awaitSocket(path, time.Now().Add(50*time.Millisecond)) != nil {
		t.Fatal("nobody is there")
	}
	// As a killed init leaves it, and as it is before somebody listens.
	socket, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(socket)
	if err := syscall.Bind(socket, &syscall.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if awaitSocket(path, time.Now().Add(50*time.Millisecond)) != nil {
		t.Fatal("nobody listens")
	}
	time.AfterFunc(50*time.Millisecond, func() { syscall.Listen(socket, 1) }) //nolint:errcheck // the test fails then
	connection := awaitSocket(path, time.Now().Add(10*time.Second))
	if connection == nil {
		t.Fatal("who listens later is not waited for")
	}
	connection.Close()
}
