package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// operations are what the cloud was asked to do with one stack.
type operations struct {
	t   *testing.T
	all []rehearsal.Operation
}

// operationsOn returns the operations of one kind on a stack that the cloud has carried out, none of which may be
// missing.
func (e *estate) operationsOn(stack string, kind rehearsal.Kind) operations {
	e.t.Helper()
	return operationsIn(e.t, e.cloud.Cloud().Timeline(), stack, kind)
}

func operationsIn(t *testing.T, timeline []rehearsal.Operation, stack string, kind rehearsal.Kind) operations {
	t.Helper()
	out := operations{t: t}
	for _, op := range timeline {
		if op.Kind == kind && op.Err == nil && strings.HasPrefix(op.URN, "urn:pulumi:"+stack+"::") {
			out.all = append(out.all, op)
		}
	}
	require.NotEmpty(t, out.all)
	return out
}

// of returns the operations on the resources of a type whose names hold a text.
func (o operations) of(typ string, in ...string) operations {
	o.t.Helper()
	out := operations{t: o.t}
	for _, op := range o.all {
		if op.Type == typ && strings.Contains(op.URN[strings.LastIndex(op.URN, "::"):], strings.Join(in, "")) {
			out.all = append(out.all, op)
		}
	}
	require.NotEmpty(o.t, out.all, "nothing was done to %s %v", typ, in)
	return out
}

// begin is when the first of the operations was asked for; end is when the last was done.
func (o operations) begin() time.Time {
	first := o.all[0].Start
	for _, op := range o.all {
		if op.Start.Before(first) {
			first = op.Start
		}
	}
	return first
}

func (o operations) end() time.Time {
	last := o.all[0].End
	for _, op := range o.all {
		if op.End.After(last) {
			last = op.End
		}
	}
	return last
}

// before checks that all of some operations were done before the first of others began.
func (o operations) before(others operations, why string) {
	o.t.Helper()
	assert.True(o.t, o.end().Before(others.begin()), why)
}

// The types that these tests look for.
const (
	accessType      = "aws:eks/accessEntry:AccessEntry"
	accountObject   = "kubernetes:core/v1:ServiceAccount"
	addonType       = "aws:eks/addon:Addon"
	clusterType     = "aws:eks/cluster:Cluster"
	endpointType    = "aws:ec2/vpcEndpoint:VpcEndpoint"
	natType         = "aws:ec2/natGateway:NatGateway"
	nodeGroupType   = "aws:eks/nodeGroup:NodeGroup"
	routeType       = "aws:ec2/route:Route"
	subnetType      = "aws:ec2/subnet:Subnet"
	templateType    = "aws:ec2/launchTemplate:LaunchTemplate"
	associationType = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
	limitsObject    = "kubernetes:core/v1:LimitRange"
	namespaceObject = "kubernetes:core/v1:Namespace"
	policyObject    = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	quotaObject     = "kubernetes:core/v1:ResourceQuota"
	roleBindingType = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
	releaseType     = "kubernetes:helm.sh/v3:Release"
	roleType        = "aws:iam/role:Role"
)

// slow makes what nodes need take a while: what does not wait for it overtakes it.
type slow struct{}

// Of returns how long an operation takes.
func (slow) Of(op rehearsal.Operation) time.Duration {
	if op.Kind == rehearsal.Create && (op.Type == natType || op.Type == endpointType || op.Type == addonType || op.Type == accessType) {
		return 250 * time.Millisecond
	}
	return 0
}

func upInOrder(t *testing.T, timeline []rehearsal.Operation) {
	for _, stack := range []string{"dev", "prod"} {
		made := operationsIn(t, timeline, stack, rehearsal.Create)
		nodes := made.of(nodeGroupType)
		for _, addon := range []string{"vpc-cni", "kube-proxy", "eks-pod-identity-agent"} {
			made.of(addonType, addon).before(nodes, stack+": nodes must find "+addon)
		}
		made.of(routeType, "private-default").before(nodes, stack+": nodes must find their way out")
		made.of(endpointType).before(nodes, stack+": nodes must find the endpoints")
		for _, addon := range []string{"coredns", "metrics-server", "aws-ebs-csi-driver", "eks-node-monitoring-agent"} {
			made.of(nodeGroupType, "-system-nodes").before(made.of(addonType, addon), stack+": "+addon+" needs a node")
		}
		made.of(accessType, map[string]string{"dev": "nonprod", "prod": "prod"}[stack]+"-access-platform-admins").before(made.of(namespaceObject), stack+": before, nobody may make a namespace")
		made.of(nodeGroupType, "-system-nodes").before(made.of(releaseType), stack+": the pods of charts need a node")
		cluster := made.of(clusterType).begin()
		assert.True(t, cluster.Before(made.of(natType).begin()), "%s: a NAT gateway takes a slot from the cluster", stack)
		assert.True(t, cluster.Before(made.of(endpointType).begin()), "%s: an endpoint takes a slot from the cluster", stack)
	}
}

// The order of deletions is the engine's: it deletes in layers, by the depth of dependencies, so that it is right by
// accident as long as nothing else is deep. That node groups depend on what they need is among the rules.
func downInOrder(t *testing.T, e *estate) {
	for _, stack := range []string{"dev", "prod"} {
		gone := e.operationsOn(stack, rehearsal.Delete)
		nodes := gone.of(nodeGroupType)
		nodes.before(gone.of(natType), stack+": nodes drain through NAT")
		nodes.before(gone.of(routeType, "private-default"), stack+": nodes drain through their routes")
		nodes.before(gone.of(endpointType), stack+": nodes drain through endpoints")
		nodes.before(gone.of(addonType, "vpc-cni"), stack+": nodes need the CNI to the end")
		gone.of(addonType, "coredns").before(gone.of(nodeGroupType, "-system-nodes"), stack+": coredns goes before its nodes")
		gone.of(addonType, "vpc-cni").before(gone.of(clusterType), stack+": the cluster goes last")
	}
}
