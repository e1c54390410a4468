package facts

import (
	"regexp"
	"strings"

	"github.com/eks-platform/eks-platform/internal/facts/aws"
)

// otherIDs are the forms of ids that the facts of the AWS provider do not give: of the type that a bucket once had, of
// rules on the default event bus, and of Helm releases.
var otherIDs = map[string]string{
	"aws:cloudwatch/eventRule:EventRule": "{name}",
	"aws:s3/bucket:Bucket":               "{bucket}",
	"kubernetes:helm.sh/v3:Release":      "{namespace}/{name}",
}

// given is an input in the form of an id: {clusterName}.
var given = regexp.MustCompile(`\{([a-zA-Z0-9]+)\}`)

// IDOf returns the id that a resource of these inputs has, where it is made up of them and the cloud can be asked for it by
// that id: {clusterName}:{addonName}. It returns false for ids that AWS makes up, and where an input is missing.
func IDOf(typ string, inputs map[string]any) (string, bool) {
	form, known := otherIDs[typ]
	if !known {
		r := aws.ResourceOf(typ)
		if r == nil || r.Import == nil || *r.Import != r.ID {
			return "", false
		}
		form = r.ID
	}
	complete := true
	id := given.ReplaceAllStringFunc(form, func(part string) string {
		value, _ := inputs[strings.Trim(part, "{}")].(string)
		complete = complete && value != ""
		return value
	})
	// What is left of a form is a part that is optional or that AWS makes up.
	if !complete || strings.ContainsAny(given.ReplaceAllString(form, ""), "{}[]* ") {
		return "", false
	}
	return id, true
}

// Unique are the types of which the cloud refuses a second one with the same inputs, or takes it for the first: creating it
// once more after a creation whose end was not seen makes no double. None of them has a name that Pulumi may make up, for
// that would be another one the next time: see UniqueByName.
var Unique = map[string]bool{
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

// UniqueByName are the types of which the cloud refuses a second one with the same name, or takes it for the first, and the input
// with the name. That holds for a name from the program. One that Pulumi makes up is another one the next time.
var UniqueByName = map[string]string{
	"aws:cloudwatch/eventTarget:EventTarget": "targetId",
	"aws:ec2/launchTemplate:LaunchTemplate":  "name",
	"aws:ec2/securityGroup:SecurityGroup":    "name",
	"aws:iam/policy:Policy":                  "name",
}
