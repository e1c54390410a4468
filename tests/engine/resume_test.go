package engine_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// completes brings dev up after an update of it has failed, and finds everything in place.
func completes(t *testing.T, e *estate) *plan.Result {
	t.Helper()
	before := len(e.objects())
	require.NotZero(t, before, "the failed update has made something that the next one goes on with")
	r := e.up("dev", automation.UpOptions{})
	assert.NotZero(t, r.Count("create"))
	for _, refresh := range []bool{false, true} {
		again := e.preview("dev", automation.PreviewOptions{Refresh: refresh})
		assert.True(t, again.Empty(), "refresh %v: %v %v", refresh, again.Steps, again.Drift)
	}
	nat := 0
	for _, o := range e.objects() {
		if o.Type == natType {
			nat++
		}
	}
	assert.Equal(t, 1, nat)
	return r
}

func TestAnUpdateThatTheCloudFailsIsResumed(t *testing.T) {
	t.Parallel()
	e := open(t, nil, rehearsal.Options{Faults: []rehearsal.Fault{
		{Type: natType, Operation: rehearsal.Create, Message: "api error NatGatewayLimitExceeded: the maximum number of NAT gateways has been reached"},
		// AWS throttles every subnet, twice: the provider tries again by itself.
		{Type: subnetType, Operation: rehearsal.Create, Kind: rehearsal.FaultThrottle, Times: 2, Unit: 10 * time.Millisecond},
	}})
	_, err := e.platform().Up(t.Context(), "dev", automation.UpOptions{})
	require.ErrorIs(t, err, automation.ErrProvider)
	assert.ErrorContains(t, err, "aws:ec2/natGateway:NatGateway nonprod-nat-euw1-az1: ")
	assert.ErrorContains(t, err, "api error NatGatewayLimitExceeded: the maximum number of NAT gateways has been reached")
	subnets := e.operationsOn("dev", rehearsal.Create).of(subnetType).all
	assert.Len(t, subnets, 9)
	for _, op := range subnets {
		assert.GreaterOrEqual(t, op.End.Sub(op.Start), 30*time.Millisecond, "1 and 2 units of backoff")
	}

	// What did not finish joins nothing, and is not joined.
	_, err = e.platform().Up(t.Context(), "stg", automation.UpOptions{})
	require.ErrorIs(t, err, automation.ErrRefused)
	assert.ErrorContains(t, err, "stg joins the cluster of dev, which is not up")
	assert.False(t, completes(t, e).Pending)
}

func TestAnUpdateThatIsKilledIsResumed(t *testing.T) {
	t.Parallel()
	ctx, kill := context.WithCancel(t.Context())
	gone := make(chan struct{})
	e := open(t, nil, rehearsal.Options{Faults: []rehearsal.Fault{
		{Type: natType, Operation: rehearsal.Create, Kind: rehearsal.FaultKill, Kill: func() { kill(); <-gone }},
	}})
	// The engine is interrupted and, a moment later, killed: it can neither finish nor let go of its lock. One operation
	// at a time, so that it is the NAT gateway which nobody knows the end of.
	killed := *e.cli
	killed.Grace = time.Millisecond
	p, err := automation.New(automation.Options{ProjectDir: e.dir, Cloud: e.cloud, Command: &killed})
	require.NoError(t, err)
	_, err = p.Up(ctx, "dev", automation.UpOptions{Parallel: 1})
	close(gone)
	require.ErrorIs(t, err, automation.ErrCancelled)

	_, err = e.platform().Up(t.Context(), "dev", automation.UpOptions{})
	require.ErrorIs(t, err, automation.ErrLocked)
	_, lock, found := strings.Cut(err.Error(), "or, if that process is gone, remove ")
	require.True(t, found, "%v", err)
	require.DirExists(t, lock)
	require.NoError(t, os.RemoveAll(lock))

	r := completes(t, e)
	assert.True(t, r.Pending, "the end of one operation is not known")
}
