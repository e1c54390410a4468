package pulumicli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// lock takes an exclusive lock on a file, calling waiting once when another process has it. The operating system
// releases it when the process ends, however it ends.
func lock(ctx context.Context, path string, waiting func()) (func(), error) {
	l := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o644))
	locked, err := l.TryLock()
	if err == nil && !locked {
		waiting()
		_, err = l.TryLockContext(ctx, 500*time.Millisecond)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the build of the Pulumi CLI: %w", err)
	}
	return func() { _ = l.Close() }, nil
}
