package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// identities are the inputs by which a cloud tells resources of a type apart: one that is made while another with the same
// values is there is refused, or is the same thing, which the deletion of the other then takes away. What Pulumi gives a
// name with random digits never meets another.
var identities = map[string][]string{
	"aws:autoscaling/schedule:Schedule":                               {"autoscalingGroupName", "scheduledActionName"},
	"aws:autoscaling/tag:Tag":                                         {"autoscalingGroupName", "tag.key"},
	"aws:cloudwatch/logGroup:LogGroup":                                {"name"},
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy":              {"policyName"},
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":               {"vpcId"},
	"aws:ec2/flowLog:FlowLog":                                         {"vpcId", "subnetId", "logDestination"},
	"aws:ec2/launchTemplate:LaunchTemplate":                           {"name"},
	"aws:ec2/route:Route":                                             {"routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"},
	"aws:ec2/routeTableAssociation:RouteTableAssociation":             {"subnetId", "gatewayId"},
	"aws:ec2/securityGroup:SecurityGroup":                             {"vpcId", "name"},
	"aws:ec2/subnet:Subnet":                                           {"vpcId", "cidrBlock"},
	"aws:ec2/subnetCidrReservation:SubnetCidrReservation":             {"subnetId", "cidrBlock"},
	"aws:ec2/tag:Tag":                                                 {"resourceId", "key"},
	"aws:ec2/vpcEndpoint:VpcEndpoint":                                 {"vpcId", "serviceName", "vpcEndpointType"},
	"aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": {"vpcId", "cidrBlock"},
	"aws:ec2/internetGateway:InternetGateway":                         {"vpcId"},
	"aws:ec2/natGateway:NatGateway":                                   {"allocationId"},
	"aws:efs/backupPolicy:BackupPolicy":                               {"fileSystemId"},
	"aws:efs/fileSystemPolicy:FileSystemPolicy":                       {"fileSystemId"},
	"aws:efs/mountTarget:MountTarget":                                 {"fileSystemId", "subnetId"},
	"aws:eks/accessEntry:AccessEntry":                                 {"clusterName", "principalArn"},
	"aws:eks/accessPolicyAssociation:AccessPolicyAssociation":         {"clusterName", "principalArn", "policyArn"},
	"aws:eks/addon:Addon":                                             {"clusterName", "addonName"},
	"aws:eks/cluster:Cluster":                                         {"name"},
	"aws:eks/fargateProfile:FargateProfile":                           {"clusterName", "fargateProfileName"},
	"aws:eks/nodeGroup:NodeGroup":                                     {"clusterName", "nodeGroupName"},
	"aws:eks/podIdentityAssociation:PodIdentityAssociation":           {"clusterName", "namespace", "serviceAccount"},
	"aws:iam/instanceProfile:InstanceProfile":                         {"name"},
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider":             {"url"},
	"aws:iam/policy:Policy":                                           {"name"},
	"aws:iam/role:Role":                                               {"name"},
	"aws:iam/rolePolicy:RolePolicy":                                   {"role", "name"},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":               {"role", "policyArn"},
	"aws:kms/alias:Alias":                                             {"name"},
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":         {"securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":       {"securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"},
}

// objectIdentity is the identity of an object in a cluster.
var objectIdentity = []string{"metadata.namespace", "metadata.name"}

// releaseIdentity is that of a Helm release.
var releaseIdentity = []string{"namespace", "name"}

// owner is a resource that has an identity in the cloud, or will have it.
type owner struct{ urn, provider, text string }

// owners find what changes hands: an identity that one resource takes while another still has it. The engine makes what is
// new before it deletes what is gone.
type owners struct {
	leaving, coming map[string]owner
	elsewhere       map[string]bool // providers that are replaced: what they make is in another cluster or account
}

func newOwners() owners { return owners{map[string]owner{}, map[string]owner{}, map[string]bool{}} }

// note takes a step of a preview down.
func (o owners) note(m apitype.StepEventMetadata) {
	if strings.HasPrefix(m.Type, "pulumi:providers:") && m.Op == apitype.OpReplace {
		o.elsewhere[m.URN] = true
	}
	leaves := m.Op == apitype.OpDelete || m.Op == apitype.OpReplace
	comes := m.Op == apitype.OpCreate || m.Op == apitype.OpReplace
	if key, text := stateIdentity(m.Type, m.Old); leaves && key != "" {
		o.leaving[providerOf(m.Old)+key] = owner{m.URN, providerOf(m.Old), text}
	}
	if key, text := stateIdentity(m.Type, m.New); comes && key != "" {
		o.coming[providerOf(m.New)+key] = owner{m.URN, providerOf(m.New), text}
	}
}

// moves says of each identity that changes hands what is wrong, and the way.
func (o owners) moves() []Diagnostic {
	var out []Diagnostic
	for _, key := range slices.Sorted(maps.Keys(o.coming)) {
		from, taken := o.leaving[key]
		to := o.coming[key]
		if !taken || from.urn == to.urn || o.elsewhere[to.provider] {
			continue
		}
		out = append(out, Diagnostic{
			Resource: typeOf(to.urn) + " " + nameOf(to.urn),
			Message: fmt.Sprintf("would be the same in the cloud as %s, which this change deletes (%s); Pulumi deletes last, so that the new one is "+
				"refused, or goes with the old one. Do it in two updates: one that takes the old one out of the stack file, and one that adds the new one",
				nameOf(from.urn), to.text),
		})
	}
	return out
}

// takes are the identities that a preview's new resources will have, without their provider.
func (o owners) takes() map[string]owner {
	out := make(map[string]owner, len(o.coming))
	for key, to := range o.coming {
		out[strings.TrimPrefix(key, to.provider)] = to
	}
	return out
}

// Taken is what a preview would make although another stack has it.
type Taken struct {
	// Resource is the type and the name of the new resource, and Other the name of the one in the other stack.
	Resource, Other string
	// Identity is what both are known by in the cloud, such as "clusterName: nonprod, principalArn: arn:...".
	Identity string
}

// Creates reports whether a preview makes anything that the cloud knows by more than an id.
func (r *Result) Creates() bool { return len(r.takes) > 0 }

// TakenFrom returns what a preview would make although it is among the resources of another stack, in the same account,
// region and cluster. Empty for a result that went through JSON.
func (r *Result) TakenFrom(resources []apitype.ResourceV3) []Taken {
	var out []Taken
	for _, x := range resources {
		if !x.Custom || x.External || x.Delete {
			continue
		}
		key, text := identityOf(string(x.Type), x.Inputs)
		if to, taken := r.takes[key]; taken {
			out = append(out, Taken{Resource: typeOf(to.urn) + " " + nameOf(to.urn), Other: x.URN.Name(), Identity: text})
		}
	}
	return out
}

// Refuse makes a preview fail for something that the update would fail on.
func (r *Result) Refuse(d Diagnostic) {
	r.Errors = append(r.Errors, d)
	r.succeeded = false
}

func stateIdentity(typ string, s *apitype.StepEventStateMetadata) (key, text string) {
	if s == nil {
		return "", ""
	}
	return identityOf(typ, s.Inputs)
}

// identityOf returns what the cloud knows a resource by, as a key and for people; or "" of what it tells apart by ids alone,
// and of what is not known yet.
func identityOf(typ string, inputs map[string]any) (key, text string) {
	paths := identities[typ]
	if kind, ok := strings.CutPrefix(typ, "kubernetes:"); ok {
		paths = objectIdentity
		switch {
		case strings.HasPrefix(kind, "helm.sh/"):
			paths = releaseIdentity
		case strings.HasSuffix(kind, "Patch"): // several may change one object
			return "", ""
		}
	}
	var values, said []string
	for _, path := range paths {
		v, known := valueAt(inputs, path)
		if !known {
			return "", ""
		}
		values = append(values, v)
		if v != "" {
			said = append(said, path+": "+v)
		}
	}
	if len(said) == 0 {
		return "", ""
	}
	return strings.Join(append([]string{typ}, values...), "\x00"), strings.Join(said, ", ")
}

// providerOf returns the URN of a resource's provider, without the id, which changes when the provider is configured anew.
func providerOf(s *apitype.StepEventStateMetadata) string {
	return s.Provider[:max(0, strings.LastIndex(s.Provider, "::"))]
}

// valueAt returns the text of an input, "" of one that is absent, and whether it is known.
func valueAt(inputs map[string]any, path string) (string, bool) {
	var at any = inputs
	for _, key := range strings.Split(path, ".") {
		within, _ := at.(map[string]any)
		at = within[key]
		if text, plain := at.(string); plain && containsUnknown(text) {
			return "", false
		}
	}
	switch v := at.(type) {
	case nil:
		return "", true
	case map[string]any, []any: // a secret, or nothing that tells resources apart
		return "", false
	default:
		return fmt.Sprint(v), true
	}
}
