package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

const conflist = `{"cniVersion":"1.0.0","name":"net","plugins":[
  {"type":"bridge","bridge":"cni0","ipam":{"type":"host-local","ranges":[[{"subnet":"10.244.3.0/24"}]]}},
  {"type":"portmap","capabilities":{"portMappings":true}}]}`

// wrapped is what the runtime hands to the plugin: the list's first entry with name and version.
func wrapped(t *testing.T) []byte {
	t.Helper()
	var output bytes.Buffer
	if err := wrapStream(strings.NewReader(conflist), &output); err != nil {
		t.Fatal(err)
	}
	var list struct {
		Plugins []map[string]any `json:"plugins"`
	}
	if err := json.Unmarshal(output.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Plugins) != 2 || list.Plugins[1]["type"] != "portmap" {
		t.Fatalf("the other plugins are not as before: %v", list.Plugins)
	}
	entry := list.Plugins[0]
	entry["name"], entry["cniVersion"] = "net", "1.0.0"
	text, err := json.Marshal(entry)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// add runs ADD for a pod with these annotations and gives what the delegate was handed.
func add(t *testing.T, annotations map[string]string, answer error) (string, error) {
	t.Helper()
	t.Setenv("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=team;K8S_POD_NAME=web-0")
	lookUp := func(_, namespace, name string) (map[string]string, error) {
		if namespace != "team" || name != "web-0" {
			t.Errorf("asked for pod %s/%s", namespace, name)
		}
		return annotations, nil
	}
	handed := ""
	call := func(plugin string, conf []byte) ([]byte, error) {
		if plugin != "bridge" {
			t.Errorf("called %s", plugin)
		}
		handed = string(conf)
		return []byte("{}"), answer
	}
	_, err := run("ADD", bytes.NewReader(wrapped(t)), lookUp, call)
	return handed, err
}

func TestAsksForTheAnnotatedAddress(t *testing.T) {
	for name, annotations := range map[string]map[string]string{
		"Calico": {
			"cni.projectcalico.org/ipAddrs": `["10.244.3.200"]`,
			"cni.projectcalico.org/hwAddr":  "52:54:00:f4:03:c8",
		},
		"Kube-OVN": {
			"ovn.kubernetes.io/ip_address":  "10.244.3.200",
			"ovn.kubernetes.io/mac_address": "52:54:00:f4:03:c8",
		},
	} {
		handed, err := add(t, annotations, nil)
		if err != nil {
			t.Fatal(name, err)
		}
		if !strings.Contains(handed, `"args":{"cni":{"ips":["10.244.3.200"],"mac":"52:54:00:f4:03:c8"}}`) {
			t.Errorf("%s: the delegate was handed %s", name, handed)
		}
		if strings.Contains(handed, "rangeEnd") {
			t.Errorf("%s: the range is limited: %s", name, handed)
		}
	}
}

func TestLeavesOtherPodsToTheAutomaticPart(t *testing.T) {
	handed, err := add(t, map[string]string{"other": "annotation"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(handed, "args") || !strings.Contains(handed, `"rangeEnd":"10.244.3.191"`) {
		t.Errorf("the delegate was handed %s", handed)
	}
}

func TestRefusesInCalicoWords(t *testing.T) {
	annotations := map[string]string{"cni.projectcalico.org/ipAddrs": `["10.244.3.200"]`}
	for said, expected := range map[string]string{
		"requested IP address 10.244.3.200 is not available in range set 10.244.3.1-10.244.3.254": "Address already assigned in block",
		"failed to allocate all requested IPs: 10.244.3.200":                                      "The provided IP address is not in a configured pool",
		"no such bridge": "no such bridge",
	} {
		_, err := add(t, annotations, errors.New(said))
		if err == nil || err.Error() != expected {
			t.Errorf("said %v", err)
		}
	}
}

func TestRefusesWhatIsNoAddress(t *testing.T) {
	for _, list := range []string{"10.244.3.200", `["a"]`, `["10.244.3.200","10.244.3.201"]`} {
		if _, err := add(t, map[string]string{"cni.projectcalico.org/ipAddrs": list}, nil); err == nil {
			t.Errorf("took %s", list)
		}
	}
}

func TestReleasesWithoutAskingTheAPI(t *testing.T) {
	lookUp := func(_, _, _ string) (map[string]string, error) { return nil, errors.New("was asked") }
	call := func(_ string, conf []byte) ([]byte, error) {
		if !strings.Contains(string(conf), `"name":"net"`) {
			t.Errorf("the delegate was handed %s", conf)
		}
		return nil, nil
	}
	if _, err := run("DEL", bytes.NewReader(wrapped(t)), lookUp, call); err != nil {
		t.Fatal(err)
	}
}

func TestWrapsOnlyABridgeWithOneRange(t *testing.T) {
	for _, list := range []string{
		`{"plugins":[{"type":"ptp"}]}`,
		`{"plugins":[{"type":"bridge","ipam":{"type":"dhcp"}}]}`,
	} {
		if err := wrapStream(strings.NewReader(list), &bytes.Buffer{}); err == nil {
			t.Errorf("wrapped %s", list)
		}
	}
}
