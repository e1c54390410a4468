package engine_test

import (
	"path/filepath"

	front "github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// simulated is a rehearsal whose cloud is in the test's hands: latencies, faults, and everything that exists.
type simulated struct {
	*front.Rehearsal
	world *rehearsal.Cloud
}

// Cloud is what the rehearsal's providers work on.
func (s *simulated) Cloud() *rehearsal.Cloud { return s.world }

func openRehearsal(o rehearsal.Options) (*simulated, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	world, err := rehearsal.Open(o)
	if err != nil {
		return nil, err
	}
	return &simulated{front.Over(dir, world.Serve, world.Close), world}, nil
}
