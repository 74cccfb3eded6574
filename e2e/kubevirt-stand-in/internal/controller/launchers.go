package controller

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
)

// launcherProgram is where every launcher pod has the stand-in's program.
const launcherProgram = shareDirectory + "/kubevirt-stand-in"

const execTimeout = 10 * time.Second

// launchers speaks with launchers by exec, as virt-handler does by a socket.
type launchers struct {
	config *rest.Config
	core   rest.Interface
}

func newLaunchers(config *rest.Config) (launchers, error) {
	own := rest.CopyConfig(config)
	own.APIPath = "/api"
	own.GroupVersion = &corev1.SchemeGroupVersion
	own.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	core, err := rest.RESTClientFor(own)
	return launchers{config: own, core: core}, err
}

func (l launchers) state(namespace, pod string) (MachineState, error) {
	output, err := l.exec(namespace, pod, "machine", "state")
	if err != nil {
		return MachineState{}, err
	}
	state := MachineState{}
	return state, json.Unmarshal(output, &state)
}

func (l launchers) shutDown(namespace, pod string, graceSeconds int64) error {
	_, err := l.exec(namespace, pod, "machine", "shutdown", strconv.FormatInt(graceSeconds, 10))
	return err
}

func (l launchers) exec(namespace, pod string, arguments ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), execTimeout)
	defer cancel()
	request := l.core.Get().Namespace(namespace).Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{
			Container: computeContainer, Command: append([]string{launcherProgram}, arguments...), Stdout: true, Stderr: true,
		}, scheme.ParameterCodec)
	executor, err := remotecommand.NewWebSocketExecutor(l.config, "GET", request.URL().String())
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	if err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &stdout, Stderr: &stderr}); err != nil {
		return nil, fmt.Errorf("%s in pod %s/%s: %w: %s", strings.Join(arguments, " "), namespace, pod, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}
