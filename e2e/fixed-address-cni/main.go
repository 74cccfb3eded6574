// Command fixed-address is test equipment, not a part of knest: a CNI plugin for the embedded host that
// honours the address annotations of Calico and of Kube-OVN, neither of which runs there. It stands in
// front of the bridge plugin and changes nothing for pods without such annotations.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "wrap" {
		if err := wrapStream(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "fixed-address:", err)
			os.Exit(1)
		}
		return
	}
	output, err := run(os.Getenv("CNI_COMMAND"), os.Stdin, lookUpWithKubectl, callDelegate)
	if err != nil {
		output, _ = json.Marshal(asCNIError(err))
	}
	_, _ = os.Stdout.Write(output)
	if err != nil {
		os.Exit(1)
	}
}

// run does one CNI command and gives what the runtime is to read.
func run(command string, input io.Reader, lookUp podLookUp, call delegateCall) ([]byte, error) {
	if command == "VERSION" {
		return json.Marshal(map[string]any{
			"cniVersion":        "1.0.0",
			"supportedVersions": []string{"0.3.1", "0.4.0", "1.0.0"},
		})
	}
	text, err := io.ReadAll(input)
	if err != nil {
		return nil, err
	}
	conf, err := parseConfig(text)
	if err != nil {
		return nil, err
	}
	wanted := address{}
	if command == "ADD" {
		if wanted, err = wantedAddress(conf, os.Getenv("CNI_ARGS"), lookUp); err != nil {
			return nil, err
		}
	}
	delegate, err := conf.delegateFor(command, wanted)
	if err != nil {
		return nil, err
	}
	output, err := call(conf.delegateType(), delegate)
	if err != nil && wanted.ip != "" {
		return nil, inCalicoWords(err)
	}
	return output, err
}
