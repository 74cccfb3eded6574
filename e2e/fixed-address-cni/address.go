package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
)

// address is what a pod asks for; empty fields are left to the delegate.
type address struct {
	ip  string
	mac string
}

// podLookUp gives the annotations of a pod.
type podLookUp func(kubeconfig, namespace, name string) (map[string]string, error)

// wantedAddress reads the annotations of the pod that CNI_ARGS names.
func wantedAddress(conf config, args string, lookUp podLookUp) (address, error) {
	named := map[string]string{}
	for pair := range strings.SplitSeq(args, ";") {
		if key, value, found := strings.Cut(pair, "="); found {
			named[key] = value
		}
	}
	namespace, name := named["K8S_POD_NAMESPACE"], named["K8S_POD_NAME"]
	if name == "" {
		return address{}, nil
	}
	annotations, err := lookUp(conf.Kubeconfig, namespace, name)
	if err != nil {
		return address{}, cniError{code: tryLater, text: fmt.Sprintf("cannot read pod %s/%s: %v", namespace, name, err)}
	}
	return fromAnnotations(annotations)
}

// fromAnnotations takes Calico's annotations, else Kube-OVN's.
func fromAnnotations(annotations map[string]string) (address, error) {
	wanted := address{
		ip:  annotations["ovn.kubernetes.io/ip_address"],
		mac: annotations["ovn.kubernetes.io/mac_address"],
	}
	if list, found := annotations["cni.projectcalico.org/ipAddrs"]; found {
		var ips []string
		if err := json.Unmarshal([]byte(list), &ips); err != nil || len(ips) != 1 {
			return address{}, cniError{code: badConfig, text: "cannot parse ipAddrs as a list of one address: " + list}
		}
		wanted = address{ip: ips[0], mac: annotations["cni.projectcalico.org/hwAddr"]}
	}
	if wanted.ip == "" {
		return wanted, nil
	}
	if _, err := netip.ParseAddr(wanted.ip); err != nil {
		return address{}, cniError{code: badConfig, text: "not an address: " + wanted.ip}
	}
	return wanted, nil
}
