package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
)

// config is this plugin's entry in the network configuration.
type config struct {
	CNIVersion string          `json:"cniVersion"`
	Name       string          `json:"name"`
	Type       string          `json:"type"`
	PrevResult json.RawMessage `json:"prevResult,omitempty"`
	// Kubeconfig may read the pods of this node.
	Kubeconfig string `json:"kubeconfig"`
	// LastAutomatic keeps the addresses after it for pods that ask for one.
	LastAutomatic string `json:"lastAutomatic"`
	// Delegate is the entry that was there before: bridge with host-local.
	Delegate map[string]any `json:"delegate"`
}

func parseConfig(text []byte) (config, error) {
	var conf config
	if err := json.Unmarshal(text, &conf); err != nil {
		return conf, cniError{code: badConfig, text: err.Error()}
	}
	if conf.delegateType() == "" {
		return conf, cniError{code: badConfig, text: "there is no delegate"}
	}
	return conf, nil
}

func (conf config) delegateType() string {
	name, _ := conf.Delegate["type"].(string)
	return name
}

// delegateFor is the delegate's configuration: host-local takes a wished address and bridge a wished MAC
// from args; everything else comes from the automatic part of the range.
func (conf config) delegateFor(command string, wanted address) ([]byte, error) {
	delegate := maps.Clone(conf.Delegate)
	delegate["cniVersion"] = conf.CNIVersion
	delegate["name"] = conf.Name
	if conf.PrevResult != nil {
		delegate["prevResult"] = conf.PrevResult
	}
	args := map[string]any{}
	if wanted.ip != "" {
		args["ips"] = []string{wanted.ip}
	}
	if wanted.mac != "" {
		args["mac"] = wanted.mac
	}
	if len(args) > 0 {
		delegate["args"] = map[string]any{"cni": args}
	}
	if command == "ADD" && wanted.ip == "" && conf.LastAutomatic != "" {
		ipam, err := limited(conf.Delegate["ipam"], conf.LastAutomatic)
		if err != nil {
			return nil, err
		}
		delegate["ipam"] = ipam
	}
	return json.Marshal(delegate)
}

// limited ends the one range of a host-local configuration earlier.
func limited(ipam any, last string) (map[string]any, error) {
	fields, _ := ipam.(map[string]any)
	entry, err := onlyRange(fields)
	if err != nil {
		return nil, err
	}
	shorter := maps.Clone(entry)
	shorter["rangeEnd"] = last
	changed := maps.Clone(fields)
	changed["ranges"] = []any{[]any{shorter}}
	return changed, nil
}

func onlyRange(ipam map[string]any) (map[string]any, error) {
	sets, _ := ipam["ranges"].([]any)
	if len(sets) == 1 {
		if set, _ := sets[0].([]any); len(set) == 1 {
			if entry, found := set[0].(map[string]any); found {
				return entry, nil
			}
		}
	}
	return nil, cniError{code: badConfig, text: "the delegate does not use host-local with one range"}
}

// lastAutomatic is the last address of the lower three quarters of a subnet.
func lastAutomatic(subnet string) (string, error) {
	prefix, err := netip.ParsePrefix(subnet)
	if err != nil || !prefix.Addr().Is4() || prefix.Bits() > 28 {
		return "", fmt.Errorf("not an IPv4 subnet of at least 16 addresses: %s", subnet)
	}
	first := prefix.Masked().Addr().As4()
	number := uint32(first[0])<<24 | uint32(first[1])<<16 | uint32(first[2])<<8 | uint32(first[3])
	size := uint32(1) << (32 - prefix.Bits())
	number += size/4*3 - 1
	return netip.AddrFrom4([4]byte{byte(number >> 24), byte(number >> 16), byte(number >> 8), byte(number)}).String(), nil
}
