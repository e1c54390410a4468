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

// Find returns the Pulumi CLI for a test that runs the real engine, which go test -short leaves out. It is built when
// there is none. That takes minutes, of which go test gives a package ten unless it is told otherwise: when they run out,
// the test fails and says what to do, instead of being killed.
func Find(t *testing.T) *pulumicli.Command {
	t.Helper()
	if testing.Short() {
		t.Skip("runs the real engine, which go test -short leaves out")
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
		return nil, fmt.Errorf("the Pulumi CLI is still being built, and the time for these tests runs out: build it first with "+
			"go run ./cmd/platform rehearse, or take more time with go test -timeout 30m (what is compiled already stays): %w", err)
	}
	return command, err
}
