package cluster_test

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
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/cluster"
	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// live is a cluster on the rehearsal cloud, through the real engine.
type live struct {
	t     *testing.T
	cloud *rehearsal.Cloud
	stack auto.Stack
}

// start makes a stack whose program builds a cluster, with two subnets and the principals of its entries.
func start(t *testing.T, args *cluster.Args) *live {
	t.Helper()
	cloud, err := rehearsal.Open(rehearsal.Options{Account: args.AccountID, Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	endpoint, err := cloud.Serve(context.Background())
	require.NoError(t, err)
	t.Cleanup(endpoint.Close)
	program := func(ctx *pulumi.Context) error { return estate(ctx, args) }
	return &live{t: t, cloud: cloud, stack: clitest.NewStack(t, "dev", "cluster-test", program, endpoint.Env())}
}

func estate(ctx *pulumi.Context, args *cluster.Args) error {
	p, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String(args.Region)})
	if err != nil {
		return err
	}
	for _, e := range args.Access {
		_, path, _ := strings.Cut(e.PrincipalARN, ":role")
		name := path[strings.LastIndex(path, "/")+1:]
		if _, err := iam.NewRole(ctx, e.Name, &iam.RoleArgs{
			Name: pulumi.String(name), Path: pulumi.String(strings.TrimSuffix(path, name)),
			AssumeRolePolicy: pulumi.String(iamdoc.ServiceTrust("ec2.amazonaws.com").JSON()),
		}, pulumi.Provider(p)); err != nil {
			return err
		}
	}
	vpc, err := ec2.NewVpc(ctx, "vpc", &ec2.VpcArgs{
		CidrBlock: pulumi.String(args.VPCCIDRs[0]), EnableDnsHostnames: pulumi.Bool(true),
	}, pulumi.Provider(p))
	if err != nil {
		return err
	}
	subnets := pulumi.StringArray{}
	for _, s := range [][2]string{{"a", "10.0.0.0/28"}, {"b", "10.0.0.16/28"}} {
		subnet, err := ec2.NewSubnet(ctx, s[0], &ec2.SubnetArgs{
			VpcId: vpc.ID(), CidrBlock: pulumi.String(s[1]), AvailabilityZone: pulumi.String(args.Region + s[0]),
		}, pulumi.Provider(p))
		if err != nil {
			return err
		}
		subnets = append(subnets, subnet.ID().ToStringOutput())
	}
	now := *args
	now.VPCID, now.SubnetIDs = vpc.ID(), subnets
	c, err := cluster.New(ctx, "nonprod", &now, pulumi.Providers(p))
	if err != nil {
		return err
	}
	return c.Grant(ctx)
}

// changes collects the operations of a run by resource, without what stays the same.
func changes(stream <-chan events.EngineEvent) func() []string {
	var out []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range stream {
			if p := e.ResourcePreEvent; p != nil && p.Metadata.Op != "same" {
				out = append(out, string(p.Metadata.Op)+" "+p.Metadata.URN[strings.LastIndex(p.Metadata.URN, ":")+1:])
			}
		}
	}()
	return func() []string { <-done; return out }
}

func (l *live) preview() []string {
	l.t.Helper()
	stream := make(chan events.EngineEvent)
	wait := changes(stream)
	_, err := l.stack.Preview(l.t.Context(), optpreview.EventStreams(stream), optpreview.ProgressStreams(io.Discard))
	require.NoError(l.t, err)
	return wait()
}

func (l *live) up() []string {
	l.t.Helper()
	stream := make(chan events.EngineEvent)
	wait := changes(stream)
	_, err := l.stack.Up(l.t.Context(), optup.EventStreams(stream), optup.ProgressStreams(io.Discard))
	require.NoError(l.t, err)
	return wait()
}

// attributes returns what the cloud holds of the only resource of a type whose id has a part.
func (l *live) attributes(token, part string) map[string]any {
	l.t.Helper()
	all, err := l.cloud.Objects()
	require.NoError(l.t, err)
	for _, o := range all {
		if o.Type == token && strings.Contains(o.ID, part) {
			return o.Attributes
		}
	}
	l.t.Fatalf("the cloud has no %s with %s in its id", token, part)
	return nil
}

// TestAClusterLivesThroughChangesOnARealEngine holds what mocks cannot tell: diffs, replacements, protection.
func TestAClusterLivesThroughChangesOnARealEngine(t *testing.T) {
	args := arguments()
	args.Logs.KMS = true
	args.VPCCIDRs = []string{"10.0.0.0/16"}
	l := start(t, args)
	l.up()
	assert.Empty(t, l.preview(), "the second preview is empty")

	args.Logs.Types = []cluster.LogType{cluster.LogAudit}
	assert.Equal(t, []string{"update nonprod-cluster"}, l.preview(), "a change of log types is one update")

	// The replacement has the identity of what it replaces: in the other order it would be gone afterwards.
	args.Access[1].Policies[0].Namespaces = []string{"team-b"}
	args.Access[1].KubernetesGroups = nil
	assert.Contains(t, l.up(), "create-replacement nonprod-access-team-a-AmazonEKSEditPolicy")
	scope := l.attributes(associationType, "AmazonEKSEditPolicy")["accessScope"]
	assert.Equal(t, map[string]any{"type": "namespace", "namespaces": []any{"team-b"}}, scope)
	assert.Empty(t, l.attributes(entryType, "role/teams/a")["kubernetesGroups"], "groups that leave the file leave the cluster")
	assert.Empty(t, l.preview())

	_, err := l.stack.Destroy(t.Context(), optdestroy.ProgressStreams(io.Discard))
	require.ErrorContains(t, err, "protected")
	off := false
	args.Protect = &off
	l.up()

	kept := args.SecretsKeyARN
	args.SecretsKeyARN = "arn:aws:kms:eu-west-1:111111111111:key/0a1b2c3d-0000-4000-8000-000000000000"
	assert.Subset(t, l.preview(), []string{"replace nonprod-cluster", "delete nonprod-secrets"}, "no cluster moves to another key")
	args.SecretsKeyARN = kept

	args.VPCCIDRs = []string{"10.0.0.0/17"}
	assert.Subset(t, l.up(), []string{"replace vpc", "replace nonprod-cluster"}, "no cluster moves to another VPC")
	assert.Empty(t, l.preview())
	_, err = l.stack.Destroy(t.Context(), optdestroy.ProgressStreams(io.Discard))
	require.NoError(t, err)
	left, err := l.cloud.Objects()
	require.NoError(t, err)
	assert.Empty(t, left)
}
