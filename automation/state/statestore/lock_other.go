//go:build !unix

package statestore

import (
	"context"
	"errors"
)

// lock refuses: without it, two processes could both write.
func lock(context.Context, string) (func(), error) {
	return nil, errors.New("file:// backends need the file locks of Linux and macOS here: use an s3:// backend")
}
