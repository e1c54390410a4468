// Package clitest gives tests the Pulumi CLI.
package clitest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/eks-platform/eks-platform/internal/pulumicli"
)

// found is what the first test of the process has found: asking a CLI for its version takes time.
var found struct {
	once    sync.Once
	command *pulumicli.Command
	err     error
}

// Find returns the Pulumi CLI for a test that runs the real engine, which go test -short skips. If there is none, it is
// installed, which can take minutes; go test's default timeout is ten: before it runs out, the test fails and says what to
// do, instead of being killed.
func Find(t *testing.T) *pulumicli.Command {
	t.Helper()
	if testing.Short() {
		t.Skip("runs the real engine, which go test -short skips")
	}
	found.once.Do(func() {
		deadline, limited := t.Deadline()
		if !limited {
			deadline = time.Now().Add(24 * time.Hour)
		}
		found.command, found.err = find(t.Context(), deadline, pulumicli.Options{Progress: func(line string) { t.Log(line) }})
	})
	if found.err != nil {
		t.Fatal(found.err)
	}
	return found.command
}

// reserve is how much of the time is left to the tests themselves, when there is that much.
const reserve = 2 * time.Minute

func find(ctx context.Context, deadline time.Time, o pulumicli.Options) (*pulumicli.Command, error) {
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(-min(reserve, time.Until(deadline)/4)))
	defer cancel()
	command, err := pulumicli.Find(ctx, o)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("the Pulumi CLI is still being built, and the timeout of these tests is near: build it first with "+
			"go run ./cmd/platform rehearse, or raise the timeout with go test -timeout 30m (the build continues where it stopped): %w", err)
	}
	return command, err
}
