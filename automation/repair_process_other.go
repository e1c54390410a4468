//go:build unix && !linux && !darwin

package automation

import (
	"errors"
	"time"
)

// processStart cannot be told here: a process of the number may be any.
func processStart(int) (time.Time, bool, error) { return time.Time{}, false, errors.ErrUnsupported }
