package automation

import (
	"slices"
	"strings"
)

// identified says how the IDs of resources are made up of their inputs. What is in quotes is text. For these the cloud can
// be asked, under the ID that an interrupted creation would have given. The forms are those of the AWS provider's
// documentation, section "Import", as far as they are the resource's ID in the state as well.
var identified = map[string]string{
	"aws:autoscaling/group:Group":             "name",
	"aws:cloudwatch/eventRule:EventRule":      "name",
	"aws:cloudwatch/logGroup:LogGroup":        "name",
	"aws:ecr/repository:Repository":           "name",
	"aws:eks/accessEntry:AccessEntry":         "clusterName ':' principalArn",
	"aws:eks/addon:Addon":                     "clusterName ':' addonName",
	"aws:eks/cluster:Cluster":                 "name",
	"aws:eks/fargateProfile:FargateProfile":   "clusterName ':' fargateProfileName",
	"aws:eks/nodeGroup:NodeGroup":             "clusterName ':' nodeGroupName",
	"aws:iam/instanceProfile:InstanceProfile": "name",
	"aws:iam/role:Role":                       "name",
	"aws:iam/rolePolicy:RolePolicy":           "role ':' name",
	"aws:kms/alias:Alias":                     "name",
	"aws:s3/bucket:Bucket":                    "bucket",
	"aws:s3/bucketV2:BucketV2":                "bucket",
	"aws:ssm/parameter:Parameter":             "name",
	"kubernetes:helm.sh/v3:Release":           "namespace '/' name",
}

// single are the types of which the cloud refuses a second one with the same inputs, or takes it for the first: creating it
// once more after a creation whose end was not seen makes no double. None of them has a name that Pulumi may make up, for
// that would be another one the next time: see nameInputs.
var single = map[string]bool{
	"aws:autoscaling/schedule:Schedule":                                         true,
	"aws:autoscaling/tag:Tag":                                                   true,
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy":                        true,
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":                         true,
	"aws:ec2/flowLog:FlowLog":                                                   true,
	"aws:ec2/route:Route":                                                       true,
	"aws:ec2/routeTableAssociation:RouteTableAssociation":                       true,
	"aws:ec2/securityGroupRule:SecurityGroupRule":                               true,
	"aws:ec2/subnet:Subnet":                                                     true,
	"aws:ec2/tag:Tag":                                                           true,
	"aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation":           true,
	"aws:efs/mountTarget:MountTarget":                                           true,
	"aws:eks/accessPolicyAssociation:AccessPolicyAssociation":                   true,
	"aws:eks/podIdentityAssociation:PodIdentityAssociation":                     true,
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider":                       true,
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":                         true,
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":                   true,
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":                 true,
	"aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation": true,
}

// nameInputs are the types of which the cloud refuses a second one with the same name, or takes it for the first, and the input
// with the name. That holds for a name from the program. One that Pulumi makes up is another one the next time.
var nameInputs = map[string]string{
	"aws:cloudwatch/eventTarget:EventTarget": "targetId",
	"aws:ec2/launchTemplate:LaunchTemplate":  "name",
	"aws:ec2/securityGroup:SecurityGroup":    "name",
	"aws:iam/policy:Policy":                  "name",
}

// ownName reports whether the program has given a resource its name. A provider lists what it has filled in by itself.
func ownName(typ string, inputs map[string]any) bool {
	property := nameInputs[typ]
	if name, _ := inputs[property].(string); property == "" || name == "" {
		return false
	}
	filled, _ := inputs["__defaults"].([]any)
	return !slices.Contains(filled, any(property))
}

// pendingOperation says what an operation needs whose end was not seen.
func (s *state) pendingOperation(x pendingRecord) PendingOperation {
	o := PendingOperation{
		Operation: x.Type, URN: x.Resource.URN, Type: x.Resource.Type, Name: x.Resource.name(), ID: x.Resource.ID, Remedy: RemedyRefresh,
	}
	if o.Operation != "creating" {
		return o
	}
	if slices.ContainsFunc(s.resources, func(r record) bool { return r.URN == o.URN }) {
		// The one that it was to replace is in the state under the same URN.
		o.Remedy = RemedyDecide
		return o
	}
	id, known := physicalID(o.Type, x.Resource.Inputs)
	switch {
	case known:
		o.ID, o.Remedy = id, RemedyAdopt
	case single[o.Type] || ownName(o.Type, x.Resource.Inputs):
		o.Remedy = RemedyClear
	default:
		o.Remedy = RemedyDecide
	}
	return o
}

// physicalID returns the ID that a resource of these inputs has.
func physicalID(typ string, inputs map[string]any) (string, bool) {
	if form, ok := identified[typ]; ok {
		var id strings.Builder
		for part := range strings.FieldsSeq(form) {
			if text, quoted := strings.CutPrefix(part, "'"); quoted {
				id.WriteString(strings.TrimSuffix(text, "'"))
				continue
			}
			value, _ := inputs[part].(string)
			if value == "" {
				return "", false
			}
			id.WriteString(value)
		}
		return id.String(), true
	}
	if !strings.HasPrefix(typ, "kubernetes:") {
		return "", false
	}
	// An object's ID is its name, after its namespace if it has one.
	metadata, _ := inputs["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	namespace, _ := metadata["namespace"].(string)
	if name == "" {
		return "", false
	}
	if namespace != "" {
		name = namespace + "/" + name
	}
	return name, true
}
