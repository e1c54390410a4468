package rehearsal_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

const (
	queueType = "aws:sqs/queue:Queue"
	topicType = "aws:sns/topic:Topic"
)

// client talks to a cloud's AWS provider as an engine does.
type client struct {
	t *testing.T
	pulumirpc.ResourceProviderClient
}

func newClient(t *testing.T, c *rehearsal.Cloud, region string) client {
	t.Helper()
	endpoint, err := c.Serve(t.Context())
	require.NoError(t, err)
	t.Cleanup(endpoint.Close)
	return attach(t, endpoint, region)
}

func attach(t *testing.T, e *rehearsal.Endpoint, region string) client {
	t.Helper()
	out := dial(t, e, "aws")
	_, err := out.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: out.wire(map[string]any{"region": region})})
	require.NoError(t, err)
	return out
}

// dial connects to the provider of a package.
func dial(t *testing.T, e *rehearsal.Endpoint, name string) client {
	t.Helper()
	for p := range strings.SplitSeq(e.Env()["PULUMI_DEBUG_PROVIDERS"], ",") {
		port, found := strings.CutPrefix(p, name+":")
		if !found {
			continue
		}
		conn, err := grpc.NewClient("127.0.0.1:"+port, grpc.WithTransportCredentials(insecure.NewCredentials()))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return client{t, pulumirpc.NewResourceProviderClient(conn)}
	}
	t.Fatalf("the endpoint serves no provider %s", name)
	return client{}
}

func (c client) wire(m map[string]any) *structpb.Struct {
	c.t.Helper()
	s, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(m), plugin.MarshalOptions{})
	require.NoError(c.t, err)
	return s
}

func (c client) create(typ, name string) (string, error) {
	r, err := c.Create(c.t.Context(), &pulumirpc.CreateRequest{
		Urn: "urn:pulumi:dev::test::" + typ + "::" + name, Properties: c.wire(map[string]any{"name": name}),
	})
	return r.GetId(), err
}

func ids(t *testing.T, c *rehearsal.Cloud) []string {
	t.Helper()
	all, err := c.Objects()
	require.NoError(t, err)
	out := []string{}
	for _, o := range all {
		out = append(out, o.Scope.Region+" "+o.ID)
	}
	return out
}

func TestInstancesOfOneEngineKeepTheirOwnRegions(t *testing.T) {
	t.Parallel()
	c := openCloud(t, rehearsal.Options{})
	endpoint, err := c.Serve(t.Context())
	require.NoError(t, err)
	t.Cleanup(endpoint.Close)
	first, second := attach(t, endpoint, "eu-central-1"), attach(t, endpoint, "eu-west-1")
	for _, p := range []client{first, second} {
		_, err := p.create("aws:ec2/placementGroup:PlacementGroup", "same")
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"eu-central-1 same", "eu-west-1 same"}, ids(t, c))
}

func TestFaultsStrikeWhereAndAsOftenAsTheySay(t *testing.T) {
	t.Parallel()
	killed := 0
	c := openCloud(t, rehearsal.Options{Faults: []rehearsal.Fault{
		{Type: queueType, URN: "::first", Operation: rehearsal.Create, Message: "api error Boom: no"},
		{Type: topicType, Kind: rehearsal.FaultKill, Kill: func() { killed++ }, After: true},
	}})
	p := newClient(t, c, here.Region)
	_, err := p.create(queueType, "first")
	assert.ErrorContains(t, err, "api error Boom: no")
	assert.Empty(t, ids(t, c), "nothing has happened")
	_, err = p.create(queueType, "second")
	assert.NoError(t, err)
	_, err = p.create(queueType, "first")
	assert.NoError(t, err, "it struck once")

	_, err = p.create(topicType, "lost")
	assert.Error(t, err)
	assert.Equal(t, 1, killed)
	assert.Len(t, ids(t, c), 3, "the cloud has done it, only the answer is lost")
}

func TestThrottlingTakesTimeAndSucceeds(t *testing.T) {
	t.Parallel()
	c := openCloud(t, rehearsal.Options{Faults: []rehearsal.Fault{{Kind: rehearsal.FaultThrottle, Times: 3, Unit: 10 * time.Millisecond}}})
	p := newClient(t, c, here.Region)
	start := time.Now()
	_, err := p.create(queueType, "q")
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(start), 70*time.Millisecond, "1 + 2 + 4 units")
}

// slow makes every creation take as long as it says.
type slow time.Duration

func (s slow) Of(op rehearsal.Operation) time.Duration {
	if op.Kind == rehearsal.Create {
		return time.Duration(s)
	}
	return 0
}

func TestTheTimelineSaysWhatTookHowLong(t *testing.T) {
	t.Parallel()
	c := openCloud(t, rehearsal.Options{Latency: slow(30 * time.Millisecond)})
	p := newClient(t, c, here.Region)
	id, err := p.create(queueType, "q")
	require.NoError(t, err)
	_, err = p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: "urn:pulumi:dev::test::" + queueType + "::q", Preview: true})
	require.NoError(t, err)
	_, err = p.create(queueType, "q")
	require.ErrorContains(t, err, "exists already")

	run := c.Timeline()
	require.Len(t, run, 2, "a preview is no operation")
	assert.Equal(t, rehearsal.Create, run[0].Kind)
	assert.Equal(t, queueType, run[0].Type)
	assert.Equal(t, id, run[0].ID)
	assert.GreaterOrEqual(t, run[0].End.Sub(run[0].Start), 30*time.Millisecond)
	assert.ErrorContains(t, run[1].Err, "exists already")
	c.ForgetTimeline()
	assert.Empty(t, c.Timeline())
}

func TestCancelingEndsWhatWaits(t *testing.T) {
	t.Parallel()
	c := openCloud(t, rehearsal.Options{Latency: slow(time.Hour)})
	p := newClient(t, c, here.Region)
	ended := make(chan error, 1)
	go func() {
		_, err := p.create(queueType, "q")
		ended <- err
	}()
	for len(ended) == 0 {
		_, err := p.Cancel(context.Background(), &emptypb.Empty{})
		require.NoError(t, err)
		time.Sleep(time.Millisecond)
	}
	assert.ErrorContains(t, <-ended, "canceled")
	assert.Empty(t, ids(t, c))
}

// An engine cancels a provider when it deletes that one's resource, while others are at work.
func TestCancelingOneProviderLeavesTheOthersAtWork(t *testing.T) {
	t.Parallel()
	c := openCloud(t, rehearsal.Options{Latency: slow(200 * time.Millisecond)})
	e, err := c.Serve(t.Context())
	require.NoError(t, err)
	t.Cleanup(e.Close)
	p := attach(t, e, here.Region)
	_, err = dial(t, e, "kubernetes").Cancel(t.Context(), &emptypb.Empty{})
	require.NoError(t, err)
	_, err = p.create(queueType, "q")
	require.NoError(t, err)
	assert.Len(t, ids(t, c), 1)
}

func TestACloudOutlivesItsProcessUntilItIsReset(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, err := rehearsal.Open(rehearsal.Options{Dir: dir})
	require.NoError(t, err)
	_, err = newClient(t, c, here.Region).create(queueType, "q")
	require.NoError(t, err)
	require.NoError(t, c.Close())

	c, err = rehearsal.Open(rehearsal.Options{Dir: dir})
	require.NoError(t, err)
	defer c.Close()
	assert.Len(t, ids(t, c), 1)
	assert.ErrorContains(t, c.Remove(here, queueType, "other"), "no aws:sqs/queue:Queue other")
	require.NoError(t, c.Reset())
	assert.Empty(t, ids(t, c))
}
