package main

import (
	"errors"
	"strings"
)

const (
	badConfig = 7
	tryLater  = 11
	// Codes from 100 on are the plugin's own.
	addressInUse = 100
)

type cniError struct {
	code int
	text string
}

func (failure cniError) Error() string { return failure.text }

// asCNIError is an error as the runtime reads it.
func asCNIError(err error) map[string]any {
	code := 999
	var known cniError
	if errors.As(err, &known) {
		code = known.code
	}
	return map[string]any{"cniVersion": "1.0.0", "code": code, "msg": err.Error()}
}

// inCalicoWords says of a refused address what Calico says, where host-local says it in its own words.
func inCalicoWords(err error) error {
	switch text := err.Error(); {
	case strings.Contains(text, "is not available in range set"):
		return cniError{code: addressInUse, text: "Address already assigned in block"}
	case strings.Contains(text, "failed to allocate all requested IPs"):
		return cniError{code: addressInUse, text: "The provided IP address is not in a configured pool"}
	}
	return err
}
