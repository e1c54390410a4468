//go:build !linux && !darwin

package process

import "errors"

// Machine is not known here.
func Machine() string { return "" }

// Lookup cannot tell one process from another of the same number here.
func Lookup(int) (Found, error) { return Found{}, errors.ErrUnsupported }
