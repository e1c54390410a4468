package latency_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/rehearsal"
	"github.com/eks-platform/eks-platform/internal/rehearsal/latency"
)

const (
	cluster    = "aws:eks/cluster:Cluster"
	nodeGroup  = "aws:eks/nodeGroup:NodeGroup"
	addon      = "aws:eks/addon:Addon"
	role       = "aws:iam/role:Role"
	attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	nat        = "aws:ec2/natGateway:NatGateway"
	subnet     = "aws:ec2/subnet:Subnet"
)

var epoch = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

func urn(typ, name string) string { return "urn:pulumi:prod::eks-platform::" + typ + "::" + name }

// minutes turns minutes into a duration.
func minutes(m float64) time.Duration { return time.Duration(m * float64(time.Minute)) }

// at is an operation from one minute to another.
func at(kind rehearsal.Kind, typ, name string, start, end float64) rehearsal.Operation {
	return rehearsal.Operation{
		URN: urn(typ, name), Type: typ, Kind: kind, Start: epoch.Add(minutes(start)), End: epoch.Add(minutes(end)),
	}
}

// references makes a need of each pair of URNs.
func references(pairs ...[2]string) []latency.Need {
	var out []latency.Need
	for _, p := range pairs {
		out = append(out, latency.Need{URN: p[0], AnyOf: []string{p[1]}})
	}
	return out
}

// resource is a resource as it stands in a state: computed values are outputs only.
func resource(typ, name, id string, inputs, computed map[string]any) latency.Resource {
	outputs := map[string]any{}
	maps.Copy(outputs, inputs)
	maps.Copy(outputs, computed)
	return latency.Resource{URN: urn(typ, name), Type: typ, ID: id, Inputs: inputs, Outputs: outputs}
}

// platform is the smallest cluster that runs DNS.
func platform() []latency.Resource {
	type m = map[string]any
	arn := func(name string) string { return "arn:aws:iam::111122223333:role/" + name }
	return []latency.Resource{
		resource(role, "control-plane", "cp-1", m{"name": "cp-1"}, m{"arn": arn("cp-1")}),
		resource(attachment, "control-plane", "cp-1-x", m{"role": "cp-1", "policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"}, nil),
		resource(role, "node", "node-1", m{"name": "node-1"}, m{"arn": arn("node-1")}),
		resource(attachment, "node", "node-1-x", m{"role": "node-1"}, nil),
		resource(cluster, "prod", "prod", m{"name": "prod", "roleArn": arn("cp-1")}, m{"arn": "arn:aws:eks:::cluster/prod"}),
		resource(addon, "cni", "prod:vpc-cni", m{"addonName": "vpc-cni", "clusterName": "prod"}, nil),
		resource(nodeGroup, "system", "prod:system", m{"clusterName": "prod", "nodeRoleArn": arn("node-1")}, nil),
		resource(addon, "coredns", "prod:coredns", m{"addonName": "coredns", "clusterName": "prod"}, nil),
	}
}

// imposed is what AWS imposes on resources.
func imposed(resources []latency.Resource) []latency.Need {
	return append(latency.References(resources), latency.Rules(resources)...)
}

// firstUp is the platform's first update on as many slots as it likes.
func firstUp() []rehearsal.Operation {
	return []rehearsal.Operation{
		at(rehearsal.Create, role, "control-plane", 0, 0.1), at(rehearsal.Create, role, "node", 0, 0.1),
		at(rehearsal.Create, attachment, "control-plane", 0.1, 0.2), at(rehearsal.Create, attachment, "node", 0.1, 0.2),
		at(rehearsal.Create, cluster, "prod", 0.2, 9.2), at(rehearsal.Create, addon, "cni", 9.2, 9.95),
		at(rehearsal.Create, nodeGroup, "system", 9.95, 12.95), at(rehearsal.Create, addon, "coredns", 12.95, 13.7),
	}
}

// engineDependencies are the platform's dependencies as an engine has them.
func engineDependencies() map[string][]string {
	return map[string][]string{
		urn(attachment, "control-plane"): {urn(role, "control-plane")},
		urn(attachment, "node"):          {urn(role, "node")},
		urn(cluster, "prod"):             {urn(role, "control-plane"), urn(attachment, "control-plane")},
		urn(addon, "cni"):                {urn(cluster, "prod")},
		// Node groups are children of a component, which other resources depend on.
		"urn:pulumi:prod::eks-platform::eks:index:ManagedNodeGroup::system": {urn(nodeGroup, "system")},
		urn(nodeGroup, "system"): {urn(cluster, "prod"), urn(addon, "cni"), urn(attachment, "node")},
		urn(addon, "coredns"):    {urn(cluster, "prod"), "urn:pulumi:prod::eks-platform::eks:index:ManagedNodeGroup::system"},
	}
}

func names(path []latency.Step) []string {
	var out []string
	for _, s := range path {
		out = append(out, s.Name)
	}
	return out
}

func TestAWSItselfImposes13Minutes70OnAFirstUp(t *testing.T) {
	t.Parallel()
	needs := imposed(platform())
	r := latency.Model{Scale: 1}.Analyse(firstUp(), engineDependencies(), needs)
	assert.Equal(t, minutes(13.7), r.LowerBound)
	assert.Equal(t, minutes(13.7), r.Makespan)
	assert.InDelta(t, 1.0, r.Ratio, 1e-9)
	assert.Equal(t, []string{"control-plane", "control-plane", "prod", "cni", "system", "coredns"}, names(r.CriticalPath))
	for _, s := range r.CriticalPath {
		assert.Zero(t, s.Waited, s.Name)
	}
}

func TestEveryRuleIsPartOfTheBound(t *testing.T) {
	t.Parallel()
	without := func(drop ...string) time.Duration {
		var kept []latency.Resource
		for _, r := range platform() {
			keep := true
			for _, d := range drop {
				keep = keep && r.URN != d
			}
			if keep {
				kept = append(kept, r)
			}
		}
		needs := imposed(kept)
		return latency.Model{Scale: 1}.Analyse(firstUp(), nil, needs).LowerBound
	}
	assert.Equal(t, minutes(13.7), without())
	assert.Equal(t, minutes(13.6), without(urn(attachment, "control-plane")), "a cluster needs its role's policies")
	assert.Equal(t, minutes(12.95), without(urn(addon, "cni")), "nodes need the CNI")
	assert.Equal(t, minutes(12.95), without(urn(addon, "coredns")), "coredns needs nodes")
}

func TestCoreDNSNeedsOneUntaintedGroupAndNotTheSlowest(t *testing.T) {
	t.Parallel()
	type m = map[string]any
	resources := append(platform(),
		resource(nodeGroup, "spot", "prod:spot", m{
			"clusterName": "prod", "taints": []any{m{"key": "spotInstance", "effect": "NO_SCHEDULE"}},
		}, nil),
		resource(nodeGroup, "late", "prod:late", m{"clusterName": "prod"}, nil),
		resource(nodeGroup, "elsewhere", "other:x", m{"clusterName": "other"}, nil),
	)
	var coredns *latency.Need
	for _, n := range latency.Rules(resources) {
		if n.URN == urn(addon, "coredns") {
			coredns = &n
		}
	}
	require.NotNil(t, coredns)
	assert.Equal(t, []string{urn(nodeGroup, "system"), urn(nodeGroup, "late")}, coredns.AnyOf)

	// The late group hangs on something slow that AWS imposes on it alone; what needs coredns does not wait for it.
	needs := imposed(resources)
	needs = append(needs, references(
		[2]string{urn(nodeGroup, "late"), urn(nat, "slow")}, [2]string{urn(nat, "slow"), urn(addon, "cni")},
		[2]string{urn(nat, "last"), urn(addon, "coredns")},
	)...)
	run := append(firstUp(), at(rehearsal.Create, nat, "slow", 9.95, 11.95), at(rehearsal.Create, nodeGroup, "late", 11.95, 14.95),
		at(rehearsal.Create, nat, "last", 13.7, 15.7))
	assert.Equal(t, minutes(15.7), latency.Model{Scale: 1}.Analyse(run, nil, needs).LowerBound)
}

func TestReferencesAreWhatInputsSayOfOtherResources(t *testing.T) {
	t.Parallel()
	type m = map[string]any
	vpc := resource("aws:ec2/vpc:Vpc", "main", "vpc-0123456789abcdef0", m{"tags": m{"Name": "prod"}}, m{"ownerId": "111122223333"})
	key := resource("aws:kms/key:Key", "logs", "1234abcd-12ab-34cd-56ef-1234567890ab", nil, m{"arn": "arn:aws:kms:::key/1234"})
	logs := resource("aws:cloudwatch/logGroup:LogGroup", "prod", "/aws/eks/prod/cluster", m{
		"name": "/aws/eks/prod/cluster", "kmsKeyId": "arn:aws:kms:::key/1234",
	}, m{"arn": "arn:aws:logs:::log-group:/aws/eks/prod/cluster"})
	prod := resource(cluster, "prod", "prod", m{"name": "prod"}, m{
		"identities": []any{m{"oidcs": []any{m{"issuer": "https://oidc.eks.eu-central-1.amazonaws.com/id/ABC"}}}},
		"vpcConfig":  m{"vpcId": "vpc-0123456789abcdef0"},
	})
	oidc := resource("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "prod", "arn:aws:iam:::oidc", m{
		"url": "https://oidc.eks.eu-central-1.amazonaws.com/id/ABC",
	}, m{"arn": "arn:aws:iam:::oidc"})
	sub := resource(subnet, "a", "subnet-0123456789abcdef0", m{
		"vpcId": "vpc-0123456789abcdef0", "tags": m{"kms": "arn:aws:kms:::key/1234"}, "availabilityZone": "prod",
	}, nil)
	policy := resource("aws:iam/rolePolicy:RolePolicy", "logs", "x", m{
		"policy": `{"Statement":[{"Resource":"arn:aws:logs:::log-group:/aws/eks/prod/cluster:*"}]}`, "role": "prod",
	}, nil)
	assert.Equal(t, []latency.Need{
		{URN: logs.URN, AnyOf: []string{key.URN}},
		{URN: sub.URN, AnyOf: []string{vpc.URN}},
		{URN: oidc.URN, AnyOf: []string{prod.URN}},
		{URN: policy.URN, AnyOf: []string{logs.URN}},
	}, latency.References([]latency.Resource{vpc, key, logs, prod, oidc, sub, policy}),
		"and none by a tag, a word that happens to be a name, or a name of another type")
}

func TestDestroyIsBoundByTheReferencesTheOtherWayRound(t *testing.T) {
	t.Parallel()
	run := []rehearsal.Operation{
		at(rehearsal.Delete, addon, "coredns", 0, 0.75), at(rehearsal.Delete, nodeGroup, "system", 0.75, 3.75),
		at(rehearsal.Delete, addon, "cni", 3.75, 4.5), at(rehearsal.Delete, cluster, "prod", 4.5, 13.5),
		at(rehearsal.Delete, attachment, "control-plane", 13.5, 13.6), at(rehearsal.Delete, role, "control-plane", 13.6, 13.7),
		at(rehearsal.Delete, attachment, "node", 3.75, 3.85), at(rehearsal.Delete, role, "node", 3.85, 3.95),
	}
	needs := imposed(platform())
	r := latency.Model{Scale: 1}.Analyse(run, engineDependencies(), needs)
	assert.Equal(t, minutes(13.7), r.LowerBound)
	assert.Equal(t, []string{"coredns", "system", "cni", "prod", "control-plane", "control-plane"}, names(r.CriticalPath))
}

func TestAScaledRunIsJudgedInAWSTime(t *testing.T) {
	t.Parallel()
	m := latency.Model{Scale: 0.01}
	run := firstUp()
	for i, op := range run {
		run[i].Start = epoch.Add(op.Start.Sub(epoch) / 100)
		run[i].End = epoch.Add(op.End.Sub(epoch) / 100)
	}
	r := m.Analyse(run, engineDependencies(), imposed(platform()))
	assert.Equal(t, minutes(13.7), r.LowerBound)
	assert.InDelta(t, 13.7, r.Makespan.Minutes(), 1e-6)
	assert.InDelta(t, 9.2, r.CriticalPath[2].End.Minutes(), 1e-6)
	assert.Equal(t, 9*time.Minute, m.Duration(cluster, rehearsal.Create))
	assert.Equal(t, 5400*time.Millisecond, m.Wait(cluster, rehearsal.Create))
	assert.Zero(t, latency.Model{}.Wait(cluster, rehearsal.Create), "no scale, no waiting")
}

func TestWaitingForASlotShowsOnTheCriticalPath(t *testing.T) {
	t.Parallel()
	run := []rehearsal.Operation{
		at(rehearsal.Create, role, "control-plane", 0, 0.1),
		at(rehearsal.Create, nat, "a", 0, 2), at(rehearsal.Create, nat, "b", 0, 2),
		at(rehearsal.Create, cluster, "prod", 2, 11),
	}
	deps := map[string][]string{urn(cluster, "prod"): {urn(role, "control-plane")}}
	r := latency.Model{Scale: 1}.Analyse(run, deps, references([2]string{urn(cluster, "prod"), urn(role, "control-plane")}))
	require.Equal(t, []string{"a", "prod"}, names(r.CriticalPath), "no dependency, but what held the slot")
	assert.True(t, r.CriticalPath[1].Held)
	assert.Equal(t, minutes(1.9), r.CriticalPath[1].Waited)
	assert.Equal(t, minutes(2), r.CriticalPath[1].Start)
	assert.Equal(t, minutes(9.1), r.LowerBound)
	assert.InDelta(t, 11.0/9.1, r.Ratio, 1e-9)
}

func TestADeletionInAnUpdateFollowsWhatWasMade(t *testing.T) {
	t.Parallel()
	run := []rehearsal.Operation{
		at(rehearsal.Create, subnet, "new", 0, 0.05), at(rehearsal.Delete, subnet, "old", 0.05, 0.1),
		at(rehearsal.Read, cluster, "prod", 0, 60),
	}
	r := latency.Model{Scale: 1}.Analyse(run, nil, nil)
	assert.Equal(t, []string{"new", "old"}, names(r.CriticalPath))
	assert.Equal(t, minutes(0.1), r.Makespan, "reads are no part of it")
}

func TestAReplacementIsTwoOperations(t *testing.T) {
	t.Parallel()
	run := []rehearsal.Operation{at(rehearsal.Create, nat, "a", 0, 2), at(rehearsal.Delete, nat, "a", 2, 4)}
	r := latency.Model{Scale: 1}.Analyse(run, nil, nil)
	assert.Equal(t, []string{"a", "a"}, names(r.CriticalPath))
	assert.Equal(t, minutes(2), r.LowerBound, "AWS lets both happen at once")
}

func TestNothingToDoTakesNoTime(t *testing.T) {
	t.Parallel()
	assert.Equal(t, latency.Report{}, latency.Model{Scale: 1}.Analyse(nil, nil, nil))
}

func TestNeedsInACircleEnd(t *testing.T) {
	t.Parallel()
	run := []rehearsal.Operation{at(rehearsal.Create, subnet, "a", 0, 0.05), at(rehearsal.Create, subnet, "b", 0.05, 0.1)}
	circle := references([2]string{urn(subnet, "a"), urn(subnet, "b")}, [2]string{urn(subnet, "b"), urn(subnet, "a")})
	deps := map[string][]string{urn(subnet, "a"): {urn(subnet, "b")}, urn(subnet, "b"): {urn(subnet, "a")}}
	r := latency.Model{Scale: 1}.Analyse(run, deps, append(circle, latency.Need{URN: urn(subnet, "a")}))
	assert.Equal(t, minutes(0.1), r.LowerBound)
	assert.Equal(t, []string{"a", "b"}, names(r.CriticalPath))
}

func TestDurationsAreTheDesigns(t *testing.T) {
	t.Parallel()
	for typ, want := range map[string]float64{
		cluster: 9, nodeGroup: 3, nat: 2, "aws:ec2/vpcEndpoint:VpcEndpoint": 1.5, addon: 0.75, "aws:kms/key:Key": 0.2,
		role: 0.1, attachment: 0.1, subnet: 0.05, "aws:ec2/launchTemplate:LaunchTemplate": 0.05, "kubernetes:core/v1:Namespace": 0.05,
	} {
		assert.Equal(t, minutes(want), latency.Model{}.Duration(typ, rehearsal.Create), typ)
		assert.Equal(t, minutes(want), latency.Model{}.Duration(typ, rehearsal.Delete), typ)
		assert.Zero(t, latency.Model{}.Duration(typ, rehearsal.Read), typ)
	}
	assert.Equal(t, minutes(0.05), latency.Model{}.Duration(nat, rehearsal.Update), "a tag")
	assert.Equal(t, minutes(2), latency.Model{}.Duration(cluster, rehearsal.Update))
}
