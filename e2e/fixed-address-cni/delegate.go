package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// delegateCall runs another plugin with this one's environment.
type delegateCall func(plugin string, conf []byte) ([]byte, error)

func callDelegate(plugin string, conf []byte) ([]byte, error) {
	path, err := findPlugin(plugin)
	if err != nil {
		return nil, err
	}
	command := exec.Command(path)
	command.Stdin = bytes.NewReader(conf)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.Output()
	if err == nil {
		return output, nil
	}
	var said struct {
		Code    int    `json:"code"`
		Message string `json:"msg"`
		Details string `json:"details"`
	}
	if json.Unmarshal(output, &said) == nil && said.Message != "" {
		return nil, cniError{code: said.Code, text: strings.TrimSpace(said.Message + " " + said.Details)}
	}
	return nil, fmt.Errorf("%s: %w: %s", plugin, err, complaints.String())
}

func findPlugin(name string) (string, error) {
	for _, folder := range filepath.SplitList(os.Getenv("CNI_PATH")) {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", cniError{code: badConfig, text: "there is no plugin " + name + " in CNI_PATH"}
}

// lookUpWithKubectl is what the node has for talking to the API.
func lookUpWithKubectl(kubeconfig, namespace, name string) (map[string]string, error) {
	limit, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	command := exec.CommandContext(limit, "/usr/local/bin/kubectl", "--kubeconfig", kubeconfig,
		"get", "pod", name, "--namespace", namespace, "--output", "json")
	command.Env = append(os.Environ(), "HOME=/tmp")
	output, err := command.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			return nil, fmt.Errorf("%w: %s", err, failed.Stderr)
		}
		return nil, err
	}
	var pod struct {
		Metadata struct {
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(output, &pod); err != nil {
		return nil, err
	}
	return pod.Metadata.Annotations, nil
}
