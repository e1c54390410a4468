package statestore

import (
	"context"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// pause is the time between two attempts to lock. The lock is held for one small write.
const pause = 5 * time.Millisecond

// lock takes an exclusive lock on a file. The operating system releases it when the process ends, however it ends.
func lock(ctx context.Context, name string) (func(), error) {
	l := flock.New(name, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o666))
	if _, err := l.TryLockContext(ctx, pause); err != nil {
		return nil, err
	}
	return func() { _ = l.Close() }, nil
}
