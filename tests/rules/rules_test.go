package rules_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/ptest"
)

// rule is something that holds in every environment of any estate: what it registers, and what its file says. It
// returns what breaks it.
type rule func(regs ptest.Registrations, file settings) []string

var rules = map[string]rule{
	"clusters are closed and encrypt secrets":                   clustersAreClosed,
	"nodes have IMDSv2 with one hop, and encrypted volumes":     nodesAreClosed,
	"every cluster has an untainted on-demand group":            clustersHaveAHome,
	"nobody and everybody is in no policy":                      policiesNameTheirPrincipals,
	"a policy for all resources only reads":                     wildcardsOnlyRead,
	"everything that can carry tags carries the mandatory ones": everythingIsTagged,
	"every VPC has flow logs and a closed default group":        networksAreWatched,
	"nothing is let in from everywhere":                         nothingIsOpen,
	"what must not be lost is protected":                        lossesAreRefused,
	"logs are kept for a time that is said":                     logsAreKept,
	"nodes come after what they need, and go before it":         nodesDependOnWhatTheyNeed,
}

// Each case breaks one rule in what prod registers, and no other.
func TestEveryRuleCanBeBroken(t *testing.T) {
	t.Parallel()
	allow := func(statement string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + statement + `}]}`
	}
	cases := []struct{ rule, typ, path, value string }{
		{"clusters are closed and encrypt secrets", clusterType, "vpcConfig.endpointPrivateAccess", "false"},
		{"clusters are closed and encrypt secrets", clusterType, "vpcConfig.endpointPublicAccess", "true"},
		{"clusters are closed and encrypt secrets", clusterType, "encryptionConfig", "null"},
		{"clusters are closed and encrypt secrets", clusterType, "enabledClusterLogTypes", `["api"]`},
		{"nodes have IMDSv2 with one hop, and encrypted volumes", templateType, "metadataOptions.httpTokens", `"optional"`},
		{"nodes have IMDSv2 with one hop, and encrypted volumes", templateType, "metadataOptions.httpPutResponseHopLimit", "2"},
		{"nodes have IMDSv2 with one hop, and encrypted volumes", templateType, "blockDeviceMappings[0].ebs.encrypted", `"false"`},
		{"every cluster has an untainted on-demand group", "eks:index:ManagedNodeGroup", "taints", `[{"key":"a","effect":"NO_SCHEDULE"}]`},
		{"every cluster has an untainted on-demand group", "eks:index:ManagedNodeGroup", "capacityType", `"SPOT"`},
		{"nobody and everybody is in no policy", "aws:iam/role:Role", "assumeRolePolicy", quote(allow(`"Principal":"*","Action":"sts:AssumeRole"`))},
		{"nobody and everybody is in no policy", "aws:iam/role:Role", "assumeRolePolicy", quote(allow(`"Principal":{"AWS":["*"]},"Action":"sts:AssumeRole"`))},
		{"a policy for all resources only reads", "aws:iam/rolePolicy:RolePolicy", "policy", quote(allow(`"Action":["ec2:DescribeVpcs","s3:PutObject"],"Resource":"*"`))},
		{"a policy for all resources only reads", "aws:iam/rolePolicy:RolePolicy", "policy", quote(allow(`"Action":"*","Resource":["*"]`))},
		{"everything that can carry tags carries the mandatory ones", "aws:ec2/vpc:Vpc", `tags["cost-center"]`, "null"},
		{"everything that can carry tags carries the mandatory ones", "aws:ec2/eip:Eip", "tags", "null"},
		{"everything that can carry tags carries the mandatory ones", templateType, "tagSpecifications[1].tags.environment", "null"},
		{"every VPC has flow logs and a closed default group", "aws:ec2/flowLog:FlowLog", "trafficType", `"REJECT"`},
		{"every VPC has flow logs and a closed default group", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "ingress", `[{"fromPort":0}]`},
		{"nothing is let in from everywhere", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "cidrIpv4", `"0.0.0.0/0"`},
		{"logs are kept for a time that is said", "aws:cloudwatch/logGroup:LogGroup", "retentionInDays", "0"},
	}
	regs, file := registered(t, "prod"), settingsOf(t, "prod")
	for _, c := range cases {
		broken := broken(t, regs, c.typ, c.path, c.value)
		for name, check := range rules {
			if name == c.rule {
				assert.NotEmpty(t, check(broken, file), "%s %s = %s", c.typ, c.path, c.value)
			} else {
				assert.Empty(t, check(broken, file), "%s: %s %s = %s", name, c.typ, c.path, c.value)
			}
		}
	}
	without := slices.Clone(regs)
	for i := range without {
		without[i].Protect = false
	}
	assert.NotEmpty(t, lossesAreRefused(without, file))
	without = slices.Clone(regs)
	for i := range without {
		without[i].Dependencies = nil
	}
	assert.NotEmpty(t, nodesDependOnWhatTheyNeed(without, file))
	without = slices.DeleteFunc(slices.Clone(regs), func(r ptest.Registration) bool { return r.Type == "aws:ec2/flowLog:FlowLog" })
	assert.NotEmpty(t, networksAreWatched(without, file))
	without = append(slices.Clone(regs), ptest.Registration{Type: "aws:sqs/queue:Queue", Name: "q", Custom: true})
	assert.NotEmpty(t, everythingIsTagged(without, file), "a type that nobody has thought of must carry tags")
}

func quote(text string) string {
	raw, _ := json.Marshal(text)
	return string(raw)
}

// broken returns registrations in which every resource of a type has another value at a path.
func broken(t *testing.T, regs ptest.Registrations, typ, path, value string) ptest.Registrations {
	t.Helper()
	at, err := resource.ParsePropertyPath(path)
	require.NoError(t, err)
	var v any
	require.NoError(t, json.Unmarshal([]byte(value), &v))
	out := slices.Clone(regs)
	hit := false
	for i, r := range out {
		if r.Type != typ {
			continue
		}
		inputs := resource.NewProperty(resource.NewPropertyMapFromMap(r.Inputs.Mappable()))
		if v == nil {
			hit = at.Delete(inputs) || hit
		} else {
			hit = at.Set(inputs, resource.NewPropertyValue(v)) || hit
		}
		out[i].Inputs = inputs.ObjectValue()
	}
	require.True(t, hit, "%s has no %s", typ, path)
	return out
}

// breaches collects what breaks a rule.
type breaches []string

func (b *breaches) unless(ok bool, r ptest.Registration, format string, args ...any) {
	if !ok {
		*b = append(*b, fmt.Sprintf("%s %s: %s", r.Type, r.Name, fmt.Sprintf(format, args...)))
	}
}

func clustersAreClosed(regs ptest.Registrations, file settings) []string {
	var b breaches
	for _, r := range regs.ByType(clusterType) {
		if r.Read {
			continue // another stack's
		}
		public := r.Input("vpcConfig.endpointPublicAccess") == true
		b.unless(public || r.Input("vpcConfig.endpointPrivateAccess") == true, r, "nodes reach the control plane from inside")
		b.unless(!public || listed(texts(r.Input("vpcConfig.publicAccessCidrs"))), r, "answers listed ranges alone on the internet")
		b.unless(!public || !file.production(), r, "is not on the internet: its deploys need an approval")
		b.unless(r.Input("encryptionConfig.provider.keyArn") != nil, r, "secrets are encrypted with a key of ours")
		b.unless(r.Input("accessConfig.authenticationMode") == "API", r, "access is by access entries alone")
		b.unless(r.Input("accessConfig.bootstrapClusterCreatorAdminPermissions") == false, r, "whoever creates it gets no access by that")
		types := texts(r.Input("enabledClusterLogTypes"))
		b.unless(slices.Contains(types, "audit"), r, "logs who did what: audit is among its log types, got %v", types)
	}
	return b
}

// listed reports whether ranges are somebody's, and not the internet or a great part of it.
func listed(ranges []string) bool {
	for _, text := range ranges {
		p, err := netip.ParsePrefix(text)
		if err != nil || p.Bits() < 8 {
			return false
		}
	}
	return len(ranges) > 0
}

func nodesAreClosed(regs ptest.Registrations, _ settings) []string {
	var b breaches
	for _, r := range regs.ByType(templateType) {
		b.unless(r.Input("metadataOptions.httpTokens") == "required", r, "IMDSv2 is required")
		b.unless(r.Input("metadataOptions.httpPutResponseHopLimit") == 1.0, r, "no pod reaches the node's credentials")
		mappings, _ := r.Input("blockDeviceMappings").([]any)
		b.unless(len(mappings) > 0, r, "the volumes are said")
		for _, m := range mappings {
			ebs, _ := m.(attributes)["ebs"].(attributes)
			b.unless(ebs["encrypted"] == "true", r, "%v is encrypted", m.(attributes)["deviceName"])
		}
		for _, key := range []string{"keyName", "vpcSecurityGroupIds", "networkInterfaces"} {
			b.unless(r.Input(key) == nil, r, "has no %s: nodes are reached through Session Manager, in the cluster's group", key)
		}
	}
	return b
}

func clustersHaveAHome(regs ptest.Registrations, _ settings) []string {
	var b breaches
	for _, r := range regs.ByType(clusterType) {
		if r.Read {
			continue
		}
		home := slices.ContainsFunc(regs.ByType("eks:index:ManagedNodeGroup"), func(g ptest.Registration) bool {
			taints, _ := g.Input("taints").([]any)
			return g.Input("capacityType") == "ON_DEMAND" && len(taints) == 0 && g.Input("scalingConfig.minSize") != 0.0
		})
		b.unless(home, r, "system add-ons find a node that stays")
	}
	return b
}

// statement is a statement of a policy document.
type statement struct {
	Effect    string
	Principal any
	Action    any
	Resource  any
	Condition map[string]map[string]any
}

// policies calls f with every statement that allows something, in the inputs of every resource.
func policies(regs ptest.Registrations, f func(r ptest.Registration, property string, s statement)) {
	for _, r := range regs {
		for key, value := range r.Inputs.Mappable() {
			text, _ := value.(string)
			var document struct{ Statement []statement }
			if !strings.Contains(text, `"Statement"`) || json.Unmarshal([]byte(text), &document) != nil {
				continue
			}
			for _, s := range document.Statement {
				if s.Effect == "Allow" {
					f(r, key, s)
				}
			}
		}
	}
}

// texts flattens one string, a list or a map of them.
func texts(v any) []string {
	var out []string
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, x := range v {
			out = append(out, texts(x)...)
		}
	case attributes:
		for _, x := range v {
			out = append(out, texts(x)...)
		}
	}
	return out
}

func policiesNameTheirPrincipals(regs ptest.Registrations, _ settings) []string {
	var b breaches
	trusts := 0
	policies(regs, func(r ptest.Registration, property string, s statement) {
		if property == "assumeRolePolicy" {
			trusts++
			b.unless(len(texts(s.Principal)) > 0, r, "%s names who is trusted", property)
		}
		// Whoever reaches a mount target: the security group decides who does.
		mounted := slices.Contains(texts(s.Condition["Bool"]["elasticfilesystem:AccessedViaMountTarget"]), "true")
		b.unless(mounted || !slices.Contains(texts(s.Principal), "*"), r, "%s trusts everybody", property)
	})
	if trusts < len(regs.ByType("aws:iam/role:Role")) {
		b = append(b, "a role has no trust policy that could be read")
	}
	return b
}

// reading are the beginnings of actions that change nothing. SetWebAcl does nothing without wafv2:AssociateWebACL, which
// has its resources.
var reading = []string{"Describe", "Get", "List", "BatchGet", "SetWebAcl"}

func wildcardsOnlyRead(regs ptest.Registrations, _ settings) []string {
	var b breaches
	policies(regs, func(r ptest.Registration, property string, s statement) {
		// In a key's own policy, * is the key.
		if r.Type == "aws:kms/key:Key" || !slices.Contains(texts(s.Resource), "*") {
			return
		}
		for _, action := range texts(s.Action) {
			_, verb, _ := strings.Cut(action, ":")
			b.unless(slices.ContainsFunc(reading, func(p string) bool { return strings.HasPrefix(verb, p) }), r, "%s allows %s on everything", property, action)
		}
	})
	return b
}

// untagged are the types in use that AWS has no tags for.
var untagged = []string{
	"aws:autoscaling/schedule:Schedule", "aws:autoscaling/tag:Tag", "aws:cloudwatch/queryDefinition:QueryDefinition",
	"aws:ec2/route:Route",
	"aws:ec2/routeTableAssociation:RouteTableAssociation", "aws:ec2/subnetCidrReservation:SubnetCidrReservation",
	"aws:efs/backupPolicy:BackupPolicy", "aws:efs/fileSystemPolicy:FileSystemPolicy", "aws:efs/mountTarget:MountTarget",
	"aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "aws:iam/rolePolicy:RolePolicy",
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:kms/alias:Alias",
}

func everythingIsTagged(regs ptest.Registrations, file settings) []string {
	var b breaches
	mandatory := slices.Sorted(maps.Keys(file.Tags))
	mandatory = append(mandatory, "Name", "environment", "managed-by")
	for _, r := range regs {
		ours := strings.HasPrefix(r.Type, "aws:") || strings.HasPrefix(r.Type, "eks:")
		if !ours || r.Read || slices.Contains(untagged, r.Type) {
			continue
		}
		for _, key := range mandatory {
			tags, _ := r.Input("tags").(attributes)
			b.unless(tags[key] != nil, r, "carries the tag %s", key)
		}
		specifications, _ := r.Input("tagSpecifications").([]any)
		b.unless(r.Type != templateType || len(specifications) == 3, r, "tags instances, volumes and interfaces")
		for _, s := range specifications {
			tags, _ := s.(attributes)["tags"].(attributes)
			for _, key := range mandatory {
				b.unless(tags[key] != nil, r, "gives every %v the tag %s", s.(attributes)["resourceType"], key)
			}
		}
	}
	return b
}

func networksAreWatched(regs ptest.Registrations, _ settings) []string {
	var b breaches
	for _, r := range regs.ByType("aws:ec2/vpc:Vpc") {
		watched := slices.ContainsFunc(regs.ByType("aws:ec2/flowLog:FlowLog"), func(l ptest.Registration) bool {
			return l.Input("vpcId") == r.ID && l.Input("trafficType") == "ALL"
		})
		b.unless(watched, r, "all of its traffic is logged")
		closed := slices.ContainsFunc(regs.ByType("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"), func(g ptest.Registration) bool {
			return g.Input("vpcId") == r.ID && len(list(g.Input("ingress"))) == 0 && len(list(g.Input("egress"))) == 0
		})
		b.unless(closed, r, "its default security group admits nothing")
	}
	return b
}

func list(v any) []any { l, _ := v.([]any); return l }

func nothingIsOpen(regs ptest.Registrations, _ settings) []string {
	var b breaches
	for _, r := range regs.ByType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
		b.unless(r.Input("cidrIpv4") != "0.0.0.0/0" && r.Input("cidrIpv6") != "::/0", r, "says whom it admits")
	}
	for _, r := range regs.ByType("aws:ec2/securityGroup:SecurityGroup") {
		b.unless(r.Input("ingress") == nil, r, "its rules are resources of their own, which these rules see")
	}
	for _, r := range regs.ByType(subnetType) {
		b.unless(r.Input("mapPublicIpOnLaunch") != true, r, "gives instances no public address")
	}
	return b
}

func lossesAreRefused(regs ptest.Registrations, file settings) []string {
	var b breaches
	released := func(off ...bool) bool { return slices.Contains(off, true) && !file.production() }
	for typ, unprotected := range map[string]bool{
		clusterType:       released(file.Cluster.unprotected()),
		"aws:kms/key:Key": released(file.Cluster.unprotected(), file.Logging.unprotected()),
		"aws:ec2/vpc:Vpc": released(file.Network.unprotected()),
		subnetType:        released(file.Network.unprotected()),
	} {
		for _, r := range regs.ByType(typ) {
			b.unless(r.Read || r.Protect || unprotected, r, "is protected, or said not to be in an environment whose deploys need no approval")
		}
	}
	return b
}

// needed are the types, and names of resources, without which nodes neither join nor drain.
var needed = map[string]string{
	natType: "-nat-", routeType: "-default", endpointType: "-endpoint-", "aws:ec2/routeTableAssociation:RouteTableAssociation": "-private-",
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "-endpoints-ingress-", "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "-node-policy-",
}

func nodesDependOnWhatTheyNeed(regs ptest.Registrations, _ settings) []string {
	var b breaches
	for _, g := range regs.ByType("eks:index:ManagedNodeGroup") {
		waits := regs.WaitsFor(g.URN)
		for _, r := range regs {
			part, need := needed[r.Type]
			agent := r.Type == addonType && (strings.HasSuffix(r.Name, "-vpc-cni") || strings.HasSuffix(r.Name, "-kube-proxy") || strings.HasSuffix(r.Name, "-pod-identity-agent"))
			if need && strings.Contains(r.Name, part) || agent {
				b.unless(slices.Contains(waits, r.URN), g, "depends on %s %s", r.Type, r.Name)
			}
		}
	}
	return b
}

func logsAreKept(regs ptest.Registrations, _ settings) []string {
	var b breaches
	for _, r := range regs.ByType("aws:cloudwatch/logGroup:LogGroup") {
		days, _ := r.Input("retentionInDays").(float64)
		b.unless(days > 0, r, "has a retention: without one, logs are kept and paid forever")
	}
	return b
}

// dev's spot nodes and staging's nodes keep each other's pods away.
func TestNodesOfTheSharedClusterSayWhoseTheyAre(t *testing.T) {
	t.Parallel()
	groups := append(registered(t, "dev"), registered(t, "stg")...).ByType("eks:index:ManagedNodeGroup")
	spot, stg := 0, 0
	for _, g := range groups {
		taints := list(g.Input("taints"))
		lifecycle := g.Input("labels.lifecycle")
		switch {
		case g.Input("capacityType") == "SPOT":
			spot++
			assert.Equal(t, "Ec2Spot", lifecycle, g.Name)
			assert.Contains(t, taints, attributes{"key": "spotInstance", "value": "true", "effect": "NO_SCHEDULE"}, g.Name)
		case strings.HasPrefix(g.Name, "stg-"):
			stg++
			assert.Equal(t, "OnDemand", lifecycle, g.Name)
			assert.Empty(t, taints, g.Name)
		default:
			assert.NotEqual(t, "Ec2Spot", lifecycle, g.Name)
		}
	}
	assert.Equal(t, 1, spot)
	assert.Equal(t, 1, stg)
}
