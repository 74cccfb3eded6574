// The knest-wait command is a CNI plugin for the time before a node's network knows itself. A node with its
// configuration is Ready at once and is given pods; each of them waits here until the real configuration is
// written, and is then connected by it. Without it the node would be NotReady until then, and the scheduler,
// kubelet and containerd would only begin afterwards.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/skel"
	"github.com/containernetworking/cni/pkg/types"
	"github.com/containernetworking/cni/pkg/version"
)

// settings are what the network configuration says to this plugin.
type settings struct {
	types.NetConf
	// For is the path of the configuration list that is waited for.
	For string `json:"for"`
	// TimeoutSeconds ends the wait with an error; kubelet tries again then.
	TimeoutSeconds int `json:"timeoutSeconds"`
	// RuntimeConfig is handed on as it came.
	RuntimeConfig map[string]any `json:"runtimeConfig"`
}

const pollInterval = 20 * time.Millisecond

func main() {
	skel.PluginMainFuncs(skel.CNIFuncs{Add: add, Del: del}, version.All, "knest-wait: waits for the node's network")
}

func add(args *skel.CmdArgs) error {
	conf, err := parse(args.StdinData)
	if err != nil {
		return err
	}
	list, err := await(conf.For, time.Duration(conf.TimeoutSeconds)*time.Second)
	if err != nil {
		return err
	}
	result, err := network(args).AddNetworkList(context.Background(), list, runtimeConf(args, conf))
	if err != nil {
		return err
	}
	return types.PrintResult(result, conf.CNIVersion)
}

// del undoes an ADD that got through. Before the real configuration is there, none did.
func del(args *skel.CmdArgs) error {
	conf, err := parse(args.StdinData)
	if err != nil {
		return err
	}
	list, err := libcni.ConfListFromFile(conf.For)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", conf.For, err)
	}
	return network(args).DelNetworkList(context.Background(), list, runtimeConf(args, conf))
}

func parse(stdin []byte) (settings, error) {
	conf := settings{TimeoutSeconds: 120}
	if err := json.Unmarshal(stdin, &conf); err != nil {
		return conf, fmt.Errorf("read the configuration of knest-wait: %w", err)
	}
	if conf.For == "" {
		return conf, errors.New(`the configuration of knest-wait names no file in "for"`)
	}
	return conf, nil
}

// await gives the configuration list as soon as it is there. It is renamed into its place, so that what is
// there is whole.
func await(path string, timeout time.Duration) (*libcni.NetworkConfigList, error) {
	for deadline := time.Now().Add(timeout); ; time.Sleep(pollInterval) {
		list, err := libcni.ConfListFromFile(path)
		if err == nil {
			return list, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("the network of this node is not there after %s: nothing has written %s", timeout, path)
		}
	}
}

func network(args *skel.CmdArgs) *libcni.CNIConfig {
	return libcni.NewCNIConfig(filepath.SplitList(args.Path), nil)
}

func runtimeConf(args *skel.CmdArgs, conf settings) *libcni.RuntimeConf {
	return &libcni.RuntimeConf{
		ContainerID:    args.ContainerID,
		NetNS:          args.Netns,
		IfName:         args.IfName,
		Args:           pairs(args.Args),
		CapabilityArgs: conf.RuntimeConfig,
	}
}

// pairs splits CNI_ARGS: K=V;K=V.
func pairs(text string) [][2]string {
	var found [][2]string
	for _, one := range strings.Split(text, ";") {
		if key, value, ok := strings.Cut(one, "="); ok {
			found = append(found, [2]string{key, value})
		}
	}
	return found
}
