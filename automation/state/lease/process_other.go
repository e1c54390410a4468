//go:build !linux && !darwin

package lease

import "errors"

// machine is not known here.
func machine() string { return "" }

// lookup cannot tell one process from another of the same number here.
func lookup(int) (found, error) { return found{}, errors.ErrUnsupported }
