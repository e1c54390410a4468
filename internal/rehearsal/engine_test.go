package rehearsal_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const account = "111122223333"

var here = cloud.Scope{Account: account, Region: "eu-central-1"}

// stack is one stack of an inline program on the real engine.
type stack struct {
	t     *testing.T
	stack auto.Stack
}

// newStack makes a stack on a cloud; its state lies in a directory of the test.
func newStack(t *testing.T, c *rehearsal.Cloud, name string, program pulumi.RunFunc) *stack {
	t.Helper()
	endpoint, err := c.Serve(context.Background())
	require.NoError(t, err)
	t.Cleanup(endpoint.Close)
	return &stack{t: t, stack: clitest.NewStack(t, name, "rehearsal-test", program, endpoint.Env())}
}

func (s *stack) program(p pulumi.RunFunc) { s.stack.Workspace().SetProgram(p) }

// changes collects what a preview or update does: operation by URN's name, without what stays the same.
func changes(stream <-chan events.EngineEvent) func() map[string]apitype.OpType {
	out := map[string]apitype.OpType{}
	note := func(m apitype.StepEventMetadata) {
		if m.Op != apitype.OpSame && m.Op != apitype.OpRefresh && m.Type != "pulumi:pulumi:Stack" {
			out[m.URN[strings.LastIndex(m.URN, ":")+1:]] = m.Op
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range stream {
			if p := e.ResourcePreEvent; p != nil {
				note(p.Metadata)
			}
			// A refresh says what it found when it has.
			if p := e.ResOutputsEvent; p != nil && p.Metadata.Op == apitype.OpUpdate {
				note(p.Metadata)
			}
		}
	}()
	return func() map[string]apitype.OpType { <-done; return out }
}

func (s *stack) preview() map[string]apitype.OpType {
	s.t.Helper()
	stream := make(chan events.EngineEvent)
	wait := changes(stream)
	_, err := s.stack.Preview(s.t.Context(), optpreview.EventStreams(stream), optpreview.SuppressProgress(), optpreview.ProgressStreams(io.Discard))
	require.NoError(s.t, err)
	return wait()
}

func (s *stack) up() map[string]apitype.OpType {
	s.t.Helper()
	stream := make(chan events.EngineEvent)
	wait := changes(stream)
	_, err := s.stack.Up(s.t.Context(), optup.EventStreams(stream), optup.SuppressProgress(), optup.ProgressStreams(io.Discard))
	require.NoError(s.t, err)
	return wait()
}

func (s *stack) refresh() map[string]apitype.OpType {
	s.t.Helper()
	stream := make(chan events.EngineEvent)
	wait := changes(stream)
	_, err := s.stack.Refresh(s.t.Context(), optrefresh.EventStreams(stream), optrefresh.ProgressStreams(io.Discard))
	require.NoError(s.t, err)
	return wait()
}

func (s *stack) destroy() {
	s.t.Helper()
	_, err := s.stack.Destroy(s.t.Context(), optdestroy.ProgressStreams(io.Discard))
	require.NoError(s.t, err)
}

func openCloud(t *testing.T, o rehearsal.Options) *rehearsal.Cloud {
	t.Helper()
	o.Dir = t.TempDir()
	c, err := rehearsal.Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

// site is what the test program builds; its fields are what tests change.
type site struct {
	vpcCIDR string
	dns     bool
	owner   string
	trust   string
}

func (s site) program(ctx *pulumi.Context) error {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region: pulumi.String(here.Region), AllowedAccountIds: pulumi.ToStringArray([]string{account}),
		DefaultTags: aws.ProviderDefaultTagsArgs{Tags: pulumi.StringMap{"owner": pulumi.String(s.owner)}},
		IgnoreTags:  aws.ProviderIgnoreTagsArgs{KeyPrefixes: pulumi.ToStringArray([]string{"kubernetes.io/"})},
	})
	if err != nil {
		return err
	}
	vpc, err := ec2.NewVpc(ctx, "vpc", &ec2.VpcArgs{
		CidrBlock: pulumi.String(s.vpcCIDR), EnableDnsHostnames: pulumi.Bool(s.dns), Tags: pulumi.StringMap{"Name": pulumi.String("site")},
	}, pulumi.Provider(provider))
	if err != nil {
		return err
	}
	if _, err := ec2.NewSubnet(ctx, "subnet", &ec2.SubnetArgs{
		VpcId: vpc.ID(), CidrBlock: pulumi.String(s.vpcCIDR[:len(s.vpcCIDR)-2] + "24"), AvailabilityZone: pulumi.String(here.Region + "a"),
	}, pulumi.Provider(provider)); err != nil {
		return err
	}
	_, err = iam.NewRole(ctx, "role", &iam.RoleArgs{AssumeRolePolicy: pulumi.String(s.trust)}, pulumi.Provider(provider))
	return err
}

const (
	trust      = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole"],"Principal":{"Service":"ec2.amazonaws.com"}}]}`
	sameTrust  = `{"Statement":{"Principal":{"Service":["ec2.amazonaws.com"]},"Action":"sts:AssumeRole","Effect":"Allow"}, "Version":"2012-10-17"}`
	otherTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole"],"Principal":{"Service":"eks.amazonaws.com"}}]}`
)

func objectOf(t *testing.T, c *rehearsal.Cloud, typ string) *cloud.Object {
	t.Helper()
	all, err := c.Objects()
	require.NoError(t, err)
	for _, o := range all {
		if o.Type == typ {
			return o
		}
	}
	t.Fatalf("no %s exists", typ)
	return nil
}

// TestAStackComesUpStaysAsItIsDriftsAndGoes runs a program through its life on the real engine.
func TestAStackComesUpStaysAsItIsDriftsAndGoes(t *testing.T) {
	c := openCloud(t, rehearsal.Options{Account: account})
	now := site{vpcCIDR: "10.0.0.0/16", dns: true, owner: "platform", trust: trust}
	s := newStack(t, c, "dev", now.program)

	assert.Len(t, s.preview(), 4)
	before, err := c.Objects()
	require.NoError(t, err)
	require.Empty(t, before, "a preview touches nothing")

	s.up()
	assert.Empty(t, s.preview(), "the second preview is empty")
	vpc := objectOf(t, c, "aws:ec2/vpc:Vpc")
	assert.Equal(t, map[string]any{"Name": "site", "owner": "platform"}, vpc.Attributes["tags"], "default tags reach the cloud")

	now.trust = sameTrust
	s.program(now.program)
	assert.Empty(t, s.preview(), "a policy that says the same is no change")

	now.dns, now.owner = false, "other"
	s.program(now.program)
	assert.Equal(t, map[string]apitype.OpType{
		"aws": apitype.OpUpdate, "vpc": apitype.OpUpdate, "subnet": apitype.OpUpdate, "role": apitype.OpUpdate,
	}, s.preview(), "default tags show on every resource that has tags")
	s.up()
	assert.Empty(t, s.preview())

	replaced := now
	replaced.vpcCIDR = "10.1.0.0/16"
	s.program(replaced.program)
	assert.Equal(t, map[string]apitype.OpType{"vpc": apitype.OpDeleteReplaced, "subnet": apitype.OpDeleteReplaced}, s.preview(),
		"another CIDR replaces the VPC and what is in it")
	s.program(now.program)

	// Someone turns DNS names on, and EKS tags the VPC.
	require.NoError(t, c.Change(here, vpc.Type, vpc.ID, func(a cloud.Attributes) {
		a["enableDnsHostnames"] = true
		a["tags"].(map[string]any)["kubernetes.io/cluster/dev"] = "shared"
	}))
	assert.Equal(t, map[string]apitype.OpType{"vpc": apitype.OpUpdate}, s.refresh())
	assert.Equal(t, map[string]apitype.OpType{"vpc": apitype.OpUpdate}, s.preview(), "drift is put right")
	s.up()
	healed := objectOf(t, c, vpc.Type)
	assert.Equal(t, false, healed.Attributes["enableDnsHostnames"])
	assert.Equal(t, "shared", healed.Attributes["tags"].(map[string]any)["kubernetes.io/cluster/dev"], "tags of others stay")

	subnet := objectOf(t, c, "aws:ec2/subnet:Subnet")
	require.NoError(t, c.Remove(here, subnet.Type, subnet.ID))
	s.refresh()
	assert.Equal(t, map[string]apitype.OpType{"subnet": apitype.OpCreate}, s.preview(), "what is gone comes back")
	s.up()

	s.destroy()
	left, err := c.Objects()
	require.NoError(t, err)
	assert.Empty(t, left, "destroy leaves nothing")
}

// TestIgnoredChangesStayIgnoredAcrossDrift leaves one property to someone else.
func TestIgnoredChangesStayIgnoredAcrossDrift(t *testing.T) {
	c := openCloud(t, rehearsal.Options{})
	program := func(dns bool) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String(here.Region)})
			if err != nil {
				return err
			}
			_, err = ec2.NewVpc(ctx, "vpc", &ec2.VpcArgs{
				CidrBlock: pulumi.String("10.0.0.0/16"), EnableDnsHostnames: pulumi.Bool(dns),
			}, pulumi.Provider(provider), pulumi.IgnoreChanges([]string{"enableDnsHostnames"}))
			return err
		}
	}
	s := newStack(t, c, "dev", program(false))
	s.up()
	s.program(program(true))
	assert.Empty(t, s.preview(), "the program's own change is ignored")
	vpc := objectOf(t, c, "aws:ec2/vpc:Vpc")
	require.NoError(t, c.Change(here, vpc.Type, vpc.ID, func(a cloud.Attributes) { a["enableDnsHostnames"] = true }))
	s.program(program(false))
	s.refresh()
	assert.Empty(t, s.preview(), "and so is someone else's")
}

func TestAStackInAnotherAccountIsRefused(t *testing.T) {
	c := openCloud(t, rehearsal.Options{Account: "444455556666"})
	s := newStack(t, c, "dev", site{vpcCIDR: "10.0.0.0/16", owner: "platform", trust: trust}.program)
	_, err := s.stack.Preview(t.Context(), optpreview.ProgressStreams(io.Discard))
	assert.ErrorContains(t, err, "AWS account ID not allowed: 444455556666")
}

// TestTwoEnginesAtOnceKeepTheirOwnRegions runs two stacks of different regions on one cloud at the same time.
func TestTwoEnginesAtOnceKeepTheirOwnRegions(t *testing.T) {
	c := openCloud(t, rehearsal.Options{})
	regions := []string{"eu-central-1", "eu-west-1"}
	failed := make(chan error, len(regions))
	for _, region := range regions {
		program := func(ctx *pulumi.Context) error {
			provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String(region)})
			if err != nil {
				return err
			}
			_, err = ec2.NewVpc(ctx, "vpc", &ec2.VpcArgs{CidrBlock: pulumi.String("10.0.0.0/16")}, pulumi.Provider(provider))
			return err
		}
		s := newStack(t, c, region, program)
		go func() {
			_, err := s.stack.Up(context.Background(), optup.ProgressStreams(io.Discard))
			failed <- err
		}()
	}
	for range regions {
		require.NoError(t, <-failed)
	}
	all, err := c.Objects()
	require.NoError(t, err)
	found := map[string]int{}
	for _, o := range all {
		if o.Type == "aws:ec2/vpc:Vpc" {
			found[o.Scope.Region]++
		}
	}
	assert.Equal(t, map[string]int{"eu-central-1": 1, "eu-west-1": 1}, found)
}
