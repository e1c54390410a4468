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
	out := operations{t: e.t}
	for _, op := range e.cloud.Cloud().Timeline() {
		if op.Kind == kind && op.Err == nil && strings.HasPrefix(op.URN, "urn:pulumi:"+stack+"::") {
			out.all = append(out.all, op)
		}
	}
	require.NotEmpty(e.t, out.all)
	return out
}

// of returns the operations on the resources whose type and name, joined by a space, hold each of the parts.
func (o operations) of(parts ...string) operations {
	o.t.Helper()
	out := operations{t: o.t}
	for _, op := range o.all {
		text, all := op.Type+" "+op.URN[strings.LastIndex(op.URN, "::")+2:], true
		for _, p := range parts {
			all = all && strings.Contains(text, p)
		}
		if all {
			out.all = append(out.all, op)
		}
	}
	require.NotEmpty(o.t, out.all, "nothing was done to %v", parts)
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

const (
	clusterToken   = "aws:eks/cluster:Cluster "
	nodeGroupToken = "aws:eks/nodeGroup:NodeGroup "
	addonToken     = "aws:eks/addon:Addon "
	natToken       = "aws:ec2/natGateway:NatGateway "
	endpointToken  = "aws:ec2/vpcEndpoint:VpcEndpoint "
	routeToken     = "aws:ec2/route:Route "
)

func upInOrder(t *testing.T, e *estate) {
	for _, stack := range []string{"dev", "prod"} {
		made := e.operationsOn(stack, rehearsal.Create)
		nodes := made.of(nodeGroupToken)
		for _, addon := range []string{"vpc-cni", "kube-proxy", "eks-pod-identity-agent"} {
			made.of(addonToken, addon).before(nodes, stack+": nodes must find "+addon)
		}
		made.of(routeToken, "private-default").before(nodes, stack+": nodes must find their way out")
		made.of(endpointToken).before(nodes, stack+": nodes must find the endpoints")
		for _, addon := range []string{"coredns", "metrics-server", "aws-ebs-csi-driver", "eks-node-monitoring-agent"} {
			made.of(nodeGroupToken, "-system-nodes").before(made.of(addonToken, addon), stack+": "+addon+" needs a node")
		}
		cluster := made.of(clusterToken).begin()
		assert.True(t, cluster.Before(made.of(natToken).begin()), "%s: a NAT gateway takes a slot from the cluster", stack)
		assert.True(t, cluster.Before(made.of(endpointToken).begin()), "%s: an endpoint takes a slot from the cluster", stack)
	}
}

func downInOrder(t *testing.T, e *estate) {
	for _, stack := range []string{"dev", "prod"} {
		gone := e.operationsOn(stack, rehearsal.Delete)
		nodes := gone.of(nodeGroupToken)
		nodes.before(gone.of(natToken), stack+": nodes drain through NAT")
		nodes.before(gone.of(routeToken, "private-default"), stack+": nodes drain through their routes")
		nodes.before(gone.of(endpointToken), stack+": nodes drain through endpoints")
		nodes.before(gone.of(addonToken, "vpc-cni"), stack+": nodes need the CNI to the end")
		gone.of(addonToken, "coredns").before(gone.of(nodeGroupToken, "-system-nodes"), stack+": coredns goes before its nodes")
		gone.of(addonToken, "vpc-cni").before(gone.of(clusterToken), stack+": the cluster goes last")
	}
}
