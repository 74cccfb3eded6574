package main

import (
	"encoding/json"
	"errors"
	"io"
)

// wrapStream puts this plugin in front of the bridge plugin of a network configuration list.
func wrapStream(input io.Reader, output io.Writer) error {
	var list map[string]any
	if err := json.NewDecoder(input).Decode(&list); err != nil {
		return err
	}
	plugins, _ := list["plugins"].([]any)
	for index, plugin := range plugins {
		entry, _ := plugin.(map[string]any)
		if entry["type"] != "bridge" {
			continue
		}
		wrapped, err := wrap(entry)
		if err != nil {
			return err
		}
		plugins[index] = wrapped
		encoder := json.NewEncoder(output)
		encoder.SetIndent("", "  ")
		return encoder.Encode(list)
	}
	return errors.New("the network configuration list has no bridge plugin")
}

func wrap(bridge map[string]any) (map[string]any, error) {
	ipam, _ := bridge["ipam"].(map[string]any)
	entry, err := onlyRange(ipam)
	if err != nil {
		return nil, err
	}
	subnet, _ := entry["subnet"].(string)
	last, err := lastAutomatic(subnet)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"type":          "fixed-address",
		"kubeconfig":    "/etc/kubernetes/kubelet.conf",
		"lastAutomatic": last,
		"delegate":      bridge,
	}, nil
}
