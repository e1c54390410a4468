//go:build !linux && !darwin

package process

import "errors"

// Machine is not known here.
func Machine() string { return "" }

// Lookup cannot distinguish processes with the same ID here.
func Lookup(int) (Found, error) { return Found{}, errors.ErrUnsupported }
